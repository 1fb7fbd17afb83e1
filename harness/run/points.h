/* points.h - a lane's walk over the crash points of a stage: each is struck by its fault,
 * what it leaves is judged, and told.
 *
 * Points that a program's command left as they were are not struck again: what the one
 * before them came to is told. Behind a program's last point its harms are proved. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/prove.h"

struct agenda;
struct fleet_options;

struct points {
    const struct fleet_options *options;
    const bool *faults;    /* that strike, by their ids */
    struct agenda *agenda; /* of all lanes */
    struct bench *bench;   /* its judge has learned before anything is taken */
    struct teller *teller; /* borrowed, as all above; hears what is found */
    struct prove prove;    /* harms of programs */
    struct latest {        /* what a program left at its latest point */
        const struct subject *subject;
        size_t state;
        struct judgement judgement;
        bool alike;
    } latest;
    uint64_t states_begun; /* of the strategy that is at work */
};

void points_release(struct points *points); /* all zeros are fine */

/* Takes this lane's share of a stage's points, and flushes what it has told. */
int points_take(struct points *points, enum stage stage, struct err *err);
