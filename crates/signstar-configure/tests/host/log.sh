#!/usr/bin/env bash
# The key of the log in an HSM, with an operator that is the Unix user of the log: made, rotated
# and restored to the other device while the log serves. Lines `ok WHAT` and `NOT OK WHAT`; the last
# is `the end`.
cd /story || exit 1
# shellcheck source=telling.sh
. /story/telling.sh

want() { # LOG SED_WORDS...
    local log=$1
    shift
    sed -e /^metrics/d -e "/^\[log\]/,/^$/d" -e "s|^domain.*|&\n$log|" -e "s|DEVICES|$devices|" \
        -e "s|KEY_\(.*\)\"]|$(cat key.pub | cut -d ' ' -f 1,2) \1\"]|" "$@" day.toml >/etc/signstar/signstar.toml
    cat >>/etc/signstar/signstar.toml <<TOML

[key.checkpoints]
hsm = "main"
id = "checkpoints"
type = "Curve25519"
operator = "checkpoints"
passphrase = { file = "/var/lib/signstar/checkpoints/passphrase" }
TOML
    # One SSH key is one user's.
    sed -i -e '/^\[user.publisher\]/,/^$/d' -e '/ keeper"\]$/d' /etc/signstar/signstar.toml
}
sends() { # FILES...
    signstar-request-signature send --to builder@127.0.0.1 -o IdentityFile=/story/key \
        -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR \
        --certificate /etc/signstar/packages.pgp --log-key "$vkey" --patience "${patience-0}" "$@"
}
size() { sed -n 2p /var/lib/signstar-log/public/checkpoint; }

mkdir -p /etc/signstar
ip link set lo up
ssh-keygen -q -t ed25519 -N '' -C builder -f key
ssh-keygen -A >/dev/null
rm -f /run/nologin
systemctl start ssh.service
for number in 10 12; do plug_in "$number"; done
devices=''
for number in 10 12; do
    devices+="${devices:+, }{ url = \"https://192.0.2.$number/api/v1\", tls = \"pin:$(pin "$number")\" }"
done

# As docs/log.md has it.
want 'log = "unlogged"'
says 'right without a log' 0 'is right' signstar-configure check
says 'the host' 0 '' signstar-configure host apply
says 'the HSM, with the key of the log to be' 0 'make key `checkpoints`' signstar-configure hsm apply
vkey=$(signstar-log key show --config /etc/signstar/signstar.toml --name checkpoints \
    --origin log.example.org/story)
says 'it has a verifier key' 0 '^log.example.org/story\+' echo "$vkey"
want "[log]\nsocket = \"/run/signstar/log.socket\"\nvkey = \"$vkey\"\nkey = \"checkpoints\"\n"
says 'right with a log' 0 'is right' signstar-configure check
says 'the host gets a log' 0 'signstar-log' signstar-configure host apply
says 'nothing is left to do there' 0 'nothing to do' signstar-configure host plan
says 'nor at the HSM' 0 'nothing to do' signstar-configure hsm plan
says 'the credential is that of its user' 0 '^signstar-log 600' \
    stat -c '%U %a' /var/lib/signstar/checkpoints/passphrase
echo first >first
says 'the first signature is in it' 0 '' sends first
says 'the log runs' 0 '^active' systemctl is-active signstar-log.service
started=$(systemctl show -P MainPID signstar-log.service)
says 'nobody else may use that key' 1 '' setpriv --reuid builder --regid builder --clear-groups \
    cat /var/lib/signstar/checkpoints/passphrase
says 'its units are sandboxed as before' 0 '' systemd-analyze security --no-pager --threshold=30 \
    signstar-log.service

# Rotated while clients sign: each file is one checkpoint at least.
mkdir many
for number in $(seq 400); do echo "$number" >"many/$number"; done
(for number in $(seq 400); do
    [ -e stop ] && break
    sends "many/$number" >>sent 2>&1 || echo "NOT OK file $number" >>failed
    echo "$number" >>done
done) &
load=$!
signed() { [ ! -e done ] || wc -l <done; }
before=$(size)
for round in 1 2 3; do
    says "rotation $round of all" 0 'checkpoints' signstar-configure rotate
    says "rotation $round of its operator" 0 'checkpoints' signstar-configure rotate --user checkpoints
done
says 'rotation of the administrators' 0 '' signstar-configure rotate --administrators
count=$(signed)
for _ in $(seq 100); do [ "$(signed 2>/dev/null)" -gt "$((count + 1))" ] && break; sleep 0.1; done
touch stop
wait "$load"
says 'meanwhile the log grew' 0 '' test "$(size)" -gt "$((before + 3))"
says 'no request failed' 1 '' test -e failed
says 'it was not started anew' 0 "^$started$" systemctl show -P MainPID signstar-log.service
says 'the passphrase is still that of its user' 0 '^signstar-log 600' \
    stat -c '%U %a' /var/lib/signstar/checkpoints/passphrase
says 'nothing to do at the host' 0 'nothing to do' signstar-configure host plan

# A device less, also for the log.
unplug 10
echo second >second
patience=60 says 'with one device the log goes on' 0 '' sends second
# Its credential is lost: another one is made, and it signs on without a restart.
rm /var/lib/signstar/checkpoints/passphrase
sed -i "s|{ url = \"https://192.0.2.10[^}]*}, ||" /etc/signstar/signstar.toml
says 'a lost credential is made anew' 0 'checkpoints' signstar-configure hsm apply
says 'and is that of its user' 0 '^signstar-log 600' \
    stat -c '%U %a' /var/lib/signstar/checkpoints/passphrase
systemctl restart signstar-log.service
echo third >third
says 'started anew it signs as well' 0 '' sends third
says 'the whole log verifies' 0 '' signstar-log verify /var/lib/signstar-log/public "$vkey"
for number in "${!device[@]}"; do kill "${device[$number]}" 2>/dev/null; done
echo 'the end'
