/* verdicts.c - every word of a verdict, from the command line down to Redis and back.
 *
 * Each word has a small scenario in tests/scenarios/ that is made to produce it, and
 * strategies in which it must not appear. A census has no chance in it, so every crash
 * point is checked: what a reader sees now, and what is left later. */
#include "testlib.h"

#include <stdlib.h>
#include <unistd.h>

struct expected {
    const char *strategy;
    const char *now;   /* of every point, joined by blanks */
    const char *later; /* of every point; the words of one point are joined by "+" */
    const char *uncrashed;
};

struct census {
    const char *scenario;
    const char *set; /* NULL: the scenario's own parameters */
    struct expected rows[18];
};

/* What most mutants are killed by comes first (mutants.c). */
static const struct census tables[] = {
    { "broken",
      NULL,
      { { "a-day-first", "intact torn intact", "clean leaked+broken clean", "clean" },
        { "at-once", "intact intact", "clean clean", "clean" } } },
    { "duplicated",
      NULL,
      { { "push-then-pop", "intact torn intact", "clean duplicated clean", "clean" },
        { "stranger", "intact torn intact intact", "clean leaked clean clean", "clean" },
        { "move", "intact intact", "clean clean", "clean" } } },
    { "more_damage",
      "what=twice",
      { { "careless", "intact torn torn torn intact",
          "clean mixed duplicated+mixed duplicated clean", "clean" } } },
    { "more_damage",
      "what=gone",
      { { "careless", "intact torn gap intact", "clean mixed lost+mixed clean",
          "clean" } } },
    { "gap",
      NULL,
      { { "delete-first", "intact gap intact", "clean clean clean", "clean" },
        { "overwrite", "intact intact", "clean clean", "clean" } } },
    { "torn",
      NULL,
      { { "field-by-field", "intact torn intact", "clean clean clean", "clean" },
        { "both", "intact intact", "clean clean", "clean" } } },
    { "leaked",
      NULL,
      { { "set-then-expire", "intact torn intact", "clean leaked clean", "clean" },
        { "set-ex", "intact intact", "clean clean", "clean" } } },
    { "lost",
      NULL,
      { { "pop-then-push", "intact gap intact", "clean lost clean", "clean" },
        { "move", "intact intact", "clean clean", "clean" } } },
    { "mixed",
      NULL,
      { { "one-by-one", "intact torn intact", "clean mixed clean", "clean" },
        { "piece-by-piece", "intact torn intact", "clean mixed clean", "clean" },
        { "both", "intact intact", "clean clean", "clean" } } },
    { "bounds",
      NULL,
      { { "longer", "intact torn intact", "clean clean clean", "clean" },
        { "shorter", "intact intact intact", "clean clean clean", "clean" },
        { "right", "intact intact", "clean clean", "clean" } } },
    { "stuck",
      "how=refuse",
      { { "lock", "intact torn torn intact", "clean leaked+stuck leaked+stuck clean",
          "clean" },
        { "lock-with-expiry", "intact torn torn intact", "clean clean clean clean",
          "clean" } } },
    { "stuck",
      "how=raise",
      { { "lock", "intact torn torn intact", "clean leaked+stuck leaked+stuck clean",
          "clean" } } },
    { "stuck",
      "how=call",
      { { "lock", "intact torn torn intact", "clean leaked+stuck leaked+stuck clean",
          "clean" } } },
    { "recover_raises",
      NULL,
      { { "marked", "intact intact intact", "clean stuck clean", "clean" },
        { "unmarked", "intact intact", "clean clean", "clean" } } },
    { "uncrashed",
      NULL,
      { { "beat-only", "intact intact", "clean leaked", "leaked" },
        { "beat-with-janitor", "intact intact", "clean clean", "clean" },
        { "beat-and-expire", "intact intact intact intact intact",
          "clean clean clean clean clean", "clean" } } },
};

