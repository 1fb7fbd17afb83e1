/* cure_patterns.c - see cure_patterns.h. */
#include "result/cure_patterns.h"

#include "base/mem.h"

#define STRING COMMAND_STRING
#define LIST COMMAND_LIST
#define SET COMMAND_SET
#define HASH COMMAND_HASH
#define STREAM COMMAND_STREAM
#define ADDS COMMAND_ADDS
#define PUSHES COMMAND_PUSHES
#define COUNTS COMMAND_COUNTS
#define LESSENS COMMAND_LESSENS
#define POPS COMMAND_POPS
#define REMOVES COMMAND_REMOVES
#define REPLACES COMMAND_REPLACES
#define RETURNS COMMAND_RETURNS
#define DELETES COMMAND_DELETES
#define MOVES COMMAND_MOVES
#define IF_ABSENT COMMAND_IF_ABSENT
#define BLOCKS COMMAND_BLOCKS
#define SETS_EXPIRY COMMAND_SETS_EXPIRY
#define ONLY_EXPIRY COMMAND_ONLY_EXPIRY
#define OF_FIELDS COMMAND_OF_FIELDS
#define SCRIPT COMMAND_SCRIPT

/* What can be done in place of the text, and how it is tried. */
#define A_SCRIPT "a script that does {all}", REMEDY_SCRIPT
#define BY_MULTI REMEDY_MULTI, A_SCRIPT
#define BY_SCRIPT REMEDY_SCRIPT, NULL, REMEDY_NONE
#define BY(remedy) remedy, "put {all} into one {multi}{with}, or a script", REMEDY_MULTI
#define ADVICE REMEDY_NONE, NULL, REMEDY_NONE

#define TOGETHER "put {all} into one {multi}{with}, or a script"
#define NO_LOSS                                                                          \
    TOGETHER "; with {second} before {first}, a crash leaves a duplicate, not a loss"

