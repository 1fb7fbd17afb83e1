/* names.h - the same names for the same things, in states that two runs of a program
 * left. Pure.
 *
 * What survivors make anew has other ids and other times each time they run, although it
 * is the same. So words that look like an id (uuids, hexadecimal and random words of 16
 * letters and more) or a time (seconds, milliseconds or microseconds since 1970, dates of
 * ISO 8601) are `<id>` and `<time>`, unless they were there before: what is known keeps
 * its value. Ids of the recording are the same in all of its cuts, and in both controls,
 * and one that leaked must not pass for one that was made anew. Times are known by the
 * states alone in which they stand; survivors run later than that.
 *
 * In another run of the program, which is killed for real, ids, times, and numbers of
 * three digits and more that nobody knows are those of the recording that stand in their
 * place. The process ids of survivors are `<pid>`. Words (of letters, digits, `_`, `.`
 * and
 * `-`) that match one of the patterns in `vary` are ids, too.
 *
 * Known limits: that two ids of survivors are the same one, or are not, is not seen;
 * binary formats, ids with `_` or `-` in them, times in other units, and durations that
 * are derived from times are taken as they are. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "redis/glob.h"
#include "state/state.h"

enum token { TOKEN_NONE, TOKEN_ID, TOKEN_TIME, TOKEN_NUMBER };

/* What stands at the beginning of a text, plain numbers not among it; *ret_length: how
 * long it is. Of TOKEN_NONE: how much is to be passed over. */
enum token token_at(struct str text, size_t *ret_length);

struct name;
struct names {
    struct name *items; /* owned; open addressing */
    size_t count, room;
    bool called, paired;         /* some are */
    bool times;                  /* some that are known are times */
    const struct patterns *vary; /* borrowed; NULL: none */
};
#define NAMES_NULL ((struct names){ .items = NULL })
void names_release(struct names *names);

/* Ids and numbers in a text keep their value; in a state, times as well. */
void names_know(struct names *names, struct str text);
void names_know_state(struct names *names, const struct state *state);

/* The same of what Redis has replied; but what is in replies alone (ports and sizes in
 * CLIENT LIST) can be called something else. */
void names_hear(struct names *names, struct str text);

/* Is there no id and no time in a state that nobody knows? */
bool names_cover(const struct names *names, const struct state *state);

/* Two texts that are the same but for ids, times and numbers: those of the one that
 * nobody knows are to be taken for those of the other that stand at the same places. */
void names_pair(struct names *names, struct str text, struct str other);
void names_unpair(struct names *names); /* forgets all pairs */

/* A number that nobody knows, or that was only heard, stands for something, until
 * names_begin(). */
void names_call(struct names *names, uint64_t number, const char *shown);
void names_begin(struct names *names);

/* The fingerprint of a state in which every time is `<time>`: two runs may do in one
 * millisecond, or in two, what the other one does. New texts lie in the arena. */
struct signature names_timeless(const struct names *names, const struct state *state,
                                struct arena *arena);

/* Gives names to everything in the atoms, which are no longer sorted; new texts lie in
 * the arena. NULL is fine. */
void names_apply(const struct names *names, struct state *state, struct arena *arena);
