#!/bin/sh
# A campaign by GNU parallel, on this machine or on several, and its merge. The same command again
# goes on where the last one ended: what has failed or was not run is run, nothing else.
#
#     OUT=campaign SHARDS=8 docs/scale/parallel.sh SCENARIO OPTIONS...
#
#     OUT       the campaign's directory
#     SHARDS    how many shards (default 4)
#     SSHLOGIN  the machines, as --sshlogin takes them: 'a,b,:' (default ':', this one). Each has
#               afterkill and this directory under the same path, and rsync
#     JOBS      shards at a time on each machine (default 1: a shard uses every CPU)
#     GATE      options of afterkill merge (default: none)
set -eu
scale=$(cd "$(dirname "$0")" && pwd)
export OUT="${OUT:?the directory of the campaign}"
shards=${SHARDS:-4}
mkdir -p "$OUT"
case $OUT in
    /*) ;;
    *) OUT=$PWD/$OUT ;;
esac

# GNU parallel tells jobs by their numbers alone: another command has another log.
joblog=$OUT/joblog-$(printf '%s\n' "$shards" "$@" | cksum | cut -d ' ' -f 1)

failed=0
seq "$shards" | parallel --quote --jobs "${JOBS:-1}" --joblog "$joblog" --resume-failed \
    --sshlogin "${SSHLOGIN:-:}" --workdir "$PWD" --return "$OUT/shards/{}/run.sqlite" \
    env AFTERKILL="${AFTERKILL:-afterkill}" \
    "$scale/shard.sh" "{}/$shards" "$OUT/shards/{}" "$@" || failed=$?
if [ "$failed" != 0 ]; then
    echo "parallel.sh: not every shard is whole (see $joblog), so nothing is merged;" \
        "the same command goes on with them" >&2
    exit 4
fi

exec "$scale/merge.sh"
