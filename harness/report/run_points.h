/* run_points.h - the crash points of a run in their order. */
#pragma once

#include "report/format.h"

/* One line per strategy, one letter per crash point; and how many of the places that
 * kills can reach they hit. */
void report_strips(FILE *out, const struct result *result, struct report_style style);

/* One table per strategy, one row per crash point. */
void report_points(FILE *out, const struct result *result, struct report_style style);
