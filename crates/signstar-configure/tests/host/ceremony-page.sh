#!/usr/bin/env bash
# docs/ceremony.md: every command in it, with five holders and a threshold of three. Told in lines
# `ok WHAT` and `NOT OK WHAT`; the last is `the end`.
cd /story || exit 1
# shellcheck source=telling.sh
. /story/telling.sh
page ceremony.md

want() { # HOLDER...
    local list='' holder
    for holder in "$@"; do list+="\"$holder\", "; done
    sed -e 's|THRESHOLD|3|' -e "s|HOLDERS|[${list%, }]|" -e 's|127.0.0.1:8443|192.0.2.10|' \
        ceremony.toml >/etc/signstar/signstar.toml
    for holder in "$@"; do
        printf '[user.%s]\nrole = "share-holder"\nssh-keys = ["%s"]\n' \
            "$holder" "$(cat "key-$holder.pub")" >>/etc/signstar/signstar.toml
    done
}
key() { ssh-keygen -q -t ed25519 -N '' -C "$1" -f "key-$1"; }
# What the page has for holders, typed by each.
holders() { # HOLDER...
    local holder after=$block
    for holder in "$@"; do
        block=0
        stands_for=([HOLDER]="$holder" [HOST]=127.0.0.1 [~/.ssh/id_ed25519]="/story/key-$holder")
        runs 'For holders' 0 0
    done
    block=$after
    stands_for=([SHA256]="$(pin 10)")
}
three() { holders holder-a holder-b holder-c; }
meanwhile() { (sleep 1; three >meanwhile.log) & }

mkdir -p /etc/signstar /root/.ssh
five='holder-a holder-b holder-c holder-d holder-e'
for holder in $five; do
    key "$holder"
    printf 'Match user %s\n    IdentityFile /story/key-%s\n' "$holder" "$holder"
done >/root/.ssh/config
printf 'Match all\n    IdentitiesOnly yes\n    BatchMode yes\n    LogLevel ERROR\n' >>/root/.ssh/config
printf '    StrictHostKeyChecking no\n' >>/root/.ssh/config
ssh-keygen -A >/dev/null
ip link set lo up
rm -f /run/nologin
systemctl start ssh.service
plug_in 10
# shellcheck disable=SC2086
want $five

block=1
stands_for=([SHA256]="$(pin 10)")
runs 'First deployment' 0 0 1 20
# shellcheck disable=SC2086
holders $five
says 'whose shares are there' 0 'holder-e: not confirmed; its share is there' signstar-configure shares status
says 'once more, and it is there' 0 'make key' signstar-configure hsm apply --trust-new "$(pin 10)"
runs 'Later changes' 20 0:meanwhile
wait "$!"
grep 'NOT OK' meanwhile.log

rm key-holder-e key-holder-e.pub
key holder-e
# shellcheck disable=SC2086
want $five
all() { holders holder-a holder-b holder-c holder-d holder-e; }
runs 'A share is lost' 0 20 20:three 0:all
says 'nothing is left to do' 0 'in force' signstar-configure shares status

want holder-a holder-b holder-c holder-d
says 'who left is let in no more' 0 'take away the SSH keys' signstar-configure host apply
says 'and has no share' 20 '' signstar-configure shares renew
three
says 'new ones are made' 20 '' signstar-configure shares renew
holders holder-a holder-b holder-c holder-d
says 'and in force' 0 '' signstar-configure shares renew
runs 'Somebody leaves' 0:three
three
says 'nothing is left to do at the device' 0 'nothing to do' signstar-configure hsm plan
page_ends
for number in "${!device[@]}"; do kill "${device[$number]}" 2>/dev/null; done
echo 'the end'
