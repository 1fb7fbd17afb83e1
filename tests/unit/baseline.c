/* baseline: what is written is what is read; every kind of file that is none is refused
 * with its name and the key; and no file, however mangled, does more than that. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/file.h"
#include "base/rng.h"
#include "handmade.h"
#include "report/baseline_text.h"
#include "report/compare_words.h"
#include "report/writers.h"
#include "result/compare.h"
#include "stats/durations.h"
#include "store/baseline.h"

static const struct handmade_strategy three[HANDMADE_STRATEGIES] = {
    { "each", ".LLB.", 900, 700, 10, 700, 300, LATER_LEAKED | LATER_LOST },
    { "batch", ".L.", 900, 200, 0, 200, 60, LATER_LEAKED },
    { "multi", "...", 900, 0, 0, 0, 40, EXPECT_ATOMIC },
};

static struct handmade handmade;
static struct baseline *baseline;
static char *content;

static void begin(void)
{
    handmade_init(&handmade, 7, three);
    content = baseline_text(&handmade.result);
}

static void end(void)
{
    free(content);
    baseline = baseline_free(baseline);
    handmade_release(&handmade);
}

TestSuite(baseline, .init = begin, .fini = end);

static int parse(const char *bytes, size_t length, struct err *err)
{
    baseline = baseline_free(baseline);
    return baseline_parse("b.json", bytes, length, &baseline, err);
}

static void parse_content(void)
{
    struct err err = ERR_NULL;

    cr_assert_eq(parse(content, strlen(content), &err), 0, "%s\n%s", err.msg, content);
}

Test(baseline, reads_what_it_writes)
{
    const struct result *result;
    CLEANUP(mem_freep) char *again = NULL;

    parse_content();
    result = &baseline->result;
    cr_expect_str_eq(baseline->scenario.name, "queue");
    cr_expect_str_eq(result->server, "redis 7.0.15");
    cr_expect_str_eq(result->transport, "unix socket");
    cr_expect_eq(result->plan.seed, 7);
    cr_assert_eq(result->plan.strategies, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct finding *was = &handmade.result.findings[i];
        const struct finding *is = &result->findings[i];

        cr_expect_str_eq(is->strategy->name, was->strategy->name);
        cr_expect_eq(is->strategy->expect, was->strategy->expect);
        cr_expect_eq(memcmp(&is->kills, &was->kills, sizeof(is->kills)), 0);
        cr_assert(finding_same_commands(is, was));
        cr_expect(tally_census_complete(is));
        for (uint64_t k = 0; k <= is->commands; k++) {
            cr_expect_eq(is->points[k].verdict.now, was->points[k].verdict.now);
            cr_expect_eq(is->points[k].verdict.later, was->points[k].verdict.later);
        }
        cr_expect_eq(tally_verdict(is), VERDICT_PASS, "the expectation is met");
    }
    again = baseline_text(result);
    cr_expect_str_eq(again, content, "and written again it is the same");
}

Test(baseline, is_made_of_lines)
{
    cr_expect_not_null(
        strstr(content, "\n        [\"SET key1\", \"torn\", \"leaked\"],\n"), "%s",
        content);
    cr_expect_not_null(strstr(content, "\n  \"params\": {\"jobs\": \"25\", "), "%s",
                       content);
    cr_expect_not_null(strstr(content, "\"confidence\": 0.95,\n"), "%s", content);
    cr_expect_eq(content[strlen(content) - 1], '\n');
}

/* Samples of several sizes, with an outlier: the mean is kept, quantiles nearly. */
Test(baseline, durations_keep_their_mean_and_quantiles)
{
    static const size_t counts[] = { 0, 1, 5, 24, 25, 26, 200, 2000 };

    for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
        struct finding *was = &handmade.result.findings[0];
        const struct finding *is;
        size_t n = counts[i];

        was->samples_ns = mem_grow(was->samples_ns, n + 1, sizeof(*was->samples_ns));
        was->sample_count = n;
        for (size_t s = 0; s < n; s++)
            was->samples_ns[s] = 40000 + rng_below(10000, 1, 0, s) + (s == 3) * 5000000;
        free(content);
        content = baseline_text(&handmade.result);
        parse_content();
        is = &baseline->result.findings[0];
        cr_assert_eq(is->sample_count, n);
        cr_expect_float_eq(durations_mean(is->samples_ns, n),
                           durations_mean(was->samples_ns, n), 1, "of %zu", n);
        for (int q = 0; q <= 95; q++) {
            double before = durations_quantile(was->samples_ns, n, q / 100.0);
            double after = durations_quantile(is->samples_ns, n, q / 100.0);

            if (n <= 25)
                cr_expect_float_eq(after, before, 1e-9,
                                   "%zu samples are kept as they are", n);
            cr_expect(fabs(after - before) <= 0.03 * before + 1, "p%d of %zu: %g, %g", q,
                      n, after, before);
        }
    }
}

