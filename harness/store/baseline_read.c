/* baseline_read.c - reads what baseline.c writes, and trusts nothing of it: files in a
 * repository are merged by hand.
 *
 * The first mistake is kept; after it everything reads as nothing, and goes on. So the
 * functions below read one member after the other and ask for mistakes once, at the end.
 */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/printable.h"
#include "store/baseline.h"

#define WHOLE_MOST INT64_MAX
#define COUNT_MOST 1000000000
#define SAMPLES_MOST 100000
#define ROUNDING 1e-9
#define DURATION_MOST_NS INT64_C(1000000000000000) /* eleven days */
#define RTT_MOST_US 1e9
#define LASTS_MOST_S 1e12

struct reading {
    const char *name; /* of the file */
    char where[48];   /* "" or "strategies[3]." */
    int code;
    struct err *err;
};

/* Keeps the first mistake. */
static void mistake(struct reading *reading, const char *key, const char *expected)
{
    if (!reading->code)
        reading->code =
            err_set(reading->err, ERR_USAGE, "baseline '%s': %s%s: expected %s",
                    reading->name, reading->where, key, expected);
}

/* A member, of which is_right() says whether it is what it should be; NULL after a
 * mistake. */
static json_t *member(struct reading *reading, json_t *object, const char *key,
                      bool right, const char *expected)
{
    if (!right)
        mistake(reading, key, expected);
    return reading->code ? NULL : json_object_get(object, key);
}

static json_t *get_array(struct reading *reading, json_t *object, const char *key)
{
    return member(reading, object, key, json_is_array(json_object_get(object, key)),
                  "an array");
}

static json_t *get_object(struct reading *reading, json_t *object, const char *key)
{
    return member(reading, object, key, json_is_object(json_object_get(object, key)),
                  "an object");
}

/* "" after a mistake; never NULL. */
static const char *get_text(struct reading *reading, json_t *object, const char *key)
{
    json_t *text = member(reading, object, key,
                          json_is_string(json_object_get(object, key)), "a text");

    return text ? json_string_value(text) : "";
}

/* Texts are made printable: what afterkill writes is, but the file may be anybody's. The
 * caller frees it. */
static char *take_text(struct reading *reading, json_t *object, const char *key)
{
    return printable_new(get_text(reading, object, key));
}

/* The same of what begins lines of reports. */
static char *take_name(struct reading *reading, json_t *object, const char *key)
{
    return printable_name_new(get_text(reading, object, key));
}

static bool is_whole(json_t *value, json_int_t least, json_int_t most)
{
    return json_is_integer(value) && json_integer_value(value) >= least &&
           json_integer_value(value) <= most;
}

static uint64_t get_whole(struct reading *reading, json_t *object, const char *key,
                          json_int_t most)
{
    char expected[64];
    json_t *value;

    snprintf(expected, sizeof(expected), "a whole number from 0 to %" JSON_INTEGER_FORMAT,
             most);
    value = member(reading, object, key, is_whole(json_object_get(object, key), 0, most),
                   expected);
    return value ? (uint64_t)json_integer_value(value) : 0;
}

/* From `least` to `most`. */
static double get_real(struct reading *reading, json_t *object, const char *key,
                       double least, double most)
{
    json_t *value = json_object_get(object, key);
    double number = json_is_number(value) ? json_number_value(value) : NAN;
    char expected[64];

    snprintf(expected, sizeof(expected), "a number from %g to %g", least, most);
    value = member(reading, object, key, number >= least && number <= most, expected);
    return value ? number : 0;
}

/* The same; 0 if the key is not there. */
static double get_optional(struct reading *reading, json_t *object, const char *key,
                           double least, double most)
{
    return json_object_get(object, key) ? get_real(reading, object, key, least, most) : 0;
}

static const char *text_at(json_t *array, size_t index)
{
    const char *text = json_string_value(json_array_get(array, index));

    return text ? text : "";
}

/* The rest of a row, if there is an end: what passes, and how many seconds it lasts, or
 * null if what is later does for ever. */
static bool parse_lasts(json_t *row, struct verdict *verdict)
{
    double lasts_s = json_number_value(json_array_get(row, 4));

    verdict->lasts_ms = verdict->later ? LASTS_FOREVER : 0;
    if (json_array_size(row) == 3)
        return true;
    if (json_is_number(json_array_get(row, 4))) {
        if (!(lasts_s >= 0 && lasts_s <= LASTS_MOST_S))
            return false;
        verdict->lasts_ms = (int64_t)(1e3 * lasts_s + 0.5);
    }
    return json_array_size(row) == 5 && later_parse(text_at(row, 3), &verdict->passing);
}

