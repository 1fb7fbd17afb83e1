/* run_json.c - a result as one JSON object: see docs/afterkill-results.5.scd. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "report/json_put.h"
#include "report/parts.h"
#include "report/verdict_line.h"
#include "report/words.h"
#include "report/writers.h"
#include "result/as_sent.h"
#include "result/cured.h"
#include "result/drift.h"
#include "result/gap.h"
#include "result/listed.h"
#include "result/machine.h"
#include "result/place.h"
#include "result/tally.h"

static void put_census(json_t *object, const struct finding *finding)
{
    struct words words = tally_census(finding);
    uint64_t points = 0;

    for (uint64_t k = 0; k < finding_points(finding); k++)
        points += finding->points[k].taken;
    json_put_census(object, points, &words);
}

static json_t *rate_object(const struct result *result, struct rate rate)
{
    json_t *object = json_object();

    json_put_interval(object, rate.of ? rate.estimate : NAN, rate.interval);
    json_put_real(object, "confidence", result->confidence);
    json_put_text(object, "method", rate.method);
    json_put_real(object, "design_effect", rate.effect);
    return object;
}

static json_t *rate(const struct result *result, const struct finding *finding,
                    enum tally_rate of)
{
    return rate_object(result, figure_kill_rate(result, finding, of));
}

/* Null as long as nothing is known. */
static json_t *predicted(const struct result *result, const struct finding *finding,
                         enum tally_rate id)
{
    struct prediction prediction = figure_prediction(result, finding, id);
    struct agreement agreement =
        figure_agreement(finding, figure_kill_rate(result, finding, id), &prediction);
    json_t *object, *difference;

    if (!prediction.known)
        return json_null();
    object = json_object();
    json_put_interval(object, prediction.rate, prediction.interval);
    json_put_whole(object, "updates", prediction.updates);
    if (!agreement.known)
        return object;
    difference = json_object();
    json_put_interval(difference, agreement.difference, agreement.interval);
    json_put(object, "difference", difference);
    json_put_flag(object, "agrees", agreement.agrees);
    return object;
}

static json_t *exposure(const struct result *result, const struct finding *finding,
                        enum tally_rate id)
{
    double period_s = figure_period_s(result->scenario);
    struct exposure exposure =
        figure_exposure(finding, id, period_s, result->confidence, &result->stopping);
    json_t *object;

    if (!exposure.known)
        return json_null();
    object = json_object();
    json_put_interval(object, exposure.estimate,
                      (struct interval){ exposure.low, exposure.high });
    json_put_real(object, "period_s", period_s);
    return object;
}

static json_t *coverage(const struct finding *finding)
{
    struct reach reach = figure_reach(finding);
    json_t *object = json_object();

    json_put_whole(object, "reachable", reach.reachable);
    json_put_whole(object, "hit", reach.hit);
    return object;
}

static json_t *strikes(const struct finding *finding, enum fault_id id)
{
    const struct strikes *strikes = &finding->strikes[id];
    json_t *object = json_object();

    json_put_whole(object, "positions", strikes->points);
    json_put_whole(object, "classes", tally_classes(finding, id));
    json_put_whole(object, "unexplained", strikes->unexplained);
    json_put_words(object, &strikes->words);
    return object;
}

/* What is called after a fault's points, like "byte_positions_per_second". */
static void put_of_points(json_t *object, enum fault_id id, const char *rest,
                          json_t *value)
{
    const char *const *points = fault_by_id(id)->plural;
    CLEANUP(mem_freep) char *key = mem_printf("%s_%s%s", points[0], points[1], rest);

    json_put(object, key, value);
}

static json_t *points(const struct finding *finding)
{
    CLEANUP(listed_release) struct listed listed = listed_begin(finding);
    json_t *array = json_array();

    for (uint64_t k = 0; k < finding_points(finding); k++) {
        const struct point *point = &finding->points[k];
        json_t *object;

        if (!listed_has(&listed, k))
            continue;
        object = json_object();
        json_put_whole(object, "index", k);
        json_put_text(object, "command", finding_command(finding, k));
        if (k)
            json_put_some(object, "line", finding->sent[k - 1]->line);
        if (finding->states)
            json_put_whole(object, "state", finding_state(finding, k));
        if (finding->states && k)
            json_put_whole(object, "connection", finding->steps[k - 1].connection);
        json_put_text(object, "now", now_name(point->verdict.now));
        json_put_later(object, "later", point->verdict.later);
        json_put_later(object, "passing", point->verdict.passing);
        json_put_lasts(object, "lasts", point->verdict.lasts_ms);
        json_put_whole(object, "kills", point->kills);
        if (point->has_trial)
            json_put_whole(object, "trial", point->example_trial);
        json_put_flag(object, "reachable", figure_reachable(finding, k));
        for (enum fault_id id = FAULT_NONE; id < FAULT_COUNT; id++)
            if (finding->strikes[id].points)
                put_of_points(object, id, "",
                              json_integer((json_int_t)point->strikes[id]));
        json_put_some(object, "example", finding_example(finding, k));
        json_array_append_new(array, object);
    }
    return array;
}

