/* doubts.h - what makes the interval of a rate wider than its kills do, in words. */
#pragma once

#include "result/figures.h"

/* "" if there is nothing to say; else one or two sentences. The caller frees it. */
char *doubts_text(const struct finding *finding);
/* Why so few attempts landed inside the update; "" if they are not so few. The caller
 * frees it. */
char *doubts_of_misses(const struct result *result, const struct finding *finding);
/* The same as the first of all strategies together: the most that is said of one. */
char *doubts_of_run(const struct result *result);
