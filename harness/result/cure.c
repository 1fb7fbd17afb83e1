/* cure.c - see cure.h. The patterns, and how they are put into words. */
#include "result/cure.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "base/str.h"

#define KEY_COLUMNS 40

/* A pattern matches if all its flags and traits are there. In its text,
 *   {first} {second}  are the commands, as "HSET work"
 *   {A} {a} {B} {b}   their names, and their keys
 *   {all}             is "both", or "all 5" with the commands between
 *   {expiry}          the option of SET that does what the second command does
 *   {ends}            the ends of lists as LMOVE names them
 *   {with}            ", together with UNLINK work" if the key was deleted before
 *   {multi}           is MULTI .. EXEC around the commands from the first to the second,
 *                     as they are
 *   {set}             what set the key's expiry before */
struct pattern {
    uint32_t first, second, traits;
    const char *text;
};

#define STRING COMMAND_STRING
#define LIST COMMAND_LIST
#define SET COMMAND_SET
#define HASH COMMAND_HASH
#define ADDS COMMAND_ADDS
#define PUSHES COMMAND_PUSHES
#define COUNTS COMMAND_COUNTS
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

#define TOGETHER "put {all} into one {multi}{with}, or a script"
#define NO_LOSS                                                                          \
    TOGETHER "; with {second} before {first}, a crash leaves a duplicate, not a loss"

