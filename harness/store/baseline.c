/* baseline.c - see baseline.h: writing, and files. What is read: baseline_read.c. */
#include "store/baseline.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "result/figures.h"
#include "result/tally.h"
#include "stats/durations.h"

#define FILE_MOST_BYTES (64 << 20)

/* In thousandths. */
static const unsigned cuts[] = { 0,   40,  80,  120, 160, 200, 240, 280, 320, 360, 400,
                                 440, 480, 520, 560, 600, 640, 680, 720, 760, 800, 840,
                                 880, 920, 960, 970, 980, 985, 990, 995, 1000 };

const size_t baseline_parts = ARRAY_SIZE(cuts) - 1;

const char *const baseline_weights[BASELINE_WEIGHTS] = { "valid", "harmed", "leaked",
                                                         "torn", "passing" };

struct weighted *baseline_weighted(struct kills *kills, size_t i)
{
    struct weighted *const of[BASELINE_WEIGHTS] = {
        &kills->weights,
        &kills->counted[RATE_HARMED],
        &kills->counted[RATE_LEAKED],
        &kills->counted[RATE_TORN],
        &kills->passing,
    };

    return of[i];
}

size_t baseline_cut(size_t count, size_t part)
{
    return count * cuts[part] / 1000;
}

static json_t *whole(uint64_t number)
{
    return json_integer((json_int_t)number);
}

static json_t *text(const char *bytes)
{
    json_t *string = json_string(bytes ? bytes : "");

    return string ? string : json_string("(not UTF-8)");
}

static json_t *later(unsigned words)
{
    char buffer[LATER_TEXT];

    return text(later_text(words, buffer));
}

/* Is there more to say than that it never does harm, or for ever? */
static bool has_end(const struct verdict *verdict)
{
    return verdict->passing || (verdict->lasts_ms && verdict->lasts_ms != LASTS_FOREVER);
}

/* Seconds; null: for ever. */
static json_t *lasts(int64_t lasts_ms)
{
    return lasts_ms == LASTS_FOREVER ? json_null() : json_real((double)lasts_ms / 1e3);
}

static json_t *points(const struct finding *finding)
{
    json_t *array = json_array();

    for (uint64_t k = 0; k <= finding->commands; k++) {
        const struct point *point = &finding->points[k];
        json_t *row = json_array();

        json_array_append_new(row, text(finding_command(finding, k)));
        json_array_append_new(row, text(now_name(point->verdict.now)));
        json_array_append_new(row, later(point->verdict.later));
        if (has_end(&point->verdict)) {
            json_array_append_new(row, later(point->verdict.passing));
            json_array_append_new(row, lasts(point->verdict.lasts_ms));
        }
        json_array_append_new(array, row);
    }
    return array;
}

/* By the names of struct kills' members; what there are none of is left out. */
static json_t *weights(const struct kills *kills)
{
    json_t *object = json_object();

    for (size_t i = 0; i < BASELINE_WEIGHTS; i++) {
        const struct weighted *weighted = baseline_weighted((struct kills *)kills, i);

        if (weighted->count)
            json_object_set_new(object, baseline_weights[i],
                                json_pack("[Iff]", (json_int_t)weighted->count,
                                          weighted->sum, weighted->squares));
    }
    return object;
}

static json_t *kills(const struct kills *kills)
{
    json_t *object = json_object();

    json_object_set_new(object, "requested", whole(kills->requested));
    for (int i = 0; i < OUTCOME_COUNT; i++)
        json_object_set_new(object, outcome_name((enum outcome)i),
                            whole(kills->outcomes[i]));
    for (int i = 0; i < NOW_COUNT; i++)
        json_object_set_new(object, now_name((enum now)i), whole(kills->words.now[i]));
    json_object_set_new(object, "clean", whole(kills->words.clean));
    for (unsigned i = 0; i < LATER_COUNT; i++)
        json_object_set_new(object, later_name(i), whole(kills->words.later[i]));
    return object;
}

