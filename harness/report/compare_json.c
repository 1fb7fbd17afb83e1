/* compare_json.c - a comparison as one JSON object. What is not known is null; there is
 * no number in it that JSON does not have. */
#include <math.h>

#include "base/mem.h"
#include "report/compare_words.h"
#include "report/json_put.h"
#include "report/parts.h"
#include "report/verdict_line.h"
#include "report/writers.h"
#include "stats/ratio.h"

static json_t *sample_object(struct sample sample)
{
    json_t *object = json_object();

    json_put_whole(object, "hits", sample.hits);
    json_put_whole(object, "valid", sample.of);
    json_put_real(object, "estimate", sample.of ? sample_rate(&sample) : INFINITY);
    return object;
}

/* Attempts that were compared with each other; null if the method needs none. */
static json_t *pairs_object(const struct rate_difference *rate)
{
    const struct pairing *pairing = &rate->pairing;
    json_t *object;

    if (!pairing->pairs && !pairing->alone)
        return json_null();
    object = json_object();
    json_put_whole(object, "valid", pairing->pairs);
    json_put_whole(object, "base_only", pairing->base_only);
    json_put_whole(object, "new_only", pairing->new_only);
    json_put_whole(object, "unpaired", pairing->alone);
    json_put_real(object, "effect", pairing->design.effect);
    return object;
}

static json_t *rate_object(const struct rate_difference *rate)
{
    json_t *object = json_object(), *difference;

    json_put(object, "base", sample_object(rate->base));
    json_put(object, "new", sample_object(rate->new));
    json_put_text(object, "verdict", compare_verdict_name(rate->verdict));
    if (!rate->tested) {
        json_put(object, "difference", json_null());
        return object;
    }
    difference = json_object();
    json_put_interval(difference, rate->estimate, rate->interval);
    json_put_real(difference, "unseen_low", rate->shift.low);
    json_put_real(difference, "unseen_high", rate->shift.high);
    json_put_text(difference, "method", rate->method->test);
    json_put(difference, "pairs", pairs_object(rate));
    json_put(object, "difference", difference);
    json_put_real(object, "p", rate->p);
    json_put_real(object, "p_adjusted", rate->p_adjusted);
    json_put_needed(object, "kills_needed", rate->kills_needed);
    return object;
}

static json_t *rates_object(const struct comparison_row *row)
{
    json_t *object = json_object();

    for (int i = 0; i < RATE_COUNT; i++)
        json_put(object, compare_rate_name((enum tally_rate)i),
                 rate_object(compare_rate(row, (enum tally_rate)i)));
    return object;
}

static json_t *exposure_object(const struct exposure_difference *exposure)
{
    json_t *object;

    if (!exposure->known)
        return json_null();
    object = json_object();
    json_put_real(object, "base", exposure->base);
    json_put_real(object, "new", exposure->new);
    json_put_interval(object, exposure->estimate, exposure->interval);
    return object;
}

static json_t *costs_object(const struct finding *finding)
{
    struct costs costs = figure_costs(finding);
    json_t *object;

    if (!(costs.per_second > 0))
        return json_null();
    object = json_object();
    json_put_real(object, "updates_per_second", costs.per_second);
    json_put_real(object, "p50_us", costs.p50_us);
    json_put_real(object, "p99_us", costs.p99_us);
    return object;
}

static json_t *speed_object(const struct ratio *speed)
{
    json_t *object;

    if (!speed->known)
        return json_null();
    object = json_object();
    json_put_interval(object, speed->estimate,
                      speed->bounded ? speed->interval
                                     : (struct interval){ -INFINITY, INFINITY });
    return object;
}

static json_t *size_object(const struct census_size *size)
{
    json_t *object = json_object();

    json_put_whole(object, "points", size->points);
    json_put_whole(object, "harmful", size->harmful);
    return object;
}

/* How long what each side does lasts at the longest (null: it does nothing of the kind,
 * or that is not known), and, but of pairs, at how many points that has changed. */
static json_t *lasts_object(const struct comparison_row *row,
                            const struct lasts_change *change, bool pairs)
{
    json_t *object = json_object();

    json_put_lasts(object, "base", change->base.points ? change->base.lasts_ms : -1);
    json_put_lasts(object, "new", change->new.points ? change->new.lasts_ms : -1);
    json_put_text(object, "verdict", compare_verdict_name(change->verdict));
    if (pairs)
        return object;
    json_put_whole(object, "longer", change->longer);
    json_put_whole(object, "shorter", change->shorter);
    if (change->longer) {
        json_t *first = json_object();

        json_put_whole(first, "index", change->first);
        json_put_text(first, "command", finding_command(row->new, change->first));
        json_put_lasts(first, "base", change->base_ms);
        json_put_lasts(first, "new", change->new_ms);
        json_put(object, "first_longer", first);
    }
    return object;
}