/* How many real kills at points of a gap did its harm again; nothing if none was tried.
 */
static void put_proved(json_t *object, const struct finding *finding,
                       const struct gap *gap)
{
    uint64_t proved = 0, tried = 0;

    for (size_t i = 0; i < finding->proof_count; i++) {
        const struct proof_count *proof = &finding->proofs[i];

        if (proof->point < gap->first || proof->point > gap->last)
            continue;
        proved += proof->proved;
        tried += proof->tried;
    }
    if (tried)
        json_put_whole(object, "proved", proved);
}

static json_t *cure_object(const struct finding *finding, const struct gap *begun,
                           const struct gap *gap, const char *text)
{
    const struct cured *cured = gap_cured(finding, gap);
    json_t *object = json_object();
    char beside[CURE_TEXT];

    json_put_text(object, "text", text);
    json_put_flag(object, "tried", cured);
    if (gap->first != begun->first)
        json_put_whole(object, "of", gap->first);
    if (!cured) {
        json_put_text(object, "reason", cured_reason(finding, gap));
        return object;
    }
    if (gap_beside(finding, gap, beside, sizeof(beside)))
        json_put_text(object, "beside", beside);
    json_put_some(object, "notation", cured->notation);
    json_put_whole(object, "points", cured->points);
    json_put_whole(object, "harmful_points", cured->harmful);
    if (cured->harmful)
        json_put_later(object, "words", cured->words);
    if (cured->slots)
        json_put_flag(object, "crossslot", true);
    if (cured_together(finding, gap))
        json_put_flag(object, "together", true);
    return object;
}