/* The first that matches counts, so special ones stand before general ones. */
static const struct pattern cures[] = {
    /* A value, then its expiry. */
    { STRING | IF_ABSENT, SETS_EXPIRY, SAME_KEY | ONE_KEY,
      "SET {a} value NX {expiry} is one command" },
    { STRING | REPLACES | RETURNS, SETS_EXPIRY, SAME_KEY | ONE_KEY,
      "SET {a} value {expiry} GET is one command (Redis 6.2), or " TOGETHER },
    { STRING | REPLACES, SETS_EXPIRY, SAME_KEY | ONE_KEY,
      "SET {a} value {expiry} is one command" },
    { STRING | COUNTS, ONLY_EXPIRY, SAME_KEY,
      "{multi} around {all}, with {B} {a} .. NX (Redis 7), or a script" },
    { MOVES, ONLY_EXPIRY, MOVED_KEY, "{B} {a} before {A}, which takes the expiry along" },
    { SCRIPT, ONLY_EXPIRY, 0, "the script can call {second} itself" },
    { HASH | COUNTS, ONLY_EXPIRY, 0, TOGETHER },
    { HASH | ADDS, ONLY_EXPIRY | OF_FIELDS, SAME_KEY,
      "HSETEX {a} {expiry} FIELDS .. is one command (Redis 8), or " TOGETHER },
    { HASH | ADDS, ONLY_EXPIRY, SAME_KEY | SEVERAL,
      "one {A} with all fields, and {B}, inside {multi}{with}" },
    { 0, ONLY_EXPIRY, 0, TOGETHER },

    /* Something is taken, and put or noted elsewhere. */
    { 0, 0, REPLIES, "a script, because {second} needs replies from that transaction" },
    { POPS | PUSHES | BLOCKS, 0, 0,
      "what {A} has moved must be found again where it is, by recovery, as no script can "
      "wait" },
    { POPS | PUSHES, 0, 0,
      "a script, if {second} needs the reply of {A}; or recovery that finds it "
      "where it was moved to" },
    { LIST | POPS | BLOCKS, PUSHES, ADJACENT,
      "BLMOVE {a} {b} {ends} is one command (Redis 6.2; before, BRPOPLPUSH from right to "
      "left)" },
    { LIST | POPS | BLOCKS, 0, 0,
      "BLMOVE {a} to a list of the worker's own, and remove it there last: a reply dies "
      "with the worker" },
    { LIST | POPS, PUSHES, ADJACENT,
      "LMOVE {a} {b} {ends} is one command (Redis 6.2; before, RPOPLPUSH from right to "
      "left)" },
    { LIST | POPS, 0, 0,
      "a script, if {second} needs the reply of {A}; or LMOVE {a} to a list of the "
      "worker's own, and remove it there last" },
    { SET | POPS, SET | ADDS, ADJACENT | OTHER_KEY,
      "SRANDMEMBER {a}, then SMOVE {a} {b} member is one command (again if it replies "
      "0), or a script" },
    { POPS, 0, 0, "a script, if {second} needs the reply of {A}" },
    { SET | REMOVES, SET | ADDS, ADJACENT | OTHER_KEY | SAME_ELEMENT,
      "SMOVE {a} {b} member is one command" },
    { SET | ADDS, SET | REMOVES, ADJACENT | OTHER_KEY | SAME_ELEMENT,
      "SMOVE {b} {a} member is one command" },
    { REMOVES, 0, READ_BEFORE | OTHER_KEY,
      "a script, because {second} needs what was read from {a}" },

    /* Scripts. */
    { SCRIPT, SCRIPT, 0, "one script can do {all}" },
    { REMOVES, SCRIPT, 0,
      "the script can do {first} too; or do {first} last, so that the next run finds "
      "what is left" },
    { 0, SCRIPT, 0, "the script can do {first} too" },
    { SCRIPT, 0, 0, "the script can do {second} too" },

    /* Old values make room for new ones. */
    { DELETES, STRING | REPLACES, SAME_KEY,
      "{B} replaces what is there; leave {first} out" },
    { DELETES, MOVES, ONTO_KEY, "{B} replaces what is there; leave {first} out" },
    { DELETES, 0, SAME_KEY,
      "{multi} around {all}, or build a temporary key and RENAME it to {a}" },

    /* What follows depends on the reply. */
    { IF_ABSENT | SETS_EXPIRY, 0, OTHER_KEY,
      "a script, because {second} depends on the reply of {A}" },
    { STRING | IF_ABSENT, 0, OTHER_KEY | ONE_KEY | MAY_EXPIRE,
      "a script, because {second} depends on the reply of {A}; SET {a} value NX EX "
      "seconds at least ends the harm" },
    { IF_ABSENT, 0, OTHER_KEY, "a script, because {second} depends on the reply of {A}" },
    { STRING | COUNTS, STRING | COUNTS, OTHER_KEY, TOGETHER },
    { STRING | COUNTS, 0, OTHER_KEY,
      "a script if {second} needs the number, else {multi} around {all}; if "
      "numbers may be skipped, `ignore` {a}" },

    /* Several writes that are one thing. */
    { HASH | ADDS, HASH | ADDS, SAME_KEY | ALIKE,
      "one {A} {a} with all fields is one command" },
#define ALL_ELEMENTS "one {A} {a} with all elements is one command"
    { PUSHES, PUSHES, SAME_KEY | ALIKE, ALL_ELEMENTS },
    { SET | ADDS, SET | ADDS, SAME_KEY | ALIKE, ALL_ELEMENTS },
    { COMMAND_ZSET | ADDS, COMMAND_ZSET | ADDS, SAME_KEY | ALIKE, ALL_ELEMENTS },
    { STRING, STRING, OTHER_KEY | ALL_SET, "MSET with all keys is one command" },
    { SET | REMOVES | ADDS, 0, 0, TOGETHER }, /* SMOVE loses nothing */
    { REMOVES, ADDS, OTHER_KEY, NO_LOSS },
    { REMOVES, REPLACES, OTHER_KEY, NO_LOSS },
    { DELETES, ADDS, OTHER_KEY, NO_LOSS },
    { DELETES, REPLACES, OTHER_KEY, NO_LOSS },
    { 0, 0, 0, TOGETHER },
};

/* Of what is held while other things are done: a lock, a slot, a count of those at work.
 * It cannot be one with its release. */
#define HELD                                                                             \
    "{first} holds until {second}, and its owner may die in between: {a} needs an "      \
    "expiry from the start, so that it ends by itself "
#define ENDS_LATE                                                                        \
    "{first} holds until {second}, and its owner may die in between: what ends it then " \
    "is its expiry, which is longer than what is tolerated"
