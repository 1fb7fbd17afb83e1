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

#define TOGETHER "put {all} into one {multi}{with}"

#define TRY(kind) .remedy = (kind)
/* What can be done in place of the text, and how it is tried. */
#define ELSE(words, kind) .instead = words, .instead_remedy = (kind)
#define A_SCRIPT ELSE("a script that does {all}", REMEDY_SCRIPT)
#define BY_MULTI TRY(REMEDY_MULTI), A_SCRIPT
#define BY_SCRIPT TRY(REMEDY_SCRIPT)
#define BY(kind) TRY(kind), ELSE(TOGETHER, REMEDY_MULTI)
#define ADVICE TRY(REMEDY_NONE)

/* What is said beside it, and is not tried. */
#define BESIDE(words) .beside = words
#define NO_LOSS                                                                          \
    BESIDE("with {second} before {first}, a crash leaves a duplicate, not a loss")

#define FOR_REPLY "a script that does {all}, since {second} may need the reply of {A}"

/* A lock that ends by itself may have another owner when the first one is ready. */
#define BY_VALUE                                                                         \
    "in a script that compares the value first, which must be each holder's own"
#define WHOSE                                                                            \
    "only who holds {a} may delete it, in a script that compares the value first: when " \
    "the expiry has ended it, {a} may be another's"

