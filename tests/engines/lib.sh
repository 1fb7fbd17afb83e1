# lib.sh - what the tests of engines share. A test sources it.
#
# The campaign is the same for all, in four shards. The files of docs/scale are
# run as they are. Everything lives in a temporary directory, which is TMPDIR too, and is removed at the
# end, however that comes.
# shellcheck shell=sh disable=SC2154 # here: the directory of the tests, set by who sources this
set -eu
: "${AFTERKILL:?run the tests with meson test}"
# shellcheck disable=SC2034 # the tests use it
scale=$(cd "$here/../../docs/scale" && pwd)
directory=$(mktemp -d "${TMPDIR:-/tmp}/engines.XXXXXX")
export TMPDIR="$directory"

skip() {
    echo "SKIP: $*"
    exit 77
}

fail() {
    echo "FAIL: $*"
    exit 1
}

needs() {
    for program in "$@"; do
        command -v "$program" >/dev/null || skip "'$program' is not there (tools/setup test installs it)"
    done
}

# wait_until SECONDS COMMAND...: whether the command succeeds within the time.
wait_until() {
    deadline=$(($(date +%s) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s)" -le "$deadline" ] || return 1
        sleep 0.05
    done
}

# The campaign, as words.
campaign="sidekiq_busy --seed 7 --trials 401"

# whole_run: the campaign on this machine alone, for comparison, in $directory/whole.json.
whole_run() {
    # shellcheck disable=SC2086 # words
    "$AFTERKILL" run $campaign --no-store --format json >"$directory/whole.json" 2>"$directory/whole.err" || {
        cat "$directory/whole.err"
        fail "the run that shards are compared with ended with status $?"
    }
}

# expect_equal RUN: the merged run is the whole one, but for chance.
expect_equal() {
    "$AFTERKILL" report "$1" --format json >"$directory/merged.json"
    perl "$here/same.pl" "$directory/whole.json" "$directory/merged.json" ||
        fail "the merged run '$1' is not the run on one machine"
}

# The comparison itself must see what it is for.
expect_differences_seen() {
    for change in 's/"requested":\s*\K401/400/' 's/"seed":\s*\K7/8/' \
        's/"leaked":\s*\K25/24/' 's/"now":\s*\K"torn"/"gap"/' \
        's/"verdict":\s*\K"pass"/"fail"/' 's/"errors":\s*\K0/1/' \
        's/"name":\s*\K"batched"/"batch"/'; do
        perl -pe "$change" "$directory/whole.json" >"$directory/changed.json"
        ! cmp -s "$directory/whole.json" "$directory/changed.json" || fail "nothing to change: $change"
        ! perl "$here/same.pl" "$directory/whole.json" "$directory/changed.json" >/dev/null ||
            fail "the comparison does not see $change"
    done
}

# An afterkill in $directory/afterkill that notes its arguments in $directory/calls. The shard that
# $directory/victim names (I/N) is killed after it has begun, once.
wrap_afterkill() {
    program=$AFTERKILL
    cat >"$directory/afterkill" <<END
#!/bin/sh
for shard; do :; done       # its directory is the last argument
begun=again
[ -s "\$shard/run.sqlite" ] || begun=first
echo "\$begun: \$*" >>"$directory/calls"
case " \$* " in
    *" --shard \$(cat "$directory/victim" 2>/dev/null || echo none) "*) ;;
    *) exec "$program" "\$@" ;;
esac
rm "$directory/victim"
status=0
while [ \$status = 0 ]; do # one that was faster than its killer is begun afresh
    rm -rf "\$shard"
    "$program" "\$@" &
    until [ -s "\$shard/run.sqlite" ] || ! kill -0 \$! 2>/dev/null; do sleep 0.01; done
    kill -KILL \$! 2>/dev/null || :
    wait \$! || status=\$?
done
echo "killed: \$shard, status \$status" >>"$directory/calls"
exit \$status
END
    chmod +x "$directory/afterkill"
    export AFTERKILL="$directory/afterkill"
}

# expect_calls WORDS COUNT: so many lines of $directory/calls have these words.
expect_calls() {
    calls=$(grep -c -e "$1" "$directory/calls" || true)
    [ "$calls" = "$2" ] || {
        cat "$directory/calls"
        fail "expected $2 calls with '$1', there were $calls"
    }
}