#define HELD_BY_KEPT                                                                     \
    "{first} holds until {second}, and its owner may die in between: recovery must "     \
    "find "                                                                              \
    "that out and end it, for {a} is kept for good, so that no expiry can"
#define HOLD SAME_KEY | APART
static const struct pattern holds[] = {
    { STRING | SETS_EXPIRY, DELETES, HOLD | ONE_KEY, ENDS_LATE },
    { STRING | IF_ABSENT, DELETES, HOLD | ONE_KEY | MAY_EXPIRE,
      HELD "(SET {a} value NX EX seconds)" },
    { STRING | REPLACES, DELETES, HOLD | ONE_KEY | MAY_EXPIRE,
      HELD "(SET {a} value NX EX seconds)" },
    { SCRIPT, SCRIPT, HOLD | MAY_EXPIRE, HELD "(SET .. EX or PEXPIRE in the script)" },
    { SCRIPT, DELETES, HOLD | MAY_EXPIRE, HELD "(SET .. EX or PEXPIRE in the script)" },
    { STRING | COUNTS, SCRIPT, HOLD | MAY_EXPIRE,
      HELD "(INCR and EXPIRE in one MULTI .. EXEC)" },
    { STRING | COUNTS, COUNTS, HOLD | MAY_EXPIRE,
      HELD "(INCR and EXPIRE in one MULTI .. EXEC)" },
    { SCRIPT, SCRIPT, HOLD, HELD_BY_KEPT },
    { STRING | COUNTS, SCRIPT, HOLD, HELD_BY_KEPT },
    { STRING | COUNTS, COUNTS, HOLD, HELD_BY_KEPT },
};

/* Of what begins a harm that no later command ends. */
static const struct pattern complaints[] = {
    { STRING | REPLACES, 0, HAD_EXPIRY | LAST_EXPIRY,
      "{first} drops the expiry that {set} has set: SET {a} value KEEPTTL keeps it "
      "(Redis 6)" },
    { STRING | REPLACES, 0, EXPIRY_BEFORE | LAST_EXPIRY,
      "{first} drops the expiry that {set} has set: SET {a} value EX seconds is one "
      "command" },
    { 0, 0, EXPIRY_BEFORE | LAST_EXPIRY | MISSING,
      "{set} {a} comes before {first}, and does nothing to a key that is not there: "
      "{A} first, then {set}, in one MULTI .. EXEC" },
#define NEVER "nothing ends what {first} begins: {a} needs an expiry "
    { STRING | IF_ABSENT, 0, LEAKS | NO_EXPIRY | ONE_KEY | MAY_EXPIRE,
      NEVER "(SET {a} value NX EX seconds), or to be deleted" },
    { STRING | REPLACES, 0, LEAKS | NO_EXPIRY | ONE_KEY | MAY_EXPIRE,
      NEVER "(SET {a} value EX seconds), or to be deleted" },
    { STRING | COUNTS, 0, LEAKS | NO_EXPIRY | MAY_EXPIRE,
      NEVER "(EXPIRE {a} seconds NX, in one MULTI .. EXEC), or to be deleted" },
    { HASH | ADDS, 0, LEAKS | NO_EXPIRY | MAY_EXPIRE,
      NEVER "(EXPIRE {a} seconds, in one MULTI .. EXEC), or to be deleted" },
};

static const struct pattern *find(const struct pattern *patterns, size_t count,
                                  const struct pair *pair)
{
    for (size_t p = 0; p < count; p++)
        if (command_has(pair->a, patterns[p].first) &&
            command_has(pair->b, patterns[p].second) &&
            (pair->traits & patterns[p].traits) == patterns[p].traits)
            return &patterns[p];
    return NULL;
}

/* Keys are printable as they are stored. */
static void print_key(FILE *out, const struct pair *pair, const struct command *command)
{
    (void)pair;
    str_print(out, str_of(command->key), KEY_COLUMNS);
}