/* Special ones stand before general ones. */
static const struct pattern cures[] = {
    /* A value, then its expiry. */
    { STRING | IF_ABSENT, SETS_EXPIRY, SAME_KEY | ONE_KEY | RELEASED,
      "SET {a} value NX {expiry} is one command; and only who holds {a} may delete "
      "it, " BY_VALUE,
      TRY(REMEDY_SET_EXPIRY_OWNED),
      ELSE("SET {a} value NX {expiry} is one command", REMEDY_SET_EXPIRY),
      .instead_beside = WHOSE },
    { STRING | IF_ABSENT, SETS_EXPIRY, SAME_KEY | ONE_KEY,
      "SET {a} value NX {expiry} is one command", BY(REMEDY_SET_EXPIRY) },
    { STRING | REPLACES | RETURNS, SETS_EXPIRY, SAME_KEY | ONE_KEY,
      "SET {a} value {expiry} GET is one command (Redis 6.2)", BY(REMEDY_SET_EXPIRY) },
    { STRING | REPLACES, SETS_EXPIRY, SAME_KEY | ONE_KEY,
      "SET {a} value {expiry} is one command", BY(REMEDY_SET_EXPIRY) },
    { STRING | COUNTS, ONLY_EXPIRY, SAME_KEY | GIVEN_BACK, "{multi} around {all}",
      BY_MULTI,
      BESIDE("who works for longer is forgotten all the same, which a set of holders, "
             "each with a deadline, does not do") },
    { STRING | COUNTS, ONLY_EXPIRY, SAME_KEY,
      "{multi} around {all}, with {B} {a} .. NX (Redis 7)", TRY(REMEDY_MULTI_NX),
      A_SCRIPT },
    { MOVES, ONLY_EXPIRY, MOVED_KEY, "{B} {a} before {A}, which takes the expiry along",
      BY(REMEDY_EXPIRE_FIRST) },
    { SCRIPT, ONLY_EXPIRY, 0, "{multi} around {all}", TRY(REMEDY_MULTI),
      BESIDE("the script can call {second} itself") },
    { HASH | COUNTS, ONLY_EXPIRY, 0, TOGETHER, BY_MULTI },
    { HASH | ADDS, ONLY_EXPIRY | OF_FIELDS, SAME_KEY,
      "HSETEX {a} {expiry} FIELDS .. is one command (Redis 8)", BY(REMEDY_HSETEX) },
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
    { POPS | PUSHES, 0, 0, FOR_REPLY, BY_SCRIPT,
      BESIDE("recovery may find it where it was moved to, instead") },
    { LIST | POPS | BLOCKS, PUSHES, ADJACENT,
      "BLMOVE {a} {b} {ends} is one command (Redis 6.2; before, BRPOPLPUSH from right to "
      "left)",
      TRY(REMEDY_MOVE),
      ELSE("a script cannot wait as {A} does: pop without waiting inside of it, and wait "
           "outside; or BLMOVE {a} to a list of the worker's own, and remove it there "
           "last",
           REMEDY_NONE) },
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
      TRY(REMEDY_MOVE),
      ELSE("a script, because {second} puts there something else than {A} has taken",
           REMEDY_SCRIPT) },
    { LIST | POPS, 0, 0, FOR_REPLY, BY_SCRIPT,
      BESIDE("LMOVE {a} to a list of the worker's own, from which it is removed last, "
             "needs no script") },
    { SET | POPS, SET | ADDS, ADJACENT | OTHER_KEY, FOR_REPLY, BY_SCRIPT,
      BESIDE("SRANDMEMBER {a}, then SMOVE {a} {b} member (again if it replies 0) needs "
             "no script") },
    { POPS, 0, 0, FOR_REPLY, BY_SCRIPT },
    { SET | REMOVES, SET | ADDS, ADJACENT | OTHER_KEY | SAME_ELEMENT,
      "SMOVE {a} {b} member is one command", BY(REMEDY_MOVE) },
    { SET | ADDS, SET | REMOVES, ADJACENT | OTHER_KEY | SAME_ELEMENT,
      "SMOVE {b} {a} member is one command", BY(REMEDY_MOVE) },
    { REMOVES, 0, READ_BEFORE | OTHER_KEY,
      "a script, because {second} needs what was read from {a}", BY_SCRIPT },

    /* Scripts. */
    { SCRIPT, SCRIPT, 0, "{multi} around {all}", TRY(REMEDY_MULTI),
      BESIDE("one script can do {all}") },
    { REMOVES, SCRIPT, 0,
      "the script can do {first} too; or do {first} last, so that the next run finds "
      "what is left",
      ADVICE },
    { 0, SCRIPT, 0, "{multi} around {all}", TRY(REMEDY_MULTI),
      BESIDE("the script can do {first} too") },
    { SCRIPT, 0, 0, "{multi} around {all}", TRY(REMEDY_MULTI),
      BESIDE("the script can do {second} too") },

    /* Old values make room for new ones. */
    { DELETES, STRING | REPLACES, SAME_KEY,
      "{B} replaces what is there; leave {first} out", BY(REMEDY_LEAVE_OUT) },
    { DELETES, MOVES, ONTO_KEY, "{B} replaces what is there; leave {first} out",
      BY(REMEDY_LEAVE_OUT) },
    { DELETES, 0, SAME_KEY, "{multi} around {all}", BY_MULTI,
      BESIDE("a temporary key can be built, and moved to {a} by RENAME") },

    /* What follows depends on the reply. */
    { STRING | IF_ABSENT, STRING | REPLACES, SAME_KEY,
      TOGETHER ": an expiry would not outlive {second}", BY_MULTI },
    { STRING | IF_ABSENT, STRING | REPLACES, ONTO_KEY,
      TOGETHER ": an expiry would not outlive {second}", BY_MULTI },
    { IF_ABSENT | SETS_EXPIRY, 0, OTHER_KEY,
      "a script, because {second} depends on the reply of {A}", BY_SCRIPT },
    { STRING | IF_ABSENT, 0, OTHER_KEY | ONE_KEY | MAY_EXPIRE,
      "a script, because {second} depends on the reply of {A}", BY_SCRIPT,
      BESIDE("SET {a} value NX EX seconds alone would at least end the harm") },
    { IF_ABSENT, 0, OTHER_KEY, "a script, because {second} depends on the reply of {A}",
      BY_SCRIPT },
    { STRING | COUNTS, STRING | COUNTS, OTHER_KEY, TOGETHER, BY_MULTI },
    { STRING | COUNTS, 0, OTHER_KEY, "{multi} around {all}", BY_MULTI,
      BESIDE("where {second} needs the number, a script; if numbers may be skipped, "
             "`ignore` {a}") },

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
    { REMOVES, ADDS, OTHER_KEY, TOGETHER, BY_MULTI, NO_LOSS },
    { REMOVES, REPLACES, OTHER_KEY, TOGETHER, BY_MULTI, NO_LOSS },
    { DELETES, ADDS, OTHER_KEY, TOGETHER, BY_MULTI, NO_LOSS },
    { DELETES, REPLACES, OTHER_KEY, TOGETHER, BY_MULTI, NO_LOSS },
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
#define KEPT_ALIVE                                                                       \
    "from {first} to {second} nothing ends {a}, and its owner may die in between: one "  \
    "transaction would enclose the work; {B} {a} in place of {first}, with longer than " \
    "the work can take"
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
      HELD
      "(SET {a} value NX EX seconds); and only who holds {a} may delete it, " BY_VALUE,
      TRY(REMEDY_EXPIRE_OWNED), ELSE(HELD "(SET {a} value NX EX seconds)", REMEDY_EXPIRE),
      .instead_beside = WHOSE },
    { STRING | REPLACES, DELETES, HOLD | ONE_KEY | MAY_EXPIRE,
      HELD "(SET {a} value EX seconds)", TRY(REMEDY_EXPIRE) },
    { STRING | IF_ABSENT, SCRIPT, HOLD | ONE_KEY | MAY_EXPIRE | LEAKS,
      HELD "(SET {a} value NX EX seconds)", TRY(REMEDY_EXPIRE) },
    { STRING | REPLACES, SCRIPT, HOLD | ONE_KEY | MAY_EXPIRE | LEAKS,
      HELD "(SET {a} value EX seconds)", TRY(REMEDY_EXPIRE) },
    { STRING | IF_ABSENT, STRING | REPLACES, SAME_KEY, NULL, ADVICE },
    { STRING | REPLACES, STRING | REPLACES, AROUND, GOING_ON, ADVICE },
    { POPS | PUSHES, LIST | REMOVES, MOVED_KEY, MOVED, ADVICE },
    { MOVES, DELETES, MOVED_KEY | APART, MOVED, ADVICE },
    { 0, ONLY_EXPIRY, AROUND | UNEXPIRES, KEPT_ALIVE, ADVICE },
    { SCRIPT, SCRIPT, AROUND | MAY_EXPIRE, HELD "(SET .. EX or PEXPIRE in the script)",
      ADVICE },
    { SCRIPT, DELETES, AROUND | MAY_EXPIRE, HELD "(SET .. EX or PEXPIRE in the script)",
      ADVICE },
    { STRING | COUNTS, SCRIPT, AROUND | MAY_EXPIRE,
      HELD "({A} and EXPIRE {a} in one {multi})", TRY(REMEDY_EXPIRE) },
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
      TRY(REMEDY_EXPIRE) },
    { COUNTS, 0, 0, NULL, ADVICE },
    { HASH | ADDS, HASH | ADDS, AROUND | SAME_ELEMENT, GOING_ON, ADVICE },
    { COMMAND_ZSET | ADDS, COMMAND_ZSET | ADDS, AROUND | SAME_ELEMENT, GOING_ON, ADVICE },
};

