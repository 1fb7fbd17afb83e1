/* drift.h - do the kills of a run say the same from its beginning to its end? Pure.
 *
 * By blocks of attempts (blocks.h), and for each rate. What is found is part of the
 * sample of a rate (tally_sample()), and so of every interval and test that is made of
 * it. */
#pragma once

#include "result/result.h"
#include "stats/sample.h"

/* Kills that a rate counts, or, after the last one, those whose harm passes. */
#define DRIFT_PASSING RATE_COUNT

/* The design effect of a rate, of which this is the sample without it. */
struct design drift_design(const struct kills *kills, const struct sample *sample,
                           unsigned what);

/* Differences between times in the run that are so large come by chance in less than one
 * of a thousand runs. */
#define DRIFT_LEVEL 0.001
struct drift drift_of(const struct finding *finding, enum tally_rate rate);
bool drift_is_seen(const struct drift *drift);
