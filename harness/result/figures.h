/* figures.h - what follows from a finding: window, prediction, coverage, exposure. Pure.
 *
 * Times come from the timelines of a few uninterrupted updates by workers that were born
 * for them, as those that are killed. A worker that dies between writing command k and
 * command k + 1 leaves crash point k: Redis may execute what was written although the
 * worker is dead. */
#pragma once

#include "result/tally.h"

/* Time in which a death does what a rate counts (tally.h), ns: from the first point that
 * does to the end of the last; 0 if none does. The median update's. */
uint64_t figure_window_ns(const struct finding *finding, enum tally_rate rate);
/* Duration of the median update, ns; 0 if unknown. */
uint64_t figure_duration_ns(const struct finding *finding);

/* The share of an update's time that is spent in crash points that do harm (or leak): the
 * rate that kills at random instants should show, if Redis keeps up with what is written.
 * `low` and `high` are the quartiles of single updates. */
struct prediction {
    bool known;
    double rate, low, high;
};
struct prediction figure_prediction(const struct finding *finding, enum tally_rate rate);

/* Do prediction and measurement contradict each other? They do if the quartiles, a little
 * widened, and the measured interval have nothing in common. */
#define PREDICTION_SLACK 0.02
bool figure_disagrees(struct prediction prediction, struct interval measured);

/* Can a SIGKILL leave this crash point? Redis executes a prefix of what was written, and
 * sees that the worker is gone only between two reads: at the end of a write, and every
 * finding->read_bytes from where a read began. */
bool figure_reachable(const struct finding *finding, uint64_t point);

/* Crash points that leave the same state, one after the other, are one place: a kill
 * cannot tell them apart. */
struct reach {
    uint64_t reachable; /* places that kills can reach */
    uint64_t hit;       /* of these, by at least one kill */
    uint64_t missing;   /* a point of the first place that was not hit; meaningless if all
                           were */
};
struct reach figure_reach(const struct finding *finding);

/* What a rate counts, per million SIGKILLs at random times, if the update is made once
 * per period: 1e6 x duration / period x rate, of the warm updates' mean duration. The
 * interval has at least the confidence: half of what it leaves out is spent on the rate's
 * interval, half on the mean's (Bonferroni). The rate's is stopping_interval()'s. */
struct exposure {
    bool known;
    double estimate, low, high;
};
struct exposure figure_exposure(const struct finding *finding, enum tally_rate rate,
                                double period_s, double confidence,
                                const struct stopping *rules);

/* Seconds between two updates: the scenario's parameter `period`; 0 if it has none. */
double figure_period_s(const struct outline *scenario);

/* How long the longest harm of a crash point lasts, also one that passes, ms. */
int64_t figure_lasts_ms(const struct finding *finding);
/* Were there more moments than are looked at, so that this is rounded up? */
bool figure_merged(const struct finding *finding);

/* The crash points that do harm, or those that do only what passes. */
struct damage {
    uint64_t points;  /* how many */
    uint64_t first;   /* finding_points() if there is none */
    unsigned words;   /* of all together */
    int64_t lasts_ms; /* the longest */
};
struct damage figure_harm(const struct finding *finding);
struct damage figure_passing(const struct finding *finding);

/* What all reports say of a rate. */
struct rate {
    uint64_t hits, of;
    double estimate; /* 0 of nothing: 0 */
    struct interval interval;
};
struct rate figure_rate(const struct result *result, uint64_t hits, uint64_t of);
/* Are attempts that landed inside the update so few, surely below four of five, that it
 * is worth a remark? */
bool figure_misses(struct rate valid);
struct rate figure_kill_rate(const struct result *result, const struct finding *finding,
                             enum tally_rate rate);
/* Of the valid kills, those that did harm which ends before it is not tolerated. */
struct rate figure_passing_rate(const struct result *result,
                                const struct finding *finding);
/* How its interval came about: "clopper-pearson" or "confidence-sequence". */
const char *figure_method(const struct result *result);

/* Costs, from the samples. Zero without samples. */
struct costs {
    double p50_us, p90_us, p99_us, per_second;
};
struct costs figure_costs(const struct finding *finding);

/* Work over the wall time of its stage (all its faults'), of all lanes together; 0 if
 * there was none. */
double figure_kills_per_second(const struct result *result);  /* attempts */
double figure_points_per_second(const struct result *result); /* of the census */
double figure_strikes_per_second(const struct result *result, enum fault_id id);
