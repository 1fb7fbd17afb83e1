#!/bin/sh
# docs/scale/parallel.sh: four shards, one of which is killed in the middle. The same command again goes
# on with that one alone, and what it merges is the run on one machine.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
trap 'rm -rf "$directory"' EXIT
trap 'exit 1' INT TERM HUP
needs parallel perl

whole_run
expect_differences_seen

wrap_afterkill
echo 3/4 >"$directory/victim"
export OUT="$directory/campaign" SHARDS=4 JOBS=1
campaign_by_parallel() {
    status=0
    # shellcheck disable=SC2086 # words
    "$scale/parallel.sh" $campaign "$@" >"$directory/out" 2>"$directory/err" || status=$?
}

expect_status() {
    [ "$status" = "$1" ] || {
        cat "$directory/out" "$directory/err"
        fail "$2: status $status, not $1"
    }
}

campaign_by_parallel
expect_status 4 "a shard was killed"
expect_calls 'killed: .*/shards/3, status 137' 1
expect_calls 'first: run' 4
expect_calls ': merge' 0

campaign_by_parallel
expect_status 0 "the same command again"
expect_calls ': run' 5
expect_calls 'again: run .* --shard 3/4 ' 1
expect_calls ': merge' 1
expect_equal "$OUT/merged"

# Once more: nothing is left to run, and the merge is the same.
campaign_by_parallel
expect_status 0 "once more"
expect_calls ': run' 5
expect_equal "$OUT/merged"

# Another campaign in the same directory is refused, and not mistaken for what is there.
campaign_by_parallel --set jobs=24
expect_status 4 "other options"
grep -q 'jobs: 25 in the run, 24 now' "$directory/err" || fail "other options are not named"

# Promises that are not kept fail no shard: the merge fails, once it has all of them.
export OUT="$directory/gated" SHARDS=2
campaign="$TEST_SCENARIOS/expectations.lua --trials 20"
: >"$directory/calls"
campaign_by_parallel
expect_status 1 "a promise that is not kept"
expect_calls 'first: run' 2
expect_calls ': merge' 1
