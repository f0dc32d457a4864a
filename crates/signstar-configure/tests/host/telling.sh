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

# Each `console` block of a page, with its heading in the first line.
page() { # FILE
    mkdir blocks
    awk '/^ *```/ { if (inside) { inside = 0; close(file) }
                    else if (/console/) { inside = 1; file = sprintf("blocks/%03d", ++n); print heading >file }
                    next }
         inside { sub(/^   /, ""); print >file; next }
         /^#+ / { sub(/^#+ /, ""); heading = $0 }' "$1"
}
block=0
declare -A stands_for
# Runs the next block, which is under this heading. Each of its commands ends with its status, and
# says the lines that are shown behind it; of one with `...`, what is before that. STATUS:FUNCTION:
# the function comes first.
runs() { # HEADING STATUS[:FUNCTION]...
    local file line what said='' got='' words
    block=$((block + 1))
    file=$(printf 'blocks/%03d' "$block")
    [ "$(head -n 1 "$file")" = "$1" ] || printf 'NOT OK block %s is not under %s\n' "$block" "$1"
    shift
    while IFS= read -r line; do
        for words in "${!stands_for[@]}"; do line=${line//"$words"/"${stands_for[$words]}"}; done
        case $line in
            '# '* | '$ '*)
                what=${line#??}
                case ${1-} in *:*) "${1#*:}" ;; esac
                said=$(bash -c "$what" 2>&1 </dev/null)
                got=$?
                if [ "$got" = "${1%%:*}" ]; then
                    printf 'ok %s\n' "$what"
                else
                    printf 'NOT OK %s (status %s)\n%s\n' "$what" "$got" "$(tail -n 12 <<<"$said")"
                fi
                shift
                ;;
            *)
                line=${line%% --trust-new*}
                if ! grep -qF -- "${line%%...*}" <<<"$said"; then
                    printf 'NOT OK %s does not say %s\n%s\n' "$what" "$line" "$(tail -n 12 <<<"$said")"
                fi
                ;;
        esac
    done < <(tail -n +2 "$file")
    [ $# -eq 0 ] || printf 'NOT OK block %s has %s commands less\n' "$block" "$#"
}
# All blocks were run.
page_ends() {
    [ "$block" = "$(find blocks -type f | wc -l)" ] || printf 'NOT OK after block %s are more\n' "$block"
}
