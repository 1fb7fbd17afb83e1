/* learner.h - the patterns of keys, learned in one pass and in bounded memory:
 * 'user:17:sess', 'user:4:sess', .. are user:{num}:sess.
 *
 * Keys are paths in a tree of words (token.h). A word that stands for one of many is
 * known by its looks, or by its company: many words at one place, each with few keys, and
 * below each of them the same, are names, and become one {any}. Keys should come in no
 * order, as SCAN gives them.
 *
 * Each pattern has a block of the caller's, which may collect whatever can be put
 * together when two patterns turn out to be one. The tree never has more than
 * LEARNER_NODES words: before it does, those with the fewest keys are put together, more
 * coarsely than anybody would ask for, and the pattern says so ("crowded"). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define LEARNER_NODES 32768

struct learner; /* opaque: learner.c */

/* What is kept of each pattern: a zeroed block at first. */
struct learner_blocks {
    size_t bytes;
    void (*merge)(void *into, void *from); /* `from` is released afterwards */
    void (*release)(void *block);          /* what it owns, not the block itself */
};

struct learner *learner_new(const struct learner_blocks *blocks); /* borrowed */
struct learner *learner_free(struct learner *learner); /* NULL is fine; returns NULL */

/* The block of the key's pattern, which counts the key; valid until the next call. */
void *learner_add(struct learner *learner, struct str key);
/* The same of a key that was added before, which is not counted again. NULL: it was not.
 */
void *learner_find(struct learner *learner, struct str key);

/* Puts together what has turned out to be the same. Keys may be added afterwards. */
void learner_settle(struct learner *learner);

struct learned {
    const char *pattern; /* user:{num}:sess; braces of the keys' own are \{ and \} */
    const char *glob; /* user:*:sess, for MATCH of SCAN: it may match other keys, too */
    uint64_t keys;
    bool crowded; /* patterns were put together in it for want of room */
    void *block;
};

/* Tells each pattern, in no order; the texts last for the call. */
void learner_each(const struct learner *learner,
                  void (*tell)(void *context, const struct learned *learned),
                  void *context);
