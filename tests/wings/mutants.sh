#!/bin/sh
# One wrong line must fail the tests of wings. Each mutant is such a line, put into a copy of what they look
# at, with what they must say of it.
#
#     mutants.sh SOURCES ARCHIVES WING..     the directories that includes.sh and symbols.sh are given
set -eu
here=$(cd "$(dirname "$0")" && pwd)
sources=$1
archives=$2
shift 2
wings=$*
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# MUTANT SAYS TEST ARGUMENT..
judge() {
    mutant=$1
    says=$2
    shift 2
    if "$@" >"$work/said" 2>&1; then
        echo "survives: $mutant"
        status=1
    elif ! grep -qxF "$says" "$work/said"; then
        echo "$mutant: expected '$says', it says:"
        cat "$work/said"
        status=1
    fi
}

# FILE LINE SAYS: a line at the file's top.
wrong_include() {
    rm -rf "$work/harness"
    cp -r "$sources" "$work/harness"
    mkdir -p "$work/harness/$(dirname "$1")"
    { echo "$2"; cat "$sources/$1" 2>/dev/null || true; } >"$work/harness/$1"
    # shellcheck disable=SC2086 # a list of words
    judge "$2 in $1" "$1:1: $3" "$here/includes.sh" "$work/harness" $wings
}

# WING FUNCTION SAYS: a call of a function that is declared by hand. The archives are thin: they only
# name their objects, beside which the wrong one is put in an archive of its own.
wrong_call() {
    rm -rf "$work/archives"
    mkdir "$work/archives"
    for archive in "$archives"/libwing_*; do
        ln -s "$archive" "$work/archives"
    done
    echo "void $2(void); void wrong(void); void wrong(void) { $2(); }" >"$work/wrong.c"
    cc -c -o "$work/wrong.o" "$work/wrong.c"
    rm "$work/archives/libwing_$1.a"
    ar crs "$work/archives/libwing_$1.a" "$archives/libwing_$1.a.p"/*.o "$work/wrong.o"
    # shellcheck disable=SC2086
    judge "a call of $2() in $1/" "$3" "$here/symbols.sh" "$work/archives" $wings
}

wrong_include state/state.h '#include "scenario/scenario.h"' 'state/ may not know scenario/'
wrong_include report/table.c '#include "cmd/cmd.h"' 'report/ may not know cmd/'
wrong_include report/format.c '#include <sqlite3.h>' 'report/ may not know sqlite3.h'
wrong_include store/write.c '#include <uv.h>' 'store/ may not know uv.h'
wrong_include result/tally.c '#include <sys/socket.h>' 'result/ may not know sys/socket.h'
wrong_include stats/interval.h '#include <time.h>' 'stats/ may not know time.h'
wrong_include main.c '#include "run/fleet.h"' 'main.c may not know run/'
wrong_include elsewhere/new.c '#include <stdio.h>' 'is in no wing'
wrong_include scenario/keys.c 'const char *text = lua_tostring(lua, -1);' 'scenario/ may not know lua_tostring()'
wrong_call state scenario_free 'state/ may not know scenario/: scenario_free'
wrong_call result clock_gettime 'result/ is pure: clock_gettime'
exit $status
