#!/bin/sh
# Does tools/setup wait for apt's lock, keep quiet, build what is asked for, and pass a failure on?
#
#     setup.sh TOOLS/SETUP
#
# apt-get, dpkg-query, npm, meson and ninja are scripts that note what they were called with.
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
expect '^ninja -C build program$' "$NOTES"
"$work/tools/setup" test >"$work/out" 2>&1
expect '^ninja -C build$' "$NOTES"
expect '^meson configure build -Dtests=enabled' "$NOTES"

# Programs: what Debian has, and what the lock files name; where a lock file was heard already, nothing.
player node ''
player npm 'echo "added 10 packages"; mkdir node_modules; : >node_modules/.package-lock.json'
mkdir -p "$work/scenarios/programs/queue" "$work/scenarios/programs/cache"
touch -d yesterday "$work/scenarios/programs/queue/package-lock.json"
: >"$NOTES"
"$work/tools/setup" programs >"$work/out" 2>&1
never 'added 10 packages' "$work/out"
expect 'install .* libfaketime .*python3-rq' "$NOTES"
never 'install .* n\(odejs\|pm\)\b' "$NOTES"
expect '^npm ci --ignore-scripts' "$NOTES"
[ "$(grep -c '^npm' "$NOTES")" = 1 ] || { echo "npm was called for a folder without a lock file"; failed=1; }
expect '^ninja -C build program$' "$NOTES"
: >"$NOTES"
"$work/tools/setup" programs >"$work/out" 2>&1
never '^npm' "$NOTES"

# npm fails: its own words, and no build.
player npm 'echo "npm error code ENOTFOUND"; exit 1'
touch -d tomorrow "$work/scenarios/programs/queue/package-lock.json"
: >"$NOTES"
if "$work/tools/setup" programs >"$work/out" 2>&1; then echo "a failure of npm was passed over"; failed=1; fi
expect 'npm error code ENOTFOUND' "$work/out"
expect 'npm ci failed in scenarios/programs/queue' "$work/out"
never '^ninja' "$NOTES"

# Where there is no node, apt is asked for one. The path has nothing but what the script needs.
mkdir "$work/few"
for program in sh cat dirname env find id mktemp rm tail; do
    ln -s "$(command -v "$program")" "$work/few/"
done
for program in apt-get dpkg-query meson ninja sudo; do ln -s "../bin/$program" "$work/few/"; done
: >"$NOTES"
if PATH=$work/few "$work/tools/setup" programs >"$work/out" 2>&1; then
    echo "nothing was said of an npm that is still missing"; failed=1
fi
expect 'install .* nodejs npm' "$NOTES"
expect 'node and npm are needed' "$work/out"

# The build fails: what ninja says is why.
player ninja 'echo "error: it does not compile"; exit 1'
if "$work/tools/setup" >"$work/out" 2>&1; then echo "a failed build was passed over"; failed=1; fi
expect 'it does not compile' "$work/out"
expect 'the build failed' "$work/out"
exit "$failed"
