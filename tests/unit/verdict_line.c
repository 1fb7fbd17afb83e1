/* The last line of every document: one word, as the exit status says, and why. */
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "base/mem.h"
#include "handmade.h"
#include "report/format.h"
#include "report/verdict_line.h"

/* A census, valid kills and how many of them leaked, and what is expected. */
#define STRATEGY(who, census, kills, leaks, expected)                                    \
    {                                                                                    \
        .name = (who), .points = (census), .valid = (kills), .leaked = (leaks),          \
        .expect = (expected)                                                             \
    }

/* A run of one or two strategies, what else is known of it, and its line. */
struct line_case {
    struct handmade_strategy strategies[HANDMADE_STRATEGIES];
    double max_leak_rate, max_harm_rate; /* 0: no gate */
    struct stopping stopping;
    uint64_t passing; /* kills of the first */
    unsigned held_up; /* of a hundred of its updates */
    bool cut_short, interrupted;
    const char *trouble, *unexplained;
    const char *line; /* how it begins */
};

static const struct line_case cases[] = {
    { { STRATEGY("a", "...", 0, 0, EXPECT_SAFE) },
      .line = "PASS: 1 of 1 strategies do what is expected of them." },
    { { STRATEGY("a", "...", 0, 0, EXPECT_SAFE), STRATEGY("b", ".L.", 0, 0, 0) },
      .line = "PASS: 1 of 1 strategies do what is expected of them; nothing was "
              "expected of 1." },
    { { STRATEGY("a", ".L.", 0, 0, EXPECT_SAFE) },
      .line = "FAIL: a was expected to be safe, and is not: leaked at 1 of 3 crash "
              "points." },
    /* What passes is no harm, and yet is told, but of those that do harm as expected. */
    { { { .name = "a", .points = ".pp.", .expect = EXPECT_SAFE },
        { .name = "b", .points = ".Lp.", .expect = LATER_LEAKED } },
      .line = "PASS: 2 of 2 strategies do what is expected of them: 1 does harm, 1 does "
              "not, but 2 of 4 crash points of a leave it stuck for up to 12 h." },
    { { { .name = "a", .points = ".pp.", .expect = EXPECT_SAFE, .valid = 1000 },
        { .name = "b", .points = ".p.", .expect = EXPECT_SAFE } },
      .passing = 770,
      .line =
          "PASS: 2 of 2 strategies do what is expected of them, but 77% of kills to a "
          "leave it stuck for up to 12 h, and 1 of 3 crash points of b leaves it stuck "
          "for 12 h." },
    { { { .name = "a", .points = ".p." } },
      .line = "NO VERDICT: nothing was expected of any strategy, but 1 of 3 crash points "
              "of a leaves it stuck for 12 h." },
    { { { .name = "a", .points = ".Sp.", .expect = EXPECT_SAFE } },
      .line = "FAIL: a was expected to be safe, and is not: stuck at 1 of 4 crash "
              "points." },
    { { STRATEGY("a", ".LxB", 0, 0, EXPECT_ATOMIC),
        STRATEGY("b", ".L.", 0, 0, LATER_LEAKED | LATER_LOST) },
      .line = "FAIL: a was expected to be atomic, and is not: leaked+lost+mixed at 3 of "
              "4 crash points; b was expected to be leaked+lost, and is not: no crash "
              "point is lost, but 1 of 3 is leaked." },
    /* What was found is told beside what was not. */
    { { STRATEGY("a", ".SSL", 0, 0, LATER_LOST), STRATEGY("b", "...", 0, 0, LATER_LOST) },
      .line =
          "FAIL: a was expected to be lost, and is not: no crash point is lost, but 3 "
          "of 4 are leaked+stuck; b was expected to be lost, and is not: no crash "
          "point is lost, nor does any do other harm." },
    { { { .name = "a", .points = ".pp.", .expect = LATER_STUCK },
        { .name = "b", .points = "...", .expect = EXPECT_HARM } },
      .line =
          "FAIL: a was expected to be stuck, and is not: no crash point is stuck, but "
          "2 of 4 are stuck for up to 12 h, which is tolerated; b was expected to be "
          "harm, and is not: no crash point does any." },
    { { STRATEGY("a", ".LS.", 0, 0, EXPECT_ONLY | LATER_LEAKED),
        STRATEGY("b", ".L.", 0, 0, EXPECT_ONLY | LATER_LEAKED) },
      .line = "FAIL: a was expected to be only leaked, and is not: also stuck at 1 of 4 "
              "crash points." },
    { { STRATEGY("a", ".S..", 0, 0, EXPECT_ONLY | LATER_LEAKED | LATER_STUCK),
        STRATEGY("b", ".L.", 0, 0, EXPECT_ONLY | LATER_LEAKED) },
      .line = "FAIL: a was expected to be only leaked+stuck, and is not: no crash point "
              "is leaked, but 1 of 4 is stuck." },
    { { STRATEGY("b", ".L.", 0, 0, EXPECT_ONLY | LATER_LEAKED) },
      .line = "PASS: 1 of 1 strategies do what is expected of them: harm." },
    { { STRATEGY("a", ".L.", 0, 0, 0) },
      .line = "NO VERDICT: nothing was expected of any strategy." },
    { { STRATEGY("a", ".L.", 1000, 100, 0) },
      .max_leak_rate = 0.5,
      .line = "PASS: every bound is kept." },
    { { STRATEGY("a", ".L.", 1000, 100, 0) },
      .max_leak_rate = 0.01,
      .line = "FAIL: a fails --max-leak-rate 1%." },
    { { STRATEGY("a", "...", 100, 0, EXPECT_SAFE) },
      .max_leak_rate = 0.01,
      .line = "INCONCLUSIVE: a does not decide --max-leak-rate 1%, about 270 more kills "
              "would." },
    { { STRATEGY("a", ".L.", 1000, 900, 0) },
      .max_leak_rate = 0.05,
      .held_up = 100,
      .line =
          "INCONCLUSIVE: a does not decide --max-leak-rate 5%; more kills alone would "
          "not: run it longer, or while there is less load." },
    { { STRATEGY("a", ".L.", 1000, 100, LATER_LEAKED), STRATEGY("b", "..", 1000, 0, 0) },
      .max_harm_rate = 0.01,
      .line = "PASS: 1 of 1 strategies do what is expected of them: harm; nothing was "
              "expected of 1; every bound is kept by those that are not expected to do "
              "harm." },
    { { STRATEGY("a", ".L.", 1000, 100, LATER_LEAKED),
        STRATEGY("b", ".L", 1000, 100, LATER_LEAKED) },
      .max_harm_rate = 0.01,
      .line =
          "NO VERDICT: a bound judges nobody, all strategies are expected to do harm; "
          "name one with --strategy." },
    { { STRATEGY("a", "...", 100, 0, 0) },
      .stopping = { .below = 0.01 },
      .line = "INCONCLUSIVE: what the run was to show (--until-..) is not shown, about "
              "270 more kills of each strategy would." },
    { { STRATEGY("a", "...", 1000, 0, 0) },
      .stopping = { .below = 0.01 },
      .line = "PASS: what the run was to show (--until-..) is shown." },
    { { STRATEGY("a", ".L.", 1000, 100, 0) },
      .stopping = { .below = 0.01 },
      .line = "INCONCLUSIVE: what the run was to show (--until-..) is not shown." },
    { { STRATEGY("a", "...", 10, 0, EXPECT_SAFE) },
      .cut_short = true,
      .line = "INCONCLUSIVE: the run did not end; go on with it by --resume." },
    { { STRATEGY("a", "...", 10, 0, EXPECT_SAFE) },
      .cut_short = true,
      .interrupted = true,
      .trouble = "stopped by signal 2 (Interrupt)",
      .line = "INTERRUPTED: stopped by signal 2 (Interrupt)." },
    { { STRATEGY("a", "...", 10, 0, EXPECT_SAFE) },
      .cut_short = true,
      .trouble = "redis-server ended; its last words:\nout of memory",
      .line = "ERROR: redis-server ended; its last words." },
    { { STRATEGY("a", "...", 10, 0, EXPECT_SAFE) },
      .cut_short = true,
      .trouble = "updates are late: is the machine too busy?",
      .line = "ERROR: updates are late: is the machine too busy?\n" },
    { { STRATEGY("a", "...", 10, 0, EXPECT_SAFE) },
      .unexplained = "trial 3",
      .line = "ERROR: a death left what no crash point leaves" },
    { { { .name = "a" } }, .line = "NO VERDICT: nothing ran." },
};

