#!/usr/bin/env bash
# Passphrases that systemd keeps for Unix users, told in lines `ok WHAT` and `NOT OK WHAT`; the last is
# `the end`.
cd /story || exit 1
mkdir -p logs

says() { # WHAT STATUS PATTERN COMMAND...
    local what=$1 status=$2 pattern=$3 said got
    shift 3
    said=$("$@" 2>&1 </dev/null)
    got=$?
    if [ "$got" = "$status" ] && grep -qE -- "$pattern" <<<"$said"; then
        printf 'ok %s\n' "$what"
    else
        printf 'NOT OK %s (status %s)\n%s\n' "$what" "$got" "$(tail -n 12 <<<"$said")"
    fi
}
configure() { signstar-configure --config /etc/signstar/signstar.toml "$@"; }
signs() { # USER KEY FILE...
    local user=$1 key=$2
    shift 2
    signstar-request-signature send --to "$user@127.0.0.1" -o IdentityFile="/story/$key" \
        -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/story/known \
        -o BatchMode=yes -o LogLevel=ERROR "$@"
}
verifies() { signstar-request-signature verify --certificate "/etc/signstar/$1.pgp" "${@:2}"; }
as() { setpriv --reuid "$1" --regid "$1" --clear-groups "${@:2}"; }
creds() { as "$1" systemd-creds decrypt --user --name="$2" "$3" -; }
last_words() { journalctl --no-pager -o cat -t signstar-sign | tail -n 4; }
tpm() { # FOLDER
    mkdir -p "/story/$1"
    swtpm socket --tpm2 --flags not-need-init,startup-clear --tpmstate "dir=/story/$1" \
        --server type=tcp,bindaddr=127.0.0.1,port=2321 \
        --ctrl type=tcp,bindaddr=127.0.0.1,port=2322 >>logs/tpm 2>&1 &
    tpm=$!
    for _ in $(seq 100); do
        (: </dev/tcp/127.0.0.1/2322) 2>/dev/null && return
        sleep 0.1
    done
}
no_tpm() { kill "$tpm"; wait "$tpm"; }

for key in key1 key2 key3; do ssh-keygen -q -t ed25519 -N '' -C "$key" -f "/story/$key"; done
ssh-keygen -A >/dev/null
mkdir -p /etc/signstar
sed -e "s|KEY1|$(cat key1.pub)|" -e "s|KEY2|$(cat key2.pub)|" \
    -e "s|KEY3|$(cat key3.pub)|" sealed.toml >/etc/signstar/signstar.toml
chmod 755 /etc/signstar && chmod 644 /etc/signstar/signstar.toml
rm -f /run/nologin
systemctl start ssh.service
softnethsm serve --data /story/hsm --listen 127.0.0.1:8443 >logs/hsm 2>&1 &
hsm=$!
for _ in $(seq 100); do grep -q listening logs/hsm && break; sleep 0.1; done
for name in first second third; do echo "$name" >"$name"; done

says 'the configuration is right' 0 'is right' configure check
says 'without its Unix user nothing is stored' 1 'there is no Unix user' configure hsm plan
says 'the host is set up' 0 'builder' configure host apply
pin=$(configure hsm plan 2>&1 | grep -oE '[0-9a-f]{64}' | head -n 1)
says 'the HSM is set up' 0 'provision' configure hsm apply --trust-new "$pin"
says 'nothing is left to do' 0 'nothing to do' configure hsm plan
says 'nor on the host' 0 'nothing to do' configure host plan
says 'the host has a key of its own' 0 '^root 400$' stat -c '%U %a' /var/lib/systemd/credential.secret

own=/var/lib/signstar/builder/passphrase
says 'the file is of its user' 0 '^builder 600$' stat -c '%U %a' "$own"
says 'who signs opens it' 0 'first' signs builder key1 first
says 'the signature verifies' 0 'first' verifies packages first
says 'so does the other client' 0 'second' signs other key2 second
says 'with its own key' 0 'second' verifies databases second
says 'the self-test reaches systemd from its sandbox' 0 '' systemctl start signstar-self-test@builder.service
says 'root tries every key' 0 'databases' signstar-sign self-test
says 'a user makes backups' 0 'NETHSM_BACKUP' bash -c "ssh -F none -i key3 -o BatchMode=yes \
    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/story/known keeper@127.0.0.1 | tr -cd 'A-Z_\n'"
says 'a backup is made' 0 '' configure backup
says 'and is good' 0 '' configure backup verify

# Every session asks systemd, which takes 16 connections of a user at once.
sessions() {
    local session all=()
    for session in $(seq 40); do
        echo "$session" >"many-$session"
        signstar-sign <request >"answer-$session" 2>"said-$session" &
        all+=($!)
    done
    for session in "${all[@]}"; do wait "$session" || echo "session failed"; done
    cat answer-*
}
signstar-request-signature prepare first >request
mkdir many && cp request many/ && chown -R builder many && chmod 711 .
says 'forty sessions at once are all answered' 0 '^40$' as builder bash -c "
    cd /story/many; $(declare -f sessions); sessions | grep -c PGP"

