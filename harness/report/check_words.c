/* check_words.c - see check_words.h. */
#include "report/check_words.h"

#include "base/mem.h"
#include "report/verdict_line.h"
#include "report/words.h"
#include "result/tally.h"

const char *check_expected(const struct check_strategy *strategy,
                           char buffer[EXPECT_TEXT])
{
    return strategy->expect ? expect_text(strategy->expect, buffer) : "nothing";
}

static unsigned long long number(uint64_t n)
{
    return n;
}

/* "leaked 25, mixed 3 of 28 points" */
static void write_harm(FILE *out, const struct check_strategy *strategy)
{
    const char *between = "";
    bool ends = strategy->harm.lasts_ms != LASTS_FOREVER;
    char lasts[WORDS_LASTS];

    for (unsigned i = 0; i < LATER_COUNT; i++) {
        if (!strategy->census.later[i])
            continue;
        fprintf(out, "%s%s %llu", between, later_name(i),
                number(strategy->census.later[i]));
        between = ", ";
    }
    fprintf(out, " of %llu points%s%s, first ", number(strategy->points), ends ? " " : "",
            ends ? words_lasts_most(lasts, &strategy->harm) : "");
    if (strategy->first)
        fprintf(out, "after %s", strategy->first_place);
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

/* ", stuck for up to 12 h at 2" */
static void write_passing(FILE *out, const struct damage *passing)
{
    char words[LATER_TEXT], lasts[WORDS_LASTS];

    if (passing->points)
        fprintf(out, ", %s %s at %llu", later_text(passing->words, words),
                words_lasts_most(lasts, passing), number(passing->points));
}

char *check_found(const struct check_strategy *strategy)
{
    char *text, later[LATER_TEXT];
    FILE *out = mem_stream(&text);

    if (strategy->harmful)
        write_harm(out, strategy);
    else
        write_clean(out, strategy);
    write_passing(out, &strategy->passing);
    if (strategy->unbegun)
        fprintf(out, "; %s of the old state by its own recovery",
                later_text(strategy->unbegun, later));
    if (strategy->uncrashed)
        fprintf(out, "; %s even when nobody is killed",
                later_text(strategy->uncrashed, later));
    fclose(out);
    return text;
}

char *check_kills(const struct check_strategy *strategy)
{
    const struct kills *kills = &strategy->kills;
    uint64_t valid = kills->outcomes[OUTCOME_VALID], attempts = 0;
    uint64_t harmed = tally_harmed(&kills->words);
    char some[24], left[48] = "";

    if (!kills->requested)
        return mem_strdup("");
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        attempts += kills->outcomes[i];
    snprintf(some, sizeof(some), "%llu", number(harmed));
    if (attempts < kills->requested)
        snprintf(left, sizeof(left), ", %llu left out: no time",
                 number(kills->requested - attempts));
    return mem_printf("%s of %llu did harm%s", harmed ? some : "none", number(valid),
                      left);
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

/* What is ruled out stands beside what is expected. */
static bool is_beyond(const struct check_strategy *strategy)
{
    return strategy->expect & EXPECT_ONLY && strategy->beyond;
}

static void write_beyond(FILE *out, const struct check_strategy *strategy)
{
    char later[LATER_TEXT];

    fprintf(out, "; %s is not expected, first %s%s", later_text(strategy->beyond, later),
            strategy->beyond_place[0] ? "after " : "before any command",
            strategy->beyond_place);
    if (strategy->beyond_example[0])
        fprintf(out, " (%s)", strategy->beyond_example);
}

static char *failure(const struct check_strategy *strategy)
{
    CLEANUP(mem_freep) char *found = check_found(strategy);
    CLEANUP(mem_freep) char *kills = check_kills(strategy);
    unsigned words = missing(strategy);
    char *text, expect[EXPECT_TEXT], later[LATER_TEXT];
    FILE *out = mem_stream(&text);

    fprintf(out, "expected %s, but found %s", check_expected(strategy, expect), found);
    if (is_beyond(strategy))
        write_beyond(out, strategy);
    else if (strategy->first_example[0])
        fprintf(out, " (%s)", strategy->first_example);
    else if (strategy->unbegun_example[0])
        fprintf(out, " (%s)", strategy->unbegun_example);
    else if (strategy->uncrashed_example[0])
        fprintf(out, " (%s)", strategy->uncrashed_example);
    if (words)
        fprintf(out, "; no point is %s", later_text(words, later));
    if (kills[0])
        fprintf(out, "; of the kills %s", kills);
    fclose(out);
    return text;
}

char *check_reason(const struct check_scenario *scenario,
                   const struct check_strategy *strategy)
{
    if (strategy->verdict == CHECK_UNEXPLAINED)
        return mem_printf("%llu deaths are unexplained; the scenario's first: %s",
                          number(strategy->kills.unexplained), scenario->unexplained);
    return failure(strategy);
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
    if (strategy->cure[0] && !is_beyond(strategy))
        return mem_strdup(strategy->cure);
    return mem_strdup("Mend the update, or say in its `expect` what it does.");
}

char *check_reproduce(const struct check *check, const struct check_scenario *scenario,
                      const struct check_strategy *strategy, const char *program)
{
    char *text;
    FILE *out = mem_stream(&text);

    fprintf(out, "%s run ", program);
    str_print_shell(out, scenario->operand);
    if (strategy) {
        fputs(" --strategy ", out);
        str_print_shell(out, strategy->name);
    }
    if (check->redis_server) {
        fputs(" --redis-server ", out);
        str_print_shell(out, check->redis_server);
    }
    fprintf(out, " --trials %llu --seed %llu --points", number(check->trials),
            number(check->seed));
    fclose(out);
    return text;
}

static void write_some(FILE *out, size_t count, const char *one, const char *many)
{
    if (count)
        fprintf(out, ", %zu %s", count, count == 1 ? one : many);
}

char *check_passing_text(const struct check_strategy *strategy, const char *whose)
{
    const struct damage *passing = &strategy->passing;
    char words[LATER_TEXT], lasts[WORDS_LASTS];

    if (!passing->points)
        return NULL;
    return mem_printf("%llu of %llu crash points%s leave%s it %s %s",
                      number(passing->points), number(strategy->points), whose,
                      passing->points == 1 ? "s" : "", later_text(passing->words, words),
                      words_lasts_most(lasts, passing));
}

/* The verdict is not on what passes, and yet it is no peace. */
static void write_longest(FILE *out, const struct check *check)
{
    struct check_passing passing = check_passing(check);
    CLEANUP(mem_freep) char *whose = NULL;
    CLEANUP(mem_freep) char *text = NULL;

    if (!passing.strategies)
        return;
    whose = mem_printf(" of %s/%s", passing.scenario->name, passing.longest->name);
    text = check_passing_text(passing.longest, whose);
    fprintf(out, ", but %s", text);
    if (passing.strategies > 1)
        fprintf(out, ", the longest of %zu strategies with harm that passes",
                passing.strategies);
}

char *check_summary(const struct check *check)
{
    struct check_counts counts = check_count(check);
    char *text;
    FILE *out;

    if (check->nothing)
        return mem_printf("nothing ran: %s", check->nothing);
    out = mem_stream(&text);
    fprintf(out, "%zu %s, %zu %s: %zu as expected, %zu not", check->count,
            check->count == 1 ? "scenario" : "scenarios", counts.strategies,
            counts.strategies == 1 ? "strategy" : "strategies", counts.verdicts[CHECK_OK],
            counts.verdicts[CHECK_FAILED]);
    write_some(out, counts.verdicts[CHECK_UNJUDGED], "without expectation",
               "without expectation");
    write_some(out, counts.verdicts[CHECK_UNEXPLAINED], "unexplained", "unexplained");
    write_some(out, counts.scenarios[CHECK_REFUSED], "scenario with a mistake",
               "scenarios with a mistake");
    write_some(out, counts.scenarios[CHECK_SKIPPED], "scenario skipped",
               "scenarios skipped");
    write_some(out, counts.scenarios[CHECK_BROKE] + counts.scenarios[CHECK_STOPPED],
               "scenario not finished", "scenarios not finished");
    write_some(out, counts.scenarios[CHECK_NOT_RUN], "scenario not begun",
               "scenarios not begun");
    write_longest(out, check);
    fclose(out);
    return text;
}

char *check_verdict_line(const struct check *check)
{
    CLEANUP(mem_freep) char *summary = check_summary(check);

    return mem_printf("%s: %s", verdict_word(check_exit_status(check)), summary);
}

const char *check_no_verdict(const struct check_scenario *scenario)
{
    if (scenario->state == CHECK_STOPPED)
        return "it was not finished: the check was interrupted";
    return scenario->trouble[0] ? scenario->trouble
                                : "it was not begun: the check ended before";
}
