/* check_words.h - the words that the reports of a check share. Each text is one line that
 * the caller frees. */
#pragma once

#include "result/check.h"

/* "leaked 25 of 28 points, first after HSET ..."; "leaked 2 of 4 points for up to 12 h,
 * first .."; "clean at all 6
 * points, stuck for up to 12 h at 2". */
char *check_found(const struct check_strategy *strategy);
/* "148 of 176 did harm", "none of 180 did harm"; with how many were left out for want of
 * time. "" if none was asked for. */
char *check_kills(const struct check_strategy *strategy);
/* Why a strategy does not do what is expected, with what stays in Redis, and what to do
 * about it. */
char *check_reason(const struct check_scenario *scenario,
                   const struct check_strategy *strategy);
char *check_advice(const struct check_strategy *strategy);
/* The command that shows more, of the program as it is called. `strategy` may be NULL. */
char *check_reproduce(const struct check *check, const struct check_scenario *scenario,
                      const struct check_strategy *strategy, const char *program);
/* "2 of 4 crash points of lock/old leave it stuck for up to 12 h", of what passes;
 * `whose` is " of lock/old", or "". NULL: nothing passes. */
char *check_passing_text(const struct check_strategy *strategy, const char *whose);
/* "26 scenarios, 71 strategies: 70 as expected, 1 not"; behind "but", the longest of what
 * passes. */
char *check_summary(const struct check *check);
/* The same behind the word for its exit status: "PASS: 26 scenarios, ..". */
char *check_verdict_line(const struct check *check);
/* Why a scenario has no verdicts; it may have been left out. */
const char *check_no_verdict(const struct check_scenario *scenario);
/* "atomic", "leaked+stuck", "only duplicated", "nothing". */
const char *check_expected(const struct check_strategy *strategy,
                           char buffer[EXPECT_TEXT]);