/* "HSET work"; what tells two commands on one key apart is in their labels. */
static void print_command(FILE *out, const struct pair *pair,
                          const struct command *command)
{
    if (pair->a != pair->b && strcmp(pair->a->name, pair->b->name) == 0 &&
        (pair_shares_key(pair) || !pair->a->key_hash)) {
        fputs(command->label, out);
        return;
    }
    fputs(command->name, out);
    if (command->key_hash)
        fputc(' ', out);
    print_key(out, pair, command);
}

static void print_name(FILE *out, const struct pair *pair, const struct command *command)
{
    (void)pair;
    fputs(command->name, out);
}

static void print_all(FILE *out, const struct pair *pair, const struct command *command)
{
    (void)command;
    if (pair->writes == 2)
        fputs("both", out);
    else
        fprintf(out, "all %zu", pair->writes);
}

static void print_expiry(FILE *out, const struct pair *pair,
                         const struct command *command)
{
    static const char *const options[][2] = {
        { "PEXPIRE", "PX milliseconds" }, { "EXPIREAT", "EXAT time" },
        { "PEXPIREAT", "PXAT time" },     { "HPEXPIRE", "PX milliseconds" },
        { "HEXPIREAT", "EXAT time" },     { "HPEXPIREAT", "PXAT time" },
        { "PSETEX", "PX milliseconds" },
    };
    const char *option = "EX seconds";

    (void)pair;
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (strcmp(command->name, options[i][0]) == 0)
            option = options[i][1];
    fputs(option, out);
}

static const char *end_of(const struct command *command)
{
    return strstr(command->name, "RP") ? "RIGHT" : "LEFT"; /* RPUSH, BRPOP */
}

static void print_ends(FILE *out, const struct pair *pair, const struct command *command)
{
    (void)command;
    fprintf(out, "%s %s", end_of(pair->a), end_of(pair->b));
}

static void print_with(FILE *out, const struct pair *pair, const struct command *command)
{
    if (!pair->deleted)
        return;
    fprintf(out, ", together with %s ", pair->deleted->name);
    print_key(out, pair, command);
}

static void print_multi(FILE *out, const struct pair *pair, const struct command *command)
{
    (void)pair;
    (void)command;
    fputs("MULTI .. EXEC", out);
}

static void print_set(FILE *out, const struct pair *pair, const struct command *command)
{
    (void)command;
    if (pair->expiry)
        fputs(pair->expiry->name, out);
}

static const struct {
    const char *name;
    void (*print)(FILE *out, const struct pair *pair, const struct command *command);
    bool second; /* of the pair; else the first */
} words[] = {
    { "{first}", print_command, false }, { "{second}", print_command, true },
    { "{A}", print_name, false },        { "{B}", print_name, true },
    { "{a}", print_key, false },         { "{b}", print_key, true },
    { "{all}", print_all, false },       { "{expiry}", print_expiry, true },
    { "{ends}", print_ends, false },     { "{with}", print_with, false },
    { "{set}", print_set, false },       { "{multi}", print_multi, false },
};

/* Prints the word that the text begins with; returns its length, 0 if there is none. */
static size_t print_word(FILE *out, const struct pair *pair, const char *text)
{
    for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
        size_t length = strlen(words[w].name);

        if (strncmp(text, words[w].name, length) == 0) {
            words[w].print(out, pair, words[w].second ? pair->b : pair->a);
            return length;
        }
    }
    return 0;
}

static void print(FILE *out, const struct pair *pair, const char *text)
{
    while (*text) {
        size_t length = print_word(out, pair, text);

        if (!length)
            fputc(*text, out);
        text += length ? length : 1;
    }
}

/* What there is to say of an update. */
struct advice {
    struct pair pair;
    const struct pattern *pattern; /* NULL: nothing */
    bool whole;                    /* the pair must be one */
    bool heals;                    /* the second ends what the first begins */
};

/* Would a cure be a guess? Of a program nobody here knows what it keeps its keys for: of
 * an element of a queue, of what is there for good, and of a script, that may do
 * anything, nothing can be said; but of a lock, of a counter and of what is to expire. A
 * plain SET may be a job's data as well as a lock. */
