/* json_put.c - see json_put.h. */
#include "report/json_put.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "result/tally.h"

#define SCHEMA 1

json_t *json_put_document(void)
{
    json_t *document = json_object();

    json_put_whole(document, "schema", SCHEMA);
    json_put_text(document, "afterkill", VERSION);
    return document;
}

static void end(FILE *out, json_t *document, size_t flags)
{
    json_dumpf(document, out, flags | JSON_REAL_PRECISION(9));
    fputc('\n', out);
    json_decref(document);
}

void json_put_end(FILE *out, json_t *document)
{
    end(out, document, JSON_INDENT(2));
}

void json_put_line(FILE *out, json_t *document)
{
    end(out, document, JSON_COMPACT);
}

void json_put(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

void json_put_whole(json_t *object, const char *key, uint64_t number)
{
    json_put(object, key, json_integer((json_int_t)number));
}

void json_put_needed(json_t *object, const char *key, uint64_t kills)
{
    json_put(object, key, kills ? json_integer((json_int_t)kills) : json_null());
}

void json_put_real(json_t *object, const char *key, double number)
{
    json_put(object, key, isfinite(number) ? json_real(number) : json_null());
}

void json_put_flag(json_t *object, const char *key, bool flag)
{
    json_put(object, key, json_boolean(flag));
}

static json_t *string(const char *text)
{
    json_t *value = json_string(text);

    return value ? value : json_string("(not UTF-8)");
}

void json_put_text(json_t *object, const char *key, const char *text)
{
    json_put(object, key, text ? string(text) : json_null());
}

void json_put_some(json_t *object, const char *key, const char *text)
{
    if (text[0])
        json_put_text(object, key, text);
}

void json_put_interval(json_t *object, double estimate, struct interval interval)
{
    json_put_real(object, "estimate", estimate);
    json_put_real(object, "low", interval.low);
    json_put_real(object, "high", interval.high);
}

void json_put_parameters(json_t *object, const char *key, const struct outline *scenario)
{
    json_t *all = json_object();

    for (size_t i = 0; i < scenario->parameter_count; i++) {
        const struct parameter *parameter = &scenario->parameters[i];
        char *end;
        long long integer = strtoll(parameter->value, &end, 10);

        if (parameter->is_flag)
            json_put_flag(all, parameter->name, strcmp(parameter->value, "true") == 0);
        else if (parameter->is_text)
            json_put_text(all, parameter->name, parameter->value);
        else if (*end)
            json_put_real(all, parameter->name, strtod(parameter->value, NULL));
        else
            json_put_whole(all, parameter->name, (uint64_t)integer);
    }
    json_put(object, key, all);
}

static json_t *later_words(unsigned words)
{
    json_t *array = json_array();

    for (unsigned i = 0; i < LATER_COUNT; i++)
        if (words >> i & 1)
            json_array_append_new(array, string(later_name(i)));
    return array;
}

void json_put_later(json_t *object, const char *key, unsigned later)
{
    json_put(object, key, later_words(later));
}

void json_put_expect(json_t *object, const char *key, unsigned expect)
{
    json_t *array = later_words(expect & LATER_ALL);

    if (expect & EXPECT_ONLY)
        json_array_insert_new(array, 0, string("only"));
    if (expect & EXPECT_ALONE)
        json_array_append_new(array, string(expect_alone(expect)));
    json_put(object, key, array);
}

void json_put_lasts(json_t *object, const char *key, int64_t lasts_ms)
{
    if (lasts_ms < 0)
        json_put(object, key, json_null());
    else if (lasts_ms == LASTS_FOREVER)
        json_put_text(object, key, "forever");
    else if (lasts_ms % 1000 == 0)
        json_put_whole(object, key, (uint64_t)lasts_ms / 1000);
    else
        json_put_real(object, key, (double)lasts_ms / 1e3);
}

void json_put_words(json_t *object, const struct words *words)
{
    for (int i = 0; i < NOW_COUNT; i++)
        json_put_whole(object, now_name((enum now)i), words->now[i]);
    json_put_whole(object, "clean", words->clean);
    json_put_whole(object, "harm", tally_harmed(words));
    json_put_whole(object, "passing", words->passing);
    for (unsigned i = 0; i < LATER_COUNT; i++)
        json_put_whole(object, later_name(i), words->later[i]);
}

void json_put_kills(json_t *object, const struct kills *kills)
{
    static const char *const names[OUTCOME_COUNT] = {
        [OUTCOME_VALID] = "valid",  [OUTCOME_MISSED] = "missed",
        [OUTCOME_EARLY] = "early",  [OUTCOME_TIMEOUT] = "timeouts",
        [OUTCOME_ERROR] = "errors", [OUTCOME_DISTURBED] = "disturbed",
    };
    json_t *value = json_object();

    json_put_whole(value, "requested", kills->requested);
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        json_put_whole(value, names[i], kills->outcomes[i]);
    json_put_whole(value, "unexplained", kills->unexplained);
    json_put_words(value, &kills->words);
    json_put(object, "kills", value);
}

void json_put_census(json_t *object, uint64_t points, const struct words *words)
{
    json_t *value = json_object();

    json_put_whole(value, "points", points);
    json_put_words(value, words);
    json_put(object, "census", value);
}
