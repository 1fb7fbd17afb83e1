/* tally.c - see tally.h. */
#include "result/tally.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "result/drift.h"
#include "result/measured.h"

static int take_hello(struct result *result, const struct event_hello *hello,
                      struct err *err)
{
    if (result->server[0] && strcmp(result->server, hello->version) != 0)
        return err_set(err, ERR_USAGE,
                       "one part of the run found %s and another %s; a run is made with "
                       "one server",
                       result->server, hello->version);
    memcpy(result->server, hello->version, sizeof(result->server));
    for (size_t i = 0; i < result->plan.strategies; i++)
        result->findings[i].read_bytes = hello->read_bytes;
    return 0;
}

int tally_contradiction(const struct finding *finding, const char *what, struct err *err)
{
    return err_set(
        err, ERR_USAGE,
        "strategy '%s': two lanes disagree about %s, or this run and what is kept of it; "
        "nothing in a scenario may depend on chance, on the clock (does a key expire at "
        "a time of it?) or on the server's own ids",
        finding->strategy->name, what);
}

static int take_control(struct result *result, const struct event_control *control,
                        struct err *err)
{
    struct finding *finding = &result->findings[control->strategy];

    if (finding->controlled) {
        if (finding->commands != control->commands || finding->bytes != control->bytes ||
            finding->trips != control->trips)
            return tally_contradiction(finding, "what it sends", err);
        if (!signature_equal(finding->done, control->done) ||
            finding->unbegun != control->unbegun ||
            finding->uncrashed != control->uncrashed ||
            finding->uncrashed_passing != control->uncrashed_passing)
            return tally_contradiction(finding, "what a completed update leaves", err);
        return 0;
    }
    finding_begin(finding, control->commands);
    finding->bytes = control->bytes;
    finding->trips = control->trips;
    finding->done = control->done;
    finding->unbegun = control->unbegun;
    finding->uncrashed_passing = control->uncrashed_passing;
    finding->uncrashed_lasts_ms = control->uncrashed_lasts_ms;
    memcpy(finding->unbegun_example, control->unbegun_example,
           sizeof(finding->unbegun_example));
    finding->uncrashed = control->uncrashed;
    memcpy(finding->uncrashed_example, control->example,
           sizeof(finding->uncrashed_example));
    return 0;
}

static int take_command(struct result *result, const struct event_command *event,
                        struct err *err)
{
    struct finding *finding = &result->findings[event->strategy];

    if (!finding->controlled || event->index >= finding->commands)
        return tally_contradiction(finding, "how many commands it sends", err);
    finding->steps[event->index] = (struct step){
        .end = event->end,
        .write = event->write,
        .replies = event->replies,
        .key_was_there = event->key_was_there,
        .connection = event->connection,
        .state = event->state,
    };
    finding_put_command(finding, event->index, &event->command);
    return 0;
}

static int take_point(struct result *result, const struct event_point *event,
                      struct err *err)
{
    struct finding *finding = &result->findings[event->strategy];
    struct point *point;

    if (!finding->controlled || event->index > finding->commands)
        return tally_contradiction(finding, "how many commands it sends", err);
    point = &finding->points[event->index];
    if (point->taken && !signature_equal(point->signature, event->signature))
        return tally_contradiction(finding, "what a crash point leaves", err);
    point->taken = true;
    point->alike = event->alike;
    point->verdict = event->verdict;
    point->signature = event->signature;
    finding_put_example(finding, event->index, event->example);
    return 0;
}

struct point *tally_explain(struct finding *finding, const struct event_trial *trial)
{
    for (uint64_t k = trial->replies;
         finding->controlled && k <= trial->commands && k <= finding->commands; k++)
        if (finding->points[k].taken &&
            signature_equal(finding->points[k].signature, trial->signature) &&
            verdict_equal(&finding->points[k].verdict, &trial->verdict))
            return &finding->points[k];
    return NULL;
}