/* Noughts, and what is left of a value of which fields do not count. */
static const struct census hardly_there[] = {
    { "zero",
      NULL,
      { { "gone", "intact intact intact", "clean clean clean", "clean" },
        { "up", "intact torn intact", "clean leaked clean", "clean" },
        { "field-gone", "intact intact intact", "clean clean clean", "clean" },
        { "field-more", "intact intact intact", "clean clean clean", "clean" },
        { "field-up", "intact torn intact", "clean leaked clean", "clean" },
        { "text", "intact torn intact", "clean leaked clean", "clean" },
        { "score", "intact torn intact", "clean leaked clean", "clean" },
        { "entry", "intact torn intact", "clean leaked clean", "clean" },
        { "another", "intact torn intact", "clean leaked clean", "clean" } } },
    { "ignored_fields",
      NULL,
      { { "value", "intact intact intact", "clean clean clean", "clean" },
        { "more", "intact intact intact", "clean clean clean", "clean" },
        { "less", "intact intact intact", "clean clean clean", "clean" },
        { "another-field", "intact torn intact", "clean mixed clean", "clean" },
        { "another-hash", "intact torn intact", "clean mixed clean", "clean" },
        { "a-key", "intact torn intact", "clean leaked clean", "clean" },
        { "a-set", "intact torn intact", "clean leaked clean", "clean" },
        { "nothing-else", "intact torn intact", "clean leaked clean", "clean" },
        { "gone", "intact gap intact", "clean lost clean", "clean" },
        { "forever", "intact torn intact", "clean leaked clean", "clean" } } },
};

static const struct census of_effects[] = {
    { "effects",
      NULL,
      { { "at-least-once", "intact torn torn torn torn intact",
          "clean clean duplicated duplicated duplicated clean", "clean" },
        { "at-most-once", "intact torn torn torn intact", "clean lost lost lost clean",
          "clean" },
        { "twice", "intact intact intact intact intact intact intact intact",
          "clean clean clean clean clean clean clean duplicated", "duplicated" },
        { "once", "intact intact intact intact intact intact intact",
          "clean clean clean clean clean clean clean", "clean" } } },
    { "effects_alone",
      NULL,
      { { "up", "intact torn intact", "clean duplicated clean", "clean" },
        { "down", "intact torn intact", "clean lost clean", "clean" },
        { "gone", "intact gap intact", "clean lost clean", "clean" },
        { "new", "intact torn intact", "clean duplicated clean", "clean" },
        { "nought", "intact torn intact", "clean clean clean", "clean" },
        { "text", "intact torn intact", "clean duplicated clean", "clean" },
        { "field-up", "intact torn intact", "clean duplicated clean", "clean" },
        { "field-down", "intact torn intact", "clean lost clean", "clean" },
        { "field-text", "intact torn intact", "clean duplicated clean", "clean" },
        { "score", "intact torn intact", "clean duplicated clean", "clean" },
        { "member", "intact torn intact", "clean duplicated clean", "clean" },
        { "no-member", "intact gap intact", "clean lost clean", "clean" },
        { "entry", "intact torn intact", "clean duplicated clean", "clean" },
        { "no-entry", "intact gap intact", "clean lost clean", "clean" },
        { "message", "intact torn intact", "clean duplicated clean", "clean" },
        { "no-message", "intact torn intact", "clean lost clean", "clean" },
        { "for-ever", "intact torn intact", "clean duplicated clean", "clean" } } },
};

static const struct census of_streams[] = {
    { "streams",
      NULL,
      { { "consumer-in-between", "intact torn torn intact", "clean leaked leaked clean",
          "clean" },
        { "empty-stream", "intact torn torn intact", "clean leaked clean clean",
          "clean" },
        { "another-worker", "intact torn torn torn intact",
          "clean leaked+lost leaked+lost leaked clean", "clean" },
        { "again", "intact intact intact", "clean clean clean", "clean" },
        { "the-other", "intact intact", "clean lost", "leaked+lost" },
        { "ack", "intact intact", "clean clean", "clean" } } },
};

