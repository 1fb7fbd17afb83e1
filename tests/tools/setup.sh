#!/bin/sh
# Does tools/setup wait for apt's lock, keep quiet, build what is asked for, and pass a failure on?
#
#     setup.sh TOOLS/SETUP
#
# apt-get, dpkg-query, meson and ninja are scripts that note what they were called with.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/tools"
cp "$1" "$work/tools/setup"
export NOTES="$work/notes"
PATH=$work/bin:$PATH

# player NAME TEXT: a script of that name, which notes its arguments.
player() {
    # shellcheck disable=SC2016 # the script expands them
    printf '#!/bin/sh\necho "%s $*" >>"$NOTES"\n%s\n' "$1" "$2" >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

failed=0
expect() { # WORDS FILE
    grep -q -- "$1" "$2" || { echo "expected \"$1\" in:"; cat "$2"; failed=1; }
}
never() { # WORDS FILE
    ! grep -q -- "$1" "$2" || { echo "expected no \"$1\" in:"; cat "$2"; failed=1; }
}

player sudo 'exec "$@"'
player dpkg-query 'exit 1'
player meson 'mkdir -p build && : >build/build.ninja'
player ninja 'echo "[1/2] noise"'

# apt fails: its own words, what to do, and no build.
player apt-get 'echo "E: Could not get lock /var/lib/dpkg/lock-frontend"; exit 100'
if "$work/tools/setup" >"$work/out" 2>&1; then echo "a failure of apt was passed over"; failed=1; fi
expect 'E: Could not get lock' "$work/out"
expect 'apt-get update failed' "$work/out"
expect 'To install by hand: apt-get install' "$work/out"
expect 'apt-get -o DPkg::Lock::Timeout=[0-9]* install' "$NOTES"
never '^ninja' "$NOTES"

# All is well: what apt and ninja say is not shown, and the program alone is built.
player apt-get 'echo "Reading package lists..."'
"$work/tools/setup" >"$work/out" 2>&1
never 'Reading package lists' "$work/out"
never noise "$work/out"
expect '^ninja -C build harness/afterkill$' "$NOTES"
"$work/tools/setup" test >"$work/out" 2>&1
expect '^ninja -C build$' "$NOTES"
expect '^meson configure build -Dtests=enabled' "$NOTES"

# The build fails: what ninja says is why.
player ninja 'echo "error: it does not compile"; exit 1'
if "$work/tools/setup" >"$work/out" 2>&1; then echo "a failed build was passed over"; failed=1; fi
expect 'it does not compile' "$work/out"
expect 'the build failed' "$work/out"
exit "$failed"
