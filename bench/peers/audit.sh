# What the peers in shell share: one redis-cli that stays, which is asked and answers line by line.
# Started once, so that looking at Redis costs no process. The server is private: who is connected
# besides is the worker.
# shellcheck shell=bash
KEY=app-1:4242:9f8e7d6c5b4a:work

start_auditor() { # socket
    coproc AUDITOR { exec redis-cli -s "$1"; }
}

ask() { # command... ; sets $reply to a reply of one line
    echo "$@" >&"${AUDITOR[1]}"
    read -r reply <&"${AUDITOR[0]}"
}

prepare() { # file with the old state's commands
    ask UNLINK $KEY
    while IFS= read -r line; do
        ask "$line"
    done <"$1"
}

# Waits until Redis has let go of all but the auditor.
drain() {
    clients=2
    while [ "$clients" -gt 1 ]; do
        printf 'CLIENT LIST\nECHO end\n' >&"${AUDITOR[1]}"
        clients=0
        while read -r reply <&"${AUDITOR[0]}" && [ "$reply" != end ]; do
            [ -z "$reply" ] || clients=$((clients + 1))
        done
    done
}

# Counts one more trial, and what it has left.
tried=0 valid=0 leaked=0
judge() {
    tried=$((tried + 1)) valid=$((valid + 1))
    ask PTTL $KEY
    [ "$reply" != -1 ] || leaked=$((leaked + 1))
}

seconds_since() { # a value of $EPOCHREALTIME, in microseconds
    local now=${EPOCHREALTIME/[.,]/}
    printf '%d.%06d' $(((now - $1) / 1000000)) $(((now - $1) % 1000000))
}

tell() { # start
    printf '{"tried": %d, "valid": %d, "leaked": %d, "seconds": %s}\n' $tried $valid $leaked \
        "$(seconds_since "$1")"
}