/* By one lane, which judges all of them, and could take one for another. */
static const struct census told_apart[] = {
    { "told_apart",
      "what=order",
      { { "turn", "intact intact intact", "clean stuck clean", "clean" } } },
    { "told_apart",
      "what=ids",
      { { "turn", "intact torn intact gap intact",
          "clean duplicated+stuck stuck lost clean", "clean" } } },
    { "told_apart",
      "what=expiry",
      { { "turn", "intact torn torn intact", "clean leaked clean clean", "clean" } } },
    { "told_apart",
      "what=deliveries",
      { { "turn", "intact intact intact", "clean stuck clean", "clean" } } },
    { "told_apart",
      "what=read",
      { { "turn", "intact intact intact", "clean stuck clean", "clean" } } },
};

/* Appends a word behind a blank. */
static char *joined(char *text, const char *word)
{
    char *longer = text ? mem_printf("%s %s", text, word) : mem_strdup(word);

    free(text);
    return longer;
}

/* What the points of a strategy say, as text like that of struct expected. */
static void describe_points(const json_t *strategy, char **ret_now, char **ret_later)
{
    json_t *points = json_object_get(strategy, "points");
    char *now = NULL, *later = NULL;
    json_t *point;
    size_t i;

    json_array_foreach (points, i, point) {
        char *words = json_words(json_object_get(point, "later"));

        cr_expect_eq(json_integer_value(json_object_get(point, "index")), (json_int_t)i);
        now = joined(now, json_string_value(json_object_get(point, "now")));
        later = joined(later, words);
        free(words);
    }
    *ret_now = now ? now : mem_strdup("");
    *ret_later = later ? later : mem_strdup("");
}

/* How often the word stands in the text, between blanks, "+" and its ends. */
static long long occurrences(const char *text, const char *word)
{
    size_t length = strlen(word);
    long long count = 0;

    for (const char *at = text; (at = strstr(at, word)); at += length)
        count += (at == text || strchr(" +", at[-1])) &&
                 (!at[length] || strchr(" +", at[length]));
    return count;
}

/* The census's totals must be those of its points. */
static void check_totals(const json_t *strategy, const char *now, const char *later)
{
    static const char *const now_words[] = { "intact", "gap", "torn" };
    static const char *const later_words[] = { "clean", "leaked", "duplicated", "lost",
                                               "mixed", "stuck",  "broken" };
    json_int_t commands = json_integer_value(json_object_get(strategy, "commands"));

    cr_expect_eq(json_count(strategy, "census", "points"), commands + 1);
    for (size_t i = 0; i < ARRAY_SIZE(now_words); i++)
        cr_expect_eq(json_count(strategy, "census", now_words[i]),
                     occurrences(now, now_words[i]), "%s in: %s", now_words[i], now);
    for (size_t i = 0; i < ARRAY_SIZE(later_words); i++)
        cr_expect_eq(json_count(strategy, "census", later_words[i]),
                     occurrences(later, later_words[i]), "%s in: %s", later_words[i],
                     later);
}

static void check_row(const struct run *run, const struct expected *row)
{
    json_t *strategy = json_strategy(run, row->strategy);
    char *now, *later, *uncrashed;

    cr_assert_not_null(strategy, "no strategy %s", row->strategy);
    describe_points(strategy, &now, &later);
    uncrashed = json_words(json_object_get(strategy, "uncrashed"));
    cr_expect_str_eq(now, row->now, "%s now: %s", row->strategy, now);
    cr_expect_str_eq(later, row->later, "%s later: %s", row->strategy, later);
    cr_expect_str_eq(uncrashed, row->uncrashed, "%s uncrashed: %s", row->strategy,
                     uncrashed);
    check_totals(strategy, now, later);
    free(now);
    free(later);
    free(uncrashed);
}