/* [command, now, later]. */
static bool parse_point(json_t *row, struct finding *finding, size_t k)
{
    struct point *point = &finding->points[k];
    const char *command = text_at(row, 0);
    struct command known = { .name = "" };

    if (!json_is_array(row) || json_array_size(row) < 3 ||
        !json_is_string(json_array_get(row, 0)))
        return false;
    if (k == 0 ? *command : strlen(command) >= sizeof(known.label))
        return false;
    printable_copy(known.label, sizeof(known.label), command, "");
    if (k)
        finding_put_command(finding, k - 1, &known);
    point->taken = true;
    return now_parse(text_at(row, 1), &point->verdict.now) &&
           later_parse(text_at(row, 2), &point->verdict.later) &&
           parse_lasts(row, &point->verdict);
}

static void parse_points(struct reading *reading, json_t *object, struct finding *finding)
{
    json_t *rows = get_array(reading, object, "points");
    size_t count = json_array_size(rows);

    if (!count) {
        mistake(reading, "points", "at least one crash point");
        return;
    }
    finding_begin(finding, count - 1);
    for (size_t k = 0; k < count; k++) {
        char key[40];

        snprintf(key, sizeof(key), "points[%zu]", k);
        if (!parse_point(json_array_get(rows, k), finding, k))
            mistake(reading, key,
                    "[command, now, later], of which the first has no command");
    }
}

/* No word can be said of more kills than are valid, and every valid one has one word of
 * now, and is clean or has words of later. */
static bool is_consistent(const struct kills *kills)
{
    uint64_t valid = kills->outcomes[OUTCOME_VALID], now = 0;

    for (int i = 0; i < NOW_COUNT; i++)
        now += kills->words.now[i];
    if (now != valid || kills->words.clean > valid)
        return false;
    for (int i = 0; i < LATER_COUNT; i++)
        if (kills->words.later[i] > valid - kills->words.clean)
            return false;
    return true;
}

/* Baselines that were written before there were these words do not count them. */
static const unsigned newer_words = LATER_DUPLICATED;

static struct weighted parse_weighted(struct reading *reading, json_t *array,
                                      const char *key)
{
    struct weighted weighted = { .count = 0 };
    json_int_t count = 0;

    if (array &&
        json_unpack(array, "[IFF!]", &count, &weighted.sum, &weighted.squares) == 0)
        weighted.count = (uint64_t)count;
    /* Squares are least where all are equal, and most where one is all. */
    if (array && !(count > 0 && count <= COUNT_MOST && weighted.sum > 0 &&
                   isfinite(weighted.squares) &&
                   weighted.squares * (double)count >=
                       weighted.sum * weighted.sum * (1 - ROUNDING) &&
                   weighted.squares <= weighted.sum * weighted.sum * (1 + ROUNDING)))
        mistake(reading, key, "[count, sum of the weights, sum of their squares]");
    return weighted;
}

/* Of a run of old there are none. */
static void parse_weights(struct reading *reading, json_t *object, struct kills *kills)
{
    size_t used = strlen(reading->where);

    if (!json_object_get(object, "weights"))
        return;
    object = get_object(reading, object, "weights");
    snprintf(reading->where + used, sizeof(reading->where) - used, "weights.");
    for (size_t i = 0; i < BASELINE_WEIGHTS && !reading->code; i++)
        *baseline_weighted(kills, i) = parse_weighted(
            reading, json_object_get(object, baseline_weights[i]), baseline_weights[i]);
    for (size_t i = 0; i < BASELINE_WEIGHTS; i++)
        if (baseline_weighted(kills, i)->sum > kills->weights.sum * (1 + ROUNDING))
            mistake(reading, baseline_weights[i], "no more than that of all valid kills");
    reading->where[used] = '\0';
}

static void parse_kills(struct reading *reading, json_t *strategy, struct kills *kills)
{
    json_t *object = get_object(reading, strategy, "kills");
    size_t used = strlen(reading->where);

    snprintf(reading->where + used, sizeof(reading->where) - used, "kills.");
    kills->requested = get_whole(reading, object, "requested", COUNT_MOST);
    for (int i = 0; i < OUTCOME_COUNT; i++)
        if (i != OUTCOME_DISTURBED ||
            json_object_get(object, outcome_name((enum outcome)i)))
            kills->outcomes[i] =
                get_whole(reading, object, outcome_name((enum outcome)i), COUNT_MOST);
    for (int i = 0; i < NOW_COUNT; i++)
        kills->words.now[i] =
            get_whole(reading, object, now_name((enum now)i), COUNT_MOST);
    kills->words.clean = get_whole(reading, object, "clean", COUNT_MOST);
    for (unsigned i = 0; i < LATER_COUNT; i++)
        if (!(newer_words >> i & 1) || json_object_get(object, later_name(i)))
            kills->words.later[i] = get_whole(reading, object, later_name(i), COUNT_MOST);
    reading->where[used] = '\0';
    parse_weights(reading, strategy, kills);
    if (!is_consistent(kills))
        mistake(reading, "kills", "words that add up to the valid kills");
}

