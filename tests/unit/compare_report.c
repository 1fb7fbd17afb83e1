/* Reports of comparisons: what is said in words, that the JSON is JSON with every figure,
 * and that nothing prints what is no number. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "handmade.h"
#include "report/compare_words.h"
#include "report/format.h"
#include "report/words.h"

static const struct compare_options plain = { .confidence = 0.95 };

static struct handmade base, new;
static struct comparison comparison;

/* Compares two runs of one strategy each; the caller ends it. */
static void compare(struct handmade_strategy before, struct handmade_strategy after,
                    const struct compare_options *options)
{
    struct handmade_strategy all[HANDMADE_STRATEGIES] = { before };

    handmade_init(&base, 1, all);
    all[0] = after;
    handmade_init(&new, 2, all);
    compare_runs(&base.result, &new.result, options, &comparison);
}

static void end(void)
{
    comparison_release(&comparison);
    handmade_release(&base);
    handmade_release(&new);
}

static char *written(const char *format)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    cr_assert_not_null(out);
    format_by_name(format)->compare(out, &comparison,
                                    (struct report_style){ .color = false });
    fclose(out);
    return text;
}

/* The two sides, what must be in the sentence, and what in the regression. */
Test(compare_report, sentences)
{
    static const struct {
        struct handmade_strategy base, new;
        double margin;
        const char *sentence, *regression; /* NULL: there is none */
    } cases[] = {
        { { "a", "..", 925, 1, 0, 0, 50, 0 },
          { "a", "..", 930, 2, 0, 0, 50, 0 },
          0,
          "a: not distinguishable with these 925 and 930 kills (difference +0.107% [",
          NULL },
        { { "a", "..", 925, 1, 0, 0, 50, 0 },
          { "a", "..", 930, 2, 0, 0, 50, 0 },
          0,
          "000 would be needed to see a difference of this size",
          NULL },
        { { "a", "..", 925, 0, 0, 0, 50, 0 },
          { "a", "..", 930, 0, 0, 0, 50, 0 },
          0,
          "[-0.399, 0.396]): the observed rates are equal.",
          NULL }, /* equal: no number of kills would do */
        { { "a", "..", 1000, 100, 0, 0, 50, 0 },
          { "a", "..", 1000, 200, 0, 0, 50, 0 },
          0,
          "a: does harm more often: 100 of 1000 kills, and 200 of 1000 (difference "
          "+10.0% "
          "[",
          "queue/a regressed: 20% of the SIGKILLs inside an update do harm, 10% did "
          "(difference +10.0% [" },
        { { "a", "..", 1000, 200, 0, 0, 50, 0 },
          { "a", "..", 1000, 100, 0, 0, 50, 0 },
          0,
          "does harm less often: ",
          NULL },
        { { "a", "..", 1000, 200, 0, 0, 50, 0 },
          { "a", "..", 1000, 200, 90, 0, 50, 0 },
          0,
          "does harm more often: 200 of 1000 kills, and 290 of 1000",
          "29% of the SIGKILLs inside an update do harm, 20% did" },
        { { "a", "..", 1000, 200, 0, 0, 50, 0 },
          { "a", "..", 1000, 200, 0, 90, 50, 0 },
          0,
          "is torn more often: 0 of 1000 kills, and 90 of 1000",
          "9% of the SIGKILLs inside an update leave it torn, none did" },
        { { "a", ".....", 0, 0, 0, 0, 50, 0 },
          { "a", "..L..", 0, 0, 0, 0, 50, 0 },
          0,
          "a: no rates to compare: 0 valid kills, and 0. Crash points that do harm which "
          "they",
          "queue/a regressed: a worker that dies after SET key2 now leaves it leaked; 1 "
          "of "
          "5 crash points does harm, none did." },
        { { "a", ".L...", 0, 0, 0, 0, 50, 0 },
          { "a", "BB...", 0, 0, 0, 0, 50, 0 },
          0,
          "",
          "dies before any command now leaves it leaked+lost; 2 of 5 crash points "
          "do harm, 1 of 5 did." },
        { { "a", NULL, 5, 1, 0, 0, 50, 0 },
          { "a", "...", 5, 1, 0, 0, 50, 0 },
          0,
          "Crash points cannot be compared",
          NULL },
        { { "a", ".L.", 2000, 1000, 0, 0, 50, 0 },
          { "a", ".L.", 2000, 500, 0, 0, 100, 0 },
          0,
          "looks better per kill, not per exposure: the update takes longer, and a "
          "SIGKILL does harm in 25 us of it, in 25 before.",
          NULL },
        { { "a", ".L.", 2000, 500, 0, 0, 100, 0 },
          { "a", ".L.", 2000, 1000, 0, 0, 50, 0 },
          0,
          "looks worse per kill, not per exposure: the update takes less time",
          "do harm" },
        { { "a", ".L.", 100, 30, 0, 0, 50, 0 },
          { "a", ".L.", 100, 31, 0, 0, 50, 0 },
          0.05,
          "Whether harm is greater by the margin of 5% cannot be told; about ",
          NULL },
        { { "a", ".L.", 100, 30, 0, 0, 50, 0 },
          { "a", ".L.", 100, 35, 0, 0, 50, 0 },
          0.05,
          "cannot be told: the difference is the margin.",
          NULL },
        { { "a", ".L.", 5000, 30, 0, 0, 50, 0 },
          { "a", ".L.", 5000, 30, 0, 0, 50, 0 },
          0.05,
          "Harm is not greater by the margin of 5%.",
          NULL },
        { { "a", ".L.", 1000, 300, 0, 0, 50, 0 },
          { "a", ".L.", 1000, 500, 0, 0, 50, 0 },
          0.05,
          "Harm is greater by more than the margin of 5%.",
          "harm per SIGKILL inside an update grew by more than 5% (difference +20.0% [" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct compare_options options = { .confidence = 0.95,
                                           .margin = cases[i].margin,
                                           .interleaved = true };
        char *sentence, *regression;

        compare(cases[i].base, cases[i].new, &options);
        sentence = compare_sentence(&comparison, &comparison.rows[0]);
        regression = compare_regression(&comparison, &comparison.rows[0]);
        cr_expect_not_null(strstr(sentence, cases[i].sentence), "case %zu: '%s'", i,
                           sentence);
        cr_expect_eq(regression != NULL, cases[i].regression != NULL, "case %zu: '%s'", i,
                     regression);
        if (regression && cases[i].regression)
            cr_expect_not_null(strstr(regression, cases[i].regression), "case %zu: '%s'",
                               i, regression);
        free(sentence);
        free(regression);
        end();
    }
}

/* What is said of attempts that were compared with each other. */
Test(compare_report, pairs_are_told)
{
    const struct handmade_strategy all[HANDMADE_STRATEGIES] = {
        { .name = "a", .points = ".L." }, { .name = "b", .points = ".L." }
    };
    char *sentence, *json;
    json_t *object, *difference;
    json_int_t valid, base_only, new_only, unpaired;
    const char *method;

    handmade_init(&base, 1, all);
    handmade_init(&new, 1, all);
    handmade_strike(&base, 0, "H.H.H.H.H-", 90);
    handmade_strike(&new, 0, "..H.H.HHH-", 90);
    handmade_strike(&base, 1, "H.-", 30);
    handmade_strike(&new, 1, "H.H", 30);
    compare_runs(&base.result, &new.result, &plain, &comparison);
    sentence = compare_sentence(&comparison, &comparison.rows[0]);
    cr_expect_not_null(
        strstr(sentence,
               "of 810 attempts that landed on both sides, 90 did harm in the base "
               "alone, 90 in the new one alone."),
        "%s", sentence);
    json = written("json");
    object = json_loads(json, 0, NULL);
    difference = json_object_get(
        json_object_get(
            json_object_get(json_array_get(json_object_get(object, "rows"), 1), "rates"),
            "harmed"),
        "difference");
    cr_assert_eq(json_unpack(difference, "{s:s, s:{s:I, s:I, s:I, s:I}}", "method",
                             &method, "pairs", "valid", &valid, "base_only", &base_only,
                             "new_only", &new_only, "unpaired", &unpaired),
                 0, "%s", json);
    cr_expect_str_eq(method, "mcnemar-mid-p");
    cr_expect(valid == 60 && base_only == 0 && new_only == 0 && unpaired == 30);
    json_decref(object);
    free(json);
    free(sentence);
    end();
}

/* Of attempts that landed on both sides more do harm in the new run, and of all fewer. */
Test(compare_report, pairs_that_say_the_opposite_are_told)
{
    const struct handmade_strategy all[HANDMADE_STRATEGIES] = { { .name = "a",
                                                                  .points = ".L." } };
    char *sentence;

    handmade_init(&base, 1, all);
    handmade_init(&new, 1, all);
    handmade_strike(&base, 0, "H...--HHHH", 90);
    handmade_strike(&new, 0, "HH....----", 90);
    compare_runs(&base.result, &new.result, &plain, &comparison);
    sentence = compare_sentence(&comparison, &comparison.rows[0]);
    cr_expect_not_null(
        strstr(
            sentence,
            "of 360 attempts that landed on both sides, 0 did harm in the base alone, 90 "
            "in the new one alone; 540 more landed on one side, and count, too (by the "
            "former alone, each counted as one, the difference would be the other way "
            "round)."),
        "%s", sentence);
    free(sentence);
    end();
}

/* Kills that differ, and a machine that was too busy to say so. */
Test(compare_report, what_was_not_seen_is_told)
{
    static const struct handmade_strategy before = { "a", ".L.", 900, 450, 0, 0, 50, 0 };
    static const struct handmade_strategy after = { "a", ".L.", 900, 540, 0, 0, 50, 0 };
    static const struct compare_options margin = { 0.95, 0.11, false, false };
    static const char *const said[] = {
        "a: not distinguishable with these 900 and 900 kills (difference +10",
        ", although corrected p is <0.0001; what no kill has seen, and updates that "
        "waited "
        "for a CPU, may come to as much; more kills would tell only if they leave less "
        "of that.",
        "cannot be told: what kills have not seen may come to as much as decides it.",
    };
    char *sentence, *text;

    compare(before, after, &plain);
    comparison_release(&comparison);
    handmade_hold_up(&base, 20);
    handmade_hold_up(&new, 20);
    compare_runs(&base.result, &new.result, &margin, &comparison);
    sentence = compare_sentence(&comparison, &comparison.rows[0]);
    for (size_t i = 0; i < ARRAY_SIZE(said); i++)
        cr_expect_not_null(strstr(sentence, said[i]), "'%s' in: %s", said[i], sentence);
    text = written("text");
    cr_expect_gt(compare_shift(&comparison), 0.1);
    cr_expect_not_null(strstr(text, "wider"), "%s", text);
    free(text);
    free(sentence);
    end();
}

Test(compare_report, damage_without_a_crash)
{
    struct handmade_strategy some = { .name = "a", .points = "..." };
    char *regression;

    compare(some, some, &plain);
    comparison_release(&comparison);
    new.result.findings[0].uncrashed = LATER_STUCK;
    compare_runs(&base.result, &new.result, &plain, &comparison);
    regression = compare_regression(&comparison, &comparison.rows[0]);
    cr_expect_str_eq(regression,
                     "queue/a regressed: it now does damage even when nobody is "
                     "killed: stuck.");
    free(regression);
    end();
}

Test(compare_report, numbers_of_kills)
{
    static const struct {
        uint64_t kills;
        const char *text;
    } cases[] = {
        { 1, "1" },
        { 99, "99" },
        { 100, "about 100" },
        { 101, "about 110" },
        { 40321, "about 41000" },
        { 999999999, "about 1000000000" },
        { KILLS_MOST, "more than 1000000000" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[48];

        words_kills(text, sizeof(text), cases[i].kills);
        cr_expect_str_eq(text, cases[i].text);
    }
}

/* Words like "information" are fine; numbers like "inf" are not. */
static bool has_no_number(const char *text)
{
    static const char *const words[] = { "nan", "inf", "infinity" };

    for (const char *at = text; *at; at += strspn(at, " -+[],:%\n\"(")) {
        size_t length = strcspn(at, " -+[],:%\n\"()");

        for (size_t w = 0; w < ARRAY_SIZE(words); w++)
            if (length == strlen(words[w]) && strncasecmp(at, words[w], length) == 0)
                return true;
        at += length + (at[length] == ')');
    }
    return false;
}

Test(compare_report, nothing_prints_what_is_no_number)
{
    static const struct handmade_strategy some[] = {
        { "a", ".L.", 100, 30, 10, 20, 50, 0 }, { "a", NULL, 0, 0, 0, 0, 0, 0 },
        { "a", "...", 0, 0, 0, 0, 50, 0 },      { "a", "L", 1, 1, 0, 1, 0, 0 },
        { "a", "...", 1, 0, 0, 0, 1, 0 },       { "b", ".", 7, 0, 7, 7, 0, 0 },
    };
    static const struct compare_options margin = { .confidence = 0.999, .margin = 0.01 };

    cr_assert(has_no_number("a [-inf, 3]") && has_no_number("nan%") &&
              !has_no_number("information, finance"));
    for (size_t i = 0; i < ARRAY_SIZE(some) * ARRAY_SIZE(some); i++) {
        for (size_t samples = 0; samples <= 2; samples++) {
            char *text, *json;
            json_t *object;

            compare(some[i % ARRAY_SIZE(some)], some[i / ARRAY_SIZE(some)], &plain);
            comparison_release(&comparison);
            if (new.result.findings[0].sample_count) {
                new.result.findings[0].sample_count = samples;
                new.result.findings[0].block_count = 0;
            }
            compare_runs(&base.result, &new.result, samples == 2 ? &margin : &plain,
                         &comparison);
            text = written("text");
            json = written("json");
            cr_expect_not(has_no_number(text), "%s", text);
            cr_expect_not(has_no_number(json), "%s", json);
            object = json_loads(json, 0, NULL);
            cr_expect_not_null(object, "%s", json);
            json_decref(object);
            free(text);
            free(json);
            end();
        }
    }
}

Test(compare_report, formats_are_found_by_name)
{
    cr_expect_not_null(format_by_name("text"));
    cr_expect_not_null(format_by_name("json"));
    cr_expect_null(format_by_name("jsn"));
}

static const struct handmade_strategy three[HANDMADE_STRATEGIES] = {
    { "each", ".LLL.", 900, 700, 0, 700, 300, LATER_LEAKED },
    { "batch", ".L.", 900, 200, 0, 200, 60, LATER_LEAKED },
    { "multi", "...", 900, 0, 0, 0, 40, EXPECT_ATOMIC },
};
static const struct handmade_strategy four[HANDMADE_STRATEGIES] = {
    { "each", ".LLL.", 910, 650, 0, 700, 310, LATER_LEAKED },
    { "multi", "..L", 905, 2, 0, 0, 35, EXPECT_ATOMIC },
    { "script", "...", 905, 0, 0, 0, 45, EXPECT_ATOMIC },
};

Test(compare_report, json_has_it_all)
{
    char *json;
    json_t *object, *row;
    double estimate, low, high, p;
    const char *verdict, *test, *only, *regression;

    handmade_init(&base, 1, three);
    handmade_init(&new, 1, four);
    compare_runs(&base.result, &new.result, &plain, &comparison);
    json = written("json");
    object = json_loads(json, 0, NULL);
    cr_assert_not_null(object, "%s", json);
    cr_expect_eq(json_array_size(json_object_get(object, "rows")), 2);
    cr_assert_eq(json_unpack(object, "{s:s, s:s, s:[s]}", "verdict", &verdict, "test",
                             &test, "only_in_base", &only),
                 0);
    cr_expect_str_eq(verdict, "fail");
    cr_expect_str_eq(test, "two-binomial-tails");
    cr_expect_str_eq(only, "batch");
    row = json_array_get(json_object_get(object, "rows"), 1);
    cr_assert_eq(json_unpack(row, "{s:{s:{s:{s:f, s:f, s:f}, s:f}}, s:s}", "rates",
                             "leaked", "difference", "estimate", &estimate, "low", &low,
                             "high", &high, "p_adjusted", &p, "regression", &regression),
                 0, "%s", json);
    cr_expect_float_eq(estimate, 2.0 / 905, 1e-9);
    cr_expect(low < estimate && estimate < high && p > 0.05);
    cr_expect_not_null(strstr(regression,
                              "queue/multi regressed: a worker that dies after "
                              "SET key2 now leaves it leaked"));
    json_decref(object);
    free(json);
    end();
}

Test(compare_report, text_of_runs_and_of_pairs)
{
    static const char *const of_runs[] = { "only in the base: batch",
                                           "only in the new run: script",
                                           "FAIL: queue/multi regressed",
                                           "share their seed" };
    static const char *const of_pairs[] = { "all pairs of strategies",
                                            "leaked, torn  22.2% of 900" };
    char *text;

    handmade_init(&base, 1, three);
    handmade_init(&new, 1, four);
    compare_runs(&base.result, &new.result, &plain, &comparison);
    text = written("text");
    for (size_t i = 0; i < ARRAY_SIZE(of_runs); i++)
        cr_expect_not_null(strstr(text, of_runs[i]), "'%s' in:\n%s", of_runs[i], text);
    free(text);
    comparison_release(&comparison);
    compare_pairs(&base.result, &plain, &comparison);
    text = written("text");
    for (size_t i = 0; i < ARRAY_SIZE(of_pairs); i++)
        cr_expect_not_null(strstr(text, of_pairs[i]), "'%s' in:\n%s", of_pairs[i], text);
    cr_expect_null(strstr(text, "PASS"), "pairs are not judged");
    free(text);
    end();
}