static json_t *durations(const struct finding *finding)
{
    CLEANUP(mem_freep)
    uint64_t *samples = durations_sorted(finding->samples_ns, finding->sample_count);
    json_t *array = json_array();

    for (size_t i = 0; i < baseline_parts; i++) {
        size_t from = baseline_cut(finding->sample_count, i);
        size_t to = baseline_cut(finding->sample_count, i + 1);
        double mean_ns = round(durations_mean(samples + from, to - from));

        if (from < to)
            json_array_append_new(array, whole(mean_ns > 1 ? (uint64_t)mean_ns : 1));
    }
    return array;
}

static json_t *expected(unsigned expect)
{
    json_t *array = json_array();

    if (expect & EXPECT_ALONE)
        json_array_append_new(array, text(expect_alone(expect)));
    if (expect & EXPECT_ONLY)
        json_array_append_new(array, text("only"));
    for (unsigned i = 0; i < LATER_COUNT; i++)
        if (expect >> i & 1)
            json_array_append_new(array, text(later_name(i)));
    return array;
}

/* As in a run's JSON. */
static void unseen(json_t *object, const struct finding *finding)
{
    json_object_set_new(object, "unsampled_share", json_real(figure_unsampled(finding)));
    json_object_set_new(object, "contention_share",
                        json_real(figure_contention(finding)));
}

static json_t *strategy(const struct finding *finding)
{
    json_t *object = json_object();

    json_object_set_new(object, "name", text(finding->strategy->name));
    json_object_set_new(object, "expect", expected(finding->strategy->expect));
    json_object_set_new(object, "bytes", whole(finding->bytes));
    json_object_set_new(object, "round_trips", whole(finding->trips));
    json_object_set_new(object, "unbegun", later(finding->unbegun));
    json_object_set_new(object, "uncrashed", later(finding->uncrashed));
    json_object_set_new(object, "points", points(finding));
    json_object_set_new(object, "kills", kills(&finding->kills));
    if (finding->kills.weights.count)
        json_object_set_new(object, "weights", weights(&finding->kills));
    if (finding->cold_count || finding->unseen.known)
        unseen(object, finding);
    json_object_set_new(object, "updates", whole(finding->sample_count));
    json_object_set_new(object, "update_ns", durations(finding));
    return object;
}

/* NULL: not known. */
static json_t *times(const struct outline *scenario)
{
    json_t *object = json_object();

    for (int i = 0; i < TIME_COUNT; i++)
        if (scenario->times[i])
            json_object_set_new(object, outline_time_name((enum outline_time)i),
                                text(scenario->times[i]));
    if (json_object_size(object))
        return object;
    json_decref(object);
    return NULL;
}

static json_t *baseline_object(const struct result *result)
{
    const struct outline *scenario = result->scenario;
    json_t *object = json_object(), *params = json_object(), *strategies = json_array();

    for (size_t i = 0; i < scenario->parameter_count; i++)
        json_object_set_new(params, scenario->parameters[i].name,
                            text(scenario->parameters[i].value));
    result_foreach (finding, result)
        json_array_append_new(strategies, strategy(finding));
    json_object_set_new(object, "schema", json_integer(BASELINE_SCHEMA));
    json_object_set_new(object, "afterkill", text(VERSION));
    json_object_set_new(object, "scenario", text(scenario->name));
    json_object_set_new(object, "title", text(scenario->title));
    json_object_set_new(object, "params", params);
    json_object_set_new(object, "times", times(scenario)); /* nothing of NULL */
    json_object_set_new(object, "redis", text(result->server));
    json_object_set_new(object, "transport", text(result->transport));
    json_object_set_new(object, "rtt_us", json_real(result->rtt_us));
    json_object_set_new(object, "killer", text(result->killer));
    json_object_set_new(object, "lanes", whole(result->lanes));
    json_object_set_new(object, "seed", whole(result->plan.seed));
    json_object_set_new(object, "run", text(result->made));
    json_object_set_new(object, "confidence", json_real(result->confidence));
    if (result->stopping.width > 0)
        json_object_set_new(object, "until_width", json_real(result->stopping.width));
    if (result->stopping.below > 0)
        json_object_set_new(object, "until_below", json_real(result->stopping.below));
    json_object_set_new(object, "strategies", strategies);
    return object;
}

