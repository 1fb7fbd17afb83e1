#!/bin/sh
# What does tools/matrix keep of what it has found, if what finds it is killed?
#
#     matrix_rows.sh TOOLS/MATRIX
#
# Only the function that writes a row is taken from there.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/rows" <<'EOF'
set -eu
say() { echo "$*" >&2; }
fail() { say "$@"; exit 4; }
git() { echo 1a2b3c4; }
killed() { kill -TERM "$(exec sh -c 'echo "$PPID"')"; }
EOF
sed -n '/^write_row()/,/^}/p' "$1" >>"$work/rows"
# shellcheck disable=SC2016 # that script expands them
echo 'write_row "$1" "| system | version | $($2)"' >>"$work/rows"

bad() { echo "matrix_rows: $*" >&2; exit 1; }

head=HEAD sh "$work/rows" "$work/row" 'echo 5 | passes' >/dev/null || bad "a row is not written"
grep -q '^| system | version | 5 | passes | .*, 1a2b3c4 |$' "$work/row" || bad "the row is: $(cat "$work/row")"
cp "$work/row" "$work/before"
if head=HEAD sh "$work/rows" "$work/row" killed 2>"$work/says"; then bad "nobody heard that it was killed"; fi
grep -q 'killed while it tried this' "$work/says" || bad "it says: $(cat "$work/says")"
cmp -s "$work/before" "$work/row" || bad "what was found before is gone: $(cat "$work/row")"
[ "$(find "$work" -name 'row*' | wc -l)" = 2 ] || bad "something is left: $(ls "$work")"
