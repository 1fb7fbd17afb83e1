/* sweep.h - the runs of one invocation: one per value of a parameter, or just one.
 *
 * A plain run is a sweep without a parameter, so that there is one path from the command
 * line to the report. Runs are independent of each other and follow the same schedule;
 * what is compared is only their results. Pure: cmd/sweep_load loads the scenarios. */
#pragma once

#include "result/exit_status.h"
#include "result/result.h"

struct sweep {
    char *parameter; /* NULL: a plain run, whose one value has no name; owned */
    char **values;   /* as given; owned */
    size_t wanted;   /* how many values */
    const struct outline **outlines; /* of the scenario with each value; the array is
                                        owned, they are borrowed */
    struct result *results;          /* of the runs that were begun, in order; owned */
    struct request *requests;        /* of each; owned */
    char **directories;              /* where each is kept, or NULL; owned */
    size_t count;
};

/* A sweep of one run. */
void sweep_init(struct sweep *sweep);
void sweep_release(struct sweep *sweep); /* may be called twice */

/* Makes it a sweep by "NAME=V1,V2,...", where a value may be a range (range.h). */
int sweep_parse(struct sweep *sweep, const char *text, struct err *err);

/* The scenario with value number `run`. Refuses a value that means the same as one
 * before. */
int sweep_add(struct sweep *sweep, size_t run, const struct outline *outline,
              struct err *err);

/* The numbers of the runs in ascending order of their values: of numbers as numbers, else
 * as given. The caller frees it. */
size_t *sweep_order(const struct sweep *sweep);

/* Is "up to this value" a meaningful thing to say? */
bool sweep_is_numeric(const struct sweep *sweep);

/* The worst of the results', in the order interrupted, infrastructure, fail,
 * inconclusive, nothing ran, pass. */
enum exit_status sweep_exit_status(const struct sweep *sweep);
