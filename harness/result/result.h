/* result.h - what was found: all that reports need, which only lay it out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/intern.h"
#include "base/sha1.h"
#include "plan/plan.h"
#include "plan/request.h"
#include "plan/shard.h"
#include "replay/operand.h"
#include "result/blocks.h"
#include "result/event.h"
#include "result/instants.h"
#include "result/pairing.h"
#include "scenario/outline.h"
#include "stats/sequence.h"
#include "stats/thinned.h"
#include "stats/weighted.h"
#include "trial/fault.h"
#include "trial/phase.h"
#include "trial/remedy.h"

struct point {
    bool taken;
    bool alike; /* it leaves the old state, times to live included */
    struct verdict verdict;
    struct signature signature;
    uint64_t kills;                /* valid kills that left exactly this state here */
    uint64_t strikes[FAULT_COUNT]; /* points of other faults that leave it, too */
    bool has_trial;
    uint64_t example_trial; /* the lowest number of those kills: whatever the lanes, the
                               same one */
    const char *example;    /* see finding_example(); NULL: none */
};

/* The words of verdicts, counted. Something with two words counts under both. */
struct words {
    uint64_t now[NOW_COUNT];
    uint64_t clean;   /* no harm that outlasts what is tolerated */
    uint64_t passing; /* harm that ends before */
    uint64_t later[LATER_COUNT];
};

/* Of the valid kills, how many.. */
enum tally_rate {
    RATE_HARMED, /* ..did harm of any kind, */
    RATE_LEAKED, /* ..left a leak, */
    RATE_TORN,   /* ..left a state that is torn before the next update */
    RATE_COUNT,
};

struct kills {
    uint64_t requested; /* attempts that were planned */
    uint64_t outcomes[OUTCOME_COUNT];
    uint64_t unexplained; /* deaths whose state is no crash point's between `replies` and
                             `commands` */
    struct words words;   /* of the valid ones */
    /* Their weights (plan/aim.h), ns; of those that a rate counts, and of those whose
     * harm passes. All are empty if weights are not known: then they are equal. */
    struct weighted weights, counted[RATE_COUNT], passing;
    struct kill_blocks blocks; /* of the valid ones, by their numbers */
    uint64_t unexecuted;       /* that left commands which had been written, and were not
                                  executed */
    uint64_t latest_ns;        /* at which one fell, after the update's beginning */
    struct instants instants;  /* of all that came while a worker lived, or too late */
};

/* What came of a fault's points, each tried once. */
struct strikes {
    uint64_t points;      /* tried */
    uint64_t unexplained; /* not the state of the crash point before */
    struct words words;
};

/* One command of the update, beside its words (finding.sent). */
struct step {
    uint64_t end, write, replies; /* see event.h */
    bool key_was_there;
    uint64_t connection, state; /* of a program; see event.h */
};

/* A harm of a program's, done by real kills. */
struct proof_count {
    uint64_t point;
    unsigned tried, came, proved, same; /* see event.h */
    unsigned words;                     /* what they came to, all together */
};

/* A survivor that did not end well. */
struct failure {
    int64_t point;                         /* after which death; -1: nobody had died */
    bool killed;                           /* that was a real one */
    char *what, *command, *fate, *printed; /* owned */
    uint64_t bytes;                        /* that it printed */
};

/* What came of the cure of a harm; see event.h. */
struct cured {
    uint64_t point;
    enum remedy_kind remedy;
    enum cure_outcome outcome, first;
    uint64_t points, harmful;
    unsigned words;
    int64_t lasts_ms;
    bool slots;
    uint64_t took_ns;
    char *notation; /* owned */
};

enum strategy_verdict { VERDICT_NONE, VERDICT_PASS, VERDICT_FAIL };