/* Special ones stand before general ones. */
static const struct pattern cures[] = {
    /* A value, then its expiry. */
    { STRING | IF_ABSENT, SETS_EXPIRY, SAME_KEY | ONE_KEY,
      "SET {a} value NX {expiry} is one command", BY(REMEDY_SET_EXPIRY) },
    { STRING | REPLACES | RETURNS, SETS_EXPIRY, SAME_KEY | ONE_KEY,
      "SET {a} value {expiry} GET is one command (Redis 6.2), or " TOGETHER,
      BY(REMEDY_SET_EXPIRY) },
    { STRING | REPLACES, SETS_EXPIRY, SAME_KEY | ONE_KEY,
      "SET {a} value {expiry} is one command", BY(REMEDY_SET_EXPIRY) },
    { STRING | COUNTS, ONLY_EXPIRY, SAME_KEY | GIVEN_BACK,
      "{multi} around {all}; who works for longer is forgotten all the same, which a set "
      "of holders, each with a deadline, does not do",
      BY_MULTI },
    { STRING | COUNTS, ONLY_EXPIRY, SAME_KEY,
      "{multi} around {all}, with {B} {a} .. NX (Redis 7), or a script", REMEDY_MULTI_NX,
      A_SCRIPT },
    { MOVES, ONLY_EXPIRY, MOVED_KEY, "{B} {a} before {A}, which takes the expiry along",
      BY(REMEDY_EXPIRE_FIRST) },
    { SCRIPT, ONLY_EXPIRY, 0,
      "the script can call {second} itself; or {multi} around {all}", REMEDY_MULTI, NULL,
      REMEDY_NONE },
    { HASH | COUNTS, ONLY_EXPIRY, 0, TOGETHER, BY_MULTI },
    { HASH | ADDS, ONLY_EXPIRY | OF_FIELDS, SAME_KEY,
      "HSETEX {a} {expiry} FIELDS .. is one command (Redis 8), or " TOGETHER,
      BY(REMEDY_HSETEX) },
    { HASH | ADDS, ONLY_EXPIRY, SAME_KEY | SEVERAL,
      "one {A} with all fields, and {B}, inside {multi}{with}", BY(REMEDY_ONE_MULTI) },
    { 0, ONLY_EXPIRY, 0, TOGETHER, BY_MULTI },

    /* Something is taken, and put or noted elsewhere. */
    { 0, 0, REPLIES, "a script, because {second} needs replies from that transaction",
      ADVICE },
    { POPS | PUSHES | BLOCKS, 0, 0,
      "what {A} has moved must be found again where it is, by recovery, as no script can "
      "wait",
      ADVICE },
    { POPS | PUSHES, 0, 0,
      "a script, if {second} needs the reply of {A}; or recovery that finds it "
      "where it was moved to",
      BY_SCRIPT },
    { LIST | POPS | BLOCKS, PUSHES, ADJACENT,
      "BLMOVE {a} {b} {ends} is one command (Redis 6.2; before, BRPOPLPUSH from right to "
      "left)",
      REMEDY_MOVE,
      "a script cannot wait as {A} does: pop without waiting inside of it, and wait "
      "outside; or BLMOVE {a} to a list of the worker's own, and remove it there last",
      REMEDY_NONE },
    { LIST | POPS | BLOCKS, 0, 0,
      "BLMOVE {a} to a list of the worker's own, and remove it there last: a reply dies "
      "with the worker",
      ADVICE },
    { POPS | BLOCKS, 0, 0,
      "a script cannot wait as {A} does: pop without waiting inside of it, and wait "
      "outside; or note what is in flight in the same step, where survivors find it",
      ADVICE },
    { LIST | POPS, PUSHES, ADJACENT,
      "LMOVE {a} {b} {ends} is one command (Redis 6.2; before, RPOPLPUSH from right to "
      "left)",
      REMEDY_MOVE,
      "a script, because {second} puts there something else than {A} has taken",
      REMEDY_SCRIPT },
    { LIST | POPS, 0, 0,
      "a script, if {second} needs the reply of {A}; or LMOVE {a} to a list of the "
      "worker's own, and remove it there last",
      BY_SCRIPT },
    { SET | POPS, SET | ADDS, ADJACENT | OTHER_KEY,
      "SRANDMEMBER {a}, then SMOVE {a} {b} member is one command (again if it replies "
      "0), or a script",
      BY_SCRIPT },
    { POPS, 0, 0, "a script, if {second} needs the reply of {A}", BY_SCRIPT },
    { SET | REMOVES, SET | ADDS, ADJACENT | OTHER_KEY | SAME_ELEMENT,
      "SMOVE {a} {b} member is one command", BY(REMEDY_MOVE) },
    { SET | ADDS, SET | REMOVES, ADJACENT | OTHER_KEY | SAME_ELEMENT,
      "SMOVE {b} {a} member is one command", BY(REMEDY_MOVE) },
    { REMOVES, 0, READ_BEFORE | OTHER_KEY,
      "a script, because {second} needs what was read from {a}", BY_SCRIPT },

    /* Scripts. */
    { SCRIPT, SCRIPT, 0, "one script can do {all}; or {multi} around {all}", REMEDY_MULTI,
      NULL, REMEDY_NONE },
    { REMOVES, SCRIPT, 0,
      "the script can do {first} too; or do {first} last, so that the next run finds "
      "what is left",
      ADVICE },
    { 0, SCRIPT, 0, "the script can do {first} too; or {multi} around {all}",
      REMEDY_MULTI, NULL, REMEDY_NONE },
    { SCRIPT, 0, 0, "the script can do {second} too; or {multi} around {all}",
      REMEDY_MULTI, NULL, REMEDY_NONE },

    /* Old values make room for new ones. */
    { DELETES, STRING | REPLACES, SAME_KEY,
      "{B} replaces what is there; leave {first} out", BY(REMEDY_LEAVE_OUT) },
    { DELETES, MOVES, ONTO_KEY, "{B} replaces what is there; leave {first} out",
      BY(REMEDY_LEAVE_OUT) },
    { DELETES, 0, SAME_KEY,
      "{multi} around {all}, or build a temporary key and RENAME it to {a}", BY_MULTI },

    /* What follows depends on the reply. */
    { STRING | IF_ABSENT, STRING | REPLACES, SAME_KEY,
      TOGETHER ": an expiry would not outlive {second}", BY_MULTI },
    { STRING | IF_ABSENT, STRING | REPLACES, ONTO_KEY,
      TOGETHER ": an expiry would not outlive {second}", BY_MULTI },
    { IF_ABSENT | SETS_EXPIRY, 0, OTHER_KEY,
      "a script, because {second} depends on the reply of {A}", BY_SCRIPT },
    { STRING | IF_ABSENT, 0, OTHER_KEY | ONE_KEY | MAY_EXPIRE,
      "a script, because {second} depends on the reply of {A}; SET {a} value NX EX "
      "seconds at least ends the harm",
      BY_SCRIPT },
    { IF_ABSENT, 0, OTHER_KEY, "a script, because {second} depends on the reply of {A}",
      BY_SCRIPT },
    { STRING | COUNTS, STRING | COUNTS, OTHER_KEY, TOGETHER, BY_MULTI },
    { STRING | COUNTS, 0, OTHER_KEY,
      "a script if {second} needs the number, else {multi} around {all}; if "
      "numbers may be skipped, `ignore` {a}",
      BY_MULTI },

    /* Several writes that are one thing. */
    { HASH | ADDS, HASH | ADDS, SAME_KEY | ALIKE,
      "one {A} {a} with all fields is one command", BY(REMEDY_ONE) },
#define ALL_ELEMENTS "one {A} {a} with all elements is one command"
    { PUSHES, PUSHES, SAME_KEY | ALIKE, ALL_ELEMENTS, BY(REMEDY_ONE) },
    { SET | ADDS, SET | ADDS, SAME_KEY | ALIKE, ALL_ELEMENTS, BY(REMEDY_ONE) },
    { COMMAND_ZSET | ADDS, COMMAND_ZSET | ADDS, SAME_KEY | ALIKE, ALL_ELEMENTS,
      BY(REMEDY_ONE) },
    { STRING, STRING, OTHER_KEY | ALL_SET, "MSET with all keys is one command",
      BY(REMEDY_ONE) },
    { SET | REMOVES | ADDS, 0, 0, TOGETHER, BY_MULTI }, /* SMOVE loses nothing */
    { REMOVES, ADDS, OTHER_KEY, NO_LOSS, BY_MULTI },
    { REMOVES, REPLACES, OTHER_KEY, NO_LOSS, BY_MULTI },
    { DELETES, ADDS, OTHER_KEY, NO_LOSS, BY_MULTI },
    { DELETES, REPLACES, OTHER_KEY, NO_LOSS, BY_MULTI },
    { 0, 0, 0, TOGETHER, BY_MULTI },
};

