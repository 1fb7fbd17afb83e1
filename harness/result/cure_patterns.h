/* cure_patterns.h - what is usually done about two commands that are no unit, from real
 * bugs. Pure.
 *
 * A pattern matches if all its flags and traits are there, and the first that does
 * counts. In its texts, {first} {second}  are the commands, as "HSET work" {A} {a} {B}
 * {b}   their names, and their keys {all}             is "both", or "all 5" with the
 * commands between {expiry}          the option of SET that does what the second command
 * does {ends}            the ends of lists as LMOVE names them {with}            ",
 * together with UNLINK work" if the key was deleted before {multi}           is MULTI ..
 * EXEC around the commands from the first to the second {set}             what set the
 * key's expiry before */
#pragma once

#include "result/pair.h"
#include "trial/remedy.h"

struct pattern {
    uint32_t first, second, traits;
    const char *text;        /* NULL: the table has nothing to say about these */
    enum remedy_kind remedy; /* what is tried, REMEDY_NONE: it is advice */
    const char *instead;     /* where that is not possible, or another update; NULL: - */
    enum remedy_kind instead_remedy;
    /* What can be done besides, or in its place, and is not tried: a clause. NULL:
     * nothing. The second is said of `instead`, if it is something else. */
    const char *beside, *instead_beside;
};

/* Which of the tables: of commands that must be one; of what is held while other things
 * are done, and cannot be one with its release; of what begins a harm that no later
 * command ends. */
enum patterns { PATTERNS_ONE, PATTERNS_HELD, PATTERNS_ENDLESS };

/* NULL: none matches. */
const struct pattern *pattern_find(enum patterns table, const struct pair *pair);