/* Those that begin at points which are listed. */
static json_t *harms(const struct finding *finding, uint64_t *ret_left_out)
{
    CLEANUP(listed_release) struct listed listed = listed_begin(finding);
    json_t *array = json_array();
    struct gap gap;

    for (uint64_t from = 0; gap_find(finding, from, &gap); from = gap.first + 1) {
        CLEANUP(mem_freep) char *place = NULL;
        json_t *object;
        char cure[CURE_TEXT];
        struct gap by;

        if (!listed_has(&listed, gap.first)) {
            ++*ret_left_out;
            continue;
        }
        place = place_name(finding, gap.first);
        object = json_object();
        cured_by(finding, &gap, &by);
        json_put_whole(object, "point", gap.first);
        json_put_whole(object, "last", gap.last);
        json_put_text(object, "after", place);
        json_put_later(object, "words", gap.words);
        json_put_lasts(object, "lasts", finding->points[gap.shown].verdict.lasts_ms);
        put_proved(object, finding, &gap);
        json_put_some(object, "example", finding_example(finding, gap.shown));
        if (gap_cure(finding, &gap, cure, sizeof(cure)) &&
            gap_cure(finding, &by, cure, sizeof(cure)))
            json_put(object, "cure", cure_object(finding, &gap, &by, cure));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *update_us(const struct costs *costs)
{
    json_t *object = json_object();

    json_put_real(object, "p50", costs->p50_us);
    json_put_real(object, "p90", costs->p90_us);
    json_put_real(object, "p99", costs->p99_us);
    return object;
}

/* null: not asked, there were too few hits. */
static json_t *drift(const struct finding *finding)
{
    struct drift drift = drift_of(finding, RATE_HARMED);
    json_t *object;

    if (!drift.known)
        return json_null();
    object = json_object();
    json_put_flag(object, "seen", drift_is_seen(&drift));
    json_put_real(object, "first_half", drift.first);
    json_put_real(object, "second_half", drift.second);
    json_put_real(object, "halves_p", drift.halves_p);
    json_put_real(object, "blocks_p", drift.blocks_p);
    return object;
}

static const struct strategy *reference_of(const struct result *result)
{
    return &result->scenario->strategies[result->scenario->reference];
}

static json_t *strategy(const struct result *result, const struct finding *finding)
{
    struct costs costs = figure_costs(finding);
    double us = finding->timeline_count ? 1e-3 : NAN; /* null: others held up all */
    json_t *object = json_object();
    CLEANUP(mem_freep) char *line = as_sent(finding);
    uint64_t points_left_out = listed_left_out(finding), harms_left_out = 0;
    char cure[CURE_TEXT];

    json_put_text(object, "name", finding->strategy->name);
    json_put_text(object, "about", finding->strategy->about);
    json_put_expect(object, "expect", finding->strategy->expect);
    json_put_some(object, "line", line ? line : "");
    json_put_flag(object, "reference", finding->strategy == reference_of(result));
    json_put_whole(object, "commands", finding->commands);
    json_put_whole(object, "bytes", finding->bytes);
    json_put_whole(object, "round_trips", finding->trips);
    if (!finding->states) /* nobody measures programs */
        json_put(object, "update_us", update_us(&costs));
    json_put_real(object, "updates_per_second", costs.per_second);
    json_put_real(object, "harm_window_us",
                  us * (double)figure_window_ns(finding, RATE_HARMED));
    json_put_real(object, "window_us",
                  us * (double)figure_window_ns(finding, RATE_LEAKED));
    json_put_real(object, "duration_us", us * (double)figure_duration_ns(finding));
    json_put_later(object, "uncrashed_passing", finding->uncrashed_passing);
    json_put_lasts(object, "uncrashed_lasts", finding->uncrashed_lasts_ms);
    json_put_later(object, "unbegun", finding->unbegun);
    json_put_some(object, "unbegun_example", finding->unbegun_example);
    json_put_later(object, "uncrashed", finding->uncrashed);
    json_put_some(object, "uncrashed_example", finding->uncrashed_example);
    json_put_flag(object, "publishes", finding_publishes(finding));
    put_census(object, finding);
    json_put_kills(object, &finding->kills);
    json_put(object, "harm_rate", rate(result, finding, RATE_HARMED));
    json_put(object, "leak_rate", rate(result, finding, RATE_LEAKED));
    json_put(object, "torn_rate", rate(result, finding, RATE_TORN));
    json_put(object, "passing_rate",
             rate_object(result, figure_passing_rate(result, finding)));
    if (result->kills_wanted) {
        json_put(object, "harm_drift", drift(finding));
        json_put_real(object, "unsampled_share", figure_unsampled(finding));
        json_put_real(object, "contention_share",
                      finding->blind ? NAN : figure_contention(finding));
    }
    json_put_lasts(object, "lasts", figure_lasts_ms(finding));
    json_put_flag(object, "moments_merged", figure_merged(finding));
    json_put(object, "predicted_harm_rate", predicted(result, finding, RATE_HARMED));
    json_put(object, "predicted_leak_rate", predicted(result, finding, RATE_LEAKED));
    if (figure_period_s(result->scenario) > 0) {
        json_put(object, "harm_per_million_sigkills",
                 exposure(result, finding, RATE_HARMED));
        json_put(object, "leaks_per_million_sigkills",
                 exposure(result, finding, RATE_LEAKED));
    }
    if (result->kills_wanted)
        json_put(object, "coverage", coverage(finding));
    result_foreach_fault (id, result) {
        CLEANUP(mem_freep) char *key = mem_printf("%ss_census", fault_by_id(id)->name);

        json_put(object, key, strikes(finding, id));
    }
    if (gap_first_cure(finding, cure, sizeof(cure)))
        json_put_text(object, "hint", cure);
    if (tally_census_complete(finding))
        json_put(object, "harms", harms(finding, &harms_left_out));
    json_put(object, "points", points(finding));
    if (points_left_out) {
        json_put_whole(object, "points_left_out", points_left_out);
        json_put_whole(object, "harms_left_out", harms_left_out);
    }
    if (finding->states)
        json_put(object, "program", program_json(finding));
    if (finding->failure_count)
        json_put(object, "failures", failures_json(finding));
    json_put_text(object, "verdict", words_verdict(finding));
    return object;
}

static json_t *redis(const struct result *result)
{
    json_t *object = json_object();
    const char *space = strchr(result->server, ' '); /* "redis 7.0.15" */

    json_put(object, "server",
             json_stringn(result->server, space ? (size_t)(space - result->server) : 0));
    json_put_text(object, "version", space ? space + 1 : "");
    json_put_whole(object, "read_bytes", result->findings[0].read_bytes);
    json_put_text(object, "transport", result->transport);
    json_put_real(object, "rtt_us", result->rtt_us);
    return object;
}

static json_t *trial_ns(const struct trial_times *times)
{
    json_t *object = json_object();

    for (size_t i = 0; i < PHASE_COUNT; i++)
        json_put_real(object, phase_name((enum phase)i),
                      (double)times->phase_ns[i] / (double)times->trials);
    return object;
}

/* As people write it: from 1. */
static void put_shard(json_t *object, struct shard shard)
{
    char words[48];

    if (shard.total == 1)
        return;
    snprintf(words, sizeof(words), "%llu/%llu", (unsigned long long)shard.index + 1,
             (unsigned long long)shard.total);
    json_put_text(object, "shard", words);
}

/* null: not known. */
static json_t *machine(const struct result *result)
{
    const struct machine_load *known = &result->machine;
    struct waited waited = machine_waited(result);
    json_t *object = json_object(), *load = json_object(), *share = json_object();

    json_put_real(load, "begin", known->begun ? known->load_begin : NAN);
    json_put_real(load, "end", known->ended ? known->load_end : NAN);
    json_put_real(share, "begin", waited.known ? waited.begin : NAN);
    json_put_real(share, "end", waited.known ? waited.end : NAN);
    if (known->cpus)
        json_put_whole(object, "cpus", known->cpus);
    json_put(object, "load_average", load);
    json_put(object, "waited_share", share);
    return object;
}

static json_t *run_object(const struct result *result,
                          const struct conclusion *conclusion)
{
    CLEANUP(mem_freep) char *line = verdict_line_run(result, conclusion);
    json_t *object = json_put_document();
    json_t *strategies = json_array();

    result_foreach (finding, result)
        json_array_append_new(strategies, strategy(result, finding));
    json_put_text(object, "scenario", result->scenario->name);
    json_put_text(object, "title", result->scenario->title);
    json_put_text(object, "source", result->scenario->source);
    json_put_whole(object, "seed", result->plan.seed);
    json_put(object, "now", json_integer(result->scenario->now));
    json_put_parameters(object, "params", result->scenario);
    json_put(object, "redis", redis(result));
    json_put_whole(object, "lanes", result->lanes);
    json_put_text(object, "killer", result->killer);
    json_put(object, "machine", machine(result));
    json_put_real(object, "kills_per_second", figure_kills_per_second(result));
    json_put_real(object, "points_per_second", figure_points_per_second(result));
    result_foreach_fault (id, result)
        put_of_points(object, id, "_per_second",
                      json_real(figure_strikes_per_second(result, id)));
    if (result->times.trials)
        json_put(object, "trial_ns", trial_ns(&result->times));
    put_shard(object, result->shard);
    json_put_some(object, "missing_shards", result->missing);
    json_put_flag(object, "complete", result->complete);
    json_put_some(object, "trouble", result->trouble);
    json_put_some(object, "first_error", result->first_error);
    json_put_some(object, "unexplained", result->unexplained);
    json_put(object, "strategies", strategies);
    if (conclusion && conclusion->comparison.base)
        json_put(object, "comparison", compare_json_value(&conclusion->comparison));
    if (conclusion && conclusion->gates.count)
        json_put(object, "gates", gates_json(&conclusion->gates));
    json_put_text(object, "verdict",
                  exit_status_name(conclusion_exit_status(result, conclusion)));
    json_put_text(object, "verdict_line", line);
    return object;
}

void run_json(FILE *out, const struct result *result, struct report_style style)
{
    json_put_end(out, run_object(result, style.conclusion));
}

void sweep_json(FILE *out, const struct sweep *sweep, struct report_style style)
{
    CLEANUP(mem_freep) char *line = verdict_line_sweep(sweep);
    json_t *object = json_put_document();
    json_t *runs = json_array();

    for (size_t i = 0; i < sweep->count; i++)
        json_array_append_new(runs, run_object(&sweep->results[i], style.conclusion));
    json_put_text(object, "scenario", sweep->outlines[0]->name);
    json_put_whole(object, "seed", sweep->results[0].plan.seed);
    json_put_text(object, "sweep_parameter", sweep->parameter);
    json_put_whole(object, "sweep_wanted", sweep->wanted);
    json_put(object, "sweep", runs);
    json_put_text(object, "verdict", exit_status_name(sweep_exit_status(sweep)));
    json_put_text(object, "verdict_line", line);
    json_put_end(out, object);
}