static size_t parts_with_samples(size_t count)
{
    size_t parts = 0;

    for (size_t i = 0; i < baseline_parts; i++)
        parts += baseline_cut(count, i) < baseline_cut(count, i + 1);
    return parts;
}

/* Ascending whole numbers above 0? */
static bool are_durations(json_t *array)
{
    json_int_t before = 1;

    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *value = json_array_get(array, i);

        if (!is_whole(value, before, DURATION_MOST_NS))
            return false;
        before = json_integer_value(value);
    }
    return true;
}

static void parse_durations(struct reading *reading, json_t *object,
                            struct finding *finding)
{
    size_t count = (size_t)get_whole(reading, object, "updates", SAMPLES_MOST), next = 0;
    json_t *array = get_array(reading, object, "update_ns");

    if (json_array_size(array) != parts_with_samples(count))
        mistake(reading, "update_ns", "as many parts as so many updates have");
    if (!are_durations(array))
        mistake(reading, "update_ns", "whole numbers above 0 in ascending order");
    if (reading->code)
        return;
    finding->sample_count = count;
    finding->samples_ns = MEM_ARRAY(uint64_t, count + 1);
    for (size_t i = 0; i < baseline_parts; i++) {
        size_t to = baseline_cut(count, i + 1);

        for (size_t s = baseline_cut(count, i); s < to; s++)
            finding->samples_ns[s] =
                (uint64_t)json_integer_value(json_array_get(array, next));
        next += baseline_cut(count, i) < to;
    }
}

static unsigned parse_expect(struct reading *reading, json_t *object)
{
    json_t *words = get_array(reading, object, "expect");
    unsigned expect = 0;

    for (size_t i = 0; i < json_array_size(words); i++) {
        unsigned word = expect_parse(text_at(words, i));

        if (!word)
            mistake(reading, "expect", "words like leaked, safe or atomic");
        expect |= word;
    }
    if (expect == EXPECT_ONLY)
        mistake(reading, "expect", "a word behind only");
    return expect;
}

static void parse_name(struct reading *reading, json_t *object,
                       const struct outline *scenario, struct strategy *strategy)
{
    strategy->name = take_name(reading, object, "name");
    strategy->about = mem_strdup("");
    strategy->expect = parse_expect(reading, object);
    if (!*strategy->name)
        mistake(reading, "name", "a name");
    for (const struct strategy *other = scenario->strategies; other < strategy; other++)
        if (strcmp(other->name, strategy->name) == 0)
            mistake(reading, "name", "another name than that of a strategy before");
}

static void parse_finding(struct reading *reading, json_t *object,
                          struct finding *finding)
{
    finding->bytes = get_whole(reading, object, "bytes", WHOLE_MOST);
    finding->trips = get_whole(reading, object, "round_trips", WHOLE_MOST);
    /* Those of earlier versions do not have it. */
    if (json_object_get(object, "unbegun") &&
        !later_parse(get_text(reading, object, "unbegun"), &finding->unbegun))
        mistake(reading, "unbegun", "clean, or words like leaked+lost");
    if (!later_parse(get_text(reading, object, "uncrashed"), &finding->uncrashed))
        mistake(reading, "uncrashed", "clean, or words like leaked+lost");
    parse_points(reading, object, finding);
    parse_kills(reading, object, &finding->kills);
    finding->unseen.known = json_object_get(object, "contention_share");
    finding->unseen.unsampled = get_optional(reading, object, "unsampled_share", 0, 1);
    finding->unseen.contention = get_optional(reading, object, "contention_share", 0, 1);
    parse_durations(reading, object, finding);
}

static void parse_parameters(struct reading *reading, json_t *root,
                             struct outline *scenario)
{
    json_t *params = get_object(reading, root, "params"), *value;
    const char *key;

    scenario->parameters =
        mem_alloc((json_object_size(params) + 1) * sizeof(*scenario->parameters));
    json_object_foreach (params, key, value) {
        if (!json_is_string(value))
            mistake(reading, "params", "texts");
        else
            scenario->parameters[scenario->parameter_count++] = (struct parameter){
                .name = printable_name_new(key),
                .value = printable_new(json_string_value(value)),
                .is_text = true,
            };
    }
}

/* Those of earlier versions do not have it. */
static void parse_times(struct reading *reading, json_t *root, struct outline *scenario)
{
    json_t *times =
        json_object_get(root, "times") ? get_object(reading, root, "times") : NULL;

    for (int i = 0; times && i < TIME_COUNT; i++) {
        json_t *text = json_object_get(times, outline_time_name((enum outline_time)i));

        if (!json_is_string(text))
            mistake(reading, "times", "texts: tolerate, recover_after and moments");
        else
            scenario->times[i] = printable_new(json_string_value(text));
    }
}