static void note_unexplained(struct result *result, const struct finding *finding,
                             const struct event_trial *trial)
{
    char later[LATER_TEXT];

    if (result->unexplained[0] && trial->number >= result->unexplained_trial)
        return;
    result->unexplained_trial = trial->number;
    snprintf(
        result->unexplained, sizeof(result->unexplained),
        "%s %llu of '%s' (%s; %llu commands written, %llu replies read) left a "
        "state that no crash point in that range leaves, or not with this verdict; it "
        "is %s now and %s later",
        fault_by_id(trial->fault)->point, (unsigned long long)trial->number,
        finding->strategy->name, outcome_name((enum outcome)trial->outcome),
        (unsigned long long)trial->commands, (unsigned long long)trial->replies,
        now_name(trial->verdict.now), later_text(trial->verdict.later, later));
}

/* A bit for each thing that it counts for. */
static unsigned counted_for(const struct verdict *verdict)
{
    unsigned bits = verdict->passing ? 1u << DRIFT_PASSING : 0;

    for (int i = 0; i < RATE_COUNT; i++)
        bits |= tally_counts((enum tally_rate)i, verdict) ? 1u << i : 0;
    return bits;
}

/* By its weight, and by the time at which it came. */
static void weigh(struct kills *kills, const struct event_trial *trial, uint64_t place,
                  unsigned bits)
{
    double weight = mutant("weights-equal") ? 1 : trial->weight_ns;

    blocks_add(&kills->blocks, place, weight, bits);
    if (trial->kill_ns > kills->latest_ns)
        kills->latest_ns = trial->kill_ns;
    if (!(weight > 0))
        return;
    weighted_add(&kills->weights, weight);
    for (int i = 0; i < RATE_COUNT; i++)
        if (bits >> i & 1)
            weighted_add(&kills->counted[i], weight);
    if (trial->verdict.passing)
        weighted_add(&kills->passing, weight);
}

static void take_kill(struct result *result, struct finding *finding,
                      const struct event_trial *trial)
{
    struct kills *kills = &finding->kills;
    struct point *point = tally_explain(finding, trial);
    uint64_t attempt = trial->number / result->plan.strategies;
    uint64_t order =
        shard_order(result->shards, plan_trials(&result->plan), trial->number);
    unsigned bits = counted_for(&trial->verdict);
    bool valid = trial->outcome == OUTCOME_VALID ||
                 (trial->outcome == OUTCOME_MISSED && mutant("misses-clean"));

    kills->outcomes[valid ? OUTCOME_VALID : trial->outcome]++;
    if (valid || trial->outcome == OUTCOME_MISSED || trial->outcome == OUTCOME_EARLY)
        instants_add(&kills->instants, trial->kill_ns, valid);
    if (!point) {
        kills->unexplained++;
        note_unexplained(result, finding, trial);
    }
    if (finding->attempts)
        attempts_add(finding->attempts, attempt, valid ? ATTEMPT_OF(bits) : 0,
                     trial->weight_ns);
    if (!valid)
        return;
    words_count(&kills->words, &trial->verdict);
    weigh(kills, trial, order / result->plan.strategies, bits);
    if (!point)
        return;
    kills->unexecuted += (uint64_t)(point - finding->points) < trial->commands;
    point->kills++;
    if (!point->has_trial || trial->number < point->example_trial)
        point->example_trial = trial->number;
    point->has_trial = true;
}

static void take_strike(struct result *result, struct finding *finding,
                        const struct event_trial *trial)
{
    struct strikes *strikes = &finding->strikes[trial->fault];
    struct point *point = tally_explain(finding, trial);

    strikes->points++;
    words_count(&strikes->words, &trial->verdict);
    if (point) {
        point->strikes[trial->fault]++;
    } else {
        strikes->unexplained++;
        note_unexplained(result, finding, trial);
    }
}

