/* gap, cured, as_sent, place: where an update does harm, gap by gap, how it is written in
 * a line, and what its crash points are called. Updates are written as commands with bars
 * in between, and their crash points as one letter each. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "result/as_sent.h"
#include "result/cured.h"
#include "result/place.h"

#define MOST 16
#define WORDS_MOST 8

static struct point points[MOST + 1];
static struct step steps[MOST];
static struct command words[MOST];
static const struct command *sent[MOST];
static struct finding finding;

static unsigned later_of(char letter)
{
    static const struct {
        char letter;
        unsigned later;
    } letters[] = {
        { 'L', LATER_LEAKED },
        { 'D', LATER_DUPLICATED },
        { 'X', LATER_LOST },
        { 'M', LATER_MIXED },
        { 'b', LATER_LEAKED | LATER_MIXED },
        { 'x', LATER_LOST | LATER_MIXED },
    };

    for (size_t i = 0; i < ARRAY_SIZE(letters); i++)
        if (letters[i].letter == letter)
            return letters[i].later;
    cr_assert_eq(letter, '.', "the test itself is wrong at '%c'", letter);
    return 0;
}

static void parse_command(struct command *ret, const char *text)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(text);
    const char *argv[WORDS_MOST];
    size_t lengths[WORDS_MOST];
    char *rest = copy, *word;
    int argc = 0;

    while ((word = strsep(&rest, " "))) {
        argv[argc] = word;
        lengths[argc++] = strlen(word);
    }
    command_parse(ret, argc, argv, lengths);
}

static void write_down(const char *update, const char *letters)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(update);
    char *rest = copy, *command;

    memset(points, 0, sizeof(points));
    memset(steps, 0, sizeof(steps));
    memset(words, 0, sizeof(words));
    finding = (struct finding){
        .controlled = true, .points = points, .steps = steps, .sent = sent
    };
    while ((command = strsep(&rest, "|"))) {
        sent[finding.commands] = &words[finding.commands];
        parse_command(&words[finding.commands++], command);
    }
    cr_assert_eq(strlen(letters), finding.commands + 1, "%s", update);
    for (size_t k = 0; letters[k]; k++)
        points[k] =
            (struct point){ .taken = true, .verdict.later = later_of(letters[k]) };
}

/* "1-3 leaked, 2 mixed @2", with the point that is shown where it is not the first. */
static char *describe_gaps(void)
{
    char *text, later[LATER_TEXT];
    FILE *out = mem_stream(&text);
    struct gap gap;

    for (uint64_t from = 0; gap_find(&finding, from, &gap); from = gap.first + 1) {
        fprintf(out, "%s%d", from ? ", " : "", (int)gap.first);
        if (gap.last > gap.first)
            fprintf(out, "-%d", (int)gap.last);
        fprintf(out, " %s", later_text(gap.words, later));
        if (gap.shown != gap.first)
            fprintf(out, " @%d", (int)gap.shown);
    }
    fclose(out);
    return text;
}

