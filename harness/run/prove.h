/* prove.h - what recordings show, done by real deaths: the harms that the census of a
 * program found are collected, and then each is tried again (trial/proof.h). */
#pragma once

#include "run/tell.h"
#include "trial/proof.h"

#define PROVE_KILLS 2        /* of each harm */
#define PROVE_ALL UINT64_MAX /* every harmful point, and not the first of its kind */
#define PROVE_EVERY (PROVE_ALL - 1) /* every point, harmful or not */
#define PROVE_EACH (PROVE_ALL - 2)  /* the first point of each kind */

struct prove {
    struct harm {
        size_t subject;
        uint64_t point;
        unsigned words; /* 0: none */
        bool chosen;    /* to be proved */
    } * harms;          /* in order of the points; owned */
    size_t count;
};

void prove_release(struct prove *prove);

/* A point of the census; of one that is no program's, nothing. */
void prove_note(struct prove *prove, const struct subject *subject, size_t index,
                uint64_t point, const struct verdict *verdict);

/* All points of the subject were taken, which is one of a run with programs: at most so
 * many of its harms are proved, of each set of words that at the first point that has it.
 * Then all is known of it, which is told, and need not be found again. */
int prove_all(struct prove *prove, struct bench *bench, size_t subject, uint64_t most,
              struct teller *teller, struct err *err);