static void expect_last_line(const char *text, const char *line)
{
    size_t length = strlen(text);
    const char *last;

    cr_assert(length && text[length - 1] == '\n', "%s", text);
    for (last = text + length - 1; last > text && last[-1] != '\n';)
        last--;
    cr_expect_eq(strncmp(last, line, strlen(line)), 0, "expected\n%s\nat the end of\n%s",
                 line, text);
}

static char *written(const struct result *result, const struct conclusion *conclusion)
{
    char *text;
    FILE *out = mem_stream(&text);

    format_by_name("text")->run(out, result,
                                (struct report_style){ .conclusion = conclusion });
    fclose(out);
    return text;
}

Test(verdict_line, of_runs)
{
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct line_case *c = &cases[i];
        struct conclusion conclusion = { .gates = { NULL, 0 } };
        struct gates gates = {
            .of = { [GATE_LEAK] = { c->max_leak_rate > 0, c->max_leak_rate },
                    [GATE_HARM] = { c->max_harm_rate > 0, c->max_harm_rate } },
        };
        struct err err = ERR_NULL;
        struct handmade run;
        char *text;

        handmade_init(&run, 1, c->strategies);
        run.result.findings[0].kills.words.passing = c->passing;
        if (c->held_up)
            handmade_hold_up(&run, c->held_up);
        run.result.complete = !c->cut_short;
        run.result.interrupted = c->interrupted;
        run.result.stopping = c->stopping;
        if (c->trouble)
            snprintf(run.result.trouble, sizeof(run.result.trouble), "%s", c->trouble);
        if (c->unexplained) {
            snprintf(run.result.unexplained, sizeof(run.result.unexplained), "%s",
                     c->unexplained);
            run.result.findings[0].kills.unexplained = 1;
        }
        if (gates_any(&gates))
            cr_assert_eq(gates_judge(&gates, &run.result, NULL, &conclusion.gates, &err),
                         0);
        text = written(&run.result, &conclusion);
        expect_last_line(text, c->line);
        cr_expect_eq(
            strncmp(c->line,
                    strncmp(c->line, "NO VERDICT", 10) == 0
                        ? "NO VERDICT"
                        : verdict_word(conclusion_exit_status(&run.result, &conclusion)),
                    4),
            0, "the exit status says something else than %s", c->line);
        free(text);
        conclusion_release(&conclusion);
        handmade_release(&run);
    }
}

