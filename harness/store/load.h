/* load.h - a run that is kept, loaded: what was asked for, the outline of its scenario,
 * and the result. */
#pragma once

#include "store/read.h"

/* A run as it was loaded. Its scenario has names, words and parameters, and no
 * functions. */
struct saved {
    char *directory;
    struct request request;
    struct outline *scenario;
    struct result result;
};

/* Loads a run, finished or not. What is not one, or of a newer schema, is ERR_USAGE;
 * what is damaged, an error that says so. */
int saved_load(const char *directory, struct saved *ret, struct err *err);
/* The same, with what came of each attempt, for a comparison. */
int saved_load_attempts(const char *directory, struct saved *ret, struct err *err);
void saved_release(struct saved *saved); /* may be called twice */

/* The same of an open file, and only a part of it (of enum stored). */
int saved_load_parts(const char *directory, struct database *database, unsigned what,
                     struct saved *ret, struct err *err);

/* Tells the tally what is stored (of enum stored). The result has been begun
 * (result_init) for the strategies that took part, in their order. */
int stored_tally(struct database *database, unsigned what, struct result *result,
                 struct err *err);
