#!/usr/bin/env bash
# A container with systemd in it, whose root is that of this host or BELOW, with a layer in front that
# is thrown away: container.sh FOLDER PROGRAMS STORY_FOLDER STORY [BELOW]. Status 77: it cannot be had
# here.
set -euo pipefail
folder=$1 programs=$2 here=$3 story=$4 below=${5-/}
mkdir "$folder/root" "$folder/layer"
mount -t tmpfs layer "$folder/layer" || exit 77
mkdir "$folder/layer/upper" "$folder/layer/work"
root=$folder/root
mount -t overlay overlay \
    -o "lowerdir=$below,upperdir=$folder/layer/upper,workdir=$folder/layer/work" "$root" || exit 77

for name in signstar-configure signstar-sign signstar-log signstar-request-signature softnethsm \
    nethsm yubihsm-mock; do
    [ ! -e "$programs/$name" ] || install -m 755 "$programs/$name" "$root/usr/bin/$name"
done
mkdir -p "$root/story/vectors"
cp "$here"/*.sh "$here"/*.toml "$here/../../../../spec/words.txt" "$root/story/"
cp "$here/../../../../docs/"{operate,ceremony}.md "$root/story/"
cp "$here/../../../../spec/vectors/shares.py" "$root/story/vectors/"
cat >"$root/etc/systemd/system/story.service" <<UNIT
[Unit]
Wants=systemd-journald.socket
After=basic.target systemd-journald.socket
Requires=basic.target
[Service]
Type=oneshot
ExecStart=/bin/bash /story/$story
StandardOutput=append:/story/story.log
StandardError=inherit
TimeoutStartSec=280
ExecStopPost=/bin/systemctl poweroff -f -f
UNIT
# A manager of a user that hangs at its end keeps the next login of that user waiting.
mkdir -p "$root/etc/systemd/system/user@.service.d"
printf '[Service]\nTimeoutStopSec=3s\n' >"$root/etc/systemd/system/user@.service.d/story.conf"
timeout 290 systemd-nspawn --quiet --directory="$root" --machine="signstar-story-$$" \
    --register=no --keep-unit --private-network --boot systemd.unit=story.service \
    >"$folder/console.log" 2>&1 </dev/null || true
if [ ! -s "$root/story/story.log" ]; then
    tail -n 3 "$folder/console.log" >&2
    exit 77
fi
cp "$root/story/story.log" "$folder/story.log"
