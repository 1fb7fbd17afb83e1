/* longer: harm whose words are what they were, and that lasts longer: of two runs, of a
 * run and a baseline, of two strategies of one run. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "handmade.h"
#include "report/baseline_text.h"
#include "report/compare_words.h"
#include "report/format.h"
#include "report/verdict_line.h"
#include "result/compare.h"
#include "store/baseline.h"

#define S 1000
#define MIN (60 * S)
#define H (60 * MIN)
#define EVER LASTS_FOREVER

static const struct compare_options plain = { .confidence = 0.95 };

static struct handmade base, new;
static struct comparison comparison;

static void make(struct handmade *handmade, const char *points, int64_t lasts_ms)
{
    struct handmade_strategy all[HANDMADE_STRATEGIES] = { { .name = "a",
                                                            .points = points } };
    struct finding *finding;

    handmade_init(handmade, 1, all);
    finding = &handmade->result.findings[0];
    for (uint64_t k = 0; k <= finding->commands; k++)
        if (points[k] != '.')
            finding->points[k].verdict.lasts_ms = lasts_ms;
}

static void end(void)
{
    comparison_release(&comparison);
    handmade_release(&base);
    handmade_release(&new);
}

/* The points of both sides, and how long they last. */
static const struct {
    const char *base_points;
    int64_t base_ms;
    const char *new_points;
    int64_t new_ms;
    uint64_t longer, shorter, passing_longer, passing_shorter;
    enum exit_status status;
    const char *says; /* in the sentence, the regression or the last line; NULL: what
                         lasts is not mentioned */
} runs[] = {
    { ".LL.", 100 * S, ".LL.", EVER, 2, 0, 0, 0, EXIT_FAIL,
      "queue/a regressed: a worker that dies after SET key1 leaves it leaked for ever "
      "now, for 100 s before; harm lasts longer at 2 of 4 crash points." },
    { ".L..", 100 * S, ".L..", 24 * H, 1, 0, 0, 0, EXIT_FAIL,
      "leaked for 24 h now, for 100 s before; harm lasts longer at 1 of 4 crash" },
    { ".L..", EVER, ".L..", 100 * S, 0, 1, 0, 0, EXIT_PASS,
      "Harm ends sooner at 1 of 4 crash points." },
    { ".L..", EVER, ".L..", EVER, 0, 0, 0, 0, EXIT_PASS, NULL },
    { ".L..", 100 * S, ".L..", 109 * S, 0, 0, 0, 0, EXIT_PASS, NULL }, /* a tenth */
    { ".L..", 109 * S, ".L..", 100 * S, 0, 0, 0, 0, EXIT_PASS, NULL },
    { ".L..", 100 * S, ".L..", 112 * S, 1, 0, 0, 0, EXIT_FAIL, "for 112 s now" },
    { ".L..", 2 * S, ".L..", 3 * S, 0, 0, 0, 0, EXIT_PASS, NULL }, /* a second */
    { ".L..", 2 * S, ".L..", 4 * S, 1, 0, 0, 0, EXIT_FAIL, "for 4 s now" },
    { ".L..", 100 * S, ".B..", EVER, 0, 0, 0, 0, EXIT_FAIL, /* worse by its words */
      "now leaves it lost" },
    { ".L..", 100 * S, ".L...L", 100 * S, 0, 0, 0, 0, EXIT_PASS, NULL },
    { ".L..", 100 * S, "....L", 1 * H, 1, 0, 0, 0, EXIT_FAIL, /* no partner */
      "dies after SET key4 leaves it leaked for 1 h now, for 100 s before" },
    { ".pp.", 10 * MIN, ".pp.", 12 * H, 0, 0, 2, 0, EXIT_PASS,
      "PASS: nothing got worse that these runs can show, but passing harm of a lasts "
      "longer at 2 of 4 crash points: after SET key1 for 12 h now, for 10 min before." },
    { ".p..", 0, ".p..", 12 * H, 0, 0, 1, 0, EXIT_PASS,
      "after SET key1 for 12 h now, until recovery runs again before." },
    { "....", 0, "..p.", 12 * H, 0, 0, 1, 0, EXIT_PASS,
      "after SET key2 for 12 h now, not at all before." },
    { "..p.", 12 * H, "....", 0, 0, 0, 0, 1, EXIT_PASS,
      "Passing harm ends sooner at 1 of 4 crash points." },
    { ".p..", 12 * H, ".p..", 10 * MIN, 0, 0, 0, 1, EXIT_PASS, "ends sooner" },
    { ".p..", 12 * H, ".p..", 12 * H, 0, 0, 0, 0, EXIT_PASS, NULL },
    { ".L..", EVER, ".p..", 12 * H, 0, 0, 0, 0, EXIT_PASS, NULL }, /* clean now */
    { "....", 0, "....p", 12 * H, 0, 0, 1, 0, EXIT_PASS, "after SET key4 for 12 h now" },
};

