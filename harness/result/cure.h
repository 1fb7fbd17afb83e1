/* cure.h - which two commands must be one, and how that is usually done. Pure.
 *
 * The census knows the first crash point that does harm for good, and the first later one
 * that does none. The command before the former begins the harm and the one before the
 * latter ends it: this pair must be atomic. A table of patterns, each from real bugs,
 * tells the usual cure from what the two commands are. It is advice: nothing is judged by
 * it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "redis/command.h"

struct hint_input {
    const struct command *commands; /* of a complete update */
    size_t count;
    size_t first;   /* the first crash point with lasting harm: so many commands were
                       executed */
    size_t healed;  /* the first later one without; count + 1: even the completed update
                       does harm */
    unsigned later; /* enum later, of the first harmful point */
    bool key_was_there; /* before the update: the key of command first - 1 */
};

/* One line, terminated. False if there is nothing sensible to say; the buffer is "" then.
 * 300 bytes are enough for keys of usual length. */
bool hint_write(const struct hint_input *input, char *buffer, size_t size);