static void check_census(const struct census *table)
{
    char *path = test_scenario(table->scenario);
    struct run run = RUN("run", path, CENSUS, "--no-store", "--format", "json",
                         table->set ? "--set" : NULL, table->set);

    cr_expect_eq(run.status, 0, "%s: status %d: %s", table->scenario, run.status,
                 run.err);
    cr_assert_not_null(run.json, "%s: no JSON: %s", table->scenario, run.err);
    for (size_t i = 0; i < ARRAY_SIZE(table->rows) && table->rows[i].strategy; i++)
        check_row(&run, &table->rows[i]);
    run_release(&run);
    free(path);
}

static void check_tables(const struct census *some, size_t count)
{
    char *directory = test_directory();

    for (size_t i = 0; i < count; i++)
        check_census(&some[i]);
    cr_expect_eq(test_directory_entries(directory), 0);
    test_directory_remove(directory);
}

Test(verdicts, every_word_where_it_belongs_and_nowhere_else)
{
    check_tables(tables, ARRAY_SIZE(tables));
}

Test(verdicts, what_is_hardly_there)
{
    check_tables(hardly_there, ARRAY_SIZE(hardly_there));
}

Test(verdicts, effects)
{
    check_tables(of_effects, ARRAY_SIZE(of_effects));
}

Test(verdicts, streams)
{
    check_tables(of_streams, ARRAY_SIZE(of_streams));
}

/* A judgement is used again only for what nobody can tell apart. */
Test(verdicts, states_that_functions_tell_apart)
{
    for (size_t i = 0; i < ARRAY_SIZE(told_apart); i++)
        check_census(&told_apart[i]);
}

/* What the change of one value of each type, undone by the next command, is called in
 * between. */
Test(verdicts, every_type_of_value)
{
    static const struct {
        const char *strategy, *now, *later, *example;
    } rows[] = {
        { "string", "torn", "mixed", "string 'string' = 'b'" },
        { "string-expiry", "torn", "lost", "string 'string' = 'a'" },
        { "hash-value", "torn", "mixed", "hash 'hash'" },
        { "hash-more", "torn", "leaked", "hash 'hash'" },
        { "hash-less", "gap", "lost", "hash 'hash'" },
        { "set-more", "torn", "leaked", "set 'set'" },
        { "set-less", "gap", "lost", "set 'set'" },
        { "zset-more", "torn", "leaked", "zset 'zset'" },
        { "zset-less", "gap", "lost", "zset 'zset'" },
        { "zset-score", "torn", "mixed", "zset 'zset'" },
        { "list-more", "torn", "leaked", "list 'list'" },
        { "list-again", "torn", "duplicated", "list 'list'" },
        { "list-less", "gap", "lost", "list 'list'" },
        { "list-order", "intact", "clean", NULL },
        { "log-order", "torn", "mixed", "list 'log'" },
        { "log-more", "torn", "leaked", "list 'log'" },
        { "stream-more", "torn", "leaked", "stream 'stream'" },
        { "stream-again", "torn", "duplicated", "stream 'stream'" },
        { "stream-less", "gap", "lost", "stream 'stream'" },
        { "stream-empty", "torn", "leaked", "empty stream 'trimmed'" },
        { "group-more", "torn", "leaked", "stream group 'tasks', element 'new'" },
        { "group-read", "torn", "mixed", "stream group 'tasks', element 'group'" },
        { "group-consumer", "torn", "leaked",
          "stream consumer 'tasks', element 'group/uuid-1'" },
        { "group-pending", "torn", "leaked",
          "stream pending 'tasks', element 'group/me: 2-1 f=2 g=3'" },
        { "group-ack", "gap", "lost",
          "stream pending 'tasks', element 'group/me: 1-1 f=1'" },
        { "ignored", "intact", "clean", NULL },
        { "type", "torn", "leaked+lost", "set 'other'" },
    };
    char *directory = test_directory();
    char *path = test_scenario("types");
    struct run run = RUN("run", path, CENSUS, "--format", "json");

    cr_expect_eq(run.status, 0, "%s", run.err);
    cr_assert_not_null(run.json);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        json_t *strategy = json_strategy(&run, rows[i].strategy);
        json_t *point = json_array_get(json_object_get(strategy, "points"), 1);
        const char *example = json_string_value(json_object_get(point, "example"));
        char *now, *later, *wanted_now, *wanted_later;

        cr_assert_not_null(strategy, "%s", rows[i].strategy);
        describe_points(strategy, &now, &later);
        wanted_now = mem_printf("intact %s intact", rows[i].now);
        wanted_later = mem_printf("clean %s clean", rows[i].later);
        cr_expect_str_eq(now, wanted_now, "%s now: %s", rows[i].strategy, now);
        cr_expect_str_eq(later, wanted_later, "%s later: %s", rows[i].strategy, later);
        if (rows[i].example && example)
            EXPECT_SAYS(example, rows[i].example);
        cr_expect_eq(!rows[i].example, !example, "%s: %s", rows[i].strategy,
                     example ? example : "no example");
        check_totals(strategy, now, later);
        free(now);
        free(later);
        free(wanted_now);
        free(wanted_later);
    }
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

