#!/usr/bin/env bash
# docs/operate.md: every command in it, in its order, and what it says comes of it. Told in lines
# `ok WHAT` and `NOT OK WHAT`; the last is `the end`.
cd /story || exit 1
# shellcheck source=telling.sh
. /story/telling.sh

page operate.md
signs() { # WHAT
    rm -f package.tar.sig package.tar.sig.proof
    says "$1" 0 '' signstar-request-signature send --to builder@signstar.example.org --patience 0 \
        --certificate certificate.pgp --log-key "$vkey" package.tar
}
want() { # DEVICES SED_WORDS...
    local devices=$1 user words=()
    shift
    for user in builder keeper publisher; do
        words+=(-e "s|KEY_$user|$(cat "$user.pub")|")
    done
    sed -e "s|VKEY|$vkey|" -e "s|DEVICES|$devices|" "${words[@]}" "$@" day.toml \
        >/etc/signstar/signstar.toml
}
at() { printf '{ url = "https://192.0.2.%s/api/v1", tls = "%s" }' "$1" "${2-pin:$(pin "$1")}"; }

# All that is secret at this moment, in memory.
mkdir /dev/shm/story
gather() {
    systemd-creds decrypt --name=hsm-main /var/lib/signstar/administration/hsm-main - |
        grep -oE '"[^"]{24,}"' | tr -d '"' >>/dev/shm/story/secrets
    for file in /var/lib/signstar/credentials/*; do
        { cat "$file" && echo; } | sed '/^$/d' >>/dev/shm/story/secrets
    done
}

# The clients, and the addresses that the page has.
mkdir -p /root/.ssh programs
mv /usr/bin/signstar-{sign,configure,log} /usr/bin/softnethsm programs/
ln -s /story/programs/softnethsm /usr/local/bin/softnethsm
cp programs/* .
ip link set lo up
echo '127.0.0.1 signstar.example.org' >>/etc/hosts
for user in builder keeper publisher; do
    ssh-keygen -q -t ed25519 -N '' -C "$user" -f "$user"
    printf 'Match user %s\n    IdentityFile /story/%s\n' "$user" "$user"
done >/root/.ssh/config
printf 'Match all\n    IdentitiesOnly yes\n    BatchMode yes\n    LogLevel ERROR\n' >>/root/.ssh/config
ssh-keygen -A >/dev/null
for key in /etc/ssh/ssh_host_*_key.pub; do echo "signstar.example.org $(cat "$key")"; done >/root/.ssh/known_hosts
rm -f /run/nologin
systemctl start ssh.service
head -c 100000 /dev/urandom >package.tar
for number in 10 12; do plug_in "$number"; done
stands_for=([17bbeeb7...]="$(pin 10) --trust-new $(pin 12)")
# Who operates it has an umask of their own.
umask 077

runs Install 0 0
runs Install 0
vkey=$(signstar-log key show /etc/signstar/log.key)
stands_for[VKEY]=$vkey
want "$(at 10 insecure), $(at 12 insecure)"
runs Install 0
runs Install 10 0 0 0
runs 'The first day' 1 0
want "$(at 10), $(at 12)"
runs 'The first day' 0 0 0
runs 'The first day' 0 0 0 0
says 'the log is published by its own user' 0 '^signstar-log 644' \
    stat -c '%U %a' /var/lib/signstar-log/public/checkpoint
says 'a backup is more than nothing' 0 '' test -s main.backup
cp certificate.pgp certificate.first
gather

runs 'Every day' 0 0 0 1 0
runs 'Every day' 0 0
signs 'after a rotation it signs'
gather
runs 'Another version' 0 0 0 0 0
signs 'after another version it signs'

# A session that is open when the client is found out, and asks from time to time.
signstar-request-signature prepare package.tar >request
mkfifo questions
ssh builder@signstar.example.org <questions >answers 2>/dev/null &
session=$!
exec 7>questions
asks() {
    local before
    before=$(wc -l <answers)
    cat request >&7 || return 1
    for _ in $(seq 50); do
        [ "$(wc -l <answers)" -gt "$before" ] && { tail -n 1 answers; return 0; }
        kill -0 "$session" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}
trap '' PIPE
says 'the session is open' 0 '"signature"' asks
want "$(at 10), $(at 12)" -e 's|^#enabled|enabled|'
says 'and goes on' 0 '"signature"' asks
says 'a new one is refused' 3 'not-permitted|not permitted' signstar-request-signature send \
    --to builder@signstar.example.org --patience 0 package.tar
runs 'A client is compromised' 0 0 0
says 'it has ended' 1 '' asks
exec 7>&-
says 'and a new one is refused' 3 'not-permitted|not permitted' signstar-request-signature send \
    --to builder@signstar.example.org --patience 0 package.tar
runs 'A client is compromised' 0
cp builder builder.old
rm builder builder.pub
ssh-keygen -q -t ed25519 -N '' -C builder -f builder
want "$(at 10), $(at 12)"
runs 'A client is compromised' 0
signs 'with another key it is let in again'
says 'and not with the old one' 255 'Permission denied' \
    ssh -F none -i builder.old -o IdentitiesOnly=yes -o BatchMode=yes builder@signstar.example.org

want "$(at 10), $(at 12)" -e 's|, "deputy"||'
runs 'An administrator leaves, or is compromised' 0 0 0
says 'nothing is left to do' 0 'nothing to do' signstar-configure hsm plan
signs 'an administrator less, and it signs'

# One of two.
gather
unplug 10
signs 'a device less, and it signs'
plug_in 11
want "$(at 11 insecure), $(at 12)" -e 's|, "deputy"||'
stands_for=([5f1c09d2...]="$(pin 11)" [VKEY]="$vkey")
runs 'A device is lost' 0
unplug 12
signs 'with what the other one had'
# The only one, and the new one comes to the address of the old.
unplug 11
rm -r hsm-11 hsm-12
plug_in 11
want "$(at 11 insecure)" -e 's|, "deputy"||'
newest=$(find /var/lib/signstar/state/keeper/backups/main -name '*.backup' | sort | tail -n 1)
stands_for=([5f1c09d2...]="$(pin 11)" [FILE]="$newest")
runs 'A device is lost' 0 0 0
says 'nothing is left to do' 0 'nothing to do' signstar-configure hsm plan
signs 'restored, it signs'
ssh publisher@signstar.example.org >certificate.last
says 'the fingerprint is the same' 0 '' cmp certificate.first certificate.last
says 'the whole log verifies' 0 '' signstar-log verify /var/lib/signstar-log/public "$vkey"
says 'nobody left anything half written' 1 '^$' bash -c \
    'find /etc/signstar /var/lib/signstar /run/signstar -name ".tmp*" -o -name ".credential-*" | grep .'
gather
says 'there was something secret each time' 0 '' test "$(sort -u /dev/shm/story/secrets | wc -l)" -ge 15
journalctl --no-pager -o export >journal
says 'the journal has the day' 0 '' grep -q 'give administrator' journal
says 'and no secret' 1 '^$' grep -aFf /dev/shm/story/secrets journal
says 'nor has anything else that is written down' 0 \
    "^$(printf '/var/lib/signstar/credentials/%s ' builder keeper)\$" bash -c \
    'grep -raFlf /dev/shm/story/secrets /etc /var /run /root /tmp /home /story | sort | tr "\n" " "'
page_ends
for number in "${!device[@]}"; do kill "${device[$number]}" 2>/dev/null; done
echo 'the end'
