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
/* When the median update wrote command `index` + 1, which is when crash point `index`
 * ended, ns; of the last point, when the update ended. 0 if unknown. */
uint64_t figure_written_ns(const struct finding *finding, uint64_t index);

/* What all reports say of a rate. */
struct rate {
    uint64_t hits, of;
    double estimate; /* 0 of nothing: 0 */
    struct interval interval;
    const char *method; /* of the interval: "clopper-pearson", "weighted"
                           (stats/weighted.h), "korn-graubard" (stats/sample.h) or
                           "confidence-sequence" */
    double effect;      /* so many times fewer independent kills would tell as much */
};

/* The share of update time that is spent in crash points that do harm (or leak): the rate
 * that kills at random instants should show, if Redis keeps up with what is written. Of
 * updates that nobody interrupts, made as those that are killed and in between them. With
 * the bootstrap's interval (stats/ratio.h), repeatable for a seed; of too few updates it
 * is all that is possible. */
struct prediction {
    bool known;
    double rate;
    struct interval interval;
    size_t updates;
};
struct prediction figure_prediction(const struct result *result,
                                    const struct finding *finding, enum tally_rate rate);

/* The measured rate less the prediction, with MOVER's interval (stats/difference.h). They
 * contradict each other if all of it is beyond what is allowed for a clock that is read
 * before a command is written, and an update that ends after its last reply. */
#define PREDICTION_SLACK 0.02
struct agreement {
    bool known; /* both are */
    double difference;
    struct interval interval;
    bool agrees; /* true if it is not known */
    /* What the data show of why, if they do not. */
    double unexecuted; /* the share of valid kills that left commands that had been
                          written and were not executed */
};
struct agreement figure_agreement(const struct finding *finding, struct rate measured,
                                  const struct prediction *prediction);

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
 * per period: 1e6 x (time per update in which a death does that) / period. That time is
 * the weight of the kills that did over the number of attempts (weighted.h), so all of it
 * comes from the updates that were killed, long ones as often as they are. Under a
 * stopping rule it is the share of update time (stopping_interval()) times the mean
 * update's, each with half of the error (Bonferroni). Not known without weights. */
struct exposure {
    bool known;
    bool seen; /* at least one kill did it */
    double estimate, low, high;
};
struct exposure figure_exposure(const struct finding *finding, enum tally_rate rate,
                                double period_s, double confidence,
                                const struct stopping *rules);

/* The share of update time, as far as kills look at it, that belongs to updates that were
 * held up: workers and Redis waited for a CPU that others had for more than a quarter of
 * what the update takes, among updates as those that are killed. One that is held up
 * stands still in one place until it goes on or is killed, and what it does later is seen
 * too rarely; so nothing that was seen in it says much of one that is not. Of updates
 * that take longer than most only by that, kills look at what most take (worker.h). 0
 * where nobody looked. */
double figure_contention(const struct finding *finding);

/* The share of update time that is later than all valid kills, at most (the upper end of
 * a two-sided 95% interval): by the durations of updates as those that are killed, of
 * which few may be long, and then nobody knows well how many. What a death does there
 * nobody has seen, but for the census. 0 if none of them was later, and of runs without
 * weights. */
double figure_unsampled(const struct finding *finding);

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

/* A rate of a sample. */
struct rate figure_rate(const struct result *result, struct sample sample);
/* Are attempts that landed inside the update so few, surely below three of five, that it
 * is worth a remark? */
bool figure_misses(struct rate valid);
/* The attempts that did, of all. */
struct rate figure_valid(const struct result *result, const struct finding *finding);
/* Its interval is widened by the time that no kill has seen (figure_unsampled()): all of
 * it may do what the rate counts, if any crash point does, or none of it. And so that it
 * holds for updates that nobody holds up: what was seen in those that were may all be
 * what the rate counts, or none of it (figure_contention()). */
struct rate figure_kill_rate(const struct result *result, const struct finding *finding,
                             enum tally_rate rate);
/* The same of another sample of it: of more kills, to which as much is hidden. */
struct rate figure_kill_rate_of(const struct result *result,
                                const struct finding *finding, enum tally_rate rate,
                                struct sample sample);
/* The width of the widest of these intervals, high - low. */
double figure_widest(const struct result *result, const struct finding *finding);
/* Of the valid kills, those that did harm which ends before it is not tolerated. */
struct rate figure_passing_rate(const struct result *result,
                                const struct finding *finding);

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
