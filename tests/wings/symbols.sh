#!/bin/sh
# Does every wing need functions of its own wing and those before it only?
#
#     symbols.sh DIRECTORY WING..     where the archives libwing_WING.a are; the wings in their order
#
# Includes do not show everything: a function may be declared by hand. So the objects are asked what they
# define and what they leave to others, as a linker would ask a wing that is linked with those before it
# alone, and what is wrong is said as for includes. A pure wing takes no connection and no clock.
set -eu
directory=$1
shift
for wing in "$@"; do
    nm "$directory/libwing_$wing.a" | sed -n "s/^[0-9a-f ]*\([A-Z]\) \(.*\)/$wing \1 \2/p"
done | awk -v wings="$*" '
    function wrong(what) { if (!said[what]++) print what; bad = 1 }
    BEGIN {
        for (count = split(wings, names, " "); count > 0; count--) place[names[count]] = count
        n = split("socket connect accept send recv read write poll clock_gettime gettimeofday time", calls, " ")
        for (; n > 0; n--) is_impure[calls[n]] = 1
    }
    $2 == "U" { needs[$1 " " $3] = 1; next }
    { home[$3] = $1 }
    END {
        for (need in needs) {
            split(need, word, " ")
            if (word[2] in home && place[home[word[2]]] > place[word[1]])
                wrong(word[1] "/ may not know " home[word[2]] "/: " word[2])
            if (word[2] in is_impure && (word[1] == "stats" || word[1] == "result"))
                wrong(word[1] "/ is pure: " word[2])
        }
        if (!NR) wrong("no symbols in the archives")
        exit bad
    }'
