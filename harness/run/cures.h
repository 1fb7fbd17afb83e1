/* cures.h - the cures of the harms that a census has found, tried by one lane.
 *
 * What harms there are is known when all lanes have taken their points, by the result. So
 * the fleet asks (go.h), and the first lane tries (trial/cure.h), before it goes on with
 * other faults. Harms of a strategy that are like each other are cured together. Of those
 * that are not, the cure of each is tried together with those of the harms before it, so
 * that one update comes of it that has all of them; by itself, if they do not get on.
 * When an update has no harm left, no more is tried. */
#pragma once

#include "result/gap.h"
#include "run/tell.h"

#define CURES_TRIED 5       /* harms of a strategy; more are all told as advice */
#define CURES_NOTATION 2000 /* bytes of a cured update, of longer ones none is kept */

struct cure_request {
    uint32_t strategy; /* its number in the run */
    uint32_t count;
    unsigned words;                 /* of the harm */
    uint64_t points[REMEDY_PLACES]; /* at which the harms begin; as many as places */
    struct remedy remedies[CURE_REMEDIES];
};

struct cures {
    struct cure_request *requests; /* owned */
    size_t count;
};
void cures_release(struct cures *cures);
void cures_add(struct cures *cures, const struct cure_request *request);

/* Calls ask() for what is to be tried of what a result has, and has not been tried. */
int cures_ask(const struct result *result,
              int (*ask)(int fd, const struct cure_request *request, struct err *err),
              int fd, struct err *err);

/* Tries all, and tells what comes of it. */
int cures_try(struct cures *cures, struct bench *bench, struct teller *teller,
              struct err *err);
