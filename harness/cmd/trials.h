/* trials.h - a row per trial, in place of a row per strategy. */
#pragma once

#include <stdio.h>

#include "cmd/options.h"
#include "result/result.h"

/* What --rows asks for. */
enum row_of { ROWS_STRATEGIES, ROWS_TRIALS };

int option_rows(const struct cmd_option *option, void *target, const char *text,
                struct err *err); /* enum row_of */
/* Refuses rows that there are not in a format. */
int rows_check(enum row_of rows, const struct format *format, struct err *err);

/* The row of --rows. */
#define OPTION_ROWS(in_group, target)                                                    \
    {                                                                                    \
        .name = "rows", .value = "strategies|trials",                                    \
        .about = "What a row of CSV is about (default strategies)", .group = (in_group), \
        .take = option_rows, .at = (target)                                              \
    }

/* Writes the trials of a run that is kept in its directory. */
int trials_write(FILE *out, const struct result *result, const char *directory,
                 struct err *err);
