#!/usr/bin/env bash
# Ceremonies of several holders over SSH, told in lines `ok WHAT` and `NOT OK WHAT`; the last is
# `the end`.
cd /story || exit 1
umask 077
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
configure() { signstar-configure --config /story/wanted.toml "$@"; }
login() { # USER [WORDS...]
    local user=$1
    shift
    timeout 20 ssh -F none -i "/story/key-$user" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/story/known -o BatchMode=yes -o LogLevel=ERROR "$user@127.0.0.1" "$@"
}
# What the administrator is told that a holder types.
hands_in() { login "$1" download | age -d -i "key-$1" | login "$1" upload; }
keeps() { login "$1" ${2:-download} | age -d -i "key-$1" >"kept-$1${3:+-$3}"; }
gives() { login "$1" upload <"$2"; }
want() { # THRESHOLD HOLDER...
    local threshold=$1 list='' holder
    shift
    for holder in "$@"; do list+="\"$holder\", "; done
    sed -e "s|THRESHOLD|$threshold|" -e "s|HOLDERS|[${list%, }]|" ceremony.toml >wanted.toml
    for holder in "$@"; do
        printf '[user.%s]\nrole = "share-holder"\nssh-keys = ["%s"]\n' \
            "$holder" "$(cat "key-$holder.pub")" >>wanted.toml
    done
}
no_uploads() { [ -z "$(find /run/signstar/shares -type f)" ]; }

for holder in a b c d e f; do
    ssh-keygen -q -t ed25519 -N '' -C "holder-$holder" -f "key-holder-$holder"
done
ssh-keygen -A >/dev/null
mkdir -p /etc/signstar
rm -f /run/nologin
systemctl start ssh.service
softnethsm serve --data /story/hsm --listen 127.0.0.1:8443 >logs/hsm 2>&1 &
hsm=$!
for _ in $(seq 100); do grep -q listening logs/hsm && break; sleep 0.1; done

five='holder-a holder-b holder-c holder-d holder-e'
# shellcheck disable=SC2086
want 3 $five
says 'the configuration is right' 0 'is right' configure check
says 'no holder is there yet' 1 'there is no Unix user .holder-a.' configure shares renew
says 'the host is set up' 0 'holder-e' configure host apply
says 'nothing is left to do there' 0 'nothing to do' configure host plan
says 'the plan says that shares are to be made' 1 'make shares for 5 holders' configure hsm plan
pin=$(configure hsm plan 2>&1 | grep -oE '[0-9a-f]{64}' | head -n 1)
says 'a stranger is refused before anybody is asked' 1 'never seen' configure hsm apply
says 'and nothing was made for it' 0 'no shares were made yet' configure shares status
says 'without shares there is nothing to rotate' 22 'no shares are in force' configure rotate
says 'holders hear that there is nothing yet' 0 'no share of yours' login holder-a status

# The first deployment: 3 of 5.
apply() { configure hsm apply --trust-new "$pin" "$@"; }
says 'shares are made, and waited for' 20 'ssh holder-e@[^ ]+ download \| age -d' apply
says 'nothing is at the device yet' 0 'Unprovisioned' \
    bash -c 'nethsm --url https://127.0.0.1:8443/api/v1 --tls insecure health state || true'
says 'who types nothing is told what there is' 2 'download, download in-force, upload, status, help' login holder-a
says 'no other command' 2 'download, download in-force' login holder-a 'download; id'
says 'no shell' 2 'download, download in-force' login holder-a sh
says 'no terminal, no files' 255 'Connection closed|Received message too long' \
    timeout 20 sftp -F none -i key-holder-a -o BatchMode=yes -o UserKnownHostsFile=/story/known \
    -o StrictHostKeyChecking=no holder-a@127.0.0.1
says 'help' 0 'upload +your share, decrypted' login holder-a help
says 'the share is encrypted' 0 'BEGIN AGE ENCRYPTED FILE' login holder-a download
says 'and nobody else can read it' 1 'Permission denied' \
    setpriv --reuid holder-b --regid holder-b --clear-groups \
    cat /var/lib/signstar/state/holder-a/share/facts.json
says 'nor put anything in its place' 1 'Permission denied' \
    setpriv --reuid holder-b --regid holder-b --clear-groups touch /run/signstar/shares/holder-a/x
for holder in $five; do keeps "$holder"; done

# What holders do wrong.
says 'garbage' 3 'this is no share' bash -c "$(declare -f login); head -c 100 /dev/zero | tr '\0' 'x' | login holder-a upload"
says 'no text' 3 'this is no share' bash -c "$(declare -f login); head -c 99 /dev/urandom | login holder-a upload"
says 'too long' 3 'longer than 4096' bash -c "$(declare -f login); head -c 100000 /dev/zero | login holder-a upload"
says 'nothing' 3 'this is no share' login holder-a upload
says 'still encrypted' 3 'decrypt it first' bash -c "$(declare -f login); login holder-a download | login holder-a upload"
other=q
[ "$(cut -c 40 kept-holder-a)" = q ] && other=p
sed -E "s/^(.{39})./\\1$other/" kept-holder-a >wrong-holder-a
says 'one character wrong' 3 'damaged, probably in place 40' gives holder-a wrong-holder-a
rm wrong-holder-a
says 'the share of somebody else' 3 'this is share 2, and yours is 1' gives holder-a kept-holder-b
says 'a wrong one of root knows no holder' 0 'not confirmed; no share' configure shares status
says 'nothing of it counts' 20 'waiting for holders: 0 have' apply