#define OWNER "{first} holds until {second}, and its owner may die in between: "
#define HELD                                                                             \
    OWNER "{a} needs an expiry from the start, longer than the work can take, so that "  \
          "it ends by itself "
#define ENDS_LATE                                                                        \
    OWNER "what ends it then is its expiry, which is longer than what is tolerated"
#define HELD_BY_KEPT                                                                     \
    OWNER                                                                                \
    "recovery must find that out and end it, for {a} is kept for good, so that no "      \
    "expiry can"
#define LEASE                                                                            \
    OWNER                                                                                \
    "one transaction would enclose the work and protect nothing; each holder needs "     \
    "a lease with an expiry or a deadline, and survivors that look for those that "      \
    "have run out"
#define RECOUNT                                                                          \
    OWNER "an expiry would forget those that are still at work; keep a set of holders, " \
          "each with a deadline, or let survivors count again"
#define CLAIM                                                                            \
    "what {first} has been given stays pending when its consumer dies, so that nothing " \
    "is lost: survivors must claim it (XAUTOCLAIM), and do again what was not "          \
    "acknowledged"
#define JANITOR                                                                          \
    OWNER "no expiry ends an entry, a group or a consumer of a stream; a janitor must "  \
          "look for those whose owners are gone (XINFO), and remove them"