/* Every gap has its example, which names the cause, and its cure; gaps that are alike are
 * told once in the text, and all in JSON. The kept run's report says the same. */
Test(verdicts, every_gap_is_told)
{
    static const char *const told[] = {
        "the first, after SET lock me NX, is leaked (stays: string 'lock' = 'me', which "
        "never expires).",
        "Cure: SET lock and EXPIRE lock must be one: SET lock value NX EX seconds",
        "Also leaked at point 5, after EXEC of INCR hour (stays: string 'hour' = '1', "
        "which never expires). The same at point 9, after EXEC of INCR day (stays: "
        "string 'day' = '1', which never expires), and once more.",
        "Cure: INCR hour and EXPIRE hour must be one:",
        "Also mixed at point 15, after LPOP queue (list 'queue' no longer has 'job 1', "
        "but list 'done' has no 'job 1').",
        "Cure: LPOP queue and RPUSH done must be one: LMOVE queue done LEFT RIGHT",
    };
    static const long long firsts[] = { 1, 5, 9, 13, 15 };
    char *directory = test_directory();
    char *path = test_scenario("gaps");
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    struct run text = RUN("run", path, CENSUS, "-o", kept, "--full");
    struct run again = RUN("report", kept, "--full"),
               json = RUN("report", kept, "--format", "json");
    json_t *gaps = json_object_get(json_strategy(&json, "careless"), "harms"), *gap;
    size_t i;

    cr_expect_eq(text.status, 0, "%s", text.err);
    for (i = 0; i < ARRAY_SIZE(told); i++)
        EXPECT_SAYS(text.out, told[i]);
    cr_expect_str_eq(again.out, text.out);
    cr_assert_eq(json_array_size(gaps), ARRAY_SIZE(firsts));
    json_array_foreach (gaps, i, gap) {
        cr_expect_eq(json_integer_value(json_object_get(gap, "point")), firsts[i]);
        cr_expect(json_is_string(json_object_get(gap, "example")));
        cr_expect(json_is_string(json_object_get(json_object_get(gap, "cure"), "text")));
    }
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(gaps, 3), "after")),
                     "EXEC of INCR week");
    cr_expect_eq(
        json_array_size(json_object_get(json_strategy(&json, "careful"), "harms")), 0);
    run_release(&text);
    run_release(&again);
    run_release(&json);
    free(path);
    test_directory_remove(directory);
}

