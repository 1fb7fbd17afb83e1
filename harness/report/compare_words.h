/* compare_words.h - the words that the reports of a comparison share. Each text is one
 * line that the caller frees. */
#pragma once

#include "result/compare.h"

/* Whose row it is: "a", or "a beside b" of a pair. */
char *compare_name(const struct comparison *comparison, const struct comparison_row *row);
/* All that there is to say of one row, but not its regression. */
char *compare_sentence(const struct comparison *comparison,
                       const struct comparison_row *row);
/* What a commit's message can quote: scenario, strategy, the crash point or the rate, and
 * what was before. NULL: it has not regressed. */
char *compare_regression(const struct comparison *comparison,
                         const struct comparison_row *row);
/* What ends in time, and lasts longer than it did: no regression, but not nothing. NULL:
 * there is nothing of the kind. */
char *compare_longer(const struct comparison_row *row);
/* Strategies that only one side has: "a, b". NULL: there are none. */
char *compare_only_in(const struct result *one, const struct result *other);
/* What the new side is by a rate: "worse", "not distinguishable"; of a pair, the census
 * may tell apart what these kills do not: "worse by census". */
const char *compare_told(const struct comparison *comparison,
                         const struct comparison_row *row, enum tally_rate id);
/* Which test and interval the differences have, and why. */
char *compare_test(const struct comparison *comparison);
/* Has its sentence more to say than the tables? Always of two runs; pairs are many. */
bool compare_says_more(const struct comparison *comparison,
                       const struct comparison_row *row);
