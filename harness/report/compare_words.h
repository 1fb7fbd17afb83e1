/* compare_words.h - reports of a comparison, and the words they share. A table of
 * writers, like format.h's of a run. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "result/compare.h"

struct compare_format {
    const char *name;
    void (*write)(FILE *out, const struct comparison *comparison, bool color);
};

const struct compare_format *compare_format_by_name(const char *name); /* NULL: none */

void compare_write_text(FILE *out, const struct comparison *comparison, bool color);
void compare_write_json(FILE *out, const struct comparison *comparison, bool color);

json_t *compare_json(const struct comparison *comparison); /* the caller owns it */

/* What they say. Each is one line that the caller frees. */

/* All that there is to say of one row, but not its regression. */
char *compare_sentence(const struct comparison *comparison,
                       const struct comparison_row *row);
/* What a commit's message can quote: scenario, strategy, the crash point or the rate, and
 * what was before. NULL: it has not regressed. */
char *compare_regression(const struct comparison *comparison,
                         const struct comparison_row *row);
/* Strategies that only one side has: "a, b". NULL: there are none. */
char *compare_only_in(const struct result *one, const struct result *other);

/* "+10% [6.1, 13.9]", in percentage points. */
void difference_text(char *buffer, size_t size, double estimate,
                     struct interval interval);
void p_text(char *buffer, size_t size, double p); /* "0.012", "<0.0001" */
/* A number of kills that would decide, rounded up to two digits: "about 41000". */
void kills_text(char *buffer, size_t size, uint64_t kills);