Test(verdicts, text_names_damage_without_a_crash)
{
    char *directory = test_directory();
    char *path = test_scenario("uncrashed");
    struct run run = RUN("run", path, CENSUS, "--full");
    const char *sentence;

    cr_expect_eq(run.status, 0, "%s", run.err);
    sentence = strstr(run.out, "\nbeat-only: ");
    cr_assert_not_null(sentence, "%s", run.out);
    EXPECT_SAYS(sentence, "It does damage even when nobody is killed: leaked");
    sentence = strstr(run.out, "\nbeat-with-janitor: ");
    cr_assert_not_null(sentence, "%s", run.out);
    cr_expect_not(says(sentence, "even when nobody is killed"), "%s", sentence);
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

/* Which promises are kept, and that a run fails for those that are not and names them. */
Test(verdicts, expectations_that_are_not_met_fail_the_run)
{
    static const struct {
        const char *strategy;
        const char *said; /* by the report on standard output */
        const char *verdict;
        int status;
    } rows[] = {
        { "not-atomic", "FAIL: not-atomic was expected to be atomic", "fail", 1 },
        { "not-safe", "FAIL: not-safe was expected to be safe", "fail", 1 },
        { "not-lost",
          "FAIL: not-lost was expected to be lost, and is not: no crash point is lost, "
          "but 1 of 3 is leaked.",
          "fail", 1 },
        { "not-only",
          "FAIL: not-only was expected to be only lost, and is not: also leaked at 1 of "
          "5 crash points.",
          "fail", 1 },
        { "only-both", "PASS: 1 of 1", "pass", 0 },
        { "not-both", "FAIL: not-both was expected to be leaked+stuck", "fail", 1 },
        { "not-uncrashed", "FAIL: not-uncrashed was expected to be safe", "fail", 1 },
        { "unspoken", "nothing was expected", "none", 0 },
        { "kept", "PASS: 1 of 1", "pass", 0 },
    };
    char *directory = test_directory();
    char *path = test_scenario("expectations");

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run text =
            RUN("run", path, CENSUS, "--no-store", "--strategy", rows[i].strategy);
        struct run json = RUN("run", path, CENSUS, "--no-store", "--strategy",
                              rows[i].strategy, "--format", "json");
        json_t *strategy = json_strategy(&json, rows[i].strategy);

        cr_expect_eq(text.status, rows[i].status, "%s: status %d", rows[i].strategy,
                     text.status);
        cr_expect_eq(json.status, rows[i].status, "%s: status %d", rows[i].strategy,
                     json.status);
        EXPECT_SAYS(text.out, rows[i].said);
        cr_expect_eq(strstr(text.out, "FAIL") != NULL, rows[i].status == 1, "%s",
                     text.out);
        cr_expect_str_eq(json_string_value(json_object_get(strategy, "verdict")),
                         rows[i].verdict);
        cr_expect_str_eq(json_string_value(json_object_get(json.json, "verdict")),
                         rows[i].status ? "fail" : "pass");
        run_release(&text);
        run_release(&json);
    }
    free(path);
    test_directory_remove(directory);
}

/* One promise that is broken fails the run, whatever the others do, and only it is named.
 */
Test(verdicts, one_broken_promise_among_kept_ones)
{
    char *directory = test_directory();
    char *path = test_scenario("expectations");
    struct run run = RUN("run", path, CENSUS, "--strategy", "kept,not-safe,unspoken");

    cr_expect_eq(run.status, 1, "status %d", run.status);
    EXPECT_SAYS(run.out, "FAIL: not-safe ");
    cr_expect_null(strstr(run.out, "FAIL: kept"), "%s", run.out);
    cr_expect_null(strstr(run.out, "FAIL: unspoken"), "%s", run.out);
    run_release(&run);
    free(path);
    test_directory_remove(directory);
}

/* The scenario of the main job. How many of a strategy's crash points leak, in order of
 * the strategies per-field, per-write, pipelined, batched, batched-multi, script. After
 * UNLINK alone the key is only missing; after any HSET and before EXPIRE it is a zombie.
 */
