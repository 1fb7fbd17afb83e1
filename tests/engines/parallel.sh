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

campaign_by_parallel
[ "$status" = 4 ] || { cat "$directory/out" "$directory/err"; fail "a shard was killed: status $status, not 4"; }
expect_calls 'killed .*/shards/3: status 137' 1
expect_calls '--shard' 4
expect_calls '^merge' 0

campaign_by_parallel
[ "$status" = 0 ] || { cat "$directory/out" "$directory/err"; fail "status $status, not 0"; }
expect_calls '--shard' 4
expect_calls '--resume' 1
expect_calls "--resume $OUT/shards/3\$" 1
expect_calls '^merge' 1
expect_equal "$OUT/merged"

# Once more: nothing is left to run, and the merge is the same.
campaign_by_parallel
[ "$status" = 0 ] || { cat "$directory/out" "$directory/err"; fail "once more: status $status, not 0"; }
expect_calls '--shard' 4
expect_calls '--resume' 1
expect_equal "$OUT/merged"

# Another campaign in the same directory is refused, and not mistaken for what is there.
campaign_by_parallel --set jobs=24
[ "$status" = 4 ] || { cat "$directory/out" "$directory/err"; fail "other options: status $status, not 4"; }
grep -q 'was begun with other options' "$directory/err" || fail "other options are not named"
expect_calls '--shard' 4
