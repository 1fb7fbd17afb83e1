/* twins.h - the commands of one run of a program found again in another run of it.
 *
 * Two runs send the same with other ids, times and random words, and what several
 * connections send comes in another order. So the twin of a command is the first one that
 * has not been taken yet of those that are like it. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "redis/command.h"

/* The same for all commands that differ in nothing but numbers, ids and times
 * (state/names.h). */
uint64_t likeness_of(const struct str *words, size_t count);

/* The same of what is kept of a command for people, which is another number than that of
 * its words. Of one that has no line, words that were cut count as far as they are sure
 * to hold no part of an id. */
uint64_t likeness_of_shown(const struct command *command);

struct twin {
    uint64_t likeness;
    size_t index;
};
struct twins {
    struct twin *items; /* sorted; owned */
    size_t count;
    size_t
        *next; /* of the first of each likeness: how many of its like are taken; owned */
};

/* `likeness` of each command of a run, in their order. */
void twins_init(struct twins *twins, const uint64_t *likeness, size_t count);
void twins_release(struct twins *twins);

/* The twin of the next command that another run sends; TWINS_NONE: it has none (left). */
#define TWINS_NONE SIZE_MAX
size_t twins_take(struct twins *twins, uint64_t likeness);
