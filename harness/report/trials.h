/* trials.h - every death of a run that is kept, a line of CSV each, as they are read:
 * they may be too many to be held at once. */
#pragma once

#include <stdio.h>

#include "report/sheet.h"
#include "result/result.h"

struct trials {
    FILE *out;                   /* borrowed */
    const struct result *result; /* borrowed */
    struct sheet sheet;          /* of one row at a time */
};

/* Writes the header. */
void trials_begin(struct trials *ret, FILE *out, const struct result *result);
void trials_add(struct trials *trials, const struct event_trial *trial);
void trials_end(struct trials *trials);