#define MOVED                                                                            \
    "what {first} has moved stays in {b} when its owner dies, so that nothing is lost: " \
    "survivors must look for it there, and do again what was not removed"
#define GOING_ON                                                                         \
    "{first} says what is going on until {second}, and its owner may die in between: "   \
    "one transaction would enclose the work, and nobody would see what it says; "        \
    "survivors must look for what has been so for too long, and finish or undo it"
/* Of two neighbours that undo each other the work between them is done elsewhere; of two
 * scripts nobody knows whether they do. */
#define HOLD SAME_KEY
#define AROUND SAME_KEY | APART
static const struct pattern holds[] = {
    { 0, MOVES, 0, NULL, ADVICE }, /* what is built for a RENAME */
    { STREAM | POPS, 0, 0, CLAIM, ADVICE },
    { STREAM | ADDS, STREAM | REMOVES, SAME_KEY | SAME_ELEMENT, JANITOR, ADVICE },
    { STRING | SETS_EXPIRY, DELETES, HOLD | ONE_KEY, ENDS_LATE, ADVICE },
    { STRING | IF_ABSENT, DELETES, HOLD | ONE_KEY | MAY_EXPIRE,
      HELD "(SET {a} value NX EX seconds)", REMEDY_EXPIRE, NULL, REMEDY_NONE },
    { STRING | REPLACES, DELETES, HOLD | ONE_KEY | MAY_EXPIRE,
      HELD "(SET {a} value EX seconds)", REMEDY_EXPIRE, NULL, REMEDY_NONE },
    { STRING | IF_ABSENT, SCRIPT, HOLD | ONE_KEY | MAY_EXPIRE | LEAKS,
      HELD "(SET {a} value NX EX seconds)", REMEDY_EXPIRE, NULL, REMEDY_NONE },
    { STRING | REPLACES, SCRIPT, HOLD | ONE_KEY | MAY_EXPIRE | LEAKS,
      HELD "(SET {a} value EX seconds)", REMEDY_EXPIRE, NULL, REMEDY_NONE },
    { STRING | IF_ABSENT, STRING | REPLACES, SAME_KEY, NULL, ADVICE },
    { STRING | REPLACES, STRING | REPLACES, AROUND, GOING_ON, ADVICE },
    { POPS | PUSHES, LIST | REMOVES, MOVED_KEY, MOVED, ADVICE },
    { SCRIPT, SCRIPT, AROUND | MAY_EXPIRE, HELD "(SET .. EX or PEXPIRE in the script)",
      ADVICE },
    { SCRIPT, DELETES, AROUND | MAY_EXPIRE, HELD "(SET .. EX or PEXPIRE in the script)",
      ADVICE },
    { STRING | COUNTS, SCRIPT, AROUND | MAY_EXPIRE,
      HELD "(INCR and EXPIRE in one {multi})", REMEDY_EXPIRE, NULL, REMEDY_NONE },
    { SCRIPT, SCRIPT, AROUND, HELD_BY_KEPT, ADVICE },
    { STRING | COUNTS, SCRIPT, AROUND, HELD_BY_KEPT, ADVICE },
    { STRING | COUNTS, COUNTS | LESSENS, HOLD, RECOUNT, ADVICE },
    { STRING | COUNTS | LESSENS, COUNTS, HOLD, RECOUNT, ADVICE },
    { COUNTS, COUNTS | LESSENS, HOLD | SAME_ELEMENT, RECOUNT, ADVICE },
    { COUNTS | LESSENS, COUNTS, HOLD | SAME_ELEMENT, RECOUNT, ADVICE },
    { ADDS, REMOVES, HOLD | SAME_ELEMENT, LEASE, ADVICE },
    { PUSHES, POPS, HOLD | LEAKS, LEASE, ADVICE },
    { ADDS, SCRIPT, AROUND | LEAKS, LEASE, ADVICE },
    { ADDS, DELETES, HOLD | MAY_EXPIRE, HELD "({A} and EXPIRE {a} in one {multi})",
      REMEDY_EXPIRE, NULL, REMEDY_NONE },
    { COUNTS, 0, 0, NULL, ADVICE },
    { HASH | ADDS, HASH | ADDS, AROUND | SAME_ELEMENT, GOING_ON, ADVICE },
    { COMMAND_ZSET | ADDS, COMMAND_ZSET | ADDS, AROUND | SAME_ELEMENT, GOING_ON, ADVICE },
};

