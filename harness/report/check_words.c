/* check_words.c - see check_words.h. */
#include "report/check_words.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "result/tally.h"

/* A text that is written piece by piece. */
struct words_out {
    FILE *file;
    char *text;
    size_t length;
};

static FILE *begin(struct words_out *out)
{
    *out = (struct words_out){ NULL, NULL, 0 };
    out->file = open_memstream(&out->text, &out->length);
    return out->file;
}

static char *end(struct words_out *out)
{
    if (!out->file)
        return mem_strdup("");
    fclose(out->file);
    return out->text;
}

const char *check_expected(const struct check_strategy *strategy,
                           char buffer[EXPECT_TEXT])
{
    snprintf(buffer, EXPECT_TEXT, "nothing");
    if (strategy->expect)
        expect_text(strategy->expect, buffer);
    return buffer;
}

static unsigned long long number(uint64_t n)
{
    return n;
}

/* "leaked 25, mixed 3 of 28 points" */
static void write_harm(FILE *out, const struct check_strategy *strategy)
{
    const char *between = "";

    for (unsigned i = 0; i < LATER_COUNT; i++) {
        if (!strategy->census.later[i])
            continue;
        fprintf(out, "%s%s %llu", between, later_name(i),
                number(strategy->census.later[i]));
        between = ", ";
    }
    fprintf(out, " of %llu points, first ", number(strategy->points));
    if (strategy->first)
        fprintf(out, "after %s", strategy->first_command);
    else
        fputs("before any command", out);
}

static void write_clean(FILE *out, const struct check_strategy *strategy)
{
    uint64_t torn = strategy->census.now[NOW_TORN], gap = strategy->census.now[NOW_GAP];

    fprintf(out, "clean at all %llu points", number(strategy->points));
    if (torn)
        fprintf(out, ", torn at %llu until it heals", number(torn));
    if (gap)
        fprintf(out, ", with a gap at %llu until the next update", number(gap));
}

char *check_found(const struct check_strategy *strategy)
{
    struct words_out out;
    char later[LATER_TEXT];

    if (!begin(&out))
        return end(&out);
    if (strategy->harmful)
        write_harm(out.file, strategy);
    else
        write_clean(out.file, strategy);
    if (strategy->uncrashed)
        fprintf(out.file, "; %s even when nobody is killed",
                later_text(strategy->uncrashed, later));
    return end(&out);
}

char *check_kills(const struct check_strategy *strategy)
{
    const struct kills *kills = &strategy->kills;
    uint64_t valid = kills->outcomes[OUTCOME_VALID], attempts = 0;
    uint64_t harmed = tally_harmed(&kills->words, valid);
    struct words_out out;

    if (!kills->requested || !begin(&out))
        return mem_strdup("");
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        attempts += kills->outcomes[i];
    if (harmed)
        fprintf(out.file, "%llu of %llu did harm", number(harmed), number(valid));
    else
        fprintf(out.file, "none of %llu did harm", number(valid));
    if (attempts < kills->requested)
        fprintf(out.file, ", %llu left out: no time",
                number(kills->requested - attempts));
    return end(&out);
}

/* Words that are expected and that no crash point showed. */
static unsigned missing(const struct check_strategy *strategy)
{
    unsigned words = strategy->expect & LATER_ALL;

    for (unsigned i = 0; i < LATER_COUNT; i++)
        if (strategy->census.later[i])
            words &= ~(1u << i);
    return words;
}

static void write_failure(FILE *out, const struct check_strategy *strategy)
{
    CLEANUP(mem_freep) char *found = check_found(strategy);
    CLEANUP(mem_freep) char *kills = check_kills(strategy);
    unsigned words = missing(strategy);
    char expect[EXPECT_TEXT], later[LATER_TEXT];

    fprintf(out, "expected %s, but found %s", check_expected(strategy, expect), found);
    if (strategy->first_example[0])
        fprintf(out, " (%s)", strategy->first_example);
    else if (strategy->uncrashed_example[0])
        fprintf(out, " (%s)", strategy->uncrashed_example);
    if (words)
        fprintf(out, "; no point is %s", later_text(words, later));
    if (kills[0])
        fprintf(out, "; of the kills %s", kills);
}

