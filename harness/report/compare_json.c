/* compare_json.c - a comparison as one JSON object. What is not known is null; there is
 * no number in it that JSON does not have. */
#include <math.h>

#include "base/mem.h"
#include "report/compare_words.h"
#include "report/format.h"
#include "report/run_json.h"
#include "stats/ratio.h"

static void set_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, text ? report_json_text(text) : json_null());
}

static void set_whole(json_t *object, const char *key, uint64_t number)
{
    json_object_set_new(object, key, report_json_whole(number));
}

static void set_real(json_t *object, const char *key, double number)
{
    json_object_set_new(object, key, isfinite(number) ? json_real(number) : json_null());
}

static void set_interval(json_t *object, double estimate, struct interval interval)
{
    set_real(object, "estimate", estimate);
    set_real(object, "low", interval.low);
    set_real(object, "high", interval.high);
}

static json_t *sample_object(struct sample sample)
{
    json_t *object = json_object();

    set_whole(object, "hits", sample.hits);
    set_whole(object, "valid", sample.of);
    set_real(object, "estimate",
             sample.of ? (double)sample.hits / (double)sample.of : INFINITY);
    return object;
}

static json_t *rate_object(const struct rate_difference *rate)
{
    json_t *object = json_object(), *difference = json_object();

    json_object_set_new(object, "base", sample_object(rate->base));
    json_object_set_new(object, "new", sample_object(rate->new));
    set_text(object, "verdict", difference_verdict_name(rate->verdict));
    if (!rate->tested) {
        json_object_set_new(object, "difference", json_null());
        json_decref(difference);
        return object;
    }
    set_interval(difference, rate->estimate, rate->interval);
    json_object_set_new(object, "difference", difference);
    set_real(object, "p", rate->p);
    set_real(object, "p_adjusted", rate->p_adjusted);
    json_object_set_new(object, "kills_needed",
                        rate->kills_needed ? report_json_whole(rate->kills_needed)
                                           : json_null());
    return object;
}

static json_t *rates_object(const struct comparison_row *row)
{
    json_t *object = json_object();

    for (int i = 0; i < RATE_COUNT; i++)
        json_object_set_new(object, compare_rate_name((enum tally_rate)i),
                            rate_object(&row->rates[i]));
    return object;
}

static json_t *exposure_object(const struct exposure_difference *exposure)
{
    json_t *object;

    if (!exposure->known)
        return json_null();
    object = json_object();
    set_real(object, "base", exposure->base);
    set_real(object, "new", exposure->new);
    set_interval(object, exposure->estimate, exposure->interval);
    return object;
}

static json_t *costs_object(const struct finding *finding)
{
    struct costs costs = figure_costs(finding);
    json_t *object;

    if (!(costs.per_second > 0))
        return json_null();
    object = json_object();
    set_real(object, "updates_per_second", costs.per_second);
    set_real(object, "p50_us", costs.p50_us);
    set_real(object, "p99_us", costs.p99_us);
    return object;
}

static json_t *speed_object(const struct ratio *speed)
{
    json_t *object;

    if (!speed->known)
        return json_null();
    object = json_object();
    set_interval(object, speed->estimate, speed->interval);
    return object;
}

static json_t *size_object(const struct census_size *size)
{
    json_t *object = json_object();

    set_whole(object, "points", size->points);
    set_whole(object, "harmful", size->harmful);
    return object;
}

static json_t *census_object(const struct comparison_row *row)
{
    const struct census_change *census = &row->census;
    json_t *object;

    if (!census->known)
        return json_null();
    object = json_object();
    json_object_set_new(object, "base", size_object(&census->base));
    json_object_set_new(object, "new", size_object(&census->new));
    set_whole(object, "worse", census->worse);
    set_whole(object, "better", census->better);
    if (census->worse) {
        json_t *first = json_object();

        set_whole(first, "index", census->first);
        set_text(first, "command", finding_command(row->new, census->first));
        json_object_set_new(first, "gained", report_json_later(census->gained));
        json_object_set_new(object, "first_worse", first);
    }
    return object;
}

