/* run_text.h - what the text reports of a run and of a sweep have in common. */
#pragma once

#include "report/format.h"

/* Three significant digits, never more than needed: 25%, 8.33%, 0.368%. */
void percent(char *buffer, size_t size, double share);
/* "83.1% [80.7, 85.4]", "below 0.368%", "above 99.6%", "-" of nothing. */
void rate_text(char *buffer, size_t size, struct rate rate);

/* "3 mixed, 1 lost": harm at crash points other than leaks; "" if there is none. */
void other_harm(const struct finding *finding, char *buffer, size_t size);
bool any_other_harm(const struct result *result);
/* "yes", "NO", "not known"; "" if nothing is expected. */
const char *met_text(const struct finding *finding);

/* A paragraph on each strategy. */
void write_sentences(FILE *out, const struct result *result);
/* How the intervals came about, if the run stopped by a rule; else nothing. */
void write_method(FILE *out, const struct result *result);

void paint(FILE *out, bool wanted, const char *color); /* an escape sequence */
/* Breaks a text at its blanks into lines; all but the first are indented. */
void write_wrapped(FILE *out, const char *words);
/* The scenario, the server, the lanes and the seed, in one line. */
void write_title(FILE *out, const struct result *result);
/* Errors, unexplained states and what ended the run early; `where` is "" or
 * " at NAME=VALUE". */
void write_troubles(FILE *out, const struct result *result, const char *where);