static bool is_flat(json_t *value)
{
    const char *key;
    json_t *member;
    size_t index;

    json_array_foreach (value, index, member) {
        if (json_is_object(member) || json_is_array(member))
            return false;
    }
    json_object_foreach (value, key, member) {
        if (json_is_object(member) || json_is_array(member))
            return false;
    }
    return true;
}

/* As many as every decimal number of that length has of its own. Weights that are equal
 * must be so when they are read: reader and interval allow 1e-9 between the square of a
 * sum and the sum of squares. */
#define REAL_DIGITS 15

/* As JSON_INDENT would, but what has nothing nested in it stands on one line. */
static void write_value(FILE *out, json_t *value, int depth)
{
    size_t count =
        json_is_array(value) ? json_array_size(value) : json_object_size(value);
    const char *key;
    json_t *member;
    size_t index, written = 0;

    if (is_flat(value)) {
        json_dumpf(value, out, JSON_ENCODE_ANY | JSON_REAL_PRECISION(REAL_DIGITS));
        return;
    }
    fputs(json_is_array(value) ? "[\n" : "{\n", out);
    json_array_foreach (value, index, member) {
        fprintf(out, "%*s", 2 * depth + 2, "");
        write_value(out, member, depth + 1);
        fputs(++written < count ? ",\n" : "\n", out);
    }
    json_object_foreach (value, key, member) {
        fprintf(out, "%*s\"%s\": ", 2 * depth + 2, "", key); /* our own keys only */
        write_value(out, member, depth + 1);
        fputs(++written < count ? ",\n" : "\n", out);
    }
    fprintf(out, "%*s%s", 2 * depth, "", json_is_array(value) ? "]" : "}");
}

char *baseline_text(const struct result *result)
{
    json_t *object = baseline_object(result);
    char *content = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&content, &length);

    if (out) {
        write_value(out, object, 0);
        fputc('\n', out);
        fclose(out);
    }
    json_decref(object);
    return content ? content : mem_strdup("");
}

static int check_result(const struct result *result, struct err *err)
{
    if (!result->complete)
        return err_set(err, ERR_USAGE, "the run was not finished, so it is no baseline");
    result_foreach (finding, result) {
        if (!tally_census_complete(finding))
            return err_set(
                err, ERR_USAGE,
                "the census of '%s' is not finished, so the run is no baseline",
                finding->strategy->name);
        if (tally_unexplained(finding))
            return err_set(err, ERR_USAGE,
                           "'%s' has unexplained deaths, so the run is no baseline",
                           finding->strategy->name);
    }
    return 0;
}

int baseline_save(const char *path, const struct result *result, struct err *err)
{
    CLEANUP(mem_freep) char *content = NULL;
    int code = check_result(result, err);

    if (code < 0)
        return code;
    content = baseline_text(result);
    return file_write(path, content, strlen(content), err);
}

int baseline_load(const char *path, struct baseline **ret, struct err *err)
{
    CLEANUP(mem_freep) char *bytes = NULL;
    size_t length = 0;
    struct stat st;
    bool there = stat(path, &st) == 0;

    if (there && !S_ISREG(st.st_mode))
        return err_set(err, ERR_USAGE, "baseline '%s': it is not a file", path);
    if (there && st.st_size > FILE_MOST_BYTES)
        return err_set(err, ERR_USAGE, "baseline '%s': it is too large for one", path);
    bytes = file_read(path, &length);
    if (!bytes)
        return err_set(err, ERR_USAGE, "baseline '%s': %s", path, err_words(errno));
    return baseline_parse(path, bytes, length, ret, err);
}

struct baseline *baseline_free(struct baseline *baseline)
{
    if (!baseline)
        return NULL;
    result_release(&baseline->result);
    outline_release(&baseline->scenario);
    free(baseline->version);
    free(baseline->transport);
    free(baseline->killer);
    free(baseline);
    return NULL;
}
