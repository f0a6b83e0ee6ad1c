#!/bin/sh
# Usage: backup.sh FOLDER. Writes FOLDER/<date>-<time>/ with the database and the files of the service, and deletes the
# oldest backups beyond KEEP (14). Reads DATABASE_URL and MEDIA_ROOT. Needs pg_dump or sqlite3, and rsync.
set -eu
umask 077
folder=${1:?Usage: backup.sh FOLDER}
mkdir -p "$folder"
name=$(date +%Y%m%d-%H%M%S)
new=$folder/.$name
last=$(find "$folder" -mindepth 1 -maxdepth 1 -type d -name '[0-9]*-[0-9]*' | sort | tail -n 1)
mkdir -p "$new"

# The database first: files that are written later are no part of this backup, and those that it names are kept.
case ${DATABASE_URL:?} in
    sqlite:///*) sqlite3 "${DATABASE_URL#sqlite:///}" ".timeout 20000" ".backup '$new/database.sqlite3'" ;;
    *) pg_dump --format=custom --file="$new/database.dump" --dbname="$DATABASE_URL" ;;
esac

# Files never change, so that one that the last backup has is linked and takes no room.
if [ -d "${MEDIA_ROOT:-}" ]; then
    rsync --archive --exclude='*.part' --exclude='/cards' ${last:+--link-dest="$(cd "$last" && pwd)/media"} \
        "$MEDIA_ROOT/" "$new/media/"
fi

mv "$new" "$folder/$name"
find "$folder" -mindepth 1 -maxdepth 1 -type d -name '[0-9]*-[0-9]*' | sort | head -n "-${KEEP:-14}" | xargs -r rm -rf
echo "$folder/$name"