static bool is_guess(const struct pair *pair)
{
    const uint32_t kept = COMMAND_KEPT_BEFORE | COMMAND_KEPT_AFTER;
    const uint32_t structures = LIST | SET | HASH | COMMAND_ZSET;
    const struct command *const both[] = { pair->a, pair->b };
    bool expires =
        command_has(pair->b, SETS_EXPIRY) && pair->traits & (SAME_KEY | MOVED_KEY);
    bool plain_set = command_has(pair->a, STRING | REPLACES) &&
                     !(pair->a->flags & (IF_ABSENT | SETS_EXPIRY));

    if (!pair->input->is_program || mutant("guesses"))
        return false;
    if (plain_set && !expires)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(both); i++)
        if (command_has(both[i], SCRIPT) || both[i]->flags & kept ||
            !(both[i]->flags & (STRING | structures | ONLY_EXPIRY | DELETES)) ||
            (both[i]->flags & structures && !expires))
            return true;
    return false;
}

static struct advice advise(const struct pair_input *input)
{
    bool heals = input->healed <= input->count;
    struct advice advice = { .pattern = NULL };

    if (!pair_make(input, &advice.pair))
        return advice;
    if (heals)
        advice.pattern = find(holds, ARRAY_SIZE(holds), &advice.pair);
    else
        advice.pattern = find(complaints, ARRAY_SIZE(complaints), &advice.pair);
    advice.heals = heals;
    advice.whole = heals && !advice.pattern;
    if (advice.whole)
        advice.pattern = find(cures, ARRAY_SIZE(cures), &advice.pair);
    if (is_guess(&advice.pair))
        advice.pattern = NULL;
    advice.whole &= advice.pattern != NULL;
    return advice;
}

bool cure_is_whole(const struct pair_input *input)
{
    return advise(input).whole;
}

bool cure_is_multi(const struct pair_input *input, size_t *ret_first, size_t *ret_last)
{
    struct advice advice = advise(input);
    const struct pair *pair = &advice.pair;

    if (!advice.whole || !strstr(advice.pattern->text, "{multi}"))
        return false;
    *ret_first = pair->deleted && strstr(advice.pattern->text, "{with}")
                     ? (size_t)(pair->deleted - input->commands)
                     : pair->i;
    *ret_last = pair->j;
    return true;
}

/* NULL: nothing is said, or there is no room. */
static FILE *open_line(bool said, char *buffer, size_t size)
{
    if (size)
        buffer[0] = '\0';
    return size >= 2 && said ? fmemopen(buffer, size, "w") : NULL;
}

bool cure_advice(const struct pair_input *input, char *buffer, size_t size)
{
    struct advice advice = advise(input);
    bool said = advice.pair.a && !advice.pattern && input->is_program;
    FILE *out = open_line(said, buffer, size);

    if (!out)
        return false;
    print(out, &advice.pair,
          advice.heals
              ? "from {first} to {second} it is done in part. Survivors must look "
                "for what stays, and finish or undo it; or the program itself "
                "must make one of all that lies between"
              : "nothing that the program does later ends what {first} begins. "
                "Survivors must look for what stays, and undo it");
    fclose(out);
    buffer[size - 1] = '\0';
    return true;
}

bool cure_write(const struct pair_input *input, char *buffer, size_t size)
{
    struct advice advice = advise(input);
    const struct pair *pair = &advice.pair;
    FILE *out = open_line(advice.pattern, buffer, size);

    if (!out)
        return false;
    if (advice.whole)
        print(out, pair, "{first} and {second} must be one: ");
    print(out, pair, advice.pattern->text);
    if (advice.whole && command_has(pair->b, ONLY_EXPIRY) && pair->traits & SAME_KEY &&
        pair->traits & KEY_STAYS)
        print(out, pair, "; or {B} first: {a} is there already, and keeps its expiry");
    fclose(out);
    buffer[size - 1] = '\0';
    return true;
}
