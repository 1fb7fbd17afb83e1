/* words.h - what several documents say in the same words. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "report/style.h"
#include "report/table.h"
#include "result/figures.h"
#include "stats/ratio.h"

/* Texts are written into the caller's buffer, which is returned. */

/* Three significant digits, never more than needed: 25%, 8.33%, 0.368%. */
const char *words_percent(char *buffer, size_t size, double share);
/* "83.1% [80.7, 85.4]", "below 0.368%", "above 99.6%", "-" of nothing. */
const char *words_rate(char *buffer, size_t size, struct rate rate);
/* The same with two digits: "83% [80, 86]", "below 0.37%". */
const char *words_rate_short(char *buffer, size_t size, struct rate rate);
/* "52.1% [50.9, 53.3]", of what no kills were counted for. */
const char *words_estimate(char *buffer, size_t size, double estimate,
                           struct interval interval);
/* How many decimals show so many digits of a number; those of the largest of an interval
 * do for all of it. */
int words_decimals(double number, int digits);
/* A number, rounded to so many decimals; a 0 never has a sign. */
double words_rounded(double number, int decimals, double (*round_to)(double));
/* The upper end of a rate, rounded up: "0.369%". */
const char *words_upper(char *buffer, size_t size, double share);
/* "87 us", "5.1 ms", "2.3 s" */
const char *words_duration(char *buffer, size_t size, double us);
/* A rate of kills, in a table. */
void words_set_rate(struct table *table, size_t column, const struct result *result,
                    const struct finding *finding, enum tally_rate rate);
/* How long what its crash points leave lasts at most: "for ever", "12 h"; nothing if
 * there is neither harm nor anything that passes. */
void words_set_lasts(struct table *table, size_t column, const struct finding *finding);
/* Is there anything to tell of what passes? */
bool words_anything_passes(const struct result *result);
/* "+10% [6.1, 13.9]", in percentage points. */
const char *words_difference(char *buffer, size_t size, double estimate,
                             struct interval interval);
/* "2.05 [1.98, 2.13]"; "2.05" if there is no interval, "-" if nothing is known. */
const char *words_ratio(char *buffer, size_t size, const struct ratio *ratio);
const char *words_p(char *buffer, size_t size, double p); /* "0.012", "<0.0001" */
/* A number of kills that would decide, rounded up to two digits: "about 41000". */
const char *words_kills(char *buffer, size_t size, uint64_t kills);

/* What the crash points do: "2 leaked, 3 mixed, 1 also stuck"; "" if none does harm. */
const char *words_kinds(const struct finding *finding, char *buffer, size_t size);
/* The same of what passes. */
const char *words_passing(const struct finding *finding, char *buffer, size_t size);
/* "for 12 h", "for ever", "until recovery runs again" of 0; of several points, whose
 * longest it is, "for up to 12 h". */
#define WORDS_LASTS (LASTS_TEXT + 16)
const char *words_lasts(char buffer[WORDS_LASTS], int64_t lasts_ms);
const char *words_lasts_most(char buffer[WORDS_LASTS], const struct damage *damage);
/* Is the expectation met? "yes", "NO", "not known"; "" if nothing is expected. */
const char *words_met(const struct finding *finding);
/* The same for programs: "pass", "fail", "none". */
const char *words_verdict(const struct finding *finding);
/* The command that performs a crash point again, narrated, as one of the kills that
 * landed there if there is one; the caller frees it. NULL: the run is not kept. */
char *words_replay(const struct result *result, const struct finding *finding,
                   uint64_t point, struct report_style style);

/* What can be tried, in the notation: on a line of its own, to be copied. */
void words_try(FILE *out, struct report_style style, const char *what,
               const char *options, const char *line);

void words_color(FILE *out, bool wanted, const char *color); /* an escape sequence */
/* Breaks a text at its blanks into lines; all but the first are indented. Or all of them.
 */
void words_indented(FILE *out, struct report_style style, const char *text);
void words_wrapped(FILE *out, struct report_style style, const char *text);
/* The scenario, the server, the lanes and the seed, in one line if it has room. */
void words_title(FILE *out, const struct result *result, struct report_style style);
/* The scenario's parameters, in one line, and an empty one behind them. */
void words_parameters(FILE *out, const struct result *result);
/* How the intervals came about, if the run stopped by a rule; else nothing. */
void words_method(FILE *out, const struct result *result, struct report_style style);
/* Errors, unexplained states and what ended the run early; `where` is "" or
 * " at NAME=VALUE". */
void words_troubles(FILE *out, const struct result *result, const char *where);
