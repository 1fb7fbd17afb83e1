/* list_text.c - scenarios for people: a few lines for each, or all that one says of
 * itself. */
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "base/printable.h"
#include "report/words.h"
#include "report/writers.h"

/* What is expected, in a sentence. */
static const struct {
    unsigned expect;
    const char *meaning;
} meanings[] = {
    { EXPECT_ATOMIC, "a reader never sees anything but the old state or the new one" },
    { EXPECT_SAFE, "whatever a death leaves heals by itself" },
    { EXPECT_HARM, "some deaths do harm, of whatever kind" },
    { LATER_LEAKED, "some deaths leave what nothing removes any more" },
    { LATER_DUPLICATED, "some deaths leave something twice" },
    { LATER_LOST, "some deaths lose what should still be there" },
    { LATER_MIXED, "some deaths leave part of the old state with part of the new" },
    { LATER_STUCK, "after some deaths the operation cannot be done again" },
    { LATER_BROKEN, "some deaths break an invariant of the scenario's" },
    { EXPECT_ONLY, "no death does other harm" },
};

static void write_parameters(FILE *out, const struct outline *scenario)
{
    for (size_t i = 0; i < scenario->parameter_count; i++)
        fprintf(out, "%s%s=%s", i ? " " : "    --set ", scenario->parameters[i].name,
                scenario->parameters[i].value);
    if (scenario->parameter_count)
        fputc('\n', out);
}

static void write_brief(FILE *out, const struct outline *scenario)
{
    fprintf(out, "%s   %s\n", scenario->name, scenario->title);
    for (size_t i = 0; i < scenario->strategy_count; i++) {
        const struct strategy *strategy = &scenario->strategies[i];
        char expect[EXPECT_TEXT];

        fprintf(out, "    %-16s %-12s %s\n", strategy->name,
                expect_text(strategy->expect, expect), strategy->about);
    }
    write_parameters(out, scenario);
    fputc('\n', out);
}

static void write_strategy(FILE *out, const struct outline *scenario, size_t index)
{
    const struct strategy *strategy = &scenario->strategies[index];
    char expect[EXPECT_TEXT];

    fprintf(out, "\n  %s%s\n", strategy->name,
            index == scenario->reference ? "   (the reference: its result is right)"
                                         : "");
    if (strategy->about[0])
        fprintf(out, "    %s\n", strategy->about);
    if (!strategy->expect)
        fputs("    Nothing is expected of it.\n", out);
    else
        fprintf(out, "    Expected: %s\n", expect_text(strategy->expect, expect));
    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
        if (strategy->expect & meanings[i].expect)
            fprintf(out, "      %s\n", meanings[i].meaning);
}

static void write_full(FILE *out, const struct outline *scenario)
{
    char path[PATH_MAX];

    printable_copy(path, sizeof(path), scenario->path, "");
    fprintf(out, "%s   %s\n", scenario->name, scenario->title);
    if (scenario->source[0])
        fprintf(out, "    Source:     %s\n", scenario->source);
    fprintf(out, "    File:       %s\n    Parameters:", path);
    for (size_t i = 0; i < scenario->parameter_count; i++)
        fprintf(out, " %s=%s", scenario->parameters[i].name,
                scenario->parameters[i].value);
    fputs(scenario->parameter_count ? "   (--set NAME=VALUE)\n" : " none\n", out);
    for (size_t i = 0; i < scenario->strategy_count; i++)
        write_strategy(out, scenario, i);
}

void list_text(FILE *out, const struct list *list, struct report_style style)
{
    for (size_t i = 0; i < list->count; i++)
        (style.full ? write_full : write_brief)(out, list->scenarios[i]);
}