/* What weighs the same in a run does so in its baseline, whatever it weighs. */
Test(baseline, equal_weights_stay_equal)
{
    struct kills *kills = &handmade.result.findings[0].kills;

    for (uint64_t seed = 0; seed < 500; seed++) {
        double weight = 1e4 + 1e6 * rng_unit(seed, 0, 0);
        struct weighted *weighted;

        for (size_t i = 0; i < BASELINE_WEIGHTS; i++) {
            uint64_t count = (weighted = baseline_weighted(kills, i))->count;

            *weighted = (struct weighted){ .count = 0 };
            while (weighted->count < count)
                weighted_add(weighted, weight);
        }
        free(content);
        content = baseline_text(&handmade.result);
        parse_content();
        weighted = &baseline->result.findings[0].kills.weights;
        cr_expect(weighted_equal(weighted), "%.17g", weight);
    }
}

/* A comparison with a baseline rests on what one with its run would. */
Test(baseline, what_kills_have_not_seen_is_kept)
{
    static const struct compare_options options = { .confidence = 0.95 };
    const struct finding *was = &handmade.result.findings[0], *is;
    struct comparison with_run, with_baseline;

    handmade_hold_up(&handmade, 5);
    handmade.result.findings[0].cold[99].ran_ns = 80000;
    free(content);
    content = baseline_text(&handmade.result);
    parse_content();
    is = &baseline->result.findings[0];
    cr_expect_gt(figure_unsampled(was), 0.001);
    cr_expect_gt(figure_contention(was), 0.02);
    cr_expect_float_eq(figure_unsampled(is), figure_unsampled(was), 1e-9);
    cr_expect_float_eq(figure_contention(is), figure_contention(was), 1e-9);
    compare_runs(&handmade.result, &handmade.result, &options, &with_run);
    compare_runs(&baseline->result, &handmade.result, &options, &with_baseline);
    cr_expect_eq(with_baseline.comparable.count, with_run.comparable.count);
    for (int i = 0; i < RATE_COUNT; i++) {
        const struct rate_difference *a = &with_run.rows[0].rates[i];
        const struct rate_difference *b = &with_baseline.rows[0].rates[i];

        cr_expect_float_eq(a->interval.low, b->interval.low, 1e-7);
        cr_expect_float_eq(a->interval.high, b->interval.high, 1e-7);
    }
    comparison_release(&with_run);
    comparison_release(&with_baseline);
}

/* One of old does not have it, and it is said. */
Test(baseline, what_kills_have_not_seen_is_missed)
{
    static const struct compare_options options = { .confidence = 0.95 };
    struct comparison comparison;
    bool said = false;

    for (char *at; (at = strstr(content, "\"contention_share\""));)
        memcpy(at, "\"contention_other", 17);
    parse_content();
    compare_runs(&baseline->result, &handmade.result, &options, &comparison);
    for (size_t i = 0; i < comparison.comparable.count; i++)
        said |= strstr(comparison.comparable.notes[i].text,
                       "the base does not say what its kills have not seen") != NULL;
    cr_expect(said);
    comparison_release(&comparison);
}