static char *compared(const struct comparison *comparison)
{
    char *text;
    FILE *out = mem_stream(&text);

    format_by_name("text")->compare(out, comparison,
                                    (struct report_style){ .color = false });
    fclose(out);
    return text;
}

/* Two runs, and the line on them. */
Test(verdict_line, of_comparisons)
{
    static const struct {
        struct handmade_strategy base[HANDMADE_STRATEGIES], new[HANDMADE_STRATEGIES];
        double margin;
        const char *line;
    } rows[] = {
        { { STRATEGY("a", "...", 1000, 0, EXPECT_SAFE) },
          { STRATEGY("a", "...", 1000, 0, 0) },
          .line = "PASS: nothing got worse that these runs can show." },
        { { STRATEGY("a", "...", 1000, 0, 0) },
          { STRATEGY("a", ".L.", 1000, 500, 0) },
          .line = "FAIL: queue/a regressed: a worker that dies after SET key1 now leaves "
                  "it leaked; " },
        { { STRATEGY("a", "...", 1000, 0, 0) },
          { STRATEGY("b", "...", 1000, 0, 0) },
          .line = "INCONCLUSIVE: no strategy is in both runs." },
        { { STRATEGY("a", "...", 1000, 0, 0), STRATEGY("b", "...", 1000, 0, 0) },
          { STRATEGY("a", "...", 1000, 0, 0) },
          .line = "INCONCLUSIVE: of the base's strategies the new run does not have b." },
        { { STRATEGY("a", "...", 1000, 0, 0) },
          { STRATEGY("a", "...", 0, 0, 0) },
          .line = "INCONCLUSIVE: a has valid kills in the base only." },
        { { STRATEGY("a", ".L.", 200, 20, 0) },
          { STRATEGY("a", ".L.", 200, 20, 0) },
          .margin = 0.05,
          .line = "INCONCLUSIVE: whether a does more harm by 5% is not decided, about " },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct compare_options options = { .confidence = 0.95,
                                                 .margin = rows[i].margin };
        struct handmade base, new;
        struct comparison comparison;
        char *text;

        handmade_init(&base, 1, rows[i].base);
        handmade_init(&new, 2, rows[i].new);
        compare_runs(&base.result, &new.result, &options, &comparison);
        text = compared(&comparison);
        expect_last_line(text, rows[i].line);
        cr_expect_eq(
            strncmp(rows[i].line, verdict_word(compare_exit_status(&comparison)), 4), 0,
            "the exit status says something else than %s", rows[i].line);
        free(text);
        comparison_release(&comparison);
        compare_pairs(&base.result, &options, &comparison);
        text = compared(&comparison);
        expect_last_line(text, rows[i].base[1].name
                                   ? "NO VERDICT: strategies of one run are beside each"
                                   : "NO VERDICT: the run has one strategy");
        free(text);
        comparison_release(&comparison);
        handmade_release(&new);
        handmade_release(&base);
    }
}
