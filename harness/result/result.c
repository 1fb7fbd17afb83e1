/* result.c - see result.h. */
#include "result/result.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void result_init(struct result *result, const struct outline *scenario,
                 const size_t *strategies, const struct plan *plan)
{
    *result = (struct result){
        .scenario = scenario,
        .plan = *plan,
        .shard = SHARD_WHOLE,
        .faults[FAULT_STEP] = true,
        .findings = mem_alloc(plan->strategies * sizeof(*result->findings)),
    };
    for (size_t i = 0; i < plan->strategies; i++) {
        result->findings[i].strategy = &scenario->strategies[strategies[i]];
        result->findings[i].kills.requested = plan->attempts;
    }
}

/* How many attempts of each strategy are this shard's. */
static void count_requested(struct result *result)
{
    uint64_t trials = plan_trials(&result->plan);

    if (result->shard.total == 1)
        return;
    for (size_t i = 0; i < result->plan.strategies; i++)
        result->findings[i].kills.requested = 0;
    for (uint64_t t = result->shard.index; t < trials; t += result->shard.total)
        result->findings[plan_trial(&result->plan, t).strategy].kills.requested++;
}

void result_begin(struct result *result, const struct outline *scenario,
                  const size_t *strategies, size_t count, const struct request *request)
{
    bool kills = faults_include(request->faults, FAULT_KILL);
    struct plan plan = {
        .seed = request->seed,
        .strategies = count,
        .attempts = kills ? request->trials : 0,
    };

    result_init(result, scenario, strategies, &plan);
    result->confidence = request->confidence;
    result->stopping = request->stopping;
    result->killer = request->killer == KILLER_TIMER ? "timer" : "parent";
    result->transport = request->transport == TRANSPORT_TCP ? "tcp" : "unix socket";
    result->rtt_us = 1e6 * request->rtt_s;
    result->kills_wanted = plan.attempts > 0;
    for (enum fault_id id = 0; id < FAULT_COUNT; id++)
        result->faults[id] |= faults_include(request->faults, id);
    result->shard = request->shard;
    count_requested(result);
}

void result_keep_attempts(struct result *result)
{
    for (size_t i = 0; i < result->plan.strategies; i++)
        if (!result->findings[i].attempts)
            result->findings[i].attempts = MEM_NEW(struct attempts);
}

void result_release(struct result *result)
{
    result_foreach (finding, result) {
        attempts_free(finding->attempts);
        free(finding->points);
        free(finding->steps);
        free(finding->sent);
        free(finding->timelines_ns);
        free(finding->samples_ns);
        free(finding->block_starts);
        free(finding->cold);
        free(finding->proofs);
        for (size_t f = 0; f < finding->failure_count; f++) {
            free(finding->failures[f].what);
            free(finding->failures[f].command);
            free(finding->failures[f].fate);
            free(finding->failures[f].printed);
        }
        free(finding->failures);
        for (size_t c = 0; c < finding->cure_count; c++)
            free(finding->cures[c].notation);
        free(finding->cures);
    }
    for (size_t i = 0; i < result->plan.strategies && result->findings; i++)
        intern_release(&result->findings[i].kept);
    free(result->findings);
    free(result->narrative);
    result->narrative = NULL;
    result->findings = NULL;
    result->plan.strategies = 0;
}

static char *copy_of(const char **at, uint32_t length)
{
    char *text = mem_printf("%.*s", (int)length, *at);

    *at += length;
    return text;
}

void result_take_ended(struct result *result, const struct event_ended *event)
{
    struct finding *finding;
    struct failure *failure;
    const char *at = event->text;

    if (event->well || event->strategy < 0)
        return;
    finding = &result->findings[event->strategy];
    finding->failures = mem_grow(finding->failures, finding->failure_count + 1,
                                 sizeof(*finding->failures));
    failure = &finding->failures[finding->failure_count++];
    *failure = (struct failure){ .point = event->point,
                                 .killed = event->killed,
                                 .bytes = event->bytes };
    failure->what = copy_of(&at, event->lengths[ENDED_WHAT]);
    failure->command = copy_of(&at, event->lengths[ENDED_COMMAND]);
    failure->fate = copy_of(&at, event->lengths[ENDED_FATE]);
    failure->printed = copy_of(&at, event->lengths[ENDED_PRINTED]);
}

