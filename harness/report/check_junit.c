/* check_junit.c - a check in the XML that CI servers take for test results: a testsuite
 * per scenario, a testcase per strategy. An expectation that is not met is a failure;
 * what could not be run or explained is an error; what has no expectation, or cannot be
 * run on this server, is skipped.
 *
 * Strategies of a scenario run interleaved: each has an equal share of its time. Texts
 * can hold any bytes (a message quotes a file): those that XML 1.0 does not have, and
 * those that are not UTF-8, are written as \xHH. */
#include <string.h>

#include "base/mem.h"
#include "base/printable.h"
#include "report/check_words.h"
#include "report/writers.h"

/* How many bytes the character at the text has; 0 if XML has no such character. */
static size_t character(const char *text)
{
    uint32_t code = 0;
    size_t length = printable_decode(text, &code);

    return (code < ' ' && !strchr("\t\n\r", (int)code)) || code == 0xFFFE ||
                   code == 0xFFFF
               ? 0
               : length;
}

/* Right in attributes and between tags. White space in an attribute is kept only as a
 * reference. */
static void write_escaped(FILE *out, const char *text)
{
    while (*text) {
        size_t length = character(text);

        if (!length)
            fprintf(out, "\\x%02X", (unsigned)(unsigned char)*text);
        else if (length == 1 && strchr("<>&\"'\t\n\r", *text))
            fprintf(out, "&#%d;", *text);
        else
            fwrite(text, 1, length, out);
        text += length ? length : 1;
    }
}

static void write_attribute(FILE *out, const char *name, const char *text)
{
    fprintf(out, " %s=\"", name);
    write_escaped(out, text);
    fputc('"', out);
}

struct totals {
    size_t tests, failures, errors, skipped;
    double seconds;
};

static struct totals of_scenario(const struct check_scenario *scenario)
{
    struct totals totals = { .seconds = scenario->seconds };

    for (size_t s = 0; s < scenario->strategy_count; s++) {
        totals.tests++;
        totals.failures += scenario->strategies[s].verdict == CHECK_FAILED;
        totals.errors += scenario->strategies[s].verdict == CHECK_UNEXPLAINED;
        totals.skipped += scenario->strategies[s].verdict == CHECK_UNJUDGED;
    }
    totals.tests += scenario->state != CHECK_RAN;
    totals.skipped += scenario->state == CHECK_SKIPPED;
    totals.errors += scenario->state != CHECK_RAN && scenario->state != CHECK_SKIPPED;
    return totals;
}

static void write_totals(FILE *out, const struct totals *totals)
{
    fprintf(out,
            " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\" "
            "time=\"%.3f\"",
            totals->tests, totals->failures, totals->errors, totals->skipped,
            totals->seconds);
}

static void write_problem(FILE *out, const char *element, const char *type,
                          const char *message, const char *advice, const char *command)
{
    fprintf(out, "      <%s type=\"%s\"", element, type);
    write_attribute(out, "message", message);
    fputc('>', out);
    write_escaped(out, message);
    fputc('\n', out);
    write_escaped(out, advice);
    fputs("\nSee: ", out);
    write_escaped(out, command);
    fprintf(out, "</%s>\n", element);
}

static void open_case(FILE *out, const char *scenario, const char *name, double seconds)
{
    fputs("    <testcase", out);
    write_attribute(out, "classname", scenario);
    write_attribute(out, "name", name);
    fprintf(out, " time=\"%.3f\">\n", seconds);
}

static void write_case(FILE *out, const struct check *check,
                       const struct check_scenario *scenario,
                       const struct check_strategy *strategy)
{
    CLEANUP(mem_freep) char *found = check_found(strategy);
    CLEANUP(mem_freep) char *reason = check_reason(scenario, strategy);
    CLEANUP(mem_freep) char *advice = check_advice(strategy);
    CLEANUP(mem_freep) char *command =
        check_reproduce(check, scenario, strategy, STYLE_PROGRAM);

    open_case(out, scenario->name, strategy->name,
              scenario->seconds / (double)scenario->strategy_count);
    if (strategy->verdict == CHECK_FAILED)
        write_problem(out, "failure", "expectation", reason, advice, command);
    else if (strategy->verdict == CHECK_UNEXPLAINED)
        write_problem(out, "error", "unexplained", reason, advice, command);
    else if (strategy->verdict == CHECK_UNJUDGED)
        fputs("      <skipped message=\"it states no expectation\"/>\n", out);
    fputs("      <system-out>", out);
    write_escaped(out, found);
    fputs("</system-out>\n    </testcase>\n", out);
}

static void write_no_verdict(FILE *out, const struct check *check,
                             const struct check_scenario *scenario)
{
    CLEANUP(mem_freep) char *command =
        check_reproduce(check, scenario, NULL, STYLE_PROGRAM);
    static const char *const types[] = {
        [CHECK_NOT_RUN] = "infrastructure", [CHECK_RAN] = "",
        [CHECK_STOPPED] = "interrupted",    [CHECK_SKIPPED] = "",
        [CHECK_REFUSED] = "scenario",       [CHECK_BROKE] = "infrastructure",
    };
    bool refused = scenario->state == CHECK_REFUSED;

    open_case(out, scenario->name, "(scenario)", scenario->seconds);
    if (scenario->state == CHECK_SKIPPED) {
        fputs("      <skipped", out);
        write_attribute(out, "message", check_no_verdict(scenario));
        fputs("/>\n", out);
    } else {
        write_problem(out, "error", types[scenario->state], check_no_verdict(scenario),
                      refused ? "The scenario has to be mended."
                              : "It could not be run to its end.",
                      command);
    }
    fputs("    </testcase>\n", out);
}

static void write_suite(FILE *out, const struct check *check,
                        const struct check_scenario *scenario)
{
    struct totals totals = of_scenario(scenario);

    fputs("  <testsuite", out);
    write_attribute(out, "name", scenario->name);
    write_totals(out, &totals);
    fputs(">\n", out);
    for (size_t s = 0; s < scenario->strategy_count; s++)
        write_case(out, check, scenario, &scenario->strategies[s]);
    if (scenario->state != CHECK_RAN)
        write_no_verdict(out, check, scenario);
    fputs("  </testsuite>\n", out);
}

void check_junit(FILE *out, const struct check *check, struct report_style style)
{
    struct totals all = { .seconds = check->seconds };

    (void)style;
    for (size_t i = 0; i < check->count; i++) {
        struct totals totals = of_scenario(&check->scenarios[i]);

        all.tests += totals.tests;
        all.failures += totals.failures;
        all.errors += totals.errors;
        all.skipped += totals.skipped;
    }
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<testsuites name=\"afterkill check\"",
          out);
    write_totals(out, &all);
    fputs(">\n", out);
    for (size_t i = 0; i < check->count; i++)
        write_suite(out, check, &check->scenarios[i]);
    fputs("</testsuites>\n", out);
}
