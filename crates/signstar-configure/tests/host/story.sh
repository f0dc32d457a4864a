#!/usr/bin/env bash
# What happens to a host, told in lines `ok WHAT` and `NOT OK WHAT`; the last is `the end`.
cd /story || exit 1
umask 077

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
login() { # USER KEY [WORDS...]
    local user=$1 key=$2
    shift 2
    timeout 20 ssh -F none -i "$key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/story/known -o BatchMode=yes -o LogLevel=ERROR "$user@127.0.0.1" "$@"
}
not() { ! "$@"; }

for key in key1 key2 key3; do ssh-keygen -q -t ed25519 -N '' -C "$key" -f "/story/$key"; done
ssh-keygen -A >/dev/null
mkdir -p /etc/signstar
vkey=$(signstar-log key generate /etc/signstar/log.key --origin log.example.org/story | tail -n 1)
grep -q '+' <<<"$vkey" || printf 'NOT OK key of the log: %s\n' "$vkey"
want() { # SED_WORDS...
    sed -e "s|KEY1|$(cat key1.pub)|" -e "s|KEY2|$(cat key2.pub)|" \
        -e "s|^vkey = .*|vkey = \"$vkey\"|" "$@" signstar.toml >wanted.toml
}
want
# As at the end of a boot: until then nobody but root may log in.
rm -f /run/nologin
systemctl start ssh.service
mkdir -p /root/.ssh && cp key3.pub /root/.ssh/authorized_keys

says 'the configuration is right' 0 'is right' configure check
says 'there is much to do' 10 'make the Unix users builder, watcher, signstar-log' configure host plan
says 'nobody is there yet' 1 'no such user' id builder
says 'it is done' 0 'let in with the SSH keys' configure host apply
says 'nothing is left to do' 0 'nothing to do' configure host plan
says 'the passwords are locked' 0 '^builder L ' passwd -S builder
says 'the log listens' 0 '^active' systemctl is-active signstar-log.socket
says 'the timer runs' 0 '^active' systemctl is-active signstar-self-test@builder.timer
says 'the firewall is loaded' 0 'ip saddr 127.0.0.0/8 tcp dport 22 accept' nft list table inet signstar
says 'folders are of their users' 0 '^builder 700' stat -c '%U %a' /var/lib/signstar/state/builder
says 'journal: each change' 0 '"change":"create-users"' journalctl --no-pager -o cat

mkdir -p /var/lib/signstar/metrics && echo 'up 1' >/var/lib/signstar/metrics/a.prom
chmod 644 /var/lib/signstar/metrics/a.prom
says 'a user that signs nothing gets what it may' 0 '^up 1$' login watcher key2
says 'and nothing else' 2 'error: this takes no command' login watcher key2 id
says 'a client gets answers to requests' 1 '"refusal"' bash -c "
    $(declare -f login); echo '{\"version\":\"1.1.0\"}' | login builder key1; exit 1"
says 'not with the key of another' 255 'Permission denied' login builder key2
says 'no command of its own' 3 'there was no request' login builder key1 id
says 'no terminal' 255 'PTY allocation request failed' bash -c "
    $(declare -f login | sed 's/LogLevel=ERROR/LogLevel=INFO/'); login builder key1 -tt"
says 'no files' 255 'Received message too long|Connection closed' timeout 20 sftp -F none -i key1 -o BatchMode=yes \
    -o UserKnownHostsFile=/story/known -o StrictHostKeyChecking=no builder@127.0.0.1
says 'no forwarding' 255 'forwarding|prohibited|disabled' bash -c "
    $(declare -f login); login builder key1 -o ExitOnForwardFailure=yes -R 9999:127.0.0.1:22"
says 'no shell by other ways' 2 'there is no shell here' su builder -c id
says 'not even to log in' 2 'there is no shell here' su - builder
says 'the host has its own users as before' 0 '^root$' login root key3 whoami

# A process of the user that is to go.
setpriv --reuid watcher --clear-groups sleep 1000 &
disown
want -e '/^\[user.watcher\]/,/^$/d'
says 'keys go first, then the user' 0 'take away the SSH keys' configure host apply
says 'it cannot log in' 255 'Permission denied' login watcher key2
says 'what it ran is ended' 1 '' pgrep -u watcher
says 'its account has expired' 0 'Account expires.*Jan 02, 1970' chage -l watcher
says 'nothing is left to do' 0 'nothing to do' configure host plan
want
says 'it comes back' 0 'set the Unix user watcher: unlocked' configure host apply
says 'and gets what it may' 0 '^up 1$' login watcher key2
want -e '/^\[user.watcher\]/,/^$/d'
says 'it can be deleted' 0 'delete the Unix user watcher' configure host apply --delete
says 'nobody is there any more' 1 'no such user' id watcher
says 'nothing is left to do' 0 'nothing to do' configure host plan --delete

chown builder /etc/ssh/signstar/authorized_keys/builder
says 'a file that belongs to its user is a change' 10 'not of root' configure host plan
says 'it is taken back' 0 'not of root' configure host apply
says 'nothing is left to do' 0 'nothing to do' configure host plan

# sshd does not include what is written: nobody is let in.
want -e 's|\[user.watcher\]|[user.other]|'
sed -i.orig 's|^Include|#Include|' /etc/ssh/sshd_config
says 'sshd has to do as it is told' 1 'sshd failed: for builder it does not say' configure host apply
says 'nobody was let in' 1 'cannot access' bash -c 'ls /etc/ssh/signstar/authorized_keys/other || exit 1'
mv /etc/ssh/sshd_config.orig /etc/ssh/sshd_config
says 'what was begun is completed' 0 'authorized_keys/other' configure host apply
says 'and works' 0 '^up 1$' login other key2
says 'nothing is left to do' 0 'nothing to do' configure host plan

useradd --create-home --shell /bin/bash alice
want -e 's|\[user.watcher\]|[user.alice]|'
says 'an account of somebody else is not taken' 1 'belongs to somebody else' configure host apply
want -e 's|\[user.watcher\]|[user.other]|'
says 'two at once are one too many' 1 'another process changes this' \
    flock /run/signstar-configure.lock signstar-configure --config /story/wanted.toml host apply
touch /run/signstar-configure.unfinished
says 'services read their files again after an interruption' 10 'have the running services' \
    configure host plan
echo 'the end'
