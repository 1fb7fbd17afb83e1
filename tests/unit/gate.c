/* gate: bounds against results that are written down; and the options that set them,
 * which refuse whatever is no bound. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <argp.h>
#include <criterion/criterion.h>

#include "base/mem.h"
#include "cmd/gate_options.h"
#include "handmade.h"
#include "report/gates_words.h"
#include "report/parts.h"
#include "testlib.h"

static struct handmade handmade, base;
static struct gate_report report;

static void judge_one(const struct handmade_strategy *strategy, enum gate_id gate,
                      double bound)
{
    struct handmade_strategy all[HANDMADE_STRATEGIES] = { *strategy };
    struct gates gates = { .of = { { false, 0 } } };
    struct err err = ERR_NULL;

    gates.of[gate].asked = true;
    gates.of[gate].bound = bound;
    handmade_init(&handmade, 1, all);
    cr_assert_eq(gates_judge(&gates, &handmade.result, NULL, &report, &err), 0, "%s",
                 err.msg);
    cr_assert_eq(report.count, 1);
}

static void end(void)
{
    gate_report_release(&report);
    handmade_release(&handmade);
    handmade_release(&base);
}

/* 0 of 100 is below 3.63%, 3 of 100 in [0.62, 8.52]. */
Test(gate, rates)
{
    static const struct {
        struct handmade_strategy strategy;
        enum gate_id gate;
        double bound;
        enum exit_status status;
        const char *sentence;
    } cases[] = {
        /* name, points, valid, leaked, mixed, torn, us, expect */
        { { "a", "..", 100, 0, 0, 0, 0, 0 },
          GATE_LEAK,
          0.037,
          EXIT_PASS,
          "a: passes --max-leak-rate 3.7% with below 3.63% of 100 kills." },
        { { "a", "..", 100, 0, 0, 0, 0, 0 },
          GATE_LEAK,
          0.036,
          EXIT_INCONCLUSIVE,
          "a: does not decide --max-leak-rate 3.6% with below 3.63% of 100 kills; about "
          "110 would decide, if the rate stays what it is." },
        { { "a", "..", 100, 3, 0, 0, 0, 0 },
          GATE_LEAK,
          0.006,
          EXIT_FAIL,
          "a: fails --max-leak-rate 0.6% with 3.00% [0.62, 8.52] of 100 kills." },
        { { "a", "..", 100, 3, 0, 0, 0, LATER_LEAKED },
          GATE_LEAK,
          0.006,
          EXIT_FAIL,
          "a: fails --max-leak-rate 0.6%" }, /* alone, it is judged */
        { { "a", "..", 100, 2, 48, 0, 0, 0 },
          GATE_HARM,
          0.037,
          EXIT_FAIL,
          "a: fails --max-harm-rate 3.7% with 50.0% [" },
        { { "a", "..", 100, 3, 0, 0, 0, 0 },
          GATE_LEAK,
          0.03,
          EXIT_INCONCLUSIVE,
          "it cannot be decided: the rate is the bound." },
        { { "a", "..", 100, 3, 0, 0, 0, 0 },
          GATE_LEAK,
          0.029,
          EXIT_INCONCLUSIVE,
          " would decide" },
        { { "a", "..", 0, 0, 0, 0, 0, 0 },
          GATE_LEAK,
          0.01,
          EXIT_INCONCLUSIVE,
          "--max-leak-rate 1% without valid kills; about 370 without a hit would pass." },
        { { "a", "..", 100, 0, 50, 50, 0, 0 },
          GATE_LEAK,
          0.037,
          EXIT_PASS,
          "but bounds leaks alone: 50 of the kills did other harm, which --max-harm-rate "
          "counts." },
        { { "a", "..", 100, 0, 0, 50, 0, 0 },
          GATE_TORN,
          0.3,
          EXIT_FAIL,
          "--max-torn-rate 30% with 50.0% [" },
        { { "a", "..", 100, 50, 0, 0, 0, 0 }, GATE_TORN, 0.3, EXIT_PASS, "" },
        { { "a", "..", 100, 100, 0, 0, 0, 0 }, GATE_LEAK, 0.5, EXIT_FAIL, "above 96.3%" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char *sentence;

        judge_one(&cases[i].strategy, cases[i].gate, cases[i].bound);
        sentence = gates_sentence(&report.outcomes[0]);
        cr_expect_eq(gate_exit_status(&report), cases[i].status, "case %zu", i);
        cr_expect_not_null(strstr(sentence, cases[i].sentence), "case %zu: '%s'", i,
                           sentence);
        free(sentence);
        end();
    }
}

/* As many kills decide, and one fewer do not. */
Test(gate, kills_needed_are_just_enough)
{
    static const uint64_t leaked[] = { 0, 1, 3, 60, 100 };

    for (size_t i = 0; i < ARRAY_SIZE(leaked); i++) {
        struct handmade_strategy some = { .name = "a", .valid = 100 };
        uint64_t n;

        some.leaked = leaked[i];
        judge_one(&some, GATE_LEAK,
                  leaked[i] ? 0.0101 * (double)leaked[i] * 0.98 : 0.001);
        n = report.outcomes[0].kills_needed;
        cr_expect_gt(n, 100, "%d", (int)leaked[i]);
        end();
        some.leaked = (leaked[i] * n + 50) / 100;
        some.valid = n;
        judge_one(&some, GATE_LEAK,
                  leaked[i] ? 0.0101 * (double)leaked[i] * 0.98 : 0.001);
        cr_expect_neq(report.outcomes[0].verdict, GATE_UNDECIDED, "%d of %d",
                      (int)some.leaked, (int)n);
        end();
        some.leaked = (leaked[i] * (n - 1) + 50) / 100;
        some.valid = n - 1;
        judge_one(&some, GATE_LEAK,
                  leaked[i] ? 0.0101 * (double)leaked[i] * 0.98 : 0.001);
        cr_expect_eq(report.outcomes[0].verdict, GATE_UNDECIDED, "%d of %d",
                     (int)some.leaked, (int)n - 1);
        end();
    }
}

/* Of 1,000 kills none did harm, but some of the update's time was hit by none: the share
 * of the durations' mean that is later than all kills. */
Test(gate, kills_needed_allow_for_what_is_hidden)
{
    static const struct {
        uint64_t latest_ns; /* of 100000 */
        double bound;
        enum gate_verdict verdict;
        uint64_t least, most; /* kills needed */
        bool hidden;
    } cases[] = {
        { 100000, 0.004, GATE_PASSES, 0, 0, false },
        { 99000, 0.014, GATE_PASSES, 0, 0, false },
        { 99000, 0.012, GATE_UNDECIDED, 1815, 1835, false },
        { 98000, 0.012, GATE_UNDECIDED, KILLS_MOST, KILLS_MOST, true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct handmade_strategy all[HANDMADE_STRATEGIES] = { { "a", ".L.", 1000, 0,
                                                                      0, 0, 100, 0 } };
        const struct gates gates = { .of[GATE_HARM] = { true, cases[i].bound } };
        struct err err = ERR_NULL;
        struct finding *finding;
        CLEANUP(mem_freep) char *sentence = NULL;

        handmade_init(&handmade, 1, all);
        finding = handmade.result.findings;
        finding->kills.latest_ns = cases[i].latest_ns;
        finding->cold_count = 10000; /* few would not tell the mean */
        finding->cold = mem_alloc(finding->cold_count * sizeof(*finding->cold));
        for (size_t c = 0; c < finding->cold_count; c++)
            finding->cold[c].ran_ns = 100000;
        cr_assert_eq(gates_judge(&gates, &handmade.result, NULL, &report, &err), 0);
        cr_expect_eq(report.outcomes[0].verdict, cases[i].verdict, "case %zu", i);
        cr_expect(report.outcomes[0].kills_needed >= cases[i].least &&
                      report.outcomes[0].kills_needed <= cases[i].most,
                  "case %zu: %llu", i,
                  (unsigned long long)report.outcomes[0].kills_needed);
        sentence = gates_sentence(&report.outcomes[0]);
        cr_expect_eq(strstr(sentence, "more kills alone would not decide: the") != NULL,
                     cases[i].hidden, "%s", sentence);
        end();
    }
}

/* Kills of one time that have more in common than chance tell as much as fewer. */
Test(gate, kills_needed_allow_for_what_kills_share)
{
    static const struct handmade_strategy all[HANDMADE_STRATEGIES] = {
        { "a", ".L.", 1024, 512, 0, 0, 100, 0 }
    };
    static const struct gates gates = { .of[GATE_HARM] = { true, 0.54 } };
    uint64_t needed[2];

    for (uint64_t stretch = 1; stretch <= 64; stretch += 63) {
        struct err err = ERR_NULL;

        handmade_init(&handmade, 1, all);
        for (uint64_t i = 0; i < 1024; i++)
            blocks_add(&handmade.result.findings[0].kills.blocks, i, 1e5,
                       i / stretch % 2 ? 1 : 0);
        cr_assert_eq(gates_judge(&gates, &handmade.result, NULL, &report, &err), 0);
        cr_expect_eq(report.outcomes[0].verdict,
                     stretch > 1 ? GATE_UNDECIDED : GATE_PASSES);
        needed[stretch > 1] = report.outcomes[0].kills_needed;
        end();
    }
    cr_expect_eq(needed[0], 0);
    cr_expect(needed[1] > 30000 && needed[1] < 100000, "%llu",
              (unsigned long long)needed[1]);
}

static const struct handmade_strategy three[HANDMADE_STRATEGIES] = {
    { "each", ".LLL.", 900, 700, 0, 700, 300, LATER_LEAKED },
    { "batch", ".L.", 900, 200, 0, 200, 60, LATER_LEAKED },
    { "multi", "...", 900, 0, 0, 0, 40, EXPECT_ATOMIC },
};

Test(gate, all_strategies_and_all_gates)
{
    static const struct gates gates = { .of = { [GATE_LEAK] = { true, 0.5 },
                                                [GATE_TORN] = { true, 0.9 },
                                                [GATE_UPDATES] = { true, 2 } },
                                        .chosen = true };
    static const enum gate_verdict verdicts[] = { GATE_FAILS,  GATE_PASSES, GATE_PASSES,
                                                  GATE_PASSES, GATE_PASSES, GATE_PASSES,
                                                  GATE_PASSES, GATE_FAILS };
    struct err err = ERR_NULL;
    char *text = NULL;
    size_t length = 0;
    json_t *json;
    FILE *out;

    handmade_init(&handmade, 1, three);
    cr_assert_eq(gates_judge(&gates, &handmade.result, NULL, &report, &err), 0);
    cr_assert_eq(report.count, ARRAY_SIZE(verdicts));
    for (size_t i = 0; i < report.count; i++)
        cr_expect_eq(report.outcomes[i].verdict, verdicts[i], "outcome %zu", i);
    cr_expect_str_eq(report.outcomes[7].finding->strategy->name, "multi");
    cr_expect_str_eq(report.outcomes[7].against->strategy->name, "batch");
    cr_expect_float_eq(report.outcomes[7].ratio.estimate, 1.5, 1e-3);
    cr_expect_eq(gate_exit_status(&report), EXIT_FAIL);
    out = open_memstream(&text, &length);
    gates_text(out, &report, (struct report_style){ .color = false });
    fclose(out);
    cr_expect_not_null(strstr(text, "times the updates per second of batch"), "%s", text);
    cr_expect_not_null(strstr(text, "each: fails --max-leak-rate 50%"), "%s", text);
    cr_expect_null(strstr(text, "each: passes"), "only what does not pass is said");
    json = gates_json(&report);
    cr_expect_eq(json_array_size(json), report.count);
    cr_expect_str_eq(
        json_string_value(json_object_get(json_array_get(json, 7), "against")), "batch");
    json_decref(json);
    free(text);
    end();
}

/* Who is known to do harm shows the bug, and is not what a bound is for. */
Test(gate, known_offenders_are_left_out_of_several)
{
    static const struct handmade_strategy offenders[HANDMADE_STRATEGIES] = {
        { "each", ".LLL.", 900, 700, 0, 700, 330, LATER_LEAKED },
        { "half", ".L.", 900, 700, 0, 700, 330, LATER_LEAKED | LATER_STUCK },
    };
    static const struct {
        const struct handmade_strategy *strategies;
        bool chosen;
        enum gate_verdict first;
        enum exit_status status;
    } cases[] = {
        { three, false, GATE_LEFT_OUT, EXIT_PASS },
        { three, true, GATE_FAILS, EXIT_FAIL },
        { offenders, false, GATE_LEFT_OUT, EXIT_NOTHING_RAN },
        { offenders, true, GATE_FAILS, EXIT_FAIL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct gates gates = { .of[GATE_HARM] = { true, 0.1 },
                                     .chosen = cases[i].chosen };
        struct err err = ERR_NULL;
        char *sentence;

        handmade_init(&handmade, 1, cases[i].strategies);
        cr_assert_eq(gates_judge(&gates, &handmade.result, NULL, &report, &err), 0);
        cr_expect_eq(report.outcomes[0].verdict, cases[i].first, "case %zu", i);
        cr_expect_eq(gate_exit_status(&report), cases[i].status, "case %zu", i);
        sentence = gates_sentence(&report.outcomes[0]);
        cr_expect_eq(strstr(sentence, "expected to do harm; name it with --strategy") !=
                         NULL,
                     cases[i].first == GATE_LEFT_OUT, "%s", sentence);
        free(sentence);
        end();
    }
}

Test(gate, updates_against_a_base)
{
    static const struct handmade_strategy slower[HANDMADE_STRATEGIES] = {
        { "each", ".LLL.", 900, 700, 0, 700, 330, LATER_LEAKED },
        { "multi", "...", 900, 0, 0, 0, 40, EXPECT_ATOMIC },
        { "script", "...", 900, 0, 0, 0, 40, EXPECT_ATOMIC },
    };
    static const enum gate_verdict verdicts[] = { GATE_FAILS, GATE_PASSES,
                                                  GATE_UNDECIDED };
    struct gates gates = { .of[GATE_UPDATES] = { true, 0.95 }, .interleaved = true };
    struct err err = ERR_NULL;
    char *sentence;

    handmade_init(&base, 1, three);
    handmade_init(&handmade, 1, slower);
    cr_assert_eq(gates_judge(&gates, &handmade.result, &base.result, &report, &err), 0);
    cr_assert_eq(report.count, 3);
    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(report.outcomes[i].verdict, verdicts[i], "outcome %zu", i);
    sentence = gates_sentence(&report.outcomes[2]);
    cr_expect_str_eq(sentence, "script: does not decide --min-updates-ratio 0.95: the "
                               "base does not have this strategy.");
    free(sentence);
    gate_report_release(&report);
    gates.of[GATE_UPDATES].bound = 1;
    cr_assert_eq(gates_judge(&gates, &handmade.result, &base.result, &report, &err), 0);
    cr_expect_eq(report.outcomes[1].verdict, GATE_UNDECIDED, "as fast as before");
    sentence = gates_sentence(&report.outcomes[0]);
    cr_expect_not_null(strstr(sentence, "times the updates per second of the base"), "%s",
                       sentence);
    free(sentence);
    end();
}

/* Of runs that were made one after the other nobody knows whether the machine was as
 * fast in both. */
Test(gate, updates_of_another_day_decide_nothing)
{
    static const struct gates gates = { .of[GATE_UPDATES] = { true, 0.1 } };
    struct err err = ERR_NULL;
    json_t *json;
    char *sentence;

    handmade_init(&base, 1, three);
    handmade_init(&handmade, 1, three);
    cr_assert_eq(gates_judge(&gates, &handmade.result, &base.result, &report, &err), 0);
    for (size_t i = 0; i < report.count; i++)
        cr_expect_eq(report.outcomes[i].verdict, GATE_UNDECIDED, "outcome %zu", i);
    cr_expect_eq(gate_exit_status(&report), EXIT_INCONCLUSIVE);
    sentence = gates_sentence(&report.outcomes[0]);
    cr_expect_not_null(strstr(sentence, "with 1.00 times the updates per second of the "
                                        "base: the base was run at another time"),
                       "%s", sentence);
    free(sentence);
    json = gates_json(&report);
    cr_expect_float_eq(
        json_real_value(json_object_get(json_array_get(json, 0), "estimate")), 1, 1e-9);
    cr_expect(json_is_null(json_object_get(json_array_get(json, 0), "low")));
    json_decref(json);
    end();
}

/* As long as there are too few blocks, too. */
Test(gate, updates_in_few_blocks_decide_nothing)
{
    static const struct gates gates = { .of[GATE_UPDATES] = { true, 0.1 } };
    struct err err = ERR_NULL;
    char *sentence;

    handmade_init(&handmade, 1, three);
    result_foreach (finding, &handmade.result)
        ((struct finding *)finding)->block_count = 2;
    cr_assert_eq(gates_judge(&gates, &handmade.result, NULL, &report, &err), 0);
    cr_expect_eq(report.outcomes[0].verdict, GATE_UNDECIDED);
    sentence = gates_sentence(&report.outcomes[0]);
    cr_expect_not_null(strstr(sentence, "fewer than 3 blocks of time"), "%s", sentence);
    free(sentence);
    end();
}

Test(gate, updates_need_something_beside_them)
{
    static const size_t first_two[] = { 0, 1 }, last[] = { 2 };
    static const struct {
        const size_t *strategies;
        size_t count;
        const char *message;
    } cases[] = {
        { first_two, 2, "the reference strategy 'multi' does not take part" },
        { last, 1, "'multi' has no other strategy beside it" },
    };
    static const struct gates gates = {
        .of = { [GATE_LEAK] = { true, 0.1 }, [GATE_UPDATES] = { true, 2 } }
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct plan plan = { 1, cases[i].count, 0 };
        struct err err = ERR_NULL;

        handmade_init(&handmade, 1, three);
        result_release(&handmade.result);
        result_init(&handmade.result, &handmade.scenario, cases[i].strategies, &plan);
        cr_expect_eq(gates_judge(&gates, &handmade.result, NULL, &report, &err),
                     ERR_USAGE);
        cr_expect_not_null(strstr(err.msg, cases[i].message), "'%s'", err.msg);
        end();
    }
}

Test(gate, nothing_asked_nothing_said)
{
    static const struct gates none = { .of = { { false, 0 } } };
    struct err err = ERR_NULL;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    handmade_init(&handmade, 1, three);
    cr_expect_not(gates_any(&none));
    cr_assert_eq(gates_judge(&none, &handmade.result, NULL, &report, &err), 0);
    cr_expect_eq(gate_exit_status(&report), EXIT_PASS);
    gates_text(out, &report, (struct report_style){ .color = false });
    fclose(out);
    cr_expect_str_empty(text);
    free(text);
    end();
}

/* argp ends the program by exit(), of which the sanitizers' part is for real programs. */
static void leave(int status, void *ignored)
{
    (void)ignored;
    _exit(status);
}

/* Parses in a process of its own; returns its exit status, and what it said. */
static int parse(char **words, size_t count, char *said, size_t size)
{
    int ends[2], status;
    ssize_t got;
    pid_t pid;

    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        struct gate_options options = { .margin = 0 };

        on_exit(leave, NULL);
        dup2(ends[1], STDERR_FILENO);
        argp_err_exit_status = 2;
        options_parse(&gate_line, (int)count, words, &options);
        _exit(0);
    }
    close(ends[1]);
    got = read(ends[0], said, size - 1);
    said[got > 0 ? got : 0] = '\0';
    close(ends[0]);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(gate_options, refuse_what_is_no_bound)
{
    static const char *const options[] = { "--max-leak-rate", "--max-torn-rate",
                                           "--min-updates-ratio", "--margin" };
    static const char *const values[] = {
        "nan",  "NaN",  "-nan",   "inf", "-0.1", "0", "1e999", "1e-999", "",
        " 0.5", "0.5x", "0x1p-3", "one", ".",    "e", "-",     "0.5 ",   "1e7",
    };

    for (size_t o = 0; o < UNLESS_VALGRIND(ARRAY_SIZE(options), 1); o++) {
        for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
            char *word = mem_printf("%s=%s", options[o], values[v]), said[1024];
            char *message = mem_printf("%s '%s': expected a number between 0 and ",
                                       options[o], values[v]);
            char *words[] = { (char *)"run", word, (char *)"--against=x" };

            cr_expect_eq(parse(words, 3, said, sizeof(said)), 2, "%s", word);
            cr_expect_not_null(strstr(said, message), "%s: '%s'", word, said);
            free(word);
            free(message);
        }
    }
}

Test(gate_options, want_one_run_to_compare_with)
{
    static const struct {
        const char *words[3], *message;
    } cases[] = {
        { { "run", "--margin=0.01", "--max-leak-rate=0.5" }, "--margin: with what?" },
        { { "run", "--against=a", "--baseline=b" }, "compared with one of them" },
        { { "run", "--max-leak-rate=1", "--margin=1" }, "between 0 and 1" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char said[1024];

        cr_expect_eq(parse((char **)cases[i].words, 3, said, sizeof(said)), 2);
        cr_expect_not_null(strstr(said, cases[i].message), "'%s'", said);
    }
}

Test(gate_options, take_bounds)
{
    static const char *const words[] = { "run",
                                         "--max-leak-rate=0.01",
                                         "--max-torn-rate=1e-3",
                                         "--min-updates-ratio=1.5",
                                         "--margin=.02",
                                         "--baseline=file.json" };
    struct gate_options options = { .margin = 0 };

    options_parse(&gate_line, (int)ARRAY_SIZE(words), (char **)words, &options);
    cr_expect(gates_any(&options.gates));
    cr_expect_float_eq(options.gates.of[GATE_LEAK].bound, 0.01, 1e-12);
    cr_expect_float_eq(options.gates.of[GATE_TORN].bound, 0.001, 1e-12);
    cr_expect_float_eq(options.gates.of[GATE_UPDATES].bound, 1.5, 1e-12);
    cr_expect_float_eq(options.margin, 0.02, 1e-12);
    cr_expect_str_eq(options.baseline, "file.json");
    cr_expect_null(options.against);
}
