# What stories tell: lines `ok WHAT` and `NOT OK WHAT`. Sourced by them.
# shellcheck shell=bash

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

# A device at 192.0.2.NUMBER:443, as hardware has it, with its state in hsm-NUMBER.
declare -A device
plug_in() { # NUMBER
    ip address add "192.0.2.$1/32" dev lo 2>/dev/null
    softnethsm serve --data "/story/hsm-$1" --listen "192.0.2.$1:443" --portable-users \
        >"/story/hsm-$1.log" 2>&1 &
    device[$1]=$!
    for _ in $(seq 100); do grep -q listening "/story/hsm-$1.log" && return; sleep 0.1; done
    printf 'NOT OK device %s\n%s\n' "$1" "$(cat "/story/hsm-$1.log")"
}
unplug() { # NUMBER
    kill -KILL "${device[$1]}"
    wait "${device[$1]}" 2>/dev/null
    ip address del "192.0.2.$1/32" dev lo
}
pin() { openssl x509 -in "/story/hsm-$1/tls-cert.pem" -outform DER | sha256sum | cut -d ' ' -f 1; }
