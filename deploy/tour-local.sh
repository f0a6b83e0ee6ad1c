#!/usr/bin/env bash
# Walks from the sign-up to the portrait in the containers that deploy/build-local.sh built: web and worker as an
# unprivileged user, with SQLite and a folder for media. Ends with 1 where a step fails. Needs root, buildah and curl.
#
#   deploy/tour-local.sh [PHOTO.jpg]
set -euo pipefail
cd "$(dirname "$0")/.."
photo=${1:-}
port=${PORT:-8765}
folder=$(mktemp -d)
containers=()

stop() {
    for file in "$folder"/tmp/*.pid; do kill -TERM "$(cat "$file")" 2> /dev/null || true; done
    wait
    for container in "${containers[@]}"; do buildah rm "$container" > /dev/null; done
    rm -rf "$folder"
}
trap stop EXIT

# Usage: inside IMAGE COMMAND... Runs a command in the image's container.
declare -A container_of
inside() {
    local container=${container_of[$1]}
    shift
    buildah run --isolation chroot \
        --volume "$folder/media:/srv/media" --volume "$folder/data:/srv/data" --volume "$folder/tmp:/tmp" \
        --env SECRET_KEY="$secret" --env DATABASE_URL=sqlite:////srv/data/db.sqlite3 \
        "$container" -- "$@"
}

for image in web worker; do
    container_of[$image]=$(buildah from --pull-never "localhost/portraits-$image")
    containers+=("${container_of[$image]}")
done
secret=$(head -c 40 /dev/urandom | base64 -w 0)
install -d -o 10001 -g 10001 "$folder/media" "$folder/data"
install -d -m 1777 "$folder/tmp"
chmod 755 "$folder"

echo "== user: $(inside web id -un)"
inside web python3 manage.py migrate --no-input -v 0
inside web python3 manage.py seed -v 0
touch "$folder/started"
if [ -z "$photo" ]; then
    photo=$folder/photo.jpg
    inside worker python3 -c 'import imageio.v3 as i, skimage.data; i.imwrite("/tmp/photo.jpg", skimage.data.astronaut())'
    cp "$folder/tmp/photo.jpg" "$photo"
fi
# Containers of this kind share the process ids of the machine.
inside web sh -c "echo \$\$ > /tmp/web.pid; exec python3 manage.py serve_api --port $port" &
inside worker sh -c 'echo $$ > /tmp/worker.pid; exec python3 manage.py portrait_worker' &

site=http://127.0.0.1:$port
json='Content-Type: application/json'
call() { curl --silent --show-error --fail-with-body "$@"; }
field() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }
for _ in $(seq 60); do
    curl --silent --fail --output /dev/null "$site/" && break
    sleep 1
done

echo "== sign-up, sign-in, upload, sorting"
call "$site/user/" -H "$json" -d '{"fullname": "Luna", "username": "luna", "password": "nargles-are-real"}'
token=$(call "$site/user/api/token/" -H "$json" -d '{"username": "luna", "password": "nargles-are-real"}' | field access)
bearer="Authorization: Bearer $token"
call "$site/user/main/" -H "$bearer" -F "pic=@$photo" | cut -c 1-120
call "$site/user/info/" -H "$bearer" -H "$json" -d '{"dormitory": 4, "birthday": "1981-02-13"}'

echo
echo "== the portrait"
status=
for _ in $(seq 180); do
    answer=$(call "$site/user/portrait/" -H "$bearer")
    status=$(echo "$answer" | field status)
    case $status in succeeded | failed | cancelled) break ;; esac
    sleep 1
done
[ "$status" = succeeded ] || { echo "the portrait: $answer"; exit 1; }
for kind in webp avif gif mp4 poster tile; do
    call --output "$folder/$kind" "$(echo "$answer" | field "$kind")"
    echo "$kind: $(stat -c %s "$folder/$kind") bytes"
done
call --output "$folder/card.png" "$site/dorm/card/image/" -H "$bearer"
echo "card: $(stat -c %s "$folder/card.png") bytes"
for form in webp gif mp4 story square; do
    call --output "$folder/card.$form" "$site/dorm/card/image/?format=$form" -H "$bearer"
    echo "card, $form: $(stat -c %s "$folder/card.$form") bytes"
done
[ -z "${OUT:-}" ] || cp "$folder"/{webp,poster} "$folder"/card.* "$OUT/"

echo "== health"
call "$site/readyz"
inside worker python3 manage.py worker_health

echo "== files that a container wrote outside of its volumes and /tmp"
for image in web worker; do
    root=$(buildah mount "${container_of[$image]}")
    written=$(find "$root" -xdev -newer "$folder/started" -type f ! -path "$root/etc/*" ! -path "$root/run/*")
    buildah umount "${container_of[$image]}" > /dev/null
    [ -z "$written" ] || { echo "$written"; exit 1; }
done
echo none
