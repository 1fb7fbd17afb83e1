/* command.h - what one Redis command is, told from its words. Pure.
 *
 * The table in command.c says of each command where its keys stand and what it does to
 * them, as far as it matters for crashes: whether it leaves an expiry, takes something
 * away, puts something somewhere. Commands that are not in the table (a module's, or of
 * a later Redis) have a name and a first key, and no flags: nothing is known of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum command_flag {
    /* What is in the key. */
    COMMAND_STRING = 1 << 0,
    COMMAND_LIST = 1 << 1,
    COMMAND_SET = 1 << 2,
    COMMAND_ZSET = 1 << 3,
    COMMAND_HASH = 1 << 4,

    /* What is done to it. */
    COMMAND_READS = 1 << 5,    /* changes nothing; its reply is what it is for */
    COMMAND_REPLACES = 1 << 6, /* the whole value, and its expiry with it */
    COMMAND_ADDS = 1 << 7,     /* elements, or to a value */
    COMMAND_PUSHES = 1 << 8,   /* elements to a list */
    COMMAND_COUNTS = 1 << 9,   /* adds to a number, and replies what it is now */
    COMMAND_POPS = 1 << 10,    /* takes away what only its reply tells */
    COMMAND_REMOVES = 1 << 11, /* takes away elements that it names */
    COMMAND_DELETES = 1 << 12, /* whole keys */
    COMMAND_MOVES = 1 << 13,   /* from the first key to the second one, expiry and all */

    /* Under which conditions, and what else. */
    COMMAND_IF_ABSENT = 1 << 14, /* only if the key is not there */
    COMMAND_BLOCKS = 1 << 15,    /* waits until there is something */
    COMMAND_RETURNS = 1 << 16,   /* writes, and replies what was there before */
    COMMAND_SETS_EXPIRY = 1 << 17,
    COMMAND_ONLY_EXPIRY = 1 << 18, /* does nothing else, and nothing to a missing key */
    COMMAND_OF_FIELDS = 1 << 19,   /* the expiry is that of hash fields, not of the key */
    COMMAND_KEEPS_EXPIRY = 1 << 20, /* although it replaces the value */

    /* Commands about commands. */
    COMMAND_SCRIPT = 1 << 21,    /* may do anything */
    COMMAND_BEGINS = 1 << 22,    /* a transaction: MULTI */
    COMMAND_ENDS = 1 << 23,      /* a transaction: EXEC; what it queued happens here */
    COMMAND_CONTROL = 1 << 24,   /* no key is touched: MULTI, EXEC, WATCH, PING.. */
    COMMAND_PUBLISHES = 1 << 25, /* a message, which is part of no state */

    COMMAND_LONG = 1 << 26, /* it has no line: that has no room for it */

    /* Its key is there without an expiry: in the old state; in what a completed update
     * leaves, if it is right. Who looks at both says so, not command_parse(). */
    COMMAND_KEPT_BEFORE = 1 << 27,
    COMMAND_KEPT_AFTER = 1 << 28,

    COMMAND_LESSENS = 1 << 29, /* counts downwards: DECR, HINCRBY .. -1 */
    COMMAND_STREAM = 1 << 30,  /* is in the key; a group or a consumer of it */
};

/* Fixed size and no pointers: it travels between processes. */
struct command {
    char name[24];            /* upper case, printable */
    char label[48];           /* by which it is known again: its first words, cut */
    char line[160];           /* the whole of it (quote.h); "": too long, or not known */
    char key[80];             /* the first key, printable, long ones cut; "": none */
    uint64_t key_hash;        /* of the whole first key; 0: none */
    uint64_t second_key_hash; /* of the other key of RENAME, LMOVE, ..; 0: none */
    uint64_t element_hash;    /* of a field, a member, a stream's group; 0: not known */
    uint32_t flags;           /* of enum command_flag */
};

#define COMMAND_SHOWN (48 + 3)
/* For people: the whole line if it has at most so many columns, else the label and " ..",
 * which says that it is not all. The label alone where no line was kept. */
const char *command_shown(const struct command *command, size_t most,
                          char buffer[COMMAND_SHOWN]);

void command_parse(struct command *ret, int argc, const char *const *argv,
                   const size_t *lengths);

/* When what it sets lapses by the clock, in ms since 1970 (EXPIREAT, SET .. PXAT); 0: it
 * sets no such expiry. */
int64_t command_deadline_ms(int argc, const char *const *argv, const size_t *lengths);

/* What key_hash is of a key; never 0, which stands for "no key". */
uint64_t command_key_hash(struct str key);

/* The option of SET that says what EXPIRE, PSETEX and their like say: "EX", "PX", "EXAT",
 * "PXAT"; NULL of others. */
const char *command_expiry_option(const struct command *command);
/* At which end of a list it pushes or pops: "LEFT" or "RIGHT". */
const char *command_list_end(const struct command *command);

/* Has it all of the flags? */
static inline bool command_has(const struct command *command, uint32_t flags)
{
    return (command->flags & flags) == flags;
}