static json_t *row_object(const struct comparison *comparison,
                          const struct comparison_row *row)
{
    CLEANUP(mem_freep) char *sentence = compare_sentence(comparison, row);
    CLEANUP(mem_freep) char *regression = compare_regression(comparison, row);
    json_t *object = json_object();

    set_text(object, "base", row->base->strategy->name);
    set_text(object, "new", row->new->strategy->name);
    json_object_set_new(object, "rates", rates_object(row));
    json_object_set_new(object, "leaking_us_per_update",
                        exposure_object(&row->leaking_us));
    json_object_set_new(object, "leaks_per_million_sigkills",
                        exposure_object(&row->per_million));
    json_object_set_new(object, "only_per_kill", json_boolean(compare_is_padding(row)));
    json_object_set_new(object, "base_costs", costs_object(row->base));
    json_object_set_new(object, "new_costs", costs_object(row->new));
    json_object_set_new(object, "updates_ratio", speed_object(&row->speed));
    if (!comparison->pairs)
        json_object_set_new(object, "census", census_object(row));
    if (row->margin != MARGIN_UNASKED) {
        set_text(object, "margin", margin_verdict_name(row->margin));
        json_object_set_new(object, "margin_kills_needed",
                            row->margin_kills ? report_json_whole(row->margin_kills)
                                              : json_null());
    }
    set_text(object, "sentence", sentence);
    set_text(object, "regression", regression);
    return object;
}

static json_t *side_object(const struct result *result)
{
    json_t *object = json_object();

    set_text(object, "scenario", result->scenario->name);
    set_text(object, "redis", result->server);
    set_text(object, "transport", result->transport);
    set_whole(object, "seed", result->plan.seed);
    return object;
}

static json_t *only_in(const struct result *one, const struct result *other)
{
    json_t *array = json_array();

    result_foreach (finding, one) {
        const char *name = finding->strategy->name;

        if (!finding_named(other, name))
            json_array_append_new(array, report_json_text(name));
    }
    return array;
}

static json_t *notes(const struct comparable *comparable)
{
    json_t *array = json_array();

    for (size_t i = 0; i < comparable->count; i++) {
        json_t *object = json_object();

        json_object_set_new(object, "loud", json_boolean(comparable->notes[i].loud));
        set_text(object, "text", comparable->notes[i].text);
        json_array_append_new(array, object);
    }
    return array;
}

json_t *compare_json(const struct comparison *comparison)
{
    json_t *object = json_object(), *rows = json_array();
    const struct compare_options *options = &comparison->options;

    for (size_t i = 0; i < comparison->count; i++)
        json_array_append_new(rows, row_object(comparison, &comparison->rows[i]));
    json_object_set_new(object, "schema", json_integer(REPORT_JSON_SCHEMA));
    set_text(object, "afterkill", VERSION);
    set_text(object, "compare", comparison->pairs ? "pairs" : "runs");
    json_object_set_new(object, "base", side_object(comparison->base));
    json_object_set_new(object, "new", side_object(comparison->new));
    json_object_set_new(object, "only_in_base",
                        only_in(comparison->base, comparison->new));
    json_object_set_new(object, "only_in_new",
                        only_in(comparison->new, comparison->base));
    json_object_set_new(object, "notes", notes(&comparison->comparable));
    set_real(object, "confidence", options->confidence);
    set_real(object, "margin", options->margin > 0 ? options->margin : INFINITY);
    set_text(object, "test", comparison->method->test);
    set_text(object, "interval", comparison->method->interval_name);
    set_whole(object, "tests", comparison->tests);
    json_object_set_new(object, "rows", rows);
    set_text(object, "verdict", exit_status_name(compare_exit_status(comparison)));
    return object;
}

void compare_write_json(FILE *out, const struct comparison *comparison, bool color)
{
    json_t *object = compare_json(comparison);

    (void)color;
    json_dumpf(object, out, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(object);
}
