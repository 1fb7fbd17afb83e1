/* walk.h - a walk by cursors that comes to an end, or goes in circles. Pure.
 *
 * Cursors that come again and again never end. That of after 1, 2, 4, 8.. steps is
 * remembered: whoever goes in circles meets it (Brent, "An improved Monte Carlo
 * factorization algorithm", BIT 20, 1980). Some servers may have one cursor for a whole
 * walk, so that alone is none if the walk is not longer than it needs to be. */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct walk {
    uint64_t steps;
    uint64_t asked, shown;
    uint64_t mark, met; /* one that is remembered, and how often it came again */
};

struct walk_step {
    uint64_t mark;         /* the cursor behind it, or what there is in place of one */
    uint64_t asked, shown; /* so many keys, or members */
    uint64_t all;          /* that there are, by the server; 0: it does not say */
    const char *command, *what;
};

/* A step behind which there is another one. -ELOOP: the walk comes to no end. */
int walk_on(struct walk *walk, const struct walk_step *step, struct err *err);
