#!/bin/sh
# Does every file include only its own wing and those before it?
#
#     includes.sh DIRECTORY WING..        the harness's directory; its wings, in the order in which data flows
#
# Prints "file:line: state/ may not know scenario/" for each line that is wrong, and fails if there is one.
# Some libraries belong to one wing, too, a pure wing takes no connection and no clock, and only lua_text.c
# makes texts of strings of Lua's, which hold zero bytes.
set -eu
cd "$1"
shift
# shellcheck disable=SC2016 # the program is awk's
find . -name '*.[ch]' | sort | sed 's|^\./||' | xargs awk -v wings="$*" '
    function wrong(who, what) { printf "%s:%d: %s may not know %s\n", FILENAME, FNR, who, what; bad = 1 }
    BEGIN {
        for (count = split(wings, names, " "); count > 0; count--) place[names[count]] = count
        for (n = split("uv.h:run,tap sqlite3.h:store jansson.h:store,report lua.h:scenario lauxlib.h:scenario " \
                       "lualib.h:scenario argp.h:cmd", pairs, " "); n > 0; n--) {
            split(pairs[n], pair, ":"); owner[pair[1]] = "," pair[2] ","
        }
        n = split("sys/socket.h sys/un.h netinet/in.h netdb.h poll.h sys/epoll.h hiredis/hiredis.h " \
                  "time.h sys/time.h", impure, " ")
        for (; n > 0; n--) is_impure[impure[n]] = 1
        pure = ",stats,result,"
    }
    FNR == 1 { split(FILENAME, parts, "/"); wing = parts[1]; known = wing in place }
    known && /^#include [<"]/ {
        split($2, include, /[<">]/); name = include[2]; split(name, parts, "/")
        if (parts[1] in place && place[parts[1]] > place[wing]) wrong(wing "/", parts[1] "/")
        if (name in owner && !index(owner[name], "," wing ",")) wrong(wing "/", name)
        if (name in is_impure && index(pure, "," wing ",")) wrong(wing "/", name)
    }
    FILENAME != "scenario/lua_text.c" &&
        match($0, /(lua_tostring|lua_tolstring|luaL_tolstring|luaL_(check|opt)l?string) *\(/) {
        wrong(wing "/", substr($0, RSTART, RLENGTH) ")")
    }
    !known && FILENAME != "main.c" && FNR == 1 { printf "%s:1: is in no wing\n", FILENAME; bad = 1 }
    FILENAME == "main.c" && /^#include "/ && !/"(cmd|base)\// {
        sub(/^"/, "", $2); sub(/\/.*/, "/", $2); wrong("main.c", $2)
    }
    END { exit bad }'
