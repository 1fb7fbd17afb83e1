/* told.h - a death of a program, told from what a run has kept of it: nothing is started,
 * and nothing is judged anew.
 *
 * What was sent and answered until the death, the state that it left beside those before
 * and after the update, and what the run found that survivors make of it. Pure. */
#pragma once

#include <stdio.h>

#include "redis/recording.h"
#include "replay/operand.h"
#include "state/snapshot.h"

/* A state, as it is kept. */
struct told_state {
    struct snapshot snapshot; /* sorted; its texts are in its arena; owned */
    struct ttls ttls;         /* the same; the snapshot's `told` */
    uint64_t omitted;         /* changes on the way to it that were too many to be kept */
    bool whole;               /* no text of it is cut */
    bool judged;              /* the signature of what was judged is known: */
    struct signature signature;
};

struct told {
    const char *strategy, *scenario; /* borrowed, as are the texts below */
    uint64_t seed;
    struct recording sent;   /* all of it, with what was answered; owned */
    uint64_t *connection_of; /* each command; owned */
    uint64_t *answered;      /* so many were executed by then; 0: never; owned */
    size_t state;            /* the number of the one that the death left */
    struct told_state old, new, dead;
    int64_t tolerate_ms;
    const char *example; /* what is wrong later; "" if nothing */
    /* Real kills at this point: tried, those whose command came again, those that did the
     * same harm, and the words that they came to. */
    unsigned tried, came, proved, words;
};
void told_release(struct told *told);

/* The death that `replay` names, a crash point of the recording. *ret: are the states
 * that are kept those that were judged? */
int told_write(FILE *out, const struct told *told, const struct replay *replay,
               enum replay_likeness *ret, struct err *err);
