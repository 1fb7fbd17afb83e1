/* check_tap.c - a check in the Test Anything Protocol, version 13: a test point per
 * strategy, and one for each scenario that has none. What only passes, which nobody
 * expects, is a diagnostic behind. What failed is explained in a YAML block, whose texts
 * are quoted as JSON quotes them: YAML understands that. */

#include "base/mem.h"
#include "report/check_words.h"
#include "report/writers.h"

/* In a description a hash begins a directive. */
static void write_description(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '#' || *text == '\\')
            fputc('\\', out);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
}

static void write_quoted(FILE *out, const char *key, const char *text)
{
    fprintf(out, "  %s: \"", key);
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if ((unsigned char)*text < ' ' || *text == '\177')
            fprintf(out, "\\x%02X", (unsigned)(unsigned char)*text);
        else
            fputc(*text, out);
    fputs("\"\n", out);
}

static void write_point(FILE *out, size_t number, bool ok, const char *scenario,
                        const char *strategy)
{
    fprintf(out, "%sok %zu - ", ok ? "" : "not ", number);
    write_description(out, scenario);
    if (strategy) {
        fputc('/', out);
        write_description(out, strategy);
    }
}

static void write_strategy(FILE *out, size_t number, const struct check *check,
                           const struct check_scenario *scenario,
                           const struct check_strategy *strategy)
{
    bool ok = strategy->verdict < CHECK_FAILED;
    CLEANUP(mem_freep) char *found = check_found(strategy);
    CLEANUP(mem_freep) char *passing = check_passing_text(strategy, "");
    CLEANUP(mem_freep) char *reason = check_reason(scenario, strategy);
    CLEANUP(mem_freep) char *advice = check_advice(strategy);
    CLEANUP(mem_freep) char *command =
        check_reproduce(check, scenario, strategy, STYLE_PROGRAM);
    char expected[EXPECT_TEXT];

    write_point(out, number, ok, scenario->name, strategy->name);
    if (strategy->verdict == CHECK_UNJUDGED)
        fputs(" # SKIP it states no expectation", out);
    fputc('\n', out);
    if (ok && passing) /* else it is in the block, which has to come first */
        fprintf(out, "# %s\n", passing);
    if (ok)
        return;
    fputs("  ---\n", out);
    write_quoted(out, "message", reason);
    write_quoted(out, "expected", check_expected(strategy, expected));
    write_quoted(out, "found", found);
    write_quoted(out, "advice", advice);
    write_quoted(out, "reproduce", command);
    fputs("  ...\n", out);
}

/* One that has no verdict has failed: a test that did not run proves nothing. Only one
 * that cannot be run on this server says so instead. */
static void write_scenario(FILE *out, size_t number, const struct check *check,
                           const struct check_scenario *scenario)
{
    CLEANUP(mem_freep) char *command =
        check_reproduce(check, scenario, NULL, STYLE_PROGRAM);

    if (scenario->state == CHECK_SKIPPED) {
        write_point(out, number, true, scenario->name, NULL);
        fputs(" # SKIP ", out);
        write_description(out, check_no_verdict(scenario));
        fputc('\n', out);
        return;
    }
    write_point(out, number, false, scenario->name, NULL);
    fputs("\n  ---\n", out);
    write_quoted(out, "message", check_no_verdict(scenario));
    write_quoted(out, "reproduce", command);
    fputs("  ...\n", out);
}

static size_t points(const struct check *check)
{
    struct check_counts counts = check_count(check);

    return counts.strategies + check->count - counts.scenarios[CHECK_RAN];
}

void check_tap(FILE *out, const struct check *check, struct report_style style)
{
    CLEANUP(mem_freep) char *summary = check_summary(check);
    size_t number = 0;

    (void)style;
    fprintf(out, "TAP version 13\n1..%zu%s", points(check),
            points(check) ? "" : " # SKIP ");
    if (!points(check))
        write_description(out, summary);
    fputc('\n', out);
    for (size_t i = 0; i < check->count; i++) {
        const struct check_scenario *scenario = &check->scenarios[i];

        for (size_t s = 0; s < scenario->strategy_count; s++)
            write_strategy(out, ++number, check, scenario, &scenario->strategies[s]);
        if (scenario->state != CHECK_RAN)
            write_scenario(out, ++number, check, scenario);
    }
    if (check->interrupted)
        fputs("Bail out! a signal asked to stop\n", out);
    fputs("# ", out);
    write_description(out, summary);
    fputc('\n', out);
}