#define NEVER "nothing ends what {first} begins: {a} needs an expiry "
static const struct pattern complaints[] = {
    { STRING | REPLACES, 0, HAD_EXPIRY | LAST_EXPIRY,
      "{first} drops the expiry that {set} has set: SET {a} value KEEPTTL keeps it "
      "(Redis 6)",
      REMEDY_KEEP_EXPIRY, NULL, REMEDY_NONE },
    { STRING | REPLACES, 0, EXPIRY_BEFORE | LAST_EXPIRY,
      "{first} drops the expiry that {set} has set: SET {a} value EX seconds is one "
      "command",
      REMEDY_SET_EXPIRY, NULL, REMEDY_NONE },
    { 0, 0, EXPIRY_BEFORE | LAST_EXPIRY | MISSING,
      "{set} {a} comes before {first}, and does nothing to a key that is not there: "
      "{A} first, then {set}, in one {multi}",
      REMEDY_EXPIRE_BEHIND, NULL, REMEDY_NONE },
    { STREAM | POPS, 0, 0, CLAIM, ADVICE },
    { STRING | IF_ABSENT, 0, LEAKS | NO_EXPIRY | ONE_KEY | MAY_EXPIRE,
      NEVER "(SET {a} value NX EX seconds), or to be deleted", REMEDY_EXPIRE, NULL,
      REMEDY_NONE },
    { STRING | REPLACES, 0, LEAKS | NO_EXPIRY | ONE_KEY | MAY_EXPIRE,
      NEVER "(SET {a} value EX seconds), or to be deleted", REMEDY_EXPIRE, NULL,
      REMEDY_NONE },
    { STRING | COUNTS, 0, LEAKS | NO_EXPIRY | MAY_EXPIRE,
      NEVER "(EXPIRE {a} seconds NX, in one {multi}), or to be deleted", REMEDY_EXPIRE,
      NULL, REMEDY_NONE },
    { ADDS, 0, LEAKS | NO_EXPIRY | MAY_EXPIRE,
      NEVER "(EXPIRE {a} seconds, in one {multi}), or to be deleted", REMEDY_EXPIRE, NULL,
      REMEDY_NONE },
};

static const struct {
    const struct pattern *rows;
    size_t count;
} tables[] = {
    [PATTERNS_ONE] = { cures, ARRAY_SIZE(cures) },
    [PATTERNS_HELD] = { holds, ARRAY_SIZE(holds) },
    [PATTERNS_ENDLESS] = { complaints, ARRAY_SIZE(complaints) },
};

const struct pattern *pattern_find(enum patterns table, const struct pair *pair)
{
    const struct pattern *rows = tables[table].rows;

    for (size_t p = 0; p < tables[table].count; p++)
        if (command_has(pair->a, rows[p].first) && command_has(pair->b, rows[p].second) &&
            (pair->traits & rows[p].traits) == rows[p].traits)
            return rows[p].text ? &rows[p] : NULL;
    return NULL;
}
