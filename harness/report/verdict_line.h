/* verdict_line.h - the last line of a document: what it comes to, in one word, and why.
 *
 *     PASS: 6 of 6 strategies do what is expected of them: 4 do harm, 2 do not.
 *     PASS: 2 of 2 strategies do what is expected of them, but 77% of kills to old leave
 *         it stuck for up to 12 h.
 *     FAIL: per-field was expected to be safe, and is not: 25 of 28 crash points do harm.
 *     INCONCLUSIVE: script does not decide --max-leak-rate 1%, about 300 more kills
 * would. NO VERDICT: nothing was expected of any strategy.
 *
 * or ERROR, or INTERRUPTED, as the exit status says: it is the worst of all that a run is
 * held to, and the line tells all reasons for it, and none for anything better. */
#pragma once

#include "report/style.h"
#include "result/conclusion.h"
#include "result/sweep.h"

/* Without a newline; the caller frees them. `conclusion` may be NULL. */
char *verdict_line_run(const struct result *result, const struct conclusion *conclusion);
char *verdict_line_comparison(const struct comparison *comparison);
char *verdict_line_sweep(const struct sweep *sweep);

/* The line, green or red. */
void verdict_line_write(FILE *out, const char *line, struct report_style style);

/* "PASS" of EXIT_PASS, ... */
const char *verdict_word(enum exit_status status);
