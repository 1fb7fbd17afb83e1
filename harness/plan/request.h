/* request.h - what a run was asked to do: all that must be the same for it to be gone on
 * with, or put together with others. Pure.
 *
 * A request is typed. As text it is a list of names with values: the long options of
 * `afterkill run` in a canonical form ("seed" = "1"), and facts about the scenario's file
 * ("scenario.text"). One table in request.c has a row for each, by which it is printed,
 * parsed and compared: for the command line, for the run's file, and for people. Only the
 * scenario's parameters stand beside the table: every scenario has others. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/shard.h"
#include "redis/address.h"
#include "stats/sequence.h"

enum request_killer {
    KILLER_TIMER,  /* the worker's own kernel timer */
    KILLER_PARENT, /* the lane, by pidfd after a nanosecond sleep */
};

struct request {
    /* The scenario's file: what it says, its fingerprint, its name without .lua, and
     * where it was. Owned; NULL: not known yet. */
    char *text, *sha1, *name, *path;
    char **assignments; /* "name=value" of its parameters; owned, like each of them */
    size_t assignment_count;
    char *strategies; /* "A,B", those that take part; owned; NULL: all */
    char *faults;     /* "step,kill", see fault.h; owned */
    uint64_t trials;  /* kill attempts per strategy */
    uint64_t seed;
    uint64_t now; /* what scenarios see as p.now: seconds since 1970 */
    struct stopping stopping;
    struct shard shard;
    enum request_killer killer;
    enum transport transport;
    double timeout_s, confidence;
    double rtt_s; /* that is added on the way to Redis; 0: none */
};

void request_copy(struct request *ret, const struct request *request);
void request_release(struct request *request); /* may be called twice */

/* Takes the value of an item from its text. What is not understood is ERR_USAGE with the
 * option as one would give it ("--seed 'x': expected ..."). */
int request_set(struct request *request, const char *name, const char *value,
                struct err *err);
/* "name=value"; what that says is looked at when the scenario is loaded. */
void request_assign(struct request *request, const char *assignment);

/* The items, in alphabetical order. An item's value as text, which request_set() takes
 * again; NULL: it is not asked for. The caller frees it. */
extern const size_t request_items;
const char *request_item_name(size_t item);
bool request_item_is_needed(size_t item); /* a run's file without it is damaged */
char *request_item_text(const struct request *request, size_t item);

/* The first difference between two requests, in words that call the first `was` and the
 * second `is` ("seed: 1 in the run, 2 now"); of a scenario's text, the first line that
 * differs. Items in `own` (ends with NULL) may differ, and so may the place of the
 * scenario's file. False: there is none. */
bool request_difference(const struct request *a, const char *was, const struct request *b,
                        const char *is, const char *const *own, char *buffer,
                        size_t size);
