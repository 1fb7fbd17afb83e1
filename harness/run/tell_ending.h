/* tell_ending.h - what programs print that are not recorded (`before`, and survivors), as
 * far as it is worth to be kept: of those that end well the first of each, and of those
 * that do not the first after each death. */
#pragma once

#include "run/tell.h"
#include "trial/routine.h"

#define ENDING_FIRST 4096 /* bytes of what one has printed */
#define ENDING_LAST 4096
#define ENDINGS_MOST 1000 /* of a run; those that end well come first */

struct ending_teller {
    struct teller *teller; /* borrowed, like the next one */
    const struct judge *judge;
    uint64_t *told; /* hashes of what was told; owned */
    size_t count;
};
void ending_teller_release(struct ending_teller *ended);

/* The teller must outlive it. */
struct routine_watch ending_teller_watch(struct ending_teller *ended);
