/* notation.h - updates that are straight lines, written in one line: its parser and its
 * printer. Pure.
 *
 *     RPOP w | LPUSH q job1      the second command is sent when the first was answered
 *     INCR k ; EXPIRE k 60       both leave in one buffer, nobody waits in between
 *     [DEL k ; SET k 1]          MULTI, the commands, EXEC, in one buffer
 *     lua(INCR k ; EXPIRE k 60)  one script that makes these calls
 *
 * [..] and lua(..) stand where a command can stand, and lua(..) inside [..] too; nothing
 * else is nested. Inside them it is ; alone that separates. A [ in a word, or a ( not
 * behind `lua` (in capitals or not) where a command begins, is a byte like others, so
 * that ZRANGEBYSCORE z (1 5 says what it says to redis-cli. A ] or ) is one only in
 * quotes, wherever it stands.
 *
 * Words are quoted as in redis-cli: "..." with \n \r \t \b \a \xHH, and \ before any
 * other byte for that byte; '...' with \' alone. A quote may open inside a word, and ends
 * it. Outside of quotes \ is a byte like others.
 *
 * What is printed is parsed to the same again, whatever the words hold. It is printable
 * ASCII, and only words that need it are in quotes. */
#pragma once

#include <stdio.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define NOTATION_BYTES_MOST (1u << 20)

enum notation_kind { NOTATION_COMMAND, NOTATION_MULTI, NOTATION_LUA };

struct notation_step {
    enum notation_kind kind;
    bool joined;       /* leaves in one buffer with the step before it */
    struct str *words; /* of a command: one or more */
    size_t word_count;
    struct notation_step *steps; /* of the others: one or more */
    size_t step_count;
};

struct notation {
    struct notation_step *steps; /* one or more */
    size_t count;
    struct arena arena; /* of all of it, the words' bytes too */
};
#define NOTATION_NULL ((struct notation){ NULL, 0, ARENA_NULL })

/* A mistake is ERR_USAGE with a message of three lines: what it is, the text around it,
 * and a caret under its column. */
int notation_parse(struct str text, struct notation *ret, struct err *err);
void notation_release(struct notation *notation); /* may be called twice */

void notation_print(FILE *out, const struct notation_step *steps, size_t count);
/* What is printed; the caller frees it. */
char *notation_text(const struct notation *notation);

/* Makes a MULTI and an EXEC for which nobody waited, as words of their own, the
 * transaction that they are. */
void notation_fold(struct notation *notation);

/* Is it one command, one transaction or one script, of which Redis does all or nothing?
 */
bool notation_is_atomic(const struct notation *notation);

/* The text of one transaction of all of its commands: "[a ; b]". Those of transactions in
 * it are taken out of them. ERR_USAGE if it has MULTI, EXEC, DISCARD, WATCH or UNWATCH as
 * words, which have no place in one. The caller frees it. */
int notation_atomic(const struct notation *notation, char **ret, struct err *err);
