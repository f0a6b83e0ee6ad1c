#!/usr/bin/env bash
# Builds both images without a registry and without Docker: Debian's mmdebstrap makes the base, buildah the images, pip
# downloads the wheels here. Needs root, and: apt install buildah mmdebstrap python3-venv
#
#   deploy/build-local.sh [web|worker ...]
#
# Settings: PIP and PIP_* for pip (an index, a folder of wheels); WORK, the folder of base images and wheels; TORCH_INDEX,
# the index of torch's builds, empty where pip finds a build for CPUs by itself.
set -euo pipefail
cd "$(dirname "$0")/.."
WORK=${WORK:-/var/tmp/portraits-images}
PIP=${PIP:-.venv/bin/pip}
TORCH_INDEX=${TORCH_INDEX-https://download.pytorch.org/whl/cpu}
[ $# -gt 0 ] || set -- web worker
mkdir -p "$WORK/wheels"

say() { printf '\n== %s\n' "$*"; }

# Usage: debian FILE PACKAGE... Writes a root file system as a tar file.
debian() {
    local file=$1
    shift
    # The hook: without it the merge of /usr brings the whole of Perl.
    mmdebstrap --quiet --format=tar --variant=essential --include="$(IFS=,; echo "$*")" \
        --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        bookworm "$file.part" \
        'deb http://deb.debian.org/debian bookworm main' \
        'deb http://deb.debian.org/debian bookworm-updates main' \
        'deb http://deb.debian.org/debian-security bookworm-security main'
    mv "$file.part" "$file"
}

# Usage: base NAME PACKAGE... Makes the image localhost/NAME from Debian's packages.
base() {
    local name=$1
    shift
    [ -e "$WORK/$name.tar" ] || debian "$WORK/$name.tar" "$@"
    if [ "$WORK/$name.tar" -ot "$WORK/$name.image" ] && buildah inspect --type image "localhost/$name" > /dev/null 2>&1; then
        return
    fi
    local container
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$WORK/$name.tar" / > /dev/null
    buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" "localhost/$name" > /dev/null
    touch "$WORK/$name.image"
}

say "Base images from Debian's packages"
base portraits-base usr-is-merged python3 libstdc++6 libgomp1 ca-certificates tzdata
base portraits-builder usr-is-merged python3 python3-venv libstdc++6 libgomp1 ca-certificates

say "Wheels of the pinned lists"
sed -f deploy/container/web-image.sed requirements-web.txt > "$WORK/requirements-web.txt"
"$PIP" download --quiet --no-deps --dest "$WORK/wheels" -r "$WORK/requirements-web.txt"
case " $* " in *" worker "*)
    grep -v -e '^-r ' requirements.txt | sed -f deploy/container/headless.sed > "$WORK/requirements.txt"
    "$PIP" download --quiet --no-deps --dest "$WORK/wheels" -r requirements-web.txt
    "$PIP" download --quiet --no-deps --dest "$WORK/wheels" ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r "$WORK/requirements.txt"
esac

# The same commit gives the same time stamps.
stamp=$(git log -1 --format=%ct)
for target in "$@"; do
    say "The image of the $target"
    # HEALTHCHECK is part of Docker's format only.
    buildah bud --isolation chroot --format docker --layers --timestamp "$stamp" --target "$target" \
        --build-arg BUILDER=localhost/portraits-builder --build-arg BASE=localhost/portraits-base \
        --build-arg PIP_NO_INDEX=1 --build-arg PIP_FIND_LINKS=/wheels --build-arg TORCH_INDEX= \
        --volume "$WORK/wheels:/wheels:ro" \
        --file deploy/Containerfile --tag "localhost/portraits-$target" .
    buildah images --format '{{.Name}} {{.Size}}' "localhost/portraits-$target"
done