/* Strategies first, then the result that borrows them. */
static void parse_strategies(struct reading *reading, json_t *root,
                             struct baseline *baseline)
{
    json_t *array = get_array(reading, root, "strategies");
    struct outline *scenario = &baseline->scenario;
    size_t count = json_array_size(array);
    CLEANUP(mem_freep) size_t *all = MEM_ARRAY(size_t, count + 1);
    struct plan plan = { .strategies = count };

    if (!count)
        mistake(reading, "strategies", "at least one strategy");
    scenario->strategies = mem_alloc((count + 1) * sizeof(*scenario->strategies));
    for (size_t i = 0; i < count; i++) {
        snprintf(reading->where, sizeof(reading->where), "strategies[%zu].", i);
        all[i] = scenario->strategy_count++;
        parse_name(reading, json_array_get(array, i), scenario, &scenario->strategies[i]);
    }
    scenario->reference = count ? count - 1 : 0;
    result_init(&baseline->result, scenario, all, &plan);
    for (size_t i = 0; i < count; i++) {
        snprintf(reading->where, sizeof(reading->where), "strategies[%zu].", i);
        parse_finding(reading, json_array_get(array, i), &baseline->result.findings[i]);
    }
    reading->where[0] = '\0';
}

static void parse_result(struct reading *reading, json_t *root, struct baseline *baseline)
{
    CLEANUP(mem_freep) char *server = take_name(reading, root, "redis");
    struct result *result = &baseline->result;

    baseline->version = take_text(reading, root, "afterkill");
    baseline->transport = take_text(reading, root, "transport");
    baseline->killer = take_text(reading, root, "killer");
    snprintf(result->server, sizeof(result->server), "%s", server);
    result->transport = baseline->transport;
    result->killer = baseline->killer;
    result->rtt_us = get_real(reading, root, "rtt_us", 0, RTT_MOST_US);
    result->lanes = (size_t)get_whole(reading, root, "lanes", COUNT_MOST);
    result->plan.seed = get_whole(reading, root, "seed", WHOLE_MOST);
    if (json_object_get(root, "run")) /* those of earlier versions do not have it */
        printable_copy(result->made, sizeof(result->made), get_text(reading, root, "run"),
                       "");
    result->confidence = get_real(reading, root, "confidence", 1e-9, 1 - 1e-9);
    result->stopping.width = get_optional(reading, root, "until_width", 0, 1);
    result->stopping.below = get_optional(reading, root, "until_below", 0, 1);
    result->complete = true;
    result_foreach (finding, result)
        result->kills_wanted |= finding->kills.requested > 0;
}

static void parse_scenario(struct reading *reading, json_t *root,
                           struct outline *scenario)
{
    scenario->path = mem_strdup(reading->name);
    scenario->name = take_name(reading, root, "scenario");
    scenario->title = take_text(reading, root, "title");
    scenario->source = mem_strdup("");
    parse_parameters(reading, root, scenario);
    parse_times(reading, root, scenario);
}

/* Nobody had asked. */
static void forget_lasts(struct result *result)
{
    result_foreach (finding, result)
        for (uint64_t k = 0; k < finding_points(finding); k++)
            if (finding->points[k].verdict.later)
                finding->points[k].verdict.lasts_ms = -1;
}

static void parse_root(struct reading *reading, json_t *root, struct baseline *baseline)
{
    char expected[24];

    if (!json_is_object(root))
        mistake(reading, "", "an object");
    snprintf(expected, sizeof(expected), "1 to %d", BASELINE_SCHEMA);
    member(reading, root, "schema",
           is_whole(json_object_get(root, "schema"), 1, BASELINE_SCHEMA), expected);
    parse_scenario(reading, root, &baseline->scenario);
    parse_strategies(reading, root, baseline);
    baseline->result.outdated =
        json_integer_value(json_object_get(root, "schema")) < BASELINE_SCHEMA;
    if (baseline->result.outdated)
        forget_lasts(&baseline->result);
    parse_result(reading, root, baseline);
}

int baseline_parse(const char *name, const char *bytes, size_t length,
                   struct baseline **ret, struct err *err)
{
    CLEANUP(baseline_freep) struct baseline *baseline = NULL;
    struct reading reading = { .name = name, .err = err };
    json_error_t error;
    json_t *root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &error);

    if (!root)
        return err_set(err, ERR_USAGE, "baseline '%s': line %d: it is not JSON: %s", name,
                       error.line, error.text);
    baseline = MEM_NEW(struct baseline);
    parse_root(&reading, root, baseline);
    json_decref(root);
    if (reading.code)
        return reading.code;
    *ret = TAKE_PTR(baseline);
    return 0;
}