# Another user, with all that it could get hold of.
creds builder passphrase "$own" >clear
says 'the passphrase is one' 0 '^.{24,}$' cat clear
cp "$own" stolen && chown other stolen && mv stolen /var/lib/signstar/other/stolen
says 'another user does not open it' 1 'Bad credential format|refusing' \
    creds other passphrase /var/lib/signstar/other/stolen
says 'nor in the name of its owner' 1 'PermissionDenied' as other systemd-creds decrypt \
    --uid=builder --name=passphrase /var/lib/signstar/other/stolen -
says 'nor under another name' 1 '.' creds builder other "$own"
cp -a /var/lib/signstar/other/passphrase kept
cp /var/lib/signstar/other/stolen /var/lib/signstar/other/passphrase
says 'nor does its session sign with it' 3 'not set up|refused' signs other key2 third
says 'the journal says why' 0 'systemd-creds decrypt fails' last_words
cp -a kept /var/lib/signstar/other/passphrase
says 'with its own it does' 0 'third' signs other key2 third
says 'administrative credentials are of root' 1 'Permission denied' \
    as builder cat /var/lib/signstar/administration/hsm-main

# Rotation, while a client signs without a pause.
signing() {
    until [ -e rotated ]; do
        if signs builder key1 first >>logs/signing 2>&1; then
            echo signed >>signed
        else
            echo 'not signed' >>unsigned
        fi
    done
}
signing &
signing=$!
until [ -s signed ] || [ -e unsigned ]; do sleep 0.1; done
says 'passphrases are changed' 0 'builder' configure rotate
says 'and once more' 0 'builder' configure rotate
says 'those of administrators as well' 0 '' configure rotate --administrators
touch rotated
wait "$signing"
says 'who signs meanwhile notices nothing' 1 'unsigned: No such file' bash -c 'cat unsigned logs/signing; [ -e unsigned ]'
says 'who signs opens the new one' 0 'third' signs builder key1 third
says 'the old one is no more' 1 '^$' bash -c "$(declare -f as creds); creds builder passphrase $own | grep -Ff clear"

# Stolen with all files, and opened on a host with another key.
key=/var/lib/systemd/credential.secret
mv "$key" key.secret
systemd-creds setup >>logs/setup 2>&1
says 'a stolen file opens nowhere else' 3 'not set up|refused' signs builder key1 first
says 'nor do administrative credentials' 1 'Decryption failed|systemd-creds decrypt fails' configure hsm plan
mv -f key.secret "$key"
says 'here it does' 0 'first' signs builder key1 first
says 'here they do' 0 'nothing to do' configure hsm plan

# The host gets a TPM2. In a container systemd looks for none: who runs its program says so.
mv /usr/bin/systemd-creds /usr/bin/systemd-creds.real
cat >/usr/bin/systemd-creds <<'SH'
#!/bin/bash
export SYSTEMD_TPM2_DEVICE=swtpm:host=127.0.0.1,port=2321
[ "${1-}" != encrypt ] || set -- "$@" --with-key=host+tpm2
exec -a systemd-creds /usr/bin/systemd-creds.real "$@"
SH
chmod 755 /usr/bin/systemd-creds
tpm tpm-own
says 'from now on it is the TPM2 as well' 0 'builder' configure rotate
says 'and for administrators' 0 '' configure rotate --administrators
no_tpm
tpm tpm-other
rm -f first.sig
says 'the disk in another machine opens nothing' 3 'not set up|refused' signs builder key1 first
says 'nothing of administrators either' 1 'systemd-creds decrypt fails' configure hsm plan
no_tpm
says 'nor without a TPM2' 3 'not set up|refused' signs builder key1 first
tpm tpm-own
says 'after a boot of its own machine the client signs' 0 'first' signs builder key1 first
says 'and that verifies' 0 'first' verifies packages first
says 'nothing is left to do at last' 0 'nothing to do' configure hsm plan
no_tpm

# The TPM2 breaks. What was kept elsewhere is put back, and clients get other passphrases.
place=/var/lib/signstar/administration/hsm-main
tpm tpm-own
umask 077
systemd-creds decrypt --name=hsm-main "$place" - >kept.json
no_tpm
tpm tpm-new
umask 022
says 'without what was kept there is no way' 1 'systemd-creds decrypt fails' configure hsm apply
(umask 077 && systemd-creds encrypt --name=hsm-main kept.json "$place" 2>>logs/setup)
says 'those of users do not open either' 1 'the passphrase of .*systemd-creds decrypt fails' \
    configure hsm plan
rm /var/lib/signstar/{builder,other,keeper}/passphrase
says 'which is to be mended' 10 'builder' configure hsm plan
says 'clients get other passphrases' 0 'builder' configure hsm apply
says 'with which they sign' 0 'first' signs builder key1 first
says 'nothing is left to do' 0 'nothing to do' configure hsm plan
no_tpm

# What can be found afterwards.
journalctl --no-pager -o export >logs/journal
says 'the journal has what went wrong' 0 'systemd-creds decrypt fails' cat logs/journal
says 'no passphrase in the journal' 1 '^$' grep -aFf clear logs/journal
says 'no passphrase on disk' 1 '^$' grep -raFlf clear /var /etc /root /tmp /home
kill "$hsm"
echo 'the end'