Test(gap, begins_with_a_word_and_ends_with_it)
{
    static const struct {
        const char *points, *gaps;
    } cases[] = {
        { "......", "" },
        { ".L....", "1 leaked" },
        { ".LLL..", "1-3 leaked" },
        { ".L.LL.", "1 leaked, 3-4 leaked" },
        { ".L..LL", "1 leaked, 4-5 leaked" },
        { "L....L", "0 leaked, 5 leaked" },
        { "LLLLLL", "0-5 leaked" },
        { ".LLMM.", "1-2 leaked, 3-4 mixed" },
        { ".XxxM.", "1-3 lost, 2-4 mixed @4" },
        { ".LbL..", "1-3 leaked, 2 mixed" },
        { ".xXX..", "1-3 lost+mixed" },
        { ".DM.L.", "1 duplicated, 2 mixed, 4 leaked" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(mem_freep) char *gaps = NULL;

        write_down("SET a 1|SET b 1|SET c 1|SET d 1|SET e 1", cases[i].points);
        gaps = describe_gaps();
        cr_expect_str_eq(gaps, cases[i].gaps, "%s: %s", cases[i].points, gaps);
    }
}

/* The cure of each gap, by a word that is in it; "": the cure of its run says it. */
Test(gap, has_a_cure_of_its_own)
{
    static const struct {
        const char *update, *points;
        const char *cures[4];
    } cases[] = {
        { "SETNX lock me|EXPIRE lock 60|LPOP q|RPUSH done j",
          ".L.M.",
          { "SET lock value NX EX", "LMOVE q done" } },
        { "INCR hits|EXPIRE hits 60|INCR all|EXPIRE all 60",
          ".L.L.",
          { "INCR hits and EXPIRE hits", "INCR all and EXPIRE all" } },
        { "ZREM a 1|ZREM b 1|ZADD a 0 1|ZADD b 0 1", ".XxM.", { "put all 4", "" } },
        { "SETNX lock me|LPOP q|RPUSH done j|DEL lock",
          ".LbL.",
          { "holds until DEL lock", "LMOVE q done" } },
        { "HSET h f 1|LPOP q|RPUSH done j|PING",
          ".LbLL",
          { "nothing ends what HSET h begins", "LMOVE q done" } },
        { "PING|PING", "...", { NULL } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t found = 0;
        struct gap gap;

        write_down(cases[i].update, cases[i].points);
        for (uint64_t from = 0; gap_find(&finding, from, &gap); from = gap.first + 1) {
            const char *wanted = cases[i].cures[found++];
            char cure[CURE_TEXT];

            cr_assert_not_null(wanted, "%s: a gap more", cases[i].update);
            cr_expect_eq(gap_cure(&finding, &gap, cure, sizeof(cure)), *wanted != '\0',
                         "%s: %s", cases[i].update, cure);
            cr_expect_not_null(strstr(cure, wanted), "%s: %s", cases[i].update, cure);
        }
        cr_expect(!cases[i].cures[found], "%s: a gap less", cases[i].update);
    }
}

Test(gap, is_like_another_or_not)
{
    static const struct {
        const char *update, *points;
        bool alike; /* the first two */
    } cases[] = {
        { "INCR hits|EXPIRE hits 60|INCR all|EXPIRE all 60", ".L.L.", true },
        { "INCR hits|EXPIRE hits 60|INCR all|EXPIRE all 60", ".L.M.", false },
        { "INCR hits|EXPIRE hits 60|INCR all|PEXPIRE all 9", ".L.L.", false },
        { "INCR hits|EXPIRE hits 60|SET all 1|EXPIRE all 9", ".L.L.", false },
        { "INCR hits|EXPIRE hits 60|PING|INCR hits", ".L..L", false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct gap first, second;

        write_down(cases[i].update, cases[i].points);
        cr_assert(gap_find(&finding, 0, &first));
        cr_assert(gap_find(&finding, first.first + 1, &second));
        cr_expect_eq(gap_alike(&finding, &first, &second), cases[i].alike, "%s",
                     cases[i].update);
    }
}

/* Each command waited for the reply of the one before. */
static void wait_for_replies(void)
{
    for (size_t k = 0; k < finding.commands; k++)
        steps[k].replies = k;
}

static void expect_line(char *line, const char *wanted, const char *update)
{
    if (wanted)
        cr_expect_str_eq(line ? line : "(none)", wanted, "%s: %s", update, line);
    else
        cr_expect_null(line, "%s: %s", update, line);
    free(line);
}

Test(as_sent, in_one_line)
{
    static const struct {
        const char *update, *joined, *waited;
    } cases[] = {
        { "INCR k|EXPIRE k 60", "INCR k ; EXPIRE k 60", "INCR k | EXPIRE k 60" },
        { "MULTI|INCR k|EXEC", "[INCR k]", "MULTI | INCR k | EXEC" },
        { "DEL a|multi|SET a a;b|exec|GET a", "DEL a ; [SET a \"a;b\"] ; GET a",
          "DEL a | multi | SET a \"a;b\" | exec | GET a" },
        { "SET a 1|SET b 2|SET c 3|SET d 4|SET e 5|SET f 6",
          "SET a 1 ; SET b 2 ; SET c 3 ; SET d 4 ; SET e 5 ; SET f 6",
          "SET a 1 | SET b 2 | SET c 3 | SET d 4 | SET e 5 | SET f 6" },
        { "SET a 1|SET b 2|SET c 3|SET d 4|SET e 5|SET f 6|SET g 7", NULL, NULL },
        { "SET a 0123456789012345678901234567890123456789012345678901234567890123456789"
          "|SET b 0123456789012345678901234567890123456789012345678901234567890123456789",
          NULL, NULL },
    };
    char letters[MOST + 2];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t commands = 1;

        for (const char *at = cases[i].update; *at; at++)
            commands += *at == '|';
        snprintf(letters, commands + 2, "%s", "................");
        write_down(cases[i].update, letters);
        expect_line(as_sent(&finding), cases[i].joined, cases[i].update);
        wait_for_replies();
        expect_line(as_sent(&finding), cases[i].waited, cases[i].update);
        cr_expect_not(as_sent_is_another(&finding));
        finding.connections = 2; /* of a program; a line has one */
        expect_line(as_sent(&finding), NULL, cases[i].update);
        cr_expect_eq(as_sent_is_another(&finding), cases[i].waited != NULL);
        finding.connections = 1;
        words[0].line[0] = '\0'; /* an old run, or a long command */
        expect_line(as_sent(&finding), NULL, cases[i].update);
    }
}

/* What came of a trial of the first gap's cure, and what is told then: a cure only where
 * it was tried. */
Test(cured, is_called_a_cure_only_if_it_was_tried)
{
    static const struct {
        const char *update, *points;
        struct cured cured; /* without points: nobody has tried */
        const char *told;   /* how it begins */
        const char *tried;  /* and ends */
        const char *line;   /* that can be pasted */
        const char *notation;
    } cases[] = {
        { "SET k v|EXPIRE k 60",
          ".L.",
          { .points = 0 },
          "Advice (not tried): SET k and EXPIRE k must be one: SET k value EX seconds "
          "is ",
          "one command.",
          NULL,
          "" },
        { "SET k v|EXPIRE k 60",
          ".L.",
          { .remedy = REMEDY_SET_EXPIRY, .points = 2 },
          "Cure: SET k and EXPIRE k must be one: SET k value EX seconds is one command.",
          " Tried: harmless at all 2 points.",
          "SET k v EX 60",
          "SET k v EX 60" },
        { "SET k v|EXPIRE k 60",
          ".L.",
          { .remedy = REMEDY_SET_EXPIRY, .points = 2, .slots = true },
          "Cure: ",
          "a cluster refuses it (CROSSSLOT).",
          "S",
          "S" },
        { "SET k v|EXPIRE k 60",
          ".L.",
          { .remedy = REMEDY_SET_EXPIRY, .points = 3, .lasts_ms = 60000 },
          "Cure: ",
          "harmless at all 3 points, with what ends by itself after 60 s.",
          "S",
          "S" },
        /* The second best is told in words of its own. */
        { "SET k v|EXPIRE k 60",
          ".L.",
          { .remedy = REMEDY_MULTI, .first = CURE_IMPOSSIBLE, .points = 5 },
          "Cure: SET k and EXPIRE k must be one: put both into one MULTI",
          "Tried: harmless at all 5 points.",
          "[SET k v ; EXPIRE k 60]",
          "[SET k v ; EXPIRE k 60]" },
        { "SADD a m|SADD b m",
          ".M.",
          { .remedy = REMEDY_SCRIPT, .first = CURE_DEPENDS, .points = 2 },
          "Cure: SADD a and SADD b must be one: a script that does both, because what "
          "the update sends depends on what it is answered.",
          " Tried: harmless at all 2 points. It makes the calls of one execution, "
          "whatever they are answered; where the update looks at replies, the script "
          "has to.",
          "S",
          "S" },
        { "SADD a m|SADD b m",
          ".M.",
          { .remedy = REMEDY_SCRIPT, .first = CURE_ASKS, .points = 2 },
          "Cure: SADD a and SADD b must be one: a script that does both, because what "
          "the update sends may depend on what it is answered.",
          " Tried: harmless at all 2 points. It makes the calls of one execution, "
          "whatever they are answered; where the update looks at replies, the script "
          "has to.",
          "S",
          "S" },
        { "XADD s 1-1 f v|SADD b m",
          ".M.",
          { .remedy = REMEDY_SCRIPT, .first = CURE_STOPS, .points = 2 },
          "Cure: XADD s and SADD b must be one: a script that does both, because an "
          "error ends the update, and would not end a transaction.",
          "the script has to.",
          "S",
          "S" },
        /* Some of it is left, or all of it. */
        { "SADD a m|SADD b m|SADD c m|SADD c m",
          ".MMM.",
          { .remedy = REMEDY_MULTI, .points = 6, .harmful = 1, .words = LATER_MIXED },
          "Cure: ",
          " Tried: 1 of 6 points still does harm (mixed).",
          "S",
          "S" },
        { "SADD a m|SADD b m|SADD c m|SADD c m",
          ".MMM.",
          { .remedy = REMEDY_MULTI, .points = 5, .harmful = 3, .words = LATER_MIXED },
          "No cure: ",
          " Tried: 3 of 5 points still do harm (mixed).",
          NULL,
          "S" },
        /* What came to nothing is advice, and it is said why. */
        { "SADD a m|SADD b m",
          ".M.",
          { .outcome = CURE_DEPENDS, .points = 1 },
          "Advice (not tried: what it sends depends on what it is answered): SADD a and",
          "MULTI .. EXEC.",
          NULL,
          "" },
        { "SADD a m|SADD b m",
          ".M.",
          { .outcome = CURE_REFUSED, .points = 1 },
          "Advice (not tried: this server refuses it): ",
          "MULTI .. EXEC.",
          NULL,
          "" },
        { "SADD a m|SADD b m",
          ".M.",
          { .outcome = CURE_OTHER, .points = 1 },
          "Advice (not tried: as made of one execution it leaves something else): ",
          "MULTI .. EXEC.",
          NULL,
          "" },
        { "BRPOP w 0|LPUSH q x",
          ".M.",
          { .outcome = CURE_OTHER, .points = 1 },
          "Advice (not tried: as made of one execution it leaves something else): BRPOP "
          "w "
          "and LPUSH q must be one: a script cannot wait",
          "remove it there last.",
          NULL,
          "" },
        /* What nobody can make is advice, too. */
        { "SADD t a|SET x 1|SREM t a",
          ".LL.",
          { .points = 0 },
          "Advice (not tried): SADD t holds until SREM t",
          "that have run out.",
          NULL,
          "" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cured cured = cases[i].cured;
        CLEANUP(mem_freep) char *told = NULL, *notation = mem_strdup(cases[i].notation);
        struct gap gap;
        const char *line;

        write_down(cases[i].update, cases[i].points);
        cr_assert(gap_find(&finding, 0, &gap));
        cured.point = gap.first;
        cured.notation = notation;
        finding.cures = &cured;
        finding.cure_count = cured.points != 0;
        told = cured_sentence(&finding, &gap);
        cr_assert_not_null(told);
        cr_expect_eq(strncmp(told, cases[i].told, strlen(cases[i].told)), 0, "%s", told);
        cr_expect_str_eq(told + strlen(told) - strlen(cases[i].tried), cases[i].tried,
                         "%s", told);
        line = cured_line(&finding, &gap);
        cr_expect_str_eq(line ? line : "", cases[i].line ? cases[i].line : "", "%s",
                         told);
        finding.cures = NULL;
        finding.cure_count = 0;
    }
}

/* One update with the cures of several harms is told once. */
Test(cured, lists_that_end_several_harms)
{
    static const struct {
        const char *lists[2]; /* of the first and the second; NULL: none was tried */
        unsigned left[2];     /* points that still do harm */
        const char *told[2];
        const char *lines[2];
    } cases[] = {
        { { "X", "X" },
          { 0, 0 },
          { "with EXPIRE k .. NX (Redis 7). Tried together with the cures of its other "
            "harms: harmless at all 9 points.",
            "put both into one MULTI .. EXEC. Tried together with the one above." },
          { "X", NULL } },
        { { "X", "X" },
          { 1, 1 },
          { "Tried together with the cures of its other harms: 1 of 9 points",
            "EXEC. Tried together with the one above." },
          { "X", NULL } },
        { { "X", NULL },
          { 0, 0 },
          { "harmless at all 9 points.", "The cure above ends it, too." },
          { "X", NULL } },
        { { NULL, "X" },
          { 0, 0 },
          { "Cure: SADD a and SADD b must be one", "The cure above ends it, too." },
          { "X", NULL } },
        { { "X", "Y" },
          { 1, 1 },
          { "EXPIRE k .. NX (Redis 7). Tried: 1 of 9", "MULTI .. EXEC. Tried: 1 of 9" },
          { "X", "Y" } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct cured cures[2];
        size_t count = 0;
        struct gap gap;

        write_down("INCR k|EXPIRE k 60|SADD a m|SADD b m", ".L.M.");
        for (size_t k = 0; k < 2; k++)
            if (cases[i].lists[k])
                cures[count++] =
                    (struct cured){ .point = 2 * k + 1,
                                    .remedy = k ? REMEDY_MULTI : REMEDY_MULTI_NX,
                                    .points = 9,
                                    .harmful = cases[i].left[k],
                                    .words = cases[i].left[k] ? LATER_STUCK : 0,
                                    .notation = (char *)(uintptr_t)cases[i].lists[k] };
        finding.cures = cures;
        finding.cure_count = count;
        for (size_t k = 0; k < 2; k++) {
            CLEANUP(mem_freep) char *told = NULL;
            const char *line;

            cr_assert(gap_find(&finding, 2 * k + 1, &gap));
            told = cured_sentence(&finding, &gap);
            cr_assert_not_null(told);
            cr_expect(strstr(told, cases[i].told[k]), "%zu: %s", i, told);
            line = cured_line(&finding, &gap);
            cr_expect_str_eq(line ? line : "", cases[i].lines[k] ? cases[i].lines[k] : "",
                             "%zu: %s", i, told);
        }
        finding.cures = NULL;
        finding.cure_count = 0;
    }
}

Test(place, says_which_command)
{
    static const struct {
        const char *update;
        uint64_t point;
        const char *name;
    } cases[] = {
        { "INCR a|EXPIRE a 60", 0, "" },
        { "INCR a|EXPIRE a 60", 1, "INCR a" },
        { "INCR a|INCR b|INCR a", 3, "INCR a (2nd of 2)" },
        { "INCR a|INCR a|INCR a|INCR b", 3, "INCR a (3rd of 3)" },
        { "MULTI|INCR a|SET b 1|EXEC", 4, "EXEC of INCR a" },
        { "MULTI|INCR a|EXEC|MULTI|INCR b|EXEC", 6, "EXEC of INCR b" },
        { "MULTI|INCR a|EXEC|MULTI|INCR a|EXEC", 6, "EXEC of INCR a (2nd of 2)" },
        { "MULTI|INCR a|EXEC|MULTI|INCR b|EXEC", 4, "MULTI (2nd of 2)" },
        { "MULTI|EXEC", 2, "EXEC" },
        { "EXEC|GET a", 1, "EXEC" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(mem_freep) char *name = NULL;
        char letters[MOST + 2] = "";
        size_t commands = 1;

        for (const char *at = cases[i].update; *at; at++)
            commands += *at == '|';
        memset(letters, '.', commands + 1);
        write_down(cases[i].update, letters);
        name = place_name(&finding, cases[i].point);
        cr_expect_str_eq(name, cases[i].name, "%s: %s", cases[i].update, name);
    }
}
