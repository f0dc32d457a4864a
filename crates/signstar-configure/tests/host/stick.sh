#!/usr/bin/env bash
# A host with a YubiHSM2, whose log a service reads: set up, used, the service stopped, a backup downloaded.
# Lines `ok WHAT` and `NOT OK WHAT`; the last is `the end`.
cd /story || exit 1
# shellcheck source=telling.sh
. /story/telling.sh

sends() { # FILES...
    signstar-request-signature send --to builder@127.0.0.1 -o IdentityFile=/story/key \
        -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR \
        --certificate /etc/signstar/packages.pgp --patience "${patience-0}" "$@"
}
# Ed25519.
signatures() { grep -c '"command":106,' /etc/signstar/administration/log-stick; }
as_root_says() { journalctl --no-pager -o cat | grep -F -- "$1"; }
reads_the_log() { # COUNT
    for _ in $(seq 100); do [ "$(signatures)" -ge "$1" ] && return; sleep 0.1; done
    signatures
    return 1
}

mkdir -p /etc/signstar
ip link set lo up
for key in key keeper; do ssh-keygen -q -t ed25519 -N '' -C "$key" -f "$key"; done
ssh-keygen -A >/dev/null
rm -f /run/nologin
systemctl start ssh.service
yubihsm-mock --objects device.json --listen 127.0.0.1:12345 >connector.log 2>&1 &
connector=$!
for _ in $(seq 100); do grep -q listening connector.log && break; sleep 0.1; done
cat >/etc/signstar/signstar.toml <<TOML
domain = "signstar.example.org"
log = "unlogged"
limits = { request-seconds = 5 }

[administration]
credentials = "plaintext"
folder = "/etc/signstar/administration"

[hsm.stick]
kind = "yubihsm2"
connector = "http://127.0.0.1:12345"
serial = "0012345678"
auditor = { operator = "5", passphrase = { file = "/var/lib/signstar/auditor/passphrase" } }

[key.packages]
hsm = "stick"
id = "packages"
type = "Curve25519"
operator = "2"
passphrase = { file = "/var/lib/signstar/builder/passphrase" }
certificate = "/etc/signstar/packages.pgp"
user-ids = ["Example Packaging <packages@example.org>"]

[client.builder]
key = "packages"
outputs = ["OpenPGPv4"]
ssh-keys = ["$(cat key.pub)"]

[user.keeper]
role = "backup"
hsm = "stick"
operator = "4"
passphrase = { file = "/var/lib/signstar/keeper/passphrase" }
ssh-keys = ["$(cat keeper.pub)"]
TOML

says 'the configuration is right' 0 'is right' signstar-configure check
says 'the host, with the service' 0 'signstar-audit@stick.service' signstar-configure host apply
says 'the device' 0 'do nothing more while its log is full' signstar-configure hsm apply
says 'nothing is left to do' 0 'nothing to do' signstar-configure hsm plan
says 'nor at the host' 0 'nothing to do' signstar-configure host plan
says 'the passphrase is that of its user' 0 '^builder 600' \
    stat -c '%U %a' /var/lib/signstar/builder/passphrase
says 'and that of the auditor of nobody else' 0 '^root 600' \
    stat -c '%U %a' /var/lib/signstar/auditor/passphrase

mkdir many
for number in $(seq 150); do echo "$number" >"many/$number"; done
says 'more files than the log has room for' 0 '' sends many/*
says 'the service runs' 0 '^active' systemctl is-active signstar-audit@stick.service
says 'it has kept each signature' 0 '' reads_the_log 150
says 'nothing is missing' 1 '' grep -F 'entries are missing' /etc/signstar/administration/log-stick

says 'without it' 0 '' systemctl stop signstar-audit@stick.service
mkdir more
for number in $(seq 80); do echo "$number" >"more/$number"; done
says 'signing ends when the log is full' 4 'hsm-unavailable' sends more/*
rm -f more/*.sig
says 'with it' 0 '' systemctl start signstar-audit@stick.service
patience=60 says 'signing goes on' 0 '' sends more/*
says 'everything is in the log' 0 '' reads_the_log 230
says 'that somebody logged in meanwhile is told' 0 'it was full' as_root_says 'its log has a gap'
says 'its sandbox is tight' 0 '' systemd-analyze security --no-pager --threshold=20 \
    signstar-audit@stick.service

ssh -F none -i keeper -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR \
    keeper@127.0.0.1 </dev/null >fetched.backup
says 'the keeper has a backup' 0 'all keys among them' signstar-configure backup verify fetched.backup
says 'a client has none' 3 'there was no request' ssh -F none -i key -o IdentitiesOnly=yes \
    -o StrictHostKeyChecking=no -o LogLevel=ERROR builder@127.0.0.1 'signstar-configure download backup'

# The device is lost.
kill "$connector"
wait "$connector" 2>/dev/null
rm device.json
yubihsm-mock --objects device.json --listen 127.0.0.1:12345 >connector.log 2>&1 &
connector=$!
for _ in $(seq 100); do grep -q listening connector.log && break; sleep 0.1; done
says 'it is not set up anew' 1 'the device was reset' signstar-configure hsm apply
says 'its backup is restored' 0 'restored' \
    signstar-configure restore --device yubihsm:0012345678 fetched.backup
says 'and the rest is done' 0 '' signstar-configure hsm apply
echo last >last
before=$(signatures)
patience=60 says 'it signs with the same key' 0 '' sends last
says 'the service goes on' 0 '' reads_the_log $((before + 1))
kill "$connector"
echo 'the end'