Test(verdicts, sidekiq_busy_has_the_known_crash_points)
{
    static const char *const names[] = { "per-field", "per-write",     "pipelined",
                                         "batched",   "batched-multi", "script" };
    static const struct {
        const char *jobs, *set;
        long long points[6], leaked[6], gap[6];
    } rows[] = {
        { "jobs=25",
          "bytes=560",
          { 28, 28, 28, 4, 6, 2 },
          { 25, 25, 25, 1, 0, 0 },
          { 1, 1, 1, 1, 0, 0 } },
        { "jobs=1",
          "bytes=560",
          { 4, 4, 4, 4, 6, 2 },
          { 1, 1, 1, 1, 0, 0 },
          { 1, 1, 1, 1, 0, 0 } },
        { "jobs=10",
          "bytes=2000",
          { 13, 13, 13, 4, 6, 2 },
          { 10, 10, 10, 1, 0, 0 },
          { 1, 1, 1, 1, 0, 0 } },
        { "jobs=10",
          "fresh=1",
          { 13, 13, 13, 4, 6, 2 },
          { 10, 10, 10, 1, 0, 0 },
          { 0, 0, 0, 0, 0, 0 } },
    };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = RUN("run", "sidekiq_busy", CENSUS, "--no-store", "--format",
                             "json", "--set", rows[i].jobs, "--set", rows[i].set);

        cr_expect_eq(run.status, 0, "%s: status %d: %s", rows[i].set, run.status,
                     run.err);
        cr_assert_not_null(run.json);
        for (size_t s = 0; s < ARRAY_SIZE(names); s++) {
            json_t *strategy = json_strategy(&run, names[s]);

            cr_assert_not_null(strategy, "no strategy %s", names[s]);
            cr_expect_eq(json_count(strategy, "census", "points"), rows[i].points[s],
                         "%s %s", rows[i].set, names[s]);
            cr_expect_eq(json_count(strategy, "census", "leaked"), rows[i].leaked[s],
                         "%s %s", rows[i].set, names[s]);
            cr_expect_eq(json_count(strategy, "census", "torn"), rows[i].leaked[s],
                         "%s %s", rows[i].set, names[s]);
            cr_expect_eq(json_count(strategy, "census", "gap"), rows[i].gap[s], "%s %s",
                         rows[i].set, names[s]);
            cr_expect_eq(json_array_size(json_object_get(strategy, "uncrashed")), 0);
        }
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* Where sidekiq_busy leaks: after every HSET but not after UNLINK and not after EXPIRE;
 * and what is written into the table are the commands, in order. */
Test(verdicts, sidekiq_busy_leaks_from_the_first_hset_to_expire)
{
    char *directory = test_directory();
    struct run run = RUN("run", "sidekiq_busy", CENSUS, "--format", "json", "--strategy",
                         "per-field,batched-multi");
    json_t *points = json_object_get(json_strategy(&run, "per-field"), "points");

    cr_assert_eq(json_array_size(points), 28);
    for (size_t k = 0; k < 28; k++) {
        json_t *point = json_array_get(points, k);
        const char *command = json_string_value(json_object_get(point, "command"));
        const char *word = k == 0    ? ""
                           : k == 1  ? "UNLINK "
                           : k == 27 ? "EXPIRE "
                                     : "HSET ";
        char *later = json_words(json_object_get(point, "later"));

        cr_expect_eq(strncmp(command, word, strlen(word)), 0, "point %zu: %s", k,
                     command);
        cr_expect_eq(k == 0, !*command, "point %zu: %s", k, command);
        cr_expect_str_eq(later, k >= 2 && k <= 26 ? "leaked" : "clean", "point %zu: %s",
                         k, later);
        free(later);
    }
    cr_expect_str_eq(
        json_string_value(json_object_get(
            json_array_get(
                json_object_get(json_strategy(&run, "batched-multi"), "points"), 1),
            "command")),
        "MULTI");
    run_release(&run);
    test_directory_remove(directory);
}
