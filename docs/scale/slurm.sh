#!/bin/sh
# A campaign as a Slurm job array, and the job that merges it when every task has succeeded. The same
# command again goes on with what has failed, and passes over what is whole.
#
#     OUT=campaign SHARDS=8 docs/scale/slurm.sh SCENARIO OPTIONS...
#
#     OUT       the campaign's directory, on a file system that all nodes share
#     SHARDS    how many shards (default 4)
#     GATE      options of afterkill merge (default: none)
#     WAIT      yes: wait, print the merge's report, end with its exit status (default: no)
#
# Anything else that sbatch should know (partition, account, time) goes into its own variables, such as
# SBATCH_PARTITION, SBATCH_ACCOUNT, SBATCH_TIMELIMIT.
set -eu
SCALE=$(cd "$(dirname "$0")" && pwd)
OUT=${OUT:?the directory of the campaign}
SHARDS=${SHARDS:-4}
case $OUT in
    /*) ;;
    *) OUT=$PWD/$OUT ;;
esac
export SCALE OUT SHARDS GATE="${GATE:-}"
mkdir -p "$OUT/logs"

array=$(sbatch --parsable --array="1-$SHARDS" --output="$OUT/logs/%a" "$SCALE/array.sbatch" "$@")
array=${array%%;*}
echo "job $array: $SHARDS shards, then their merge; logs in $OUT/logs" >&2

# A merge that can never begin, because a task has failed, is taken out of the queue.
set -- --dependency="afterok:$array" --kill-on-invalid-dep=yes --output="$OUT/logs/merge"
if [ "${WAIT:-no}" != yes ]; then
    exec sbatch "$@" "$SCALE/merge.sbatch"
fi
rm -f "$OUT/logs/merge"
status=0
sbatch --wait "$@" "$SCALE/merge.sbatch" >&2 || status=$?
if ! cat "$OUT/logs/merge" 2>/dev/null; then
    echo "slurm.sh: not every shard is whole (see $OUT/logs), so nothing is merged;" \
        "the same command goes on with them" >&2
    exit 4
fi
exit "$status"
