#!/bin/sh
# Merges the shards below $OUT/shards into $OUT/merged, and gates: the exit status is that of the
# merged run. It is the same for every engine.
#
#     OUT       the campaign's directory
#     GATE      options of afterkill merge (default: none)
set -eu
: "${OUT:?the directory of the campaign}"

# What an earlier merge has left is made of the shards, too.
rm -rf "$OUT/merged"
# shellcheck disable=SC2086 # options are words
exec "${AFTERKILL:-afterkill}" merge "$OUT"/shards/*/ -o "$OUT/merged" ${GATE:-}
