/* gate.h - bounds that a run must keep. Pure.
 *
 * A gate holds for every strategy that takes part; but where several do that nobody has
 * chosen, a bound of a rate leaves out those that are expected to do harm, which are
 * there to show the bug. It passes if the whole interval keeps
 * the bound, fails if the whole interval breaks it, and is undecided otherwise: then it
 * says how many kills would decide, if the rate stays what it is. Intervals are those of
 * the report (figure_rate()), so a gate never contradicts what is printed beside it. */
#pragma once

#include "result/exit_status.h"
#include "result/figures.h"
#include "stats/difference.h"
#include "stats/ratio.h"

enum gate_id {
    GATE_HARM,    /* --max-harm-rate: the rate of harm of any kind is below */
    GATE_LEAK,    /* --max-leak-rate: the leak rate is below, whatever else is done */
    GATE_TORN,    /* --max-torn-rate: the torn rate is below */
    GATE_UPDATES, /* --min-updates-ratio: updates per second are at least this many times
                     those of a base; without one, the reference strategy's are those of
                     every other strategy */
    GATE_COUNT,
};

struct gates {
    struct gate_bound {
        bool asked;
        double bound;
    } of[GATE_COUNT];
    bool chosen;      /* the strategies were named, so that all of them are judged */
    bool interleaved; /* the base was made by turns with the run (speed.h) */
};

enum gate_verdict { GATE_PASSES, GATE_FAILS, GATE_UNDECIDED, GATE_LEFT_OUT };

struct gate_outcome {
    enum gate_id gate;
    double bound;
    const struct finding *finding; /* the strategy that is judged; borrowed */
    const struct finding *against; /* GATE_UPDATES: whose updates per second it has beside
                                      it; NULL: nobody's, the base does not have it */
    bool apart; /* GATE_UPDATES: of a run that was made at another time, with which no
                   interval compares it */
    enum gate_verdict verdict;
    struct rate rate;      /* of gates of rates */
    struct ratio ratio;    /* of GATE_UPDATES */
    bool hidden;           /* no number of kills would decide, because the machine was
                              busy, or because of time that no kill has seen */
    uint64_t kills_needed; /* in all, of an undecided rate; without kills so far: so
                              many clean ones would pass. 0: the rate is the bound */
};

struct gate_report {
    struct gate_outcome *outcomes; /* owned; by gate, then in the order of the run */
    size_t count;
};

bool gates_any(const struct gates *gates);

/* Judges a run. `base` may be NULL. ERR_USAGE if a gate has nothing that it could judge:
 * updates are to be compared with the reference strategy's, and it does not take part or
 * is alone. */
int gates_judge(const struct gates *gates, const struct result *result,
                const struct result *base, struct gate_report *ret, struct err *err);
void gate_report_release(struct gate_report *report); /* may be called twice */

/* Fail, else inconclusive, else nothing ran (a gate has left out every strategy), else
 * pass. */
enum exit_status gate_exit_status(const struct gate_report *report);

/* Kills that did harm which GATE_LEAK does not count, of one that passes; else 0. */
uint64_t gate_other_harm(const struct gate_outcome *outcome);

bool gate_is_rate(enum gate_id gate);                     /* it bounds a rate of kills */
const char *gate_option(enum gate_id gate);               /* "max-leak-rate" */
const char *gate_verdict_name(enum gate_verdict verdict); /* "pass" */
