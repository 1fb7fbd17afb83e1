/* style.h - how a document is laid out for whoever reads it. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct conclusion;

struct report_style {
    bool color;
    bool full;        /* all that was found; else the short report of a run */
    bool points;      /* with a table of all crash points; full */
    bool line;        /* in one line, of JSON */
    unsigned rows;    /* of a table of groups; 0: all */
    unsigned columns; /* of the terminal; 0: STYLE_COLUMNS */
    /* What afterkill is called here ("tools/run"), for commands to be copied; NULL:
     * STYLE_PROGRAM. */
    const char *program;
    /* How many workers there are, and how often one of them is killed; 0: nobody said. */
    struct fleet_size {
        double workers, kills_per_day;
    } fleet;
    FILE *summary; /* gets a second account, of formats that have one; NULL: none is
                      wanted */
    /* What the run is held to besides what its scenario expects; NULL: nothing. */
    const struct conclusion *conclusion;
};

#define STYLE_PROGRAM "afterkill" /* where nobody calls it otherwise */
#define STYLE_COLUMNS 96          /* where there is no terminal */

static inline const char *style_program(struct report_style style)
{
    return style.program ? style.program : STYLE_PROGRAM;
}