Test(baseline, parts_have_every_sample_once)
{
    for (size_t count = 0; count < 3000; count += 1 + count / 7) {
        cr_expect_eq(baseline_cut(count, 0), 0);
        cr_expect_eq(baseline_cut(count, baseline_parts), count);
        for (size_t i = 0; i < baseline_parts; i++)
            cr_expect_leq(baseline_cut(count, i), baseline_cut(count, i + 1));
    }
}

Test(baseline, nothing_changes_in_comparison_with_oneself)
{
    static const struct compare_options options = { .confidence = 0.95 };
    struct comparison comparison;

    parse_content();
    compare_runs(&baseline->result, &handmade.result, &options, &comparison);
    cr_expect_eq(comparison.count, 3);
    cr_expect_eq(comparison.comparable.count, 0, "they are alike");
    cr_expect_eq(compare_exit_status(&comparison), EXIT_PASS);
    for (size_t i = 0; i < comparison.count; i++) {
        const struct ratio *speed = &comparison.rows[i].speed;

        cr_expect(speed->known && !speed->bounded, "it may be of another day");
        cr_expect_float_eq(speed->estimate, 1, 0.01);
    }
    comparison_release(&comparison);
}

/* Its intervals are wider, and tests of it are for a number of kills that it had not. */
Test(baseline, a_stopping_rule_is_kept)
{
    static const struct compare_options options = { .confidence = 0.95 };
    struct comparison comparison;

    handmade.result.stopping = (struct stopping){ .width = 0.05, .below = 1e-4 };
    free(content);
    content = baseline_text(&handmade.result);
    parse_content();
    cr_expect_float_eq(baseline->result.stopping.width, 0.05, 1e-12);
    cr_expect_float_eq(baseline->result.stopping.below, 1e-4, 1e-12);
    handmade.result.stopping = (struct stopping){ .width = 0 };
    compare_runs(&baseline->result, &handmade.result, &options, &comparison);
    cr_expect_eq(comparison.comparable.count, 1, "the base's rule is noted");
    comparison_release(&comparison);
}

Test(baseline, a_regression_is_found_and_told)
{
    static const struct compare_options options = { .confidence = 0.95 };
    struct comparison comparison;
    char *sentence;

    parse_content();
    handmade.result.findings[2].points[1].verdict.later = LATER_LEAKED;
    compare_runs(&baseline->result, &handmade.result, &options, &comparison);
    cr_expect_eq(compare_exit_status(&comparison), EXIT_FAIL);
    sentence = compare_regression(&comparison, &comparison.rows[2]);
    cr_expect_str_eq(
        sentence, "queue/multi regressed: a worker that dies after SET key1 now leaves "
                  "it leaked; 1 of 3 crash points does harm, none did.");
    free(sentence);
    comparison_release(&comparison);
}

/* The content with `from` replaced once; the caller frees it. */
static char *replaced(const char *from, const char *to)
{
    char *at = strstr(content, from);

    cr_assert_not_null(at, "'%s' is not in\n%s", from, content);
    return mem_printf("%.*s%s%s", (int)(at - content), content, to, at + strlen(from));
}

