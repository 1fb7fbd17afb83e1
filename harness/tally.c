/* tally.c - see tally.h. */
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"

void result_init(struct result *result, const struct scenario *scenario,
                 const size_t *strategies, const struct plan *plan)
{
    memset(result, 0, sizeof(*result));
    result->scenario = scenario;
    result->plan = *plan;
    result->findings = mem_alloc(plan->strategies * sizeof(*result->findings));
    for (size_t i = 0; i < plan->strategies; i++) {
        result->findings[i].strategy = &scenario->strategies[strategies[i]];
        result->findings[i].kills.requested = plan->attempts;
    }
}

void result_release(struct result *result)
{
    for (size_t i = 0; i < result->plan.strategies; i++) {
        free(result->findings[i].points);
        free(result->findings[i].timeline_ns);
        free(result->findings[i].samples_ns);
    }
    free(result->findings);
    result->findings = NULL;
    result->plan.strategies = 0;
}

static void count_words(struct words *words, enum now now, unsigned later)
{
    words->now[now]++;
    words->clean += later == 0;
    for (unsigned i = 0; i < LATER_COUNT; i++)
        words->later[i] += later >> i & 1;
}

static int take_hello(struct result *result, const struct message_hello *hello,
                      struct err *err)
{
    (void)err;
    memcpy(result->server, hello->version, sizeof(result->server));
    return 0;
}

static int contradiction(const struct finding *finding, const char *what, struct err *err)
{
    return err_set(
        err, ERR_USAGE,
        "strategy '%s': two lanes disagree about %s; nothing in a scenario may depend "
        "on chance, on the clock or on the server's own ids",
        finding->strategy->name, what);
}

static int take_control(struct result *result, const struct message_control *control,
                        struct err *err)
{
    struct finding *finding = &result->findings[control->strategy];

    if (finding->controlled) {
        if (finding->commands != control->commands || finding->bytes != control->bytes ||
            finding->trips != control->trips)
            return contradiction(finding, "what it sends", err);
        if (!signature_equal(finding->done, control->done) ||
            finding->uncrashed != control->uncrashed)
            return contradiction(finding, "what a completed update leaves", err);
        return 0;
    }
    finding->controlled = true;
    finding->commands = control->commands;
    finding->bytes = control->bytes;
    finding->trips = control->trips;
    finding->done = control->done;
    finding->uncrashed = control->uncrashed;
    memcpy(finding->uncrashed_example, control->example,
           sizeof(finding->uncrashed_example));
    finding->points =
        mem_alloc((size_t)(control->commands + 1) * sizeof(*finding->points));
    return 0;
}

static int take_samples(struct result *result, const struct message_samples *samples,
                        struct err *err)
{
    struct finding *finding = &result->findings[samples->strategy];
    size_t count = (size_t)samples->count;

    (void)err;
    if (samples->kind == SAMPLES_TIMELINE) {
        free(finding->timeline_ns);
        finding->timeline_ns =
            mem_copy(samples->values, count * sizeof(*samples->values));
        return 0;
    }
    finding->samples_ns = mem_grow(finding->samples_ns, finding->sample_count + count + 1,
                                   sizeof(*finding->samples_ns));
    memcpy(finding->samples_ns + finding->sample_count, samples->values,
           count * sizeof(*samples->values));
    finding->sample_count += count;
    return 0;
}

static int take_point(struct result *result, const struct message_point *message,
                      struct err *err)
{
    struct finding *finding = &result->findings[message->strategy];
    struct point *point;

    if (!finding->controlled || message->index > finding->commands)
        return contradiction(finding, "how many commands it sends", err);
    point = &finding->points[message->index];
    if (point->taken && !signature_equal(point->signature, message->signature))
        return contradiction(finding, "what a crash point leaves", err);
    point->taken = true;
    point->now = (enum now)message->now;
    point->later = message->later;
    point->signature = message->signature;
    memcpy(point->command, message->command, sizeof(point->command));
    memcpy(point->example, message->example, sizeof(point->example));
    return 0;
}

/* The crash point whose state a death left: Redis executed a prefix, of a length between
 * the replies that were read and the commands that were written. NULL: unexplained. */
static struct point *explain(struct finding *finding, const struct message_trial *trial)
{
    for (uint64_t k = trial->replies;
         finding->controlled && k <= trial->commands && k <= finding->commands; k++)
        if (finding->points[k].taken &&
            signature_equal(finding->points[k].signature, trial->signature))
            return &finding->points[k];
    return NULL;
}

static void note_unexplained(struct result *result, const struct finding *finding,
                             const struct message_trial *trial)
{
    char later[LATER_TEXT];

    if (result->unexplained[0])
        return;
    snprintf(result->unexplained, sizeof(result->unexplained),
             "trial %llu of '%s' (%s; %llu commands written, %llu replies read) left a "
             "state that "
             "no crash point in that range leaves; it is %s now and %s later",
             (unsigned long long)trial->number, finding->strategy->name,
             outcome_name((enum outcome)trial->outcome),
             (unsigned long long)trial->commands, (unsigned long long)trial->replies,
             now_name((enum now)trial->now), later_text(trial->later, later));
}

