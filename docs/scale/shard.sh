#!/bin/sh
# One shard of a campaign: begun, or gone on with if it was begun before. Every engine's file in this
# directory runs this one, so a task may be run again, on any machine, as often as it takes.
#
#     shard.sh I/N DIR SCENARIO OPTIONS...        also auto, auto/N: see afterkill run --shard
#
# DIR is the shard's own. One that was begun with other options is refused by afterkill.
#
# Exit status 0: the shard is whole. A shard's verdict is nobody's business, the merged run's is; so
# "an expectation is not met" (1) and "inconclusive" (3) are no failures here. The rest is handed on.
set -eu
shard=$1 directory=$2
shift 2
mkdir -p "$directory"

# Whoever stops a task tells this shell, and in a container no one else.
"${AFTERKILL:-afterkill}" run "$@" --shard "$shard" --resume "$directory" >/dev/null &
run=$!
trap 'kill -TERM "$run" 2>/dev/null' TERM INT HUP
status=0
wait "$run" || status=$?
while kill -0 "$run" 2>/dev/null; do
    status=0
    wait "$run" || status=$?
done

case $status in
    1 | 3) status=0 ;;
esac
exit "$status"