char *check_reason(const struct check_scenario *scenario,
                   const struct check_strategy *strategy)
{
    struct words_out out;

    if (!begin(&out))
        return end(&out);
    if (strategy->verdict == CHECK_UNEXPLAINED)
        fprintf(out.file, "%llu deaths are unexplained; the scenario's first: %s",
                number(strategy->kills.unexplained), scenario->unexplained);
    else
        write_failure(out.file, strategy);
    return end(&out);
}

char *check_advice(const struct check_strategy *strategy)
{
    if (strategy->verdict == CHECK_UNEXPLAINED)
        return mem_strdup("This is a mistake in afterkill or a discovery about Redis; no "
                          "verdict on this strategy can be trusted. Please report it.");
    if (missing(strategy))
        return mem_strdup("An expected harm is gone. If the update has been mended, say "
                          "so in its `expect`; if not, the scenario no longer makes the "
                          "bug.");
    if (strategy->cure[0])
        return mem_printf("Cure: %s.", strategy->cure);
    return mem_strdup("Mend the update, or say in its `expect` what it does.");
}

char *check_reproduce(const struct check *check, const struct check_scenario *scenario,
                      const struct check_strategy *strategy)
{
    struct words_out out;

    if (!begin(&out))
        return end(&out);
    fputs("afterkill run ", out.file);
    str_print_shell(out.file, scenario->operand);
    if (strategy) {
        fputs(" --strategy ", out.file);
        str_print_shell(out.file, strategy->name);
    }
    if (check->redis_server) {
        fputs(" --redis-server ", out.file);
        str_print_shell(out.file, check->redis_server);
    }
    fprintf(out.file, " --trials %llu --seed %llu --points", number(check->trials),
            number(check->seed));
    return end(&out);
}

static void write_count(FILE *out, size_t count, const char *one, const char *many)
{
    fprintf(out, "%zu %s", count, count == 1 ? one : many);
}

static void write_some(FILE *out, size_t count, const char *what)
{
    if (count)
        fprintf(out, ", %zu %s", count, what);
}

char *check_summary(const struct check *check)
{
    struct check_counts counts = check_count(check);
    struct words_out out;

    if (!begin(&out))
        return end(&out);
    if (check->nothing) {
        fprintf(out.file, "nothing ran: %s", check->nothing);
        return end(&out);
    }
    write_count(out.file, check->count, "scenario", "scenarios");
    fputs(", ", out.file);
    write_count(out.file, counts.strategies, "strategy", "strategies");
    fprintf(out.file, ": %zu as expected, %zu not", counts.verdicts[CHECK_OK],
            counts.verdicts[CHECK_FAILED]);
    write_some(out.file, counts.verdicts[CHECK_UNJUDGED], "without expectation");
    write_some(out.file, counts.verdicts[CHECK_UNEXPLAINED], "unexplained");
    write_some(out.file, counts.scenarios[CHECK_REFUSED],
               counts.scenarios[CHECK_REFUSED] == 1 ? "scenario with a mistake"
                                                    : "scenarios with a mistake");
    write_some(out.file, counts.scenarios[CHECK_BROKE],
               counts.scenarios[CHECK_BROKE] == 1 ? "scenario not finished"
                                                  : "scenarios not finished");
    write_some(out.file, counts.scenarios[CHECK_NOT_RUN],
               counts.scenarios[CHECK_NOT_RUN] == 1 ? "scenario not begun"
                                                    : "scenarios not begun");
    return end(&out);
}

const char *check_no_verdict(const struct check_scenario *scenario)
{
    return scenario->trouble[0] ? scenario->trouble
                                : "it was not begun: the check ended before";
}