/* What is known of one strategy. */
struct finding {
    const struct strategy *strategy; /* borrowed from the scenario */
    bool controlled;                 /* its control is known: the rest means something */
    uint64_t commands, bytes, trips;
    uint64_t read_bytes; /* what Redis takes at most in one read */
    struct signature done;
    /* Words of what it does without any crash: its own recovery to the old state, beside
     * the reference's; its completed update. */
    unsigned unbegun, uncrashed, uncrashed_passing;
    int64_t uncrashed_lasts_ms;
    char unbegun_example[EXAMPLE_TEXT], uncrashed_example[EXAMPLE_TEXT];
    struct point *points; /* commands + 1 of them; owned */
    struct step *steps;   /* `commands` of them, from point k to k + 1; owned */
    /* The words of each; owned. Of a long program many are equal, and so are examples:
     * each is in `kept` once. */
    const struct command **sent;
    struct intern kept;
    uint64_t *timelines_ns; /* rows of commands + 1: when command k + 1 was written, and
                               the end; owned */
    size_t timeline_count;
    struct thinned timelines, colds; /* what is kept of them (measured.h) */
    uint64_t *samples_ns; /* durations of warm updates; owned */
    size_t sample_count;
    /* Where those begin that were measured in one block: block i of all strategies is of
     * one lane and one time (speed.h); owned. None of what was read from a baseline. */
    size_t *block_starts;
    size_t block_count;
    struct cold {
        uint64_t ran_ns, waited_ns;
    } * cold; /* updates as those that were killed; owned */
    size_t cold_count;
    bool blind; /* of some of them nobody knows whether they waited */
    /* Of a baseline, which has none of them: what figures.h makes of them. */
    struct unseen {
        bool known;
        double unsampled, contention;
    } unseen;
    struct kills kills;
    struct attempts *attempts; /* what came of each; NULL: that is not kept; owned */
    struct strikes strikes[FAULT_COUNT]; /* of faults that have points (fault.h) */
    /* Of a program; 0: it is none. */
    uint64_t connections, states, varying, compared, same, first; /* see event.h */
    bool true_time;
    struct proof_count *proofs; /* in the order of their points; owned */
    size_t proof_count;
    struct failure
        *failures; /* of its survivors that are programs, as they came; owned */
    size_t failure_count;
    struct cured *cures; /* that were tried; owned */
    size_t cure_count;
};

/* Loads are averages over a minute. Before a run begins, it has no part in them. */
struct machine_load {
    unsigned cpus;     /* that the run may use; 0: not known */
    bool begun, ended; /* are these known? */
    double load_begin, load_end;
};

struct result {
    const struct outline *scenario; /* borrowed */
    struct plan plan;
    struct shard
        shard; /* of the kills and the points of other faults, that is run here */
    struct finding *findings; /* plan.strategies of them; owned */
    size_t lanes;
    char server[64];       /* "redis 7.0.15"; "" until known */
    const char *transport; /* "unix socket" */
    double rtt_us;         /* that was added on the way to Redis */
    struct machine_load machine;
    double confidence;
    struct stopping stopping; /* what the run waited for; 0: a number of attempts */
    const char *killer;
    bool kills_wanted;
    bool faults[FAULT_COUNT]; /* that were asked for; the census is always taken */
    unsigned stages;          /* that all lanes are through */
    double stage_seconds[STAGE_COUNT];
    struct trial_times times; /* of the kills, all lanes together */
    const char *directory;    /* where the run is kept; NULL: it is not; borrowed */
    char missing[256];        /* shards that were not there to be merged; "" if none */
    char made[SHA1_TEXT];     /* a digest of its times: the same of one and the same run
                                 only; "" until it is loaded from where it is kept */
    char turns[48];           /* the same in two runs that took turns; "" in all others */
    uint64_t slices;          /* that such a run is made of */
    uint64_t shards;  /* that a merged run is made of, with those that are missing;
                         0: it is not merged, or that is not kept */
    bool complete;    /* everything planned was done */
    bool outdated;    /* by an older afterkill, whose words meant something else */
    bool interrupted; /* a signal asked */
    /* The lowest numbers: of the trials that two of the texts below are about. */
    uint64_t error_trial, unexplained_trial;
    char trouble[1024];    /* the error that ended the run early; "" if none did */
    char first_error[600]; /* why a trial ended in an error; "" if none did */
    char unexplained[512]; /* the first unexplained death, in words; "" if none */
    char *narrative;       /* of a replay (replay.h); owned, NULL if there is none */
    enum replay_likeness likeness; /* what was performed to what was recorded */
};