#define OR_DELETED BESIDE("to delete {a} at the end of the update ends it, too")
#define NEVER "nothing ends what {first} begins: {a} needs an expiry "
static const struct pattern complaints[] = {
    { STRING | REPLACES, 0, HAD_EXPIRY | LAST_EXPIRY,
      "{first} drops the expiry that {set} has set: SET {a} value KEEPTTL keeps it "
      "(Redis 6)",
      TRY(REMEDY_KEEP_EXPIRY) },
    { STRING | REPLACES, 0, EXPIRY_BEFORE | LAST_EXPIRY,
      "{first} drops the expiry that {set} has set: SET {a} value EX seconds is one "
      "command",
      TRY(REMEDY_SET_EXPIRY) },
    { 0, 0, EXPIRY_BEFORE | LAST_EXPIRY | MISSING,
      "{set} {a} comes before {first}, and does nothing to a key that is not there: "
      "{A} first, then {set}, in one {multi}",
      TRY(REMEDY_EXPIRE_BEHIND) },
    { STREAM | POPS, 0, 0, CLAIM, ADVICE },
    { STRING | IF_ABSENT, 0, LEAKS | NO_EXPIRY | ONE_KEY | MAY_EXPIRE,
      NEVER "(SET {a} value NX EX seconds)", TRY(REMEDY_EXPIRE), OR_DELETED },
    { STRING | REPLACES, 0, LEAKS | NO_EXPIRY | ONE_KEY | MAY_EXPIRE,
      NEVER "(SET {a} value EX seconds)", TRY(REMEDY_EXPIRE), OR_DELETED },
    { STRING | COUNTS, 0, LEAKS | NO_EXPIRY | MAY_EXPIRE,
      NEVER "(EXPIRE {a} seconds NX, in one {multi}; Redis 7)", TRY(REMEDY_EXPIRE_NX),
      ELSE(NEVER "(EXPIRE {a} seconds, in one {multi})", REMEDY_EXPIRE), OR_DELETED },
    { ADDS, 0, LEAKS | NO_EXPIRY | MAY_EXPIRE,
      NEVER "(EXPIRE {a} seconds, in one {multi})", TRY(REMEDY_EXPIRE), OR_DELETED },
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