static void check_run(size_t i)
{
    const struct lasts_change *harm = &comparison.rows[0].census.harm;
    const struct lasts_change *passing = &comparison.rows[0].census.passing;
    CLEANUP(mem_freep)
    char *sentence = compare_sentence(&comparison, &comparison.rows[0]);
    CLEANUP(mem_freep) char *line = verdict_line_comparison(&comparison);
    CLEANUP(mem_freep) char *all = mem_printf("%s %s", sentence, line);

    cr_expect_eq(harm->longer, runs[i].longer, "case %zu: %s", i, all);
    cr_expect_eq(harm->shorter, runs[i].shorter, "case %zu: %s", i, all);
    cr_expect_eq(passing->longer, runs[i].passing_longer, "case %zu: %s", i, all);
    cr_expect_eq(passing->shorter, runs[i].passing_shorter, "case %zu: %s", i, all);
    cr_expect_eq(compare_exit_status(&comparison), runs[i].status, "case %zu: %s", i,
                 all);
    if (runs[i].says)
        cr_expect_not_null(strstr(all, runs[i].says), "case %zu: %s", i, all);
    else
        cr_expect(!strstr(all, "lasts") && !strstr(all, "sooner"), "case %zu: %s", i,
                  all);
}

Test(longer, of_two_runs)
{
    for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
        make(&base, runs[i].base_points, runs[i].base_ms);
        make(&new, runs[i].new_points, runs[i].new_ms);
        compare_runs(&base.result, &new.result, &plain, &comparison);
        check_run(i);
        end();
    }
}

/* What a baseline keeps is enough to say the same. */
Test(longer, than_in_a_baseline)
{
    for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
        CLEANUP(baseline_freep) struct baseline *baseline = NULL;
        CLEANUP(mem_freep) char *text = NULL;
        struct err err = ERR_NULL;

        make(&base, runs[i].base_points, runs[i].base_ms);
        make(&new, runs[i].new_points, runs[i].new_ms);
        text = baseline_text(&base.result);
        cr_assert_eq(baseline_parse("b", text, strlen(text), &baseline, &err), 0, "%s",
                     err.msg);
        compare_runs(&baseline->result, &new.result, &plain, &comparison);
        check_run(i);
        end();
    }
}

/* What passes beside harm that lasts for ever. */
Test(longer, a_baseline_keeps_all_of_a_verdict)
{
    CLEANUP(baseline_freep) struct baseline *baseline = NULL;
    CLEANUP(mem_freep) char *text = NULL;
    struct err err = ERR_NULL;
    const struct verdict *kept;

    make(&base, ".S.", EVER);
    make(&new, ".S.", EVER);
    base.result.findings[0].points[1].verdict.passing = LATER_LEAKED;
    text = baseline_text(&base.result);
    cr_assert_eq(baseline_parse("b", text, strlen(text), &baseline, &err), 0, "%s",
                 err.msg);
    kept = &baseline->result.findings[0].points[1].verdict;
    cr_expect_eq(kept->later, LATER_STUCK);
    cr_expect_eq(kept->passing, LATER_LEAKED);
    cr_expect_eq(kept->lasts_ms, EVER);
    end();
}

static char *shown(const struct baseline *baseline)
{
    char *text;
    FILE *out = mem_stream(&text);

    baseline_text_write(out, baseline, (struct report_style){ .color = false });
    fclose(out);
    return text;
}

Test(longer, an_older_baseline_does_not_know)
{
    CLEANUP(baseline_freep) struct baseline *baseline = NULL;
    CLEANUP(baseline_freep) struct baseline *older = NULL;
    CLEANUP(mem_freep) char *text = NULL;
    CLEANUP(mem_freep) char *before = NULL;
    CLEANUP(mem_freep) char *now = NULL;
    struct err err = ERR_NULL;

    make(&base, ".L.", 1 * H);
    make(&new, ".L.", EVER);
    text = baseline_text(&base.result);
    cr_assert_eq(baseline_parse("b", text, strlen(text), &baseline, &err), 0, "%s",
                 err.msg);
    free(text);
    text = baseline_text(&new.result);
    *strchr(strstr(text, "\"schema\": 2"), '2') = '1';
    cr_assert_eq(baseline_parse("b", text, strlen(text), &older, &err), 0, "%s", err.msg);
    now = shown(baseline);
    before = shown(older);
    cr_expect_not_null(strstr(now, "a: leaked for 1 h after SET key1\n"), "%s", now);
    cr_expect_null(strstr(now, "does not know"), "%s", now);
    cr_expect_not_null(strstr(before, "a: leaked after SET key1\n"), "%s", before);
    cr_expect_not_null(strstr(before, "does not know how long harm lasts"), "%s", before);
    end();
}

