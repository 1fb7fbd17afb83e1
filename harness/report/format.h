/* format.h - a table of writers. A writer lays out a result; it computes nothing that
 * another report would have to compute again (that is tally.h's and interval.h's). */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "result/exit_status.h"
#include "result/figures.h"
#include "result/result.h"
#include "result/sweep.h"

struct comparison;
struct gate_report;

struct report_style {
    bool color;
    bool points; /* with a table of all crash points */
    /* What the run is held to besides what its scenario expects; NULL: nothing. */
    const struct comparison *comparison;
    const struct gate_report *gates;
};

/* The exit status of a run with all that it is held to. */
enum exit_status report_exit_status(const struct result *result,
                                    struct report_style style);

struct report_format {
    const char *name;
    const char *about;
    const char *file; /* its name in a run's directory */
    void (*write)(FILE *out, const struct result *result, struct report_style style);
    void (*write_sweep)(FILE *out, const struct sweep *sweep, struct report_style style);
};

const struct report_format *report_format_by_name(
    const char *name);                                      /* NULL if there is none */
const struct report_format *report_format_at(size_t index); /* NULL past the end */

void report_text(FILE *out, const struct result *result, struct report_style style);
void report_json(FILE *out, const struct result *result, struct report_style style);
void report_sweep_text(FILE *out, const struct sweep *sweep, struct report_style style);
void report_sweep_json(FILE *out, const struct sweep *sweep, struct report_style style);

/* The command that performs a crash point again, narrated, as one of the kills that
 * landed there if there is one; the caller frees it. NULL: the run is not kept. */
char *report_replay(const struct result *result, const struct finding *finding,
                    uint64_t point);