bool result_is_measured(const struct result *result)
{
    result_foreach (finding, result)
        if (finding->sample_count)
            return true;
    return false;
}

const struct finding *finding_named(const struct result *result, const char *name)
{
    result_foreach (finding, result)
        if (strcmp(finding->strategy->name, name) == 0)
            return finding;
    return NULL;
}

void finding_begin(struct finding *finding, uint64_t commands)
{
    static const struct command unknown = { .name = "" };
    size_t room = (size_t)commands + 1;

    finding->controlled = true;
    finding->commands = commands;
    finding->points = mem_alloc(room * sizeof(*finding->points));
    finding->steps = mem_alloc(room * sizeof(*finding->steps));
    finding->sent = mem_alloc(room * sizeof(*finding->sent));
    for (size_t i = 0; i < room; i++)
        finding->sent[i] = &unknown;
}

void finding_put_command(struct finding *finding, uint64_t index,
                         const struct command *command)
{
    finding->sent[index] = intern_keep(&finding->kept, command, sizeof(*command));
}

void finding_put_example(struct finding *finding, uint64_t point, const char *example)
{
    finding->points[point].example =
        *example ? intern_keep(&finding->kept, example, strlen(example) + 1) : NULL;
}

const char *finding_example(const struct finding *finding, uint64_t point)
{
    const char *example = finding->points[point].example;

    return example ? example : "";
}

uint64_t finding_state(const struct finding *finding, uint64_t point)
{
    return point ? finding->steps[point - 1].state : 0;
}

uint64_t finding_points(const struct finding *finding)
{
    return finding->controlled ? finding->commands + 1 : 0;
}

uint64_t finding_fault_points(const struct finding *finding, enum fault_id id)
{
    return fault_by_id(id)->points(finding->commands, finding->bytes);
}

const char *finding_command(const struct finding *finding, uint64_t point)
{
    return point ? finding->sent[point - 1]->label : "";
}

const char *finding_shown(const struct finding *finding, uint64_t point,
                          char buffer[COMMAND_SHOWN])
{
    return point ? command_shown(finding->sent[point - 1], FINDING_SHOWN, buffer) : "";
}

bool finding_sends_nothing(const struct finding *finding)
{
    return finding->controlled && finding->commands == 0;
}

bool finding_in_one_read(const struct finding *finding)
{
    return finding->trips == 1 && finding->bytes <= finding->read_bytes;
}

const struct proof_count *finding_proof(const struct finding *finding, uint64_t point)
{
    for (size_t i = 0; i < finding->proof_count; i++)
        if (finding->proofs[i].point == point)
            return &finding->proofs[i];
    return NULL;
}

const struct cured *finding_cured(const struct finding *finding, uint64_t point)
{
    for (size_t i = 0; i < finding->cure_count; i++)
        if (finding->cures[i].point == point)
            return &finding->cures[i];
    return NULL;
}

void result_take_cure(struct result *result, const struct event_cure *event)
{
    struct finding *finding = &result->findings[event->strategy];
    struct cured *cured = NULL;

    for (size_t i = 0; i < finding->cure_count; i++)
        if (finding->cures[i].point == event->point)
            cured = &finding->cures[i];
    if (!cured) {
        finding->cures =
            mem_grow(finding->cures, finding->cure_count + 1, sizeof(*finding->cures));
        cured = &finding->cures[finding->cure_count++];
    } else {
        free(cured->notation);
    }
    *cured = (struct cured){
        .point = event->point,
        .remedy = (enum remedy_kind)event->remedy,
        .outcome = (enum cure_outcome)event->outcome,
        .first = (enum cure_outcome)event->first,
        .points = event->points,
        .harmful = event->harmful,
        .words = event->words,
        .lasts_ms = event->lasts_ms,
        .slots = event->slots,
        .took_ns = event->took_ns,
        .notation = mem_strdup(event->notation),
    };
}

bool finding_refuted(const struct finding *finding)
{
    for (size_t i = 0; i < finding->proof_count; i++) {
        const struct proof_count *proof = &finding->proofs[i];

        if (finding->points[proof->point].verdict.later && proof->came && !proof->proved)
            return true;
    }
    return false;
}

bool finding_publishes(const struct finding *finding)
{
    for (uint64_t i = 0; finding->controlled && i < finding->commands; i++)
        if (command_has(finding->sent[i], COMMAND_PUBLISHES))
            return true;
    return false;
}