static void take_trial(struct result *result, const struct event_trial *trial)
{
    struct finding *finding = &result->findings[trial->strategy];

    if (fault_by_id(trial->fault)->points)
        take_strike(result, finding, trial);
    else
        take_kill(result, finding, trial);
}

static int take_program(struct result *result, const struct event_program *event)
{
    struct finding *finding = &result->findings[event->strategy];

    finding->connections = event->connections;
    finding->states = event->states;
    finding->varying = event->varying;
    finding->compared = event->compared;
    finding->same = event->same;
    finding->first = event->first;
    finding->true_time = event->true_time;
    return 0;
}

static int take_proof(struct result *result, const struct event_proof *event,
                      struct err *err)
{
    struct finding *finding = &result->findings[event->strategy];

    if (!finding->controlled || event->point > finding->commands)
        return tally_contradiction(finding, "how many commands it sends", err);
    finding->proofs =
        mem_grow(finding->proofs, finding->proof_count + 1, sizeof(*finding->proofs));
    finding->proofs[finding->proof_count++] =
        (struct proof_count){ event->point,  event->tried, event->came,
                              event->proved, event->same,  event->words };
    return 0;
}

static int take_note(struct result *result, const struct event_note *note)
{
    if (result->first_error[0] && note->number >= result->error_trial)
        return 0;
    result->error_trial = note->number;
    snprintf(result->first_error, sizeof(result->first_error), "trial %llu: %s",
             (unsigned long long)note->number, note->text);
    return 0;
}

/* A long text comes in pieces. */
static int take_text(struct result *result, const char *piece, size_t bytes)
{
    size_t used = result->narrative ? strlen(result->narrative) : 0;

    result->narrative = mem_grow(result->narrative, used + bytes + 1, 1);
    memcpy(result->narrative + used, piece, bytes);
    result->narrative[used + bytes] = '\0';
    return 0;
}

void tally_add_times(struct result *result, const struct trial_times *times)
{
    result->times.trials += times->trials;
    for (size_t i = 0; i < PHASE_COUNT; i++)
        result->times.phase_ns[i] += times->phase_ns[i];
}

int tally_take(struct result *result, enum event_type type, const void *body,
               size_t bytes, struct err *err)
{
    const struct event_trial *trials = body;

    switch (type) {
    case EVENT_HELLO:
        return take_hello(result, body, err);
    case EVENT_CONTROL:
        return take_control(result, body, err);
    case EVENT_COMMAND:
        return take_command(result, body, err);
    case EVENT_SAMPLES:
        return measured_take(result, body, err);
    case EVENT_BLOCK:
        measured_take_block(result, body);
        return 0;
    case EVENT_POINT:
        return take_point(result, body, err);
    case EVENT_TRIALS:
        for (size_t i = 0; i < bytes / sizeof(*trials); i++)
            take_trial(result, &trials[i]);
        return 0;
    case EVENT_NOTE:
        return take_note(result, body);
    case EVENT_PROGRAM:
        return take_program(result, body);
    case EVENT_PROOF:
        return take_proof(result, body, err);
    case EVENT_CURE:
        result_take_cure(result, body);
        return 0;
    case EVENT_ENDED:
        result_take_ended(result, body);
        return 0;
    case EVENT_TEXT:
        return take_text(result, body, bytes);
    case EVENT_REPLAY:
        result->likeness = (enum replay_likeness) * (const uint32_t *)body;
        return 0;
    case EVENT_TIMES:
        tally_add_times(result, body);
        return 0;
    case EVENT_OUTPUT: /* is kept, and in no report, as the next ones */
    case EVENT_HEARD:
    case EVENT_CHANGE:
    case EVENT_LIFE:
    case EVENT_LEFT:
    case EVENT_TIMED:
    case EVENT_OVER:
    case EVENT_READY:
    case EVENT_ALIVE:
    case EVENT_DONE:
    case EVENT_ERROR:
        return 0;
    }
    return err_set(err, -EPROTO, "a lane sent an event of unknown type %d", (int)type);
}