Test(baseline, mistakes_are_named)
{
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        { "{\n", "[1, 2,\n", "it is not JSON" },
        { "\"schema\": 2", "\"schema\": 3", "schema: expected 1 to 2" },
        { "\"schema\": 2", "\"schema\": \"1\"", "schema: expected 1" },
        { "\"schema\": 2", "\"chema\": 1", "schema: expected 1" },
        { "\"schema\": 2", "\"schema\": 2, \"schema\": 2", "duplicate" },
        { "\"scenario\": \"queue\"", "\"scenario\": 5", "scenario: expected a text" },
        { "\"seed\": 7", "\"seed\": -7", "seed: expected a whole number from 0" },
        { "\"seed\": 7", "\"seed\": 7.5", "seed: expected a whole number" },
        { "\"seed\": 7", "\"seed\": NaN", "it is not JSON" },
        { "\"seed\": 7", "\"seed\": 1e999", "it is not JSON" },
        { "\"seed\": 7", "\"seed\": 99999999999999999999", "it is not JSON" },
        { "\"seed\": 7,", "", "seed: expected a whole number" },
        { "\"confidence\": 0.95", "\"confidence\": 1", "confidence: expected a number" },
        { "\"confidence\": 0.95", "\"confidence\": -0.5", "confidence: expected" },
        { "\"confidence\": 0.95", "\"confidence\": null", "confidence: expected" },
        { "\"rtt_us\": 0.0", "\"rtt_us\": -1", "rtt_us: expected a number from 0" },
        { "\"rtt_us\": 0.0", "\"rtt_us\": 1e300", "rtt_us: expected a number from 0" },
        { "\"params\": {", "\"params\": {\"x\": 1, ", "params: expected texts" },
        { "\"params\": {\"jobs\": \"25\", \"period\": \"10\"}", "\"params\": []",
          "params: expected an object" },
        { "\"redis\": ", "\"times\": 1, \"redis\": ", "times: expected an object" },
        { "\"redis\": ", "\"times\": {}, \"redis\": ", "times: expected texts" },
        { "\"name\": \"each\"", "\"name\": \"\"", "strategies[0].name: expected a name" },
        { "\"name\": \"batch\"", "\"name\": \"each\"",
          "strategies[1].name: expected ano" },
        { "\"leaked\", \"lost\"", "\"leaky\"", "strategies[0].expect: expected words" },
        { "\"uncrashed\": \"clean\"", "\"uncrashed\": \"dirty\"",
          "strategies[0].uncrashed: expected clean" },
        { "\"unbegun\": \"clean\"", "\"unbegun\": \"dirty\"",
          "strategies[0].unbegun: expected clean" },
        { "[\"SET key1\", \"torn\"", "[\"SET key1\", \"turn\"",
          "strategies[0].points[1]: expected [command, now, later]" },
        { "\"torn\", \"leaked\"]", "\"torn\", \"\"]",
          "strategies[0].points[1]: expected" },
        { "\"torn\", \"leaked\"]", "\"torn\"]", "strategies[0].points[1]: expected" },
        { "[\"\", ", "[\"GET x\", ", "strategies[0].points[0]: expected" },
        { "[\"SET key1\"", "[\"SET 0123456789012345678901234567890123456789012345\"",
          "strategies[0].points[1]: expected" },
        { "\"valid\": 900", "\"valid\": -900",
          "strategies[0].kills.valid: expected a who" },
        { "\"valid\": 900", "\"valid\": 1e3",
          "strategies[0].kills.valid: expected a whol" },
        { "\"valid\": 900", "\"valid\": 90", "strategies[0].kills: expected words that" },
        { "\"valid\": 900", "\"valid\": 9000000000", "kills.valid: expected a whole" },
        { "\"clean\": 190", "\"clean\": 900",
          "strategies[0].kills: expected words that" },
        { "\"leaked\": 700", "\"leaked\": 9000",
          "strategies[0].kills: expected words th" },
        { "\"stuck\": 0, ", "", "strategies[0].kills.stuck: expected a whole number" },
        { "\"valid\": [900", "\"valid\": [\"900\"",
          "strategies[0].weights.valid: expected [count, sum of the weights, sum" },
        { "\"contention_share\": 0", "\"contention_share\": 2",
          "strategies[0].contention_share: expected a number from 0 to 1" },
        { "\"valid\": [900", "\"valid\": [9, 900", "weights.valid: expected [count" },
        { "\"valid\": [900", "\"valid\": [0", "weights.valid: expected [count" },
        { "\"valid\": [900", "\"valid\": [9", "weights.valid: expected [count" },
        { "\"leaked\": [700, ", "\"leaked\": [700, 99999", "weights.leaked: expected" },
        { "\"weights\": {", "\"weights\": [], \"others\": {",
          "strategies[0].weights: expected an object" },
        { "\"updates\": 101", "\"updates\": 7",
          "strategies[0].update_ns: expected as ma" },
        { "\"updates\": 101", "\"updates\": 100001", "updates: expected a whole number" },
        { "\"update_ns\": [2", "\"update_ns\": [-2",
          "update_ns: expected whole numbers" },
        { "\"update_ns\": [2", "\"update_ns\": [1.2",
          "update_ns: expected whole numbers" },
        { "\"update_ns\": [2", "\"update_ns\": [92",
          "update_ns: expected whole numbers" },
        { "\"update_ns\": [", "\"update_ns\": [1, ", "update_ns: expected as many" },
        { "\"strategies\": [", "\"strategies\": [3, ", "strategies[0].name: expected" },
        { "\"strategies\": [", "\"strategies\": [[], ", "strategies[0].name: expected" },
        { "\"strategies\": [", "\"strategies\": [], \"others\": [",
          "strategies: expected at least one" },
        { "\"points\": [", "\"points\": [], \"others\": [",
          "strategies[0].points: expected at least one" },
        { "\"points\": [", "\"points\": 1, \"others\": [",
          "strategies[0].points: expected an array" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(mem_freep) char *text = replaced(cases[i].from, cases[i].to);
        struct err err = ERR_NULL;

        cr_expect_eq(parse(text, strlen(text), &err), ERR_USAGE, "case %zu: %s", i,
                     cases[i].to);
        cr_expect_not_null(strstr(err.msg, cases[i].message), "case %zu: '%s'", i,
                           err.msg);
        cr_expect_not_null(strstr(err.msg, "b.json"), "case %zu: '%s'", i, err.msg);
    }
}