for holder in holder-a holder-b; do
    says "$holder confirms" 0 'is there; it is erased' gives "$holder" "kept-$holder"
done
says 'the same once more does no harm' 0 'was there already' gives holder-a kept-holder-a
says 'two are not enough' 20 'waiting for holders: 2 have' apply
says 'fewer than the threshold are never enough' 1 'at least 3' apply --enough 2
says 'a holder sees who is missing' 0 'not yet by holder-c, holder-d, holder-e' login holder-c status
says 'nothing is in a session that asks for somebody else' 255 'Permission denied' \
    timeout 20 ssh -F none -i key-holder-a -o IdentitiesOnly=yes -o BatchMode=yes \
    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/story/known holder-b@127.0.0.1 status

# What root does not believe: a link, a file of others' reading, another's share put there by hand.
as() { setpriv --reuid "$1" --regid "$1" --clear-groups bash -c "$2"; }
set=$(basename "$(find /run/signstar/shares/holder-a -type f)")
as holder-c "ln -s /etc/shadow /run/signstar/shares/holder-c/$set"
says 'a link is not followed' 20 'upload of holder-c is not taken' apply
as holder-c "rm /run/signstar/shares/holder-c/$set; mkfifo /run/signstar/shares/holder-c/$set"
says 'a pipe holds nobody up' 20 'upload of holder-c is not taken: it is no regular file' apply
as holder-c "rm /run/signstar/shares/holder-c/$set; umask 077; cat >/run/signstar/shares/holder-c/$set" <kept-holder-b
says 'the share of another is none' 20 'upload of holder-c is not taken: it is not the share' apply
says 'status tells' 0 'holder-c: not confirmed; its upload is not taken' configure shares status
says 'it can be replaced by the right one' 0 'was there already|is there' gives holder-c kept-holder-c

# The host is switched off: confirmations stay, uploads do not.
says 'three have confirmed' 20 'waiting for holders: 3 have' apply
find /run/signstar/shares -type f -delete
says 'they still have' 20 'waiting for holders: 3 have' apply
says 'three are enough if somebody says so, and their shares are missing' 20 'waiting for shares: 0 of' apply --enough 3
says 'a backup takes shares' 20 'waiting for shares: 0 of' configure backup

# Three of them come together while the administrator waits; then it is killed in the middle.
signstar-configure --config wanted.toml hsm apply --trust-new "$pin" --wait 60 >logs/first 2>&1 &
waiting=$!
for holder in holder-e holder-b holder-d; do says "$holder hands in" 0 'is there' hands_in "$holder"; done
for _ in $(seq 400); do grep -q '^main: ' logs/first && break; sleep 0.05; done
kill -9 "$waiting"
wait "$waiting" 2>/dev/null
says 'it was in the middle' 0 '^main: .*provision' cat logs/first
says 'a ceremony that was killed goes on without asking anybody' 0 'main: ' \
    strace -f -s 65536 -o logs/strace signstar-configure --config /story/wanted.toml hsm apply --trust-new "$pin"
says 'the uploads are erased' 0 '' no_uploads
says 'nothing is left to do, as far as one sees without shares' 20 'takes 3 shares' configure hsm plan

# Later: other holders, and a wrong share among them.
says 'a, c, e' 0 'is there' hands_in holder-a
says 'two are too few' 20 'waiting for shares: 1 of' configure backup
says 'c' 0 'is there' hands_in holder-c
says 'e' 0 'is there' gives holder-e kept-holder-e
says 'with shares a plan tells everything' 0 '' configure hsm plan
says 'and leaves them' 0 'holder-e: confirmed; its share is there' configure shares status
says 'the backup is good' 0 '1 keys sign' configure backup verify
says 'the uploads are erased again' 0 '' no_uploads
for holder in holder-b holder-c holder-d; do says "$holder" 0 'is there' hands_in "$holder"; done
sed -i 's/administrators = \["admin"\]/administrators = ["admin", "second"]/' ceremony.toml wanted.toml
says 'a new administrator of the device' 0 'main: .*second' configure hsm apply
says 'two ways of erasing' 0 'no share is left' configure shares wipe

# Somebody leaves, somebody comes, the threshold is another.
want 2 holder-a holder-b holder-c holder-f
says 'the host first' 0 'holder-f' configure host apply
says 'who has left cannot log in' 255 'Permission denied' login holder-e status
says 'the plan says what is to be renewed' 10 '.holder-f. is to have a share' configure hsm plan
says 'it takes the old threshold' 20 'waiting for shares: 0 of .*3 have to be' configure shares renew
for holder in holder-a holder-b holder-c; do says "$holder, the old share" 0 'is there' hands_in "$holder"; done
says 'new shares' 20 'new shares, 2 of 4, are there for' configure shares renew
says 'the old uploads are erased' 0 '' no_uploads
says 'the old shares are still good' 0 'is there' gives holder-a kept-holder-a
for holder in holder-b holder-c; do
    keeps "$holder" 'download in-force' old
    says "$holder has both" 0 'is there' gives "$holder" "kept-$holder-old"
