/* glimpse.h - the first of what a key has, so that somebody may know it again.
 *
 * It is read by commands that give so many elements and no more, whatever the key has;
 * what SCAN of a small hash or set gives is cut here. An element may be long, so keys of
 * very much memory are left alone, and what is kept is cut. Reading a key resets its idle
 * time, so nobody does it who was not told to. */
#pragma once

#include "audit/ask.h"
#include "audit/group.h"

#define GLIMPSE_MOST 20  /* elements of a key */
#define GLIMPSE_WORDS 9  /* of an element: an entry of a stream has its id and fields */
#define GLIMPSE_BYTES 64 /* of a word that are kept */
#define GLIMPSE_MEMORY (INT64_C(16) << 20) /* of a key that is read */

/* A list's or set's element; a field with its value; a member with its score; an entry of
 * a stream; what a string begins with. */
struct element {
    char
        *words[GLIMPSE_WORDS]; /* in the quotes of redis-cli, "..." behind what was cut */
    size_t count;
};

struct glimpse {
    struct element *elements; /* owned; NULL: it was not read */
    size_t count;
};

/* Of a key of this type and memory: asks for so many; nothing if it is not to be read.
 * Returns whether an answer will come. */
bool glimpse_ask(struct ask *ask, struct str key, enum key_type type, int64_t bytes,
                 uint64_t elements);
/* Takes it. A key that has gone, or become of another type, has nothing. */
int glimpse_take(struct ask *ask, enum key_type type, uint64_t elements,
                 struct glimpse *ret, struct err *err);
void glimpse_release(struct glimpse *glimpse); /* may be called twice */
