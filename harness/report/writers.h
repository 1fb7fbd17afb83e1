/* writers.h - a writer for each document in each format: the cells of format.c's table. A
 * writer lays out what it is given; it computes nothing that another would have to
 * compute again (that is result/'s). */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "report/replayed.h"
#include "report/style.h"
#include "result/check.h"
#include "result/conclusion.h"
#include "result/sweep.h"

struct audit;
struct rounds;
struct outline;

struct list {
    const struct outline *const *scenarios; /* borrowed */
    size_t count;
};

void run_text(FILE *out, const struct result *result, struct report_style style);
void run_json(FILE *out, const struct result *result, struct report_style style);

void run_html(FILE *out, const struct result *result, struct report_style style);

/* Of an update without a file: the points of the first strategy, and what follows. */
void try_text(FILE *out, const struct result *result, struct report_style style);

void sweep_text(FILE *out, const struct sweep *sweep, struct report_style style);
void sweep_json(FILE *out, const struct sweep *sweep, struct report_style style);
void sweep_html(FILE *out, const struct sweep *sweep, struct report_style style);

void compare_text(FILE *out, const struct comparison *comparison,
                  struct report_style style);
void compare_json(FILE *out, const struct comparison *comparison,
                  struct report_style style);
void compare_html(FILE *out, const struct comparison *comparison,
                  struct report_style style);

/* A death of a run that is kept. */
int replay_text(FILE *out, const struct replayed *replayed, struct report_style style,
                struct err *err);
int replay_json(FILE *out, const struct replayed *replayed, struct report_style style,
                struct err *err);

/* Scenarios that can be run; in full with all that they say of themselves. */
void list_text(FILE *out, const struct list *list, struct report_style style);
void list_json(FILE *out, const struct list *list, struct report_style style);

/* What a live server has that should have expired; as many groups as the style says. */
void audit_text(FILE *out, const struct audit *audit, struct report_style style);
void audit_json(FILE *out, const struct audit *audit, struct report_style style);
/* A line: what has leaked since the round before. */
void round_text(FILE *out, const struct audit *audit, const struct rounds *rounds);
void audit_html(FILE *out, const struct audit *audit, struct report_style style);
void audit_prometheus(FILE *out, const struct audit *audit, struct report_style style);

void check_text(FILE *out, const struct check *check, struct report_style style);
void check_json(FILE *out, const struct check *check, struct report_style style);
void check_html(FILE *out, const struct check *check, struct report_style style);