/* Two strategies of one run. */
static const struct {
    const char *points[2];
    int64_t lasts_ms[2];
    enum compare_verdict lasts;
    const char *says, *cell; /* NULL: neither is said to last longer */
} pairs[] = {
    { { ".LL.", ".L." },
      { 30 * S, 12 * H },
      COMPARE_WORSE,
      "b beside a: its harm lasts longer (for 12 h) than that of a (for up to 30 s). By "
      "kills: ",
      "worse: lasts longer" },
    { { ".LL.", ".L." },
      { EVER, 12 * H },
      COMPARE_BETTER,
      "b beside a: its harm lasts less long (for 12 h) than that of a (for ever). By "
      "kills: ",
      "better: ends sooner" },
    { { ".pp.", ".p." },
      { 30 * S, 12 * H },
      COMPARE_WORSE,
      "its passing harm lasts longer (for 12 h) than that of a (for up to 30 s).",
      "worse: lasts longer" },
    { { "...", ".p." },
      { 0, 12 * H },
      COMPARE_WORSE,
      "its passing harm lasts longer (for 12 h) than that of a (none).",
      "worse: lasts longer" },
    { { ".L.", ".L." }, { 30 * S, 31 * S }, COMPARE_UNSEEN, NULL, "not distinguishable" },
    { { "...", "..." }, { 0, 0 }, COMPARE_UNKNOWN, NULL, "not distinguishable" },
};

static char *written(const char *format)
{
    char *text;
    FILE *out = mem_stream(&text);

    format_by_name(format)->compare(out, &comparison,
                                    (struct report_style){ .color = false });
    fclose(out);
    return text;
}

Test(longer, of_two_strategies)
{
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
        struct handmade_strategy all[HANDMADE_STRATEGIES] = {
            { .name = "a", .points = pairs[i].points[0], .valid = 50 },
            { .name = "b", .points = pairs[i].points[1], .valid = 50 },
        };
        CLEANUP(mem_freep) char *text = NULL;
        CLEANUP(mem_freep) char *sentence = NULL;

        handmade_init(&base, 1, all);
        handmade_init(&new, 1, all);
        for (size_t s = 0; s < 2; s++)
            for (uint64_t k = 0; k <= base.result.findings[s].commands; k++)
                if (pairs[i].points[s][k] != '.')
                    base.result.findings[s].points[k].verdict.lasts_ms =
                        pairs[i].lasts_ms[s];
        compare_pairs(&base.result, &plain, &comparison);
        text = written("text");
        sentence = compare_sentence(&comparison, &comparison.rows[0]);
        cr_expect_eq(census_lasts_verdict(&comparison.rows[0].census), pairs[i].lasts,
                     "case %zu", i);
        cr_expect_not_null(strstr(text, pairs[i].cell), "case %zu: %s", i, text);
        if (pairs[i].says)
            cr_expect_not_null(strstr(sentence, pairs[i].says), "case %zu: %s", i,
                               sentence);
        else
            cr_expect_null(strstr(sentence, "lasts"), "case %zu: %s", i, sentence);
        end();
    }
}

Test(longer, in_json)
{
    CLEANUP(mem_freep) char *json = NULL;
    json_t *object, *census;
    const char *verdict, *forever, *command;
    int longer, base_s;

    make(&base, ".L.", 100 * S);
    make(&new, ".L.", EVER);
    compare_runs(&base.result, &new.result, &plain, &comparison);
    json = written("json");
    object = json_loads(json, 0, NULL);
    census =
        json_object_get(json_array_get(json_object_get(object, "rows"), 0), "census");
    cr_assert_eq(json_unpack(census, "{s:{s:i, s:s, s:s, s:i, s:{s:s}}}", "harm_lasts",
                             "base", &base_s, "new", &forever, "verdict", &verdict,
                             "longer", &longer, "first_longer", "command", &command),
                 0, "%s", json);
    cr_expect_eq(base_s, 100);
    cr_expect_eq(longer, 1);
    cr_expect_str_eq(forever, "forever");
    cr_expect_str_eq(verdict, "worse");
    cr_expect_str_eq(command, "SET key1");
    cr_expect(
        json_is_null(json_object_get(json_object_get(census, "passing_lasts"), "base")));
    json_decref(object);
    end();
}