/* What was written before there was `duplicated` counts none. */
Test(baseline, without_newer_words)
{
    CLEANUP(mem_freep) char *text = replaced("\"duplicated\": 0, ", "");
    struct err err = ERR_NULL;

    cr_expect_eq(parse(text, strlen(text), &err), 0, "%s", err.msg);
    cr_expect_eq(
        baseline->result.findings[0].kills.words.later[__builtin_ctz(LATER_DUPLICATED)],
        0);
}

/* An error with words, or a baseline that can be used for what baselines are for. */
static void expect_harmless(const char *bytes, size_t length)
{
    static const struct compare_options options = { .confidence = 0.95, .margin = 0.01 };
    struct comparison comparison;
    struct err err = ERR_NULL;
    FILE *nowhere;

    if (parse(bytes, length, &err) < 0) {
        cr_expect_eq(err.code, ERR_USAGE);
        cr_expect_not_null(strstr(err.msg, "b.json"), "'%s'", err.msg);
        return;
    }
    nowhere = fopen("/dev/null", "we");
    compare_runs(&baseline->result, &handmade.result, &options, &comparison);
    compare_json(nowhere, &comparison, (struct report_style){ .color = false });
    baseline_text_write(nowhere, baseline, (struct report_style){ .color = false });
    comparison_release(&comparison);
    fclose(nowhere);
}

/* Few durations, so that the many comparisons below are quick. */
static void make_small(void)
{
    struct handmade_strategy small[HANDMADE_STRATEGIES] = {
        { "a", ".LB", 20, 7, 1, 7, 300, LATER_LEAKED }, { "b", "..", 20, 0, 0, 0, 0, 0 }
    };

    handmade_release(&handmade);
    handmade_init(&handmade, 7, small);
    handmade.result.findings[0].sample_count = 6;
    free(content);
    content = baseline_text(&handmade.result);
}

Test(baseline, truncated_anywhere_is_an_error)
{
    struct err err = ERR_NULL;

    for (size_t length = 0; length + 1 < strlen(content); length++)
        cr_expect_eq(parse(content, length, &err), ERR_USAGE, "at %zu", length);
    parse_content();
}