done
says 'a backup with the old ones' 0 'main: backup in' configure backup
for holder in holder-a holder-b holder-c; do says "$holder confirms the new one" 0 'is there' hands_in "$holder"; done
says 'one is missing' 20 'waiting for holders: 3 have' configure shares renew
says 'the newcomer' 0 'is there' hands_in holder-f
says 'they are in force' 0 'the new shares are in force' configure shares renew
says 'nothing is left' 0 'nothing to do' configure shares renew
says 'a share of the older set' 3 'older one or of something else' gives holder-a kept-holder-a
says 'the share of who has left is gone' 1 'No such file' \
    cat "/var/lib/signstar/state/holder-e/share/facts.json"
says 'one is too few' 0 'is there' hands_in holder-f
says 'as the new threshold says' 20 'waiting for shares: 1 of .*2 have to be' configure rotate
says 'two of the new ones' 0 'is there' hands_in holder-b
says 'passphrases are changed' 0 'main: ' configure rotate

# A share is lost: a new key, and new shares of the others.
says 'a lost key' 0 '' bash -c 'rm key-holder-c key-holder-c.pub && ssh-keygen -q -t ed25519 -N "" -f key-holder-c'
want 2 holder-a holder-b holder-c holder-f
says 'the host lets the new key in' 0 'authorized_keys/holder-c' configure host apply
says 'a plan knows' 10 'encrypted to an SSH key that it no longer has' configure hsm plan
for holder in holder-a holder-f; do says "$holder" 0 'is there' hands_in "$holder"; done
signstar-configure --config wanted.toml shares renew --wait 60 >logs/renew 2>&1 &
waiting=$!
for _ in $(seq 400); do grep -q 'new shares' logs/renew && break; sleep 0.05; done
says 'c reads the new one' 0 'is there' hands_in holder-c
for _ in $(seq 400); do grep -q 'holder-c has confirmed' logs/renew && break; sleep 0.05; done
kill -9 "$waiting"
wait "$waiting" 2>/dev/null
for holder in holder-a holder-b holder-f; do says "$holder" 0 'is there' hands_in "$holder"; done
says 'killed in the middle, it goes on' 0 'the new shares are in force' configure shares renew
for holder in holder-c holder-a; do says "$holder" 0 'is there' hands_in "$holder"; keeps "$holder"; done
says 'all is well' 0 'nothing to do' configure hsm apply

# Who left may have kept more than a share: the passphrases change as well.
for holder in holder-c holder-a; do says "$holder" 0 'is there' hands_in "$holder"; done
says 'what was known is worth nothing' 0 'drop the old administrative credentials' \
    configure rotate --administrators
for holder in holder-c holder-a; do says "$holder" 0 'is there' hands_in "$holder"; done
says 'the new ones are in the box' 0 'nothing to do' configure hsm apply
says 'the uploads are erased at last' 0 '' no_uploads

# What can be found afterwards.
box=$(find /var/lib/signstar/administration/shares -name box)
python3 vectors/shares.py open "$box" kept-holder-c kept-holder-a >secret.json
says 'the box opens with nothing of ours' 0 '"second"' cat secret.json
grep -oE '"[^"]{24,}"' secret.json | tr -d '"' | sort -u >secrets
for kept in kept-*; do tail -c +20 "$kept" | head -c 60; echo; done | sort -u >share-texts
says 'there is something to look for' 0 '^4$' bash -c 'wc -l <secrets'
journalctl --no-pager -o export >logs/journal
says 'the journal is found by the name of the program' 0 '"user":"holder-a","share":"upload"' \
    journalctl --no-pager -o cat -t signstar-configure
says 'the journal has the ceremony' 0 'open the box of the set' cat logs/journal
says 'and what was refused' 0 'older one or of something else' cat logs/journal
says 'what is searched for is found where it is' 0 '/story/secret.json' grep -raFlf secrets /story/secret.json
says 'shares as well' 0 ' read' grep -aFf share-texts logs/strace
says 'no secret in the journal' 1 '^$' grep -aFf secrets logs/journal
says 'no share in the journal' 1 '^$' grep -aFf share-texts logs/journal
says 'no secret in a call of the kernel' 1 '^$' grep -aFf secrets logs/strace
says 'shares are read there, and nothing else' 1 '^$' bash -c 'grep -aFf share-texts logs/strace | grep -v " read"'
says 'no secret on disk' 1 '^$' grep -raFlf secrets /var /etc /root /tmp /home /run
says 'no share on disk' 1 '^$' grep -raFlf share-texts /var /etc /root /tmp /home /run
kill "$hsm"
echo 'the end'