/* for (each fault of which a result has points, beside those of the census). */
#define result_foreach_fault(id, result)                                                 \
    for (enum fault_id id = FAULT_NONE; id < FAULT_COUNT; id++)                          \
        if (!(result)->faults[id] || fault_by_id(id)->stage != STAGE_POINTS)             \
            continue;                                                                    \
        else

/* for (each finding of a result): in the order in which strategies take part. */
#define result_foreach(finding, result)                                                  \
    for (const struct finding *finding = (result)->findings;                             \
         (size_t)(finding - (result)->findings) < (result)->plan.strategies; finding++)

void result_init(struct result *result, const struct outline *scenario,
                 const size_t *strategies, const struct plan *plan);
/* The same, with everything that the run was asked for. */
void result_begin(struct result *result, const struct outline *scenario,
                  const size_t *strategies, size_t count, const struct request *request);
/* Keeps what comes of each attempt from now on, for pairs with those of another side. */
void result_keep_attempts(struct result *result);
void result_release(struct result *result);

/* Takes in a program that has ended, if it is a survivor that did not end well. */
void result_take_ended(struct result *result, const struct event_ended *event);

/* Is it known of any strategy how long its updates take? Not of programs, nor where
 * nobody asked. */
bool result_is_measured(const struct result *result);

/* The strategy of that name; NULL: it does not take part. */
const struct finding *finding_named(const struct result *result, const char *name);
/* Makes room for what will be known of an update of so many commands: it is controlled,
 * and its commands have no words yet. */
void finding_begin(struct finding *finding, uint64_t commands);
/* The words of a command, from 0 on; what a crash point leaves that is wrong. */
void finding_put_command(struct finding *finding, uint64_t index,
                         const struct command *command);
void finding_put_example(struct finding *finding, uint64_t point, const char *example);
/* "": nothing is wrong there, or nobody knows what. */
const char *finding_example(const struct finding *finding, uint64_t point);
/* Which of a program's states a crash point leaves. */
uint64_t finding_state(const struct finding *finding, uint64_t point);
/* How many crash points there are: 0 as long as that is not known. */
uint64_t finding_points(const struct finding *finding);
/* Is there nothing to interrupt? */
bool finding_sends_nothing(const struct finding *finding);
/* Does all of its update arrive at once, in one read of Redis's? */
bool finding_in_one_read(const struct finding *finding);
/* What came of the proof of a point's harm; NULL: it was not tried. */
const struct proof_count *finding_proof(const struct finding *finding, uint64_t point);
/* What came of the cure of the harm that begins at a point; NULL: none was tried. */
const struct cured *finding_cured(const struct finding *finding, uint64_t point);
/* Takes in what came of one; one that is known of the point is replaced. */
void result_take_cure(struct result *result, const struct event_cure *event);
/* Is there a harm that real kills did not do again, although they died where it begins?
 */
bool finding_refuted(const struct finding *finding);
/* Does its update publish messages, which are part of no state and not judged? */
bool finding_publishes(const struct finding *finding);
/* How many points of a fault there are, if it has some. */
uint64_t finding_fault_points(const struct finding *finding, enum fault_id id);
/* The label of the command after which crash point `point` comes, by which points of
 * different runs are matched; "" before any. */
const char *finding_command(const struct finding *finding, uint64_t point);
/* The same command for people: see command_shown(). */
#define FINDING_SHOWN 48
const char *finding_shown(const struct finding *finding, uint64_t point,
                          char buffer[COMMAND_SHOWN]);