/* Of pairs, whose points are not matched, the sizes only. */
static json_t *census_object(const struct comparison_row *row, bool pairs)
{
    const struct census_change *census = &row->census;
    json_t *object;

    if (!census->known)
        return json_null();
    object = json_object();
    json_put(object, "base", size_object(&census->base));
    json_put(object, "new", size_object(&census->new));
    json_put_text(object, "verdict", compare_verdict_name(census->verdict));
    json_put(object, "harm_lasts", lasts_object(row, &census->harm, pairs));
    json_put(object, "passing_lasts", lasts_object(row, &census->passing, pairs));
    if (pairs)
        return object;
    json_put_whole(object, "worse", census->worse);
    json_put_whole(object, "better", census->better);
    if (census->worse) {
        json_t *first = json_object();

        json_put_whole(first, "index", census->first);
        json_put_text(first, "command", finding_command(row->new, census->first));
        json_put_later(first, "gained", census->gained);
        json_put(object, "first_worse", first);
    }
    return object;
}

static json_t *row_object(const struct comparison *comparison,
                          const struct comparison_row *row)
{
    CLEANUP(mem_freep) char *sentence = compare_sentence(comparison, row);
    CLEANUP(mem_freep) char *regression = compare_regression(comparison, row);
    json_t *object = json_object();

    json_put_text(object, "base", row->base->strategy->name);
    json_put_text(object, "new", row->new->strategy->name);
    json_put(object, "rates", rates_object(row));
    json_put(object, "harm_us_per_update",
             exposure_object(&row->exposed[RATE_HARMED].us));
    json_put(object, "leaking_us_per_update",
             exposure_object(&row->exposed[RATE_LEAKED].us));
    json_put(object, "harm_per_million_sigkills",
             exposure_object(&row->exposed[RATE_HARMED].per_million));
    json_put(object, "leaks_per_million_sigkills",
             exposure_object(&row->exposed[RATE_LEAKED].per_million));
    json_put_flag(object, "only_per_kill", compare_is_padding(row));
    json_put(object, "base_costs", costs_object(row->base));
    json_put(object, "new_costs", costs_object(row->new));
    json_put(object, "updates_ratio", speed_object(&row->speed));
    json_put(object, "census", census_object(row, comparison->pairs));
    if (row->margin != MARGIN_UNASKED) {
        json_put_text(object, "margin", margin_verdict_name(row->margin));
        json_put_needed(object, "margin_kills_needed", row->margin_kills);
    }
    json_put_text(object, "sentence", sentence);
    json_put_text(object, "regression", regression);
    return object;
}

static json_t *side_object(const struct result *result)
{
    json_t *object = json_object();

    json_put_text(object, "scenario", result->scenario->name);
    json_put_text(object, "redis", result->server);
    json_put_text(object, "transport", result->transport);
    json_put_whole(object, "seed", result->plan.seed);
    return object;
}

static json_t *only_in(const struct result *one, const struct result *other)
{
    json_t *array = json_array();

    result_foreach (finding, one) {
        const char *name = finding->strategy->name;

        if (!finding_named(other, name))
            json_array_append_new(array, json_string(name));
    }
    return array;
}

static json_t *notes(const struct comparable *comparable)
{
    json_t *array = json_array();

    for (size_t i = 0; i < comparable->count; i++) {
        json_t *object = json_object();

        json_put_flag(object, "loud", comparable->notes[i].loud);
        json_put_text(object, "text", comparable->notes[i].text);
        json_array_append_new(array, object);
    }
    return array;
}

json_t *compare_json_value(const struct comparison *comparison)
{
    CLEANUP(mem_freep) char *line = verdict_line_comparison(comparison);
    json_t *object = json_put_document(), *rows = json_array();
    const struct compare_options *options = &comparison->options;

    for (size_t i = 0; i < comparison->count; i++)
        json_array_append_new(rows, row_object(comparison, &comparison->rows[i]));
    json_put_text(object, "compare", comparison->pairs ? "pairs" : "runs");
    if (!comparison->pairs)
        json_put(object, "same_run", json_boolean(compare_is_itself(comparison)));
    if (!comparison->pairs)
        json_put(object, "interleaved", json_boolean(comparison->options.interleaved));
    json_put(object, "base", side_object(comparison->base));
    json_put(object, "new", side_object(comparison->new));
    json_put(object, "only_in_base", only_in(comparison->base, comparison->new));
    json_put(object, "only_in_new", only_in(comparison->new, comparison->base));
    json_put(object, "notes", notes(&comparison->comparable));
    json_put_real(object, "confidence", options->confidence);
    json_put_real(object, "margin", options->margin > 0 ? options->margin : INFINITY);
    json_put_text(object, "test", comparison->method->test);
    json_put_text(object, "interval", comparison->method->interval_name);
    json_put_whole(object, "tests", comparison->tests);
    json_put(object, "rows", rows);
    json_put_text(object, "verdict", exit_status_name(compare_exit_status(comparison)));
    json_put_text(object, "verdict_line", line);
    return object;
}

void compare_json(FILE *out, const struct comparison *comparison,
                  struct report_style style)
{
    (void)style;
    json_put_end(out, compare_json_value(comparison));
}