static int take_trial(struct result *result, const struct message_trial *trial)
{
    struct finding *finding = &result->findings[trial->strategy];
    struct kills *kills = &finding->kills;
    struct point *point = explain(finding, trial);
    bool valid = trial->outcome == OUTCOME_VALID ||
                 (trial->outcome == OUTCOME_MISSED && mutant("misses-clean"));

    kills->outcomes[valid ? OUTCOME_VALID : trial->outcome]++;
    if (!point) {
        kills->unexplained++;
        note_unexplained(result, finding, trial);
    }
    if (!valid)
        return 0;
    count_words(&kills->words, (enum now)trial->now, trial->later);
    if (point)
        point->kills++;
    return 0;
}

static int take_note(struct result *result, const struct message_note *note)
{
    if (!result->first_error[0])
        snprintf(result->first_error, sizeof(result->first_error), "trial %llu: %s",
                 (unsigned long long)note->number, note->text);
    return 0;
}

int tally_take(struct result *result, enum message_type type, const void *body,
               size_t bytes, struct err *err)
{
    const struct message_trial *trials = body;

    switch (type) {
    case MESSAGE_HELLO:
        return take_hello(result, body, err);
    case MESSAGE_CONTROL:
        return take_control(result, body, err);
    case MESSAGE_SAMPLES:
        return take_samples(result, body, err);
    case MESSAGE_POINT:
        return take_point(result, body, err);
    case MESSAGE_TRIALS:
        for (size_t i = 0; i < bytes / sizeof(*trials); i++)
            take_trial(result, &trials[i]);
        return 0;
    case MESSAGE_NOTE:
        return take_note(result, body);
    case MESSAGE_READY:
    case MESSAGE_ALIVE:
    case MESSAGE_DONE:
    case MESSAGE_ERROR:
        return 0;
    }
    return err_set(err, -EPROTO, "a lane sent a message of unknown type %d", (int)type);
}

struct words tally_census(const struct finding *finding)
{
    struct words words = { .clean = 0 };

    for (uint64_t k = 0; finding->controlled && k <= finding->commands; k++)
        if (finding->points[k].taken)
            count_words(&words, finding->points[k].now, finding->points[k].later);
    return words;
}

bool tally_census_complete(const struct finding *finding)
{
    if (!finding->controlled)
        return false;
    for (uint64_t k = 0; k <= finding->commands; k++)
        if (!finding->points[k].taken)
            return false;
    return true;
}

uint64_t tally_attempts(const struct finding *finding)
{
    uint64_t sum = 0;

    for (int i = 0; i < OUTCOME_COUNT; i++)
        sum += finding->kills.outcomes[i];
    return sum;
}

uint64_t tally_harmed(const struct words *words, uint64_t total)
{
    return total - words->clean;
}

uint64_t tally_window_ns(const struct finding *finding)
{
    uint64_t first = UINT64_MAX, last = 0, from_ns;

    if (!finding->controlled || !finding->timeline_ns)
        return 0;
    for (uint64_t k = 0; k <= finding->commands; k++) {
        if (!(finding->points[k].later & LATER_LEAKED))
            continue;
        if (first == UINT64_MAX)
            first = k;
        last = k;
    }
    if (first == UINT64_MAX)
        return 0;
    from_ns = first ? finding->timeline_ns[first - 1] : 0;
    return finding->timeline_ns[last] - from_ns;
}

uint64_t tally_duration_ns(const struct finding *finding)
{
    return finding->timeline_ns ? finding->timeline_ns[finding->commands] : 0;
}

enum strategy_verdict tally_verdict(const struct finding *finding)
{
    struct words words = tally_census(finding);
    unsigned later = 0;
    bool disturbed = words.now[NOW_GAP] || words.now[NOW_TORN];

    if (!finding->strategy->expect || !tally_census_complete(finding))
        return VERDICT_NONE;
    for (unsigned i = 0; i < LATER_COUNT; i++)
        later |= words.later[i] ? 1u << i : 0;
    return expect_met(finding->strategy->expect, disturbed, later, finding->uncrashed)
               ? VERDICT_PASS
               : VERDICT_FAIL;
}

enum exit_status tally_exit_status(const struct result *result)
{
    bool failed = false, unexplained = false, ran = false;

    for (size_t i = 0; i < result->plan.strategies; i++) {
        const struct finding *finding = &result->findings[i];

        failed |= tally_verdict(finding) == VERDICT_FAIL;
        unexplained |= finding->kills.unexplained > 0;
        ran |= tally_census_complete(finding);
    }
    if (result->interrupted)
        return EXIT_INTERRUPTED;
    if (result->trouble[0] || unexplained)
        return EXIT_INFRASTRUCTURE;
    if (failed)
        return EXIT_FAIL;
    return ran ? EXIT_PASS : EXIT_NOTHING_RAN;
}