/* Every byte is changed into a few others: a bit flipped, a digit, a quote, a byte that
 * is not UTF-8, none at all. */
Test(baseline, mangled_is_harmless)
{
    static const char others[] = { '9', '-', '"', ',', '\0', (char)0xff };
    size_t length;

    make_small();
    length = strlen(content);
    for (size_t i = 0; i < length; i++) {
        for (size_t o = 0; o < ARRAY_SIZE(others) + 1; o++) {
            char was = content[i];

            content[i] = o < ARRAY_SIZE(others)
                             ? others[o]
                             : (char)(was ^ 1 << rng_below(7, 3, 0, i));
            expect_harmless(content, length);
            content[i] = was;
        }
    }
}

static void expect_refused(const char *path, const char *message)
{
    struct err err = ERR_NULL;

    baseline = baseline_free(baseline);
    cr_expect_eq(baseline_load(path, &baseline, &err), ERR_USAGE, "%s", path);
    cr_expect_not_null(strstr(err.msg, message), "'%s'", err.msg);
    cr_expect_null(baseline);
}

Test(baseline, files)
{
    struct tempdir directory = TEMPDIR_NULL;
    struct err err = ERR_NULL;
    CLEANUP(mem_freep) char *path = NULL;
    CLEANUP(mem_freep) char *pipe = NULL;

    cr_assert_eq(tempdir_make(&directory, &err), 0, "%s", err.msg);
    path = mem_printf("%s/baseline.json", directory.path);
    pipe = mem_printf("%s/pipe", directory.path);
    expect_refused(path, "No such file");
    expect_refused(directory.path, "it is not a file");
    cr_assert_eq(mkfifo(pipe, 0600), 0);
    expect_refused(pipe, "it is not a file");
    cr_assert_eq(file_write(path, "", 0, &err), 0);
    expect_refused(path, "it is not JSON");
    cr_assert_eq(baseline_save(path, &handmade.result, &err), 0, "%s", err.msg);
    cr_assert_eq(baseline_load(path, &baseline, &err), 0, "%s", err.msg);
    cr_expect_eq(baseline->result.plan.strategies, 3);
    tempdir_remove(&directory);
}

Test(baseline, what_is_not_worth_keeping_is_not_kept)
{
    struct result *result = &handmade.result;
    struct err err = ERR_NULL;

    result->complete = false;
    cr_expect_eq(baseline_save("/nonexistent/x", result, &err), ERR_USAGE);
    cr_expect_not_null(strstr(err.msg, "not finished"), "'%s'", err.msg);
    result->complete = true;
    result->findings[1].points[1].taken = false;
    cr_expect_eq(baseline_save("/nonexistent/x", result, &err), ERR_USAGE);
    cr_expect_not_null(strstr(err.msg, "the census of 'batch'"), "'%s'", err.msg);
    result->findings[1].points[1].taken = true;
    result->findings[2].kills.unexplained = 1;
    cr_expect_eq(baseline_save("/nonexistent/x", result, &err), ERR_USAGE);
    cr_expect_not_null(strstr(err.msg, "'multi' has unexplained"), "'%s'", err.msg);
    result->findings[2].kills.unexplained = 0;
    cr_expect_lt(baseline_save("/nonexistent/x", result, &err), 0);
    cr_expect_neq(err.code, ERR_USAGE, "no such directory");
}

Test(baseline, is_shown)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    parse_content();
    baseline_text_write(out, baseline, (struct report_style){ .color = false });
    fclose(out);
    cr_expect_not_null(strstr(text, "jobs=25"), "%s", text);
    cr_expect_not_null(strstr(text, "3 of 5"), "%s", text);
    cr_expect_not_null(strstr(text, "each: leaked+lost after SET key3\n"), "%s", text);
    cr_expect_not_null(strstr(text, "leaked after SET key1 to SET key2 (2 points)"), "%s",
                       text);
    cr_expect_not_null(strstr(text, "below 0.410%"), "%s", text);
    free(text);
}
