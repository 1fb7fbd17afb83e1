/* merge.c - shards, put together: nothing is lost, nothing counts twice, and what does
 * not belong together is refused.
 *
 * Where a kill lands is chance, so a run that is made again in shards finds other
 * numbers. Therefore two ways: the file of one run is split as shards would have split
 * it, and must come out of the merge as it was, byte for byte; and shards are really run,
 * and every trial of theirs must be found in the merge, once, as it was. */
#include "kept.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan/plan.h"
#include "plan/shard.h"

#define MOST_SHARDS 5
#define TRIALS 40

/* The time is in the data, so shards that begin at different times leave different
 * states; points 0 and 2 of `apart` have the same verdict. */
static const char timed[] =
    "return { params = { n = 1 },\n"
    "  before = function(redis, p) redis.call('SET', 'a', 'old' .. p.now) end,\n"
    "  strategies = {\n"
    "    { name = 'apart', expect = 'mixed', update = function(redis, p)\n"
    "        redis.call('SET', 'a', p.now)\n"
    "        redis.call('SET', 'b', p.now)\n"
    "      end },\n"
    "    { name = 'together', expect = 'atomic', reference = true,\n"
    "      update = function(redis, p)\n"
    "        redis.call('MSET', 'a', p.now, 'b', p.now)\n"
    "      end } } }\n";

/* What a test works with: a directory with shards 1 to `count` in it, by number. */
struct shards {
    char *home;
    size_t count;
};

static char *shard_directory(const struct shards *shards, size_t number)
{
    return mem_printf("%s/%zuof%zu", shards->home, number, shards->count);
}

static struct run merge(char *const *directories, size_t count, const char *into,
                        const char *const *options)
{
    const char *arguments[48] = { "merge", "-o", into };
    size_t used = 3;

    for (size_t i = 0; i < count; i++)
        arguments[used++] = directories[i];
    for (; options && *options; options++)
        arguments[used++] = *options;
    return run_afterkill(arguments);
}

/* Merges shards with these numbers, in this order. */
static struct run merge_in_order(const struct shards *shards, const size_t *order,
                                 size_t count, const char *into,
                                 const char *const *options)
{
    char *directories[2 * MOST_SHARDS] = { NULL };
    struct run run;

    for (size_t i = 0; i < count; i++)
        directories[i] = shard_directory(shards, order[i]);
    run = merge(directories, count, into, options);
    for (size_t i = 0; i < count; i++)
        free(directories[i]);
    return run;
}

static struct run merge_all(const struct shards *shards, const char *into)
{
    static const size_t order[] = { 1, 2, 3, 4, 5 };

    return merge_in_order(shards, order, shards->count, into, NULL);
}

/* The shard of a whole run that would have done these trials, from the run's own file.
 * What was measured, and how long it took, is all the first one's. */
static void split_off(const char *whole, const struct shards *shards, size_t number)
{
    char *part = shard_directory(shards, number);
    size_t n = shards->count, i = number - 1;

    kept_copy(whole, part);
    kept_change(part,
                "DELETE FROM trials WHERE number %% %zu != %zu;"
                "DELETE FROM cuts WHERE (bytes + (SELECT coalesce(sum(bytes + 1), 0)"
                " FROM controls WHERE controls.strategy < cuts.strategy)) %% %zu != %zu;"
                "DELETE FROM run WHERE name LIKE 'rows.%%';"
                "UPDATE plan SET value = '%zu/%zu' WHERE name = 'shard';",
                n, i, n, i, number, n);
    if (i > 0)
        kept_change(part, "DELETE FROM samples; DELETE FROM notes;"
                          "UPDATE run SET value = 0 WHERE name LIKE 'seconds.%%' OR name "
                          "LIKE 'trial_ns%%'");
    free(part);
}

static void split(const char *whole, const struct shards *shards)
{
    for (size_t i = 1; i <= shards->count; i++)
        split_off(whole, shards, i);
}

/* A run with every fault, and with trials that ended in errors if the scenario has them.
 */
static char *keep_whole(const char *home, const char *scenario)
{
    char *whole = mem_printf("%s/whole", home);
    struct run run = RUN("run", scenario, "--trials", "40", "--seed", "7", "--fault",
                         "step,kill,byte", "-o", whole);

    cr_assert_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    return whole;
}

/* The same reports, but for the run's own directory, of which there is one name in each.
 * The names are of one length, so that lines break where they did. */
static void expect_same_report(const char *a, const char *b, const char *name)
{
    char *was = kept_text(a, name), *is = kept_text(b, name);

    cr_assert_eq(strlen(a), strlen(b));
    for (char *at = is; (at = strstr(at, b)); at += strlen(b))
        memcpy(at, a, strlen(a));
    cr_expect_str_eq(is, was, "%s", name);
    free(was);
    free(is);
}

/* The text with every @ replaced. The caller frees it. */
static char *fill_in(const char *text, const char *by)
{
    char *filled = mem_strdup(text), *at;

    while ((at = strchr(filled, '@'))) {
        char *next = mem_printf("%.*s%s%s", (int)(at - filled), filled, by, at + 1);

        free(filled);
        filled = next;
    }
    return filled;
}

/* The same rows in both; ids of states may differ. */
static void expect_same_rows(const char *a, const char *b)
{
    static const char *const queries[] = {
        "SELECT * FROM @.plan",
        "SELECT * FROM @.parameters",
        "SELECT * FROM @.environment",
        "SELECT * FROM @.strategies",
        "SELECT * FROM @.controls",
        "SELECT * FROM @.commands",
        "SELECT * FROM @.kills",
        "SELECT * FROM @.census",
        "SELECT * FROM @.notes",
        "SELECT strategy, kind, ns FROM @.samples",
        "SELECT strategy, signature, now, later FROM @.states",
        ("SELECT c.strategy, bytes, signature, commands FROM @.cuts c JOIN"
         " @.states s ON s.id = c.state"),
        "SELECT * FROM @.run WHERE name NOT IN ('started', 'missing_shards', 'shards')",
    };

    for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
        char *of_a = fill_in(queries[i], "a"), *of_b = fill_in(queries[i], "main");
        char *left = NULL;

        kept_change(b,
                    "ATTACH '%s/run.sqlite' AS a; DROP TABLE IF EXISTS compared;"
                    "CREATE TABLE compared AS SELECT count(*) AS n FROM"
                    " (SELECT * FROM (%s EXCEPT %s) UNION ALL"
                    "  SELECT * FROM (%s EXCEPT %s) UNION ALL"
                    "  SELECT * FROM (%s LIMIT 0));",
                    a, of_a, of_b, of_b, of_a, of_a);
        left = kept_ask(b, "SELECT n FROM compared");
        cr_expect_str_eq(left, "0", "%s rows are in one only: %s", left, queries[i]);
        free(left);
        free(of_a);
        free(of_b);
    }
    kept_change(b, "DROP TABLE compared");
}

/* However a run is split, and in whatever order its shards are named, merging gives it
 * back: reports byte for byte, rows one by one. */
Test(merge, what_was_split_is_whole_again)
{
    static const size_t counts[] = { 1, 2, 3, 5 };
    static const size_t orders[][MOST_SHARDS] = { { 1, 2, 3, 4, 5 },
                                                  { 5, 4, 3, 2, 1 },
                                                  { 3, 1, 5, 2, 4 } };
    static const char *const names[] = { "mixed", "leaked", "gap" };

    for (size_t s = 0; s < ARRAY_SIZE(names); s++) {
        char *home = test_directory(), *scenario = test_scenario(names[s]);
        char *whole = keep_whole(home, scenario);

        for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
            struct shards shards = { home, counts[c] };

            split(whole, &shards);
            /* One shard has one order, and two have two. */
            for (size_t o = 0; o < ARRAY_SIZE(orders) && o < counts[c]; o++) {
                char *merged = mem_printf("%s/in%zu-%zu", home, counts[c], o);
                size_t order[MOST_SHARDS], used = 0;
                struct run run;

                for (size_t i = 0; i < MOST_SHARDS; i++)
                    if (orders[o][i] <= counts[c])
                        order[used++] = orders[o][i];
                run = merge_in_order(&shards, order, used, merged, NULL);
                cr_expect_eq(run.status, 0, "%s", run.err);
                EXPECT_SILENT(run.err);
                expect_same_report(whole, merged, "report.txt");
                expect_same_report(whole, merged, "run.json");
                expect_same_rows(whole, merged);
                run_release(&run);
                free(merged);
            }
        }
        free(whole);
        free(scenario);
        test_directory_remove(home);
    }
}

/* ---- shards that were run ---- */

/* Runs a shard; each begins at another time. */
static struct run run_shard(const struct shards *shards, size_t number,
                            const char *scenario, const char *option, const char *value)
{
    char *kept = shard_directory(shards, number);
    char *shard = mem_printf("%zu/%zu", number, shards->count);
    char *now = mem_printf("%zu", 1700000000 + number);
    struct run run = RUN("run", scenario, "--trials", "40", "--seed", "7", "--fault",
                         "step,kill,byte", "--shard", shard, "--now", now, "-o", kept,
                         "--format", "json", option, value);

    free(kept);
    free(shard);
    free(now);
    return run;
}

static void run_shards(const struct shards *shards, const char *scenario)
{
    for (size_t i = 1; i <= shards->count; i++) {
        struct run run = run_shard(shards, i, scenario, NULL, NULL);

        cr_assert_eq(run.status, 0, "shard %zu: %s", i, run.err);
        run_release(&run);
    }
}

static void expect_own_trials(const struct shards *shards, size_t number, uint64_t trials)
{
    char *kept = shard_directory(shards, number);
    struct shard shard = { number - 1, shards->count };
    char *foreign = mem_printf("SELECT count(*) FROM trials WHERE number %% %zu != %zu",
                               shards->count, number - 1);

    cr_expect_eq(kept_number(kept, "SELECT count(*) FROM trials"),
                 (long long)shard_size(shard, trials));
    cr_expect_eq(kept_number(kept, foreign), 0, "shard %zu", number);
    free(foreign);
    free(kept);
}

/* Every kill and every cut of the shard is in the merged run, with its verdict. */
static void expect_all_there(const struct shards *shards, size_t number,
                             const char *merged)
{
    char *kept = shard_directory(shards, number);

    kept_change(
        merged,
        "ATTACH '%s/run.sqlite' AS part; DROP TABLE IF EXISTS gone;"
        "CREATE TABLE gone AS SELECT * FROM part.kills EXCEPT SELECT * FROM main.kills;"
        "INSERT INTO gone(number) SELECT bytes FROM"
        " (SELECT c.strategy, bytes, now, later, commands FROM part.cuts c"
        "  JOIN part.states s ON s.id = c.state EXCEPT"
        "  SELECT c.strategy, bytes, now, later, commands FROM main.cuts c"
        "  JOIN main.states s ON s.id = c.state);",
        kept);
    cr_expect_eq(kept_number(merged, "SELECT count(*) FROM gone"), 0, "shard %zu",
                 number);
    free(kept);
}

static void expect_planned(const char *merged, const struct plan *plan)
{
    for (uint64_t t = 0; t < plan_trials(plan); t++) {
        char *sql = mem_printf("SELECT strategy FROM trials WHERE number = %llu",
                               (unsigned long long)t);
        char *strategy = kept_ask(merged, sql);

        cr_expect(strategy[0] && (size_t)atoi(strategy) == plan_trial(plan, t).strategy,
                  "trial %llu: '%s'", (unsigned long long)t, strategy);
        free(strategy);
        free(sql);
    }
    cr_expect_eq(kept_number(merged, "SELECT count(*) FROM trials"),
                 (long long)plan_trials(plan));
}

static void expect_counts(const char *merged, const struct run *whole, long long attempts)
{
    struct run run = RUN("report", merged, "--format", "json");
    json_t *strategy;
    size_t i;

    cr_assert_not_null(run.json, "%s", run.err);
    json_array_foreach (json_object_get(run.json, "strategies"), i, strategy) {
        json_t *other =
            json_strategy(whole, json_string_value(json_object_get(strategy, "name")));
        static const char *const outcomes[] = { "valid",    "missed", "early",
                                                "timeouts", "errors", "disturbed" };
        long long sum = 0;

        cr_expect(json_equal(json_object_get(strategy, "census"),
                             json_object_get(other, "census")));
        cr_expect_eq(json_count(strategy, "kills", "requested"), attempts);
        cr_expect_eq(json_count(strategy, "kills", "unexplained"), 0);
        for (size_t o = 0; o < ARRAY_SIZE(outcomes); o++)
            sum += json_count(strategy, "kills", outcomes[o]);
        cr_expect_eq(sum, attempts);
    }
    run_release(&run);
}

/* The counts of all shards add up to the merged run's, verdict by verdict. */
Test(merge, what_shards_did_is_there_once)
{
    char *home = test_directory(), *scenario = test_file(home, "timed.lua", timed);
    char *merged = mem_printf("%s/merged", home);
    struct shards shards = { home, 3 };
    struct plan plan = { 7, 2, TRIALS };
    struct run whole = RUN("run", scenario, "--trials", "40", "--seed", "7", "--fault",
                           "step,kill,byte", "--no-store", "--format", "json");
    struct run run;

    cr_assert_eq(whole.status, 0, "%s", whole.err);
    run_shards(&shards, scenario);
    run = merge_all(&shards, merged);
    cr_expect_eq(run.status, 0, "%s", run.err);
    for (size_t i = 1; i <= shards.count; i++) {
        expect_own_trials(&shards, i, plan_trials(&plan));
        expect_all_there(&shards, i, merged);
    }
    expect_planned(merged, &plan);
    expect_counts(merged, &whole, TRIALS);
    cr_expect_eq(kept_number(merged, "SELECT count(*) FROM cuts"),
                 kept_number(merged, "SELECT sum(bytes + 1) FROM controls"));
    cr_expect_eq(kept_number(merged, "SELECT count(*) FROM states"), 5,
                 "each crash point's state, and none twice for the time in it");
    run_release(&run);
    run_release(&whole);
    free(merged);
    free(scenario);
    test_directory_remove(home);
}

/* ---- what is refused ---- */

/* Nothing is left of a refused merge. */
static void expect_nothing_in(const char *into)
{
    cr_expect(access(into, F_OK) < 0 || test_directory_entries(into) == 0,
              "something is left in %s", into);
}

/* Every way in which a shard may not belong to the others, or not be what it should. */
Test(merge, what_does_not_belong_is_refused)
{
    static const struct {
        size_t shard; /* that is changed */
        const char *sql, *says;
    } rows[] = {
        { 2, "UPDATE plan SET value = '2/4' WHERE name = 'shard'",
          "one of 4: they do not belong together" },
        { 3, "UPDATE plan SET value = '2/3' WHERE name = 'shard'",
          "are both shard 2/3: its trials would count twice" },
        { 2, "UPDATE plan SET value = '8' WHERE name = 'seed'",
          "these are shards of different runs: seed: 7 in '" },
        { 2, "UPDATE plan SET value = '41' WHERE name = 'trials'", "trials: 40 in '" },
        { 2, "UPDATE plan SET value = 'kill' WHERE name = 'fault'",
          "fault: step,kill,byte in '" },
        { 2, "UPDATE parameters SET value = '2'", "set n: 1 in '" },
        { 2,
          "UPDATE plan SET value = replace(value, 'MSET', 'MSETNX')"
          " WHERE name = 'scenario.text'",
          "line 10 of the scenario: 'redis.call('MSET', 'a', p.now, 'b', p.now)' in '" },
        { 2, "UPDATE run SET value = 'redis 9.9.9' WHERE name = 'server'",
          "2of3' with redis 9.9.9" },
        { 2, "UPDATE run SET value = 'running' WHERE name = 'status'",
          "is not finished (running): go on with it by afterkill run --resume" },
        { 1, "UPDATE run SET value = 'interrupted' WHERE name = 'status'",
          "is not finished (interrupted): go on with it by afterkill run --resume" },
        { 2, "UPDATE controls SET bytes = bytes + 1", "disagree about what it sends" },
        { 2, "UPDATE controls SET uncrashed = 'leaked'",
          "disagree about what a completed update leaves" },
        /* Which lane is the first to tell a state, and so its id, is chance. */
        { 2,
          "UPDATE states SET later = 'lost' WHERE id ="
          " (SELECT state FROM points WHERE strategy = 0 AND number = 1)",
          "disagree about what a crash point leaves, strategy 'apart'" },
        { 3, "DELETE FROM points WHERE number = 1",
          "disagree about what a crash point leaves" },
        /* The verdicts are the same, but what was one state is two, and the reverse. */
        { 2,
          "UPDATE points SET state = (SELECT state FROM points WHERE strategy = 0"
          " AND number = 0) WHERE strategy = 0 AND number = 2",
          "its crash points do not leave the states that those of" },
        { 1,
          "UPDATE points SET state = (SELECT state FROM points WHERE strategy = 0"
          " AND number = 0) WHERE strategy = 0 AND number = 2",
          "its crash points do not leave the states that those of" },
        /* A death there that only the census of another shard explains. */
        { 2,
          "UPDATE states SET signature = '00000000000000010000000000000001'"
          " WHERE id = 2;"
          "INSERT INTO states(strategy, signature, now, later, passing, lasts)"
          " SELECT strategy, '@', now, later, passing, lasts FROM states WHERE id = 2",
          "its crash points do not leave the states that those of" },
        { 2, "UPDATE trials SET number = number + 1", "a trial is not this shard's" },
        { 2,
          "INSERT INTO trials SELECT number + 2, 0, 0, 1, 0, 0, 0, 0 FROM trials LIMIT 1",
          "a trial is not this shard's" },
        { 2, "UPDATE trials SET number = 80 WHERE number = 79",
          "a trial is not this shard's" },
        { 2,
          "UPDATE trials SET number = -2 WHERE number = (SELECT min(number) FROM "
          "trials)",
          "a trial is not this shard's" },
        { 3, "UPDATE trials SET strategy = 1 - strategy WHERE number = 2",
          "or not of its strategy" },
        { 3, "UPDATE trials SET state = 99 WHERE number = 2", "its state is not there" },
        { 3, "UPDATE trials SET state = NULL WHERE number = 2",
          "its state is not there" },
        { 3,
          "UPDATE trials SET state = (SELECT max(id) FROM states WHERE states.strategy"
          " != trials.strategy) WHERE number = 2",
          "its state is not there" },
        { 2,
          "INSERT INTO cuts SELECT strategy, bytes + 1, state, commands FROM cuts"
          " WHERE strategy = 0 AND bytes = 1",
          "a trial is not this shard's" },
        { 2, "UPDATE cuts SET bytes = bytes + 3000 WHERE bytes = 1 AND strategy = 0",
          "a trial is not this shard's" },
        { 2, "UPDATE cuts SET strategy = 7 WHERE strategy = 1 AND bytes < 9",
          "a trial is not this shard's" },
        { 2, "UPDATE cuts SET state = 99", "its state is not there" },
    };
    char *home = test_directory(), *scenario = test_file(home, "timed.lua", timed);
    char *whole = keep_whole(home, scenario);
    char *signature = kept_ask(whole, "SELECT signature FROM states WHERE id = 2");

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct shards shards = { mem_printf("%s/%zu", home, i), 3 };
        char *into = mem_printf("%s/merged", shards.home), *changed;
        char *sql = fill_in(rows[i].sql, signature);
        struct run run;

        cr_assert_eq(mkdir(shards.home, 0700), 0);
        split(whole, &shards);
        changed = shard_directory(&shards, rows[i].shard);
        kept_change(changed, "%s", sql);
        run = merge_all(&shards, into);
        cr_expect_eq(run.status, 4, "%s: status %d: %s", rows[i].sql, run.status,
                     run.err);
        EXPECT_SAYS(run.err, rows[i].says);
        EXPECT_SILENT(run.out);
        expect_nothing_in(into);
        run_release(&run);
        free(sql);
        free(changed);
        free(into);
        free(shards.home);
    }
    free(signature);
    free(whole);
    free(scenario);
    test_directory_remove(home);
}

/* A state that no census knows stays unexplained, whichever shard saw it. */
Test(merge, what_is_unexplained_stays_so)
{
    char *home = test_directory(), *scenario = test_file(home, "timed.lua", timed);
    char *whole = keep_whole(home, scenario), *into = mem_printf("%s/merged", home);
    struct shards shards = { home, 3 };
    char *second;
    struct run run;

    split(whole, &shards);
    second = shard_directory(&shards, 2);
    kept_change(
        second,
        "INSERT INTO states(strategy, signature, now, later, passing, lasts)"
        " VALUES(0, '00000000000000010000000000000001', 'torn', 'lost', 'clean', -1);"
        "UPDATE trials SET outcome = 0, state = last_insert_rowid()"
        " WHERE number = (SELECT min(number) FROM trials"
        "  WHERE strategy = 0)");
    run = merge_all(&shards, into);
    cr_expect_eq(run.status, 4, "%s", run.err);
    EXPECT_SAYS(run.out, "UNEXPLAINED");
    run_release(&run);
    run = RUN("report", into, "--format", "json");
    cr_expect_eq(json_count(json_strategy(&run, "apart"), "kills", "unexplained"), 1);
    run_release(&run);
    free(second);
    free(into);
    free(whole);
    free(scenario);
    test_directory_remove(home);
}

/* Missing shards are named, eight of them; with --allow-missing the report says so. */
Test(merge, missing_shards)
{
    static const char *const allow[] = { "--allow-missing", NULL };
    static const size_t two[] = { 1, 3 };
    char *home = test_directory(), *scenario = test_scenario("mixed");
    char *whole = keep_whole(home, scenario), *into = mem_printf("%s/merged", home);
    struct shards three = { home, 3 }, many = { home, 30 };
    char *first;
    struct run run;

    split(whole, &three);
    run = merge_in_order(&three, two, 2, into, NULL);
    cr_expect_eq(run.status, 4, "%s", run.err);
    EXPECT_SAYS(run.err, "shards are missing: 2/3 (--allow-missing merges the others)");
    expect_nothing_in(into);
    run_release(&run);

    split_off(whole, &many, 4);
    first = shard_directory(&many, 4);
    run = merge(&first, 1, into, NULL);
    cr_expect_eq(run.status, 4, "%s", run.err);
    EXPECT_SAYS(run.err, "shards are missing: 1/30, 2/30, 3/30, 5/30, 6/30, 7/30, 8/30, "
                         "9/30 and 21 more (");
    run_release(&run);

    run = merge_in_order(&three, two, 2, into, allow);
    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SAYS(run.out, "MISSING: not all shards were merged; without 2/3.");
    cr_expect_eq(kept_number(into, "SELECT count(*) FROM trials"),
                 kept_number(whole, "SELECT count(*) FROM trials WHERE number % 3 != 1"));
    run_release(&run);
    /* What is not there is not to be had by going on. */
    run = RUN("run", "--resume", into);
    EXPECT_SAYS(run.out, "MISSING: not all shards were merged; without 2/3.");
    run_release(&run);
    free(first);
    free(into);
    free(whole);
    free(scenario);
    test_directory_remove(home);
}

/* Shards as far as they came: a part of one, and one that has not even its census. */
Test(merge, unfinished_shards_are_allowed_for)
{
    static const char *const allow[] = { "--allow-missing", NULL };
    static const size_t all[] = { 1, 2, 3 };
    char *home = test_directory(), *scenario = test_scenario("mixed");
    char *whole = keep_whole(home, scenario), *into = mem_printf("%s/merged", home);
    char *nothing = mem_printf("%s/nothing", home);
    struct shards shards = { home, 3 };
    char *first, *second, *third;
    struct run run;

    split(whole, &shards);
    first = shard_directory(&shards, 1);
    second = shard_directory(&shards, 2);
    third = shard_directory(&shards, 3);
    kept_change(first, "UPDATE run SET value = 'failed' WHERE name = 'status';"
                       "UPDATE run SET value = 'redis is gone' WHERE name = 'trouble';"
                       "UPDATE run SET value = 1 WHERE name = 'stages';"
                       "DELETE FROM points; DELETE FROM trials; DELETE FROM cuts");
    kept_change(third, "UPDATE run SET value = 'running' WHERE name = 'status';"
                       "UPDATE run SET value = 4 WHERE name = 'stages';"
                       "DELETE FROM trials WHERE number > 60");
    run = merge_in_order(&shards, all, 3, into, allow);
    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SAYS(run.out, "MISSING: not all shards were merged; without 1/3, part of 3/3");
    cr_expect_eq(kept_number(into, "SELECT count(*) FROM trials"),
                 kept_number(second, "SELECT count(*) FROM trials") +
                     kept_number(third, "SELECT count(*) FROM trials"));
    run_release(&run);
    run = merge(&first, 1, nothing, allow);
    cr_expect_eq(run.status, 4, "%s", run.err);
    EXPECT_SAYS(run.err, "there is nothing to merge: no shard has finished its census");
    expect_nothing_in(nothing);
    run_release(&run);
    free(first);
    free(second);
    free(third);
    free(nothing);
    free(into);
    free(whole);
    free(scenario);
    test_directory_remove(home);
}

static void expect_untouched(const char *directory, const char *was, size_t count)
{
    size_t now_count;
    char *now = kept_bytes(directory, &now_count);

    cr_expect(now_count == count && memcmp(was, now, count) == 0, "%s has changed",
              directory);
    free(now);
}

/* Runs that are there are not written over, be they shards or not. */
Test(merge, runs_are_not_written_over)
{
    static const size_t twice[] = { 1, 2, 3, 2 };
    char *home = test_directory(), *scenario = test_scenario("mixed");
    char *whole = keep_whole(home, scenario), *into = mem_printf("%s/merged", home);
    struct shards shards = { home, 3 };
    char *second, *was;
    size_t count;
    struct run run;

    split(whole, &shards);
    second = shard_directory(&shards, 2);
    was = kept_bytes(second, &count);
    run = merge_all(&shards, second);
    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err, "holds a run already");
    expect_untouched(second, was, count);
    run_release(&run);
    free(was);

    was = kept_bytes(whole, &count);
    run = merge_all(&shards, whole);
    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err, "holds a run already");
    expect_untouched(whole, was, count);
    run_release(&run);
    free(was);

    run = merge_in_order(&shards, twice, 4, into, NULL);
    cr_expect_eq(run.status, 4, "%s", run.err);
    EXPECT_SAYS(run.err, "are both shard 2/3: its trials would count twice");
    expect_nothing_in(into);
    run_release(&run);
    run = RUN("merge", second, home, "-o", into);
    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err, "there is no run in");
    expect_nothing_in(into);
    run_release(&run);
    free(second);
    free(into);
    free(whole);
    free(scenario);
    test_directory_remove(home);
}

/* Bounds are for the whole run: a shard is not held to them, the merge is. */
Test(merge, gates_are_for_the_merge)
{
    static const struct {
        const char *options[4];
        int status;
    } rows[] = {
        { { "--max-torn-rate", "0.9999", NULL }, 0 },
        { { "--max-harm-rate", "0.0001", NULL }, 3 }, /* of the one that is not expected
                                                         to do any */
        { { "--min-updates-ratio", "1000", NULL }, 1 },
    };
    static const size_t order[] = { 1, 2, 3 };
    char *home = test_directory(), *scenario = test_scenario("mixed");
    char *whole = keep_whole(home, scenario);
    struct shards shards = { home, 3 }, none = { home, 2 };
    struct run run = run_shard(&none, 1, scenario, "--max-leak-rate", "0.1");
    char *kept = shard_directory(&none, 1);

    cr_expect_eq(run.status, 2, "%s", run.err);
    EXPECT_SAYS(run.err, "a shard is not held to anything");
    expect_nothing_in(kept);
    run_release(&run);
    split(whole, &shards);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *into = mem_printf("%s/merged%zu", home, i);

        run = merge_in_order(&shards, order, 3, into, rows[i].options);
        cr_expect_eq(run.status, rows[i].status, "%s %s: status %d:\n%s%s",
                     rows[i].options[0], rows[i].options[1], run.status, run.err,
                     run.out);
        run_release(&run);
        free(into);
    }
    free(kept);
    free(whole);
    free(scenario);
    test_directory_remove(home);
}

/* Every shard is a file that is open; the system may allow fewer. */
Test(merge, more_files_than_are_allowed)
{
    struct rlimit few = { 24, 24 };
    char *home = test_directory(), *scenario = test_scenario("mixed");
    char *whole = keep_whole(home, scenario), *into = mem_printf("%s/merged", home);
    struct shards shards = { home, 30 };
    char *directories[30];
    struct run run;

    split(whole, &shards);
    for (size_t i = 0; i < shards.count; i++)
        directories[i] = shard_directory(&shards, i + 1);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    run = merge(directories, shards.count, into, NULL);
    cr_expect_eq(run.status, 4, "%s", run.err);
    EXPECT_SAYS(run.err, "too many files would be open at once (see ulimit -n)");
    expect_nothing_in(into);
    run_release(&run);
    for (size_t i = 0; i < shards.count; i++)
        free(directories[i]);
    free(into);
    free(whole);
    free(scenario);
    test_directory_remove(home);
}

/* ---- deaths ---- */

/* A run that is ended goes on for longer than anybody is kept from ending it; what it
 * was told is changed for the time that its shards have, before it is put to them. */
#define FOR(time) ENDLESS, "--lanes", "1", "--time", time

static void expect_unfinished(const struct shards *shards, const char *into,
                              const char *status)
{
    struct run run = merge_all(shards, into);

    cr_expect_eq(run.status, 4, "%s", run.err);
    EXPECT_SAYS(run.err, status);
    expect_nothing_in(into);
    run_release(&run);
}

/* Ends a run by a signal once it has said the words. */
static void end_by(struct live_run *live, const char *words, int signal_number)
{
    struct run run;

    cr_assert(run_wait_for(live, words));
    kill(live->pid, signal_number);
    run = run_finish(live);
    cr_assert_neq(run.status, 0, "it was over before the signal");
    run_release(&run);
}

/* A shard that was ended is refused until it has been gone on with to its end. */
Test(merge, ended_shard)
{
    char *home = test_directory(), *scenario = test_scenario("mixed");
    char *merged = mem_printf("%s/merged", home);
    struct shards shards = { home, 2 };
    char *first = shard_directory(&shards, 1), *second = shard_directory(&shards, 2);
    struct run run = RUN("run", scenario, FOR("1s"), "--shard", "1/2", "-o", first);
    struct live_run live =
        START("run", scenario, FOR("10000s"), "--shard", "2/2", "-o", second);

    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    processes_adopt();
    end_by(&live, "kills", SIGKILL);
    processes_wait();
    kept_plan_time(second, 1);
    expect_unfinished(&shards, merged, "is not finished (running)");
    kept_plan_time(second, 10000);
    live = START("run", "--resume", second);
    end_by(&live, "mixed", SIGINT);
    kept_plan_time(second, 1);
    expect_unfinished(&shards, merged, "is not finished (interrupted)");
    run = RUN("run", "--resume", second);
    cr_expect_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    run = merge_all(&shards, merged);
    cr_expect_eq(run.status, 0, "%s", run.err);
    cr_expect_eq(kept_number(merged, "SELECT count(*) FROM trials"),
                 kept_number(first, "SELECT count(*) FROM trials") +
                     kept_number(second, "SELECT count(*) FROM trials"));
    run_release(&run);
    free(first);
    free(second);
    free(merged);
    free(scenario);
    test_directory_remove(home);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit = { bytes, RLIM_INFINITY };

    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* What a killed merge has left is no run, and none to go on with. */
static void expect_no_run(const char *directory)
{
    struct run run = RUN("report", directory);

    cr_expect_eq(run.status, 2, "status %d: %s", run.status, run.err);
    cr_expect(says(run.err, "had not begun when it was ended") ||
                  says(run.err, "there is no run in"),
              "%s", run.err);
    EXPECT_SILENT(run.out);
    run_release(&run);
    run = RUN("run", "--resume", directory);
    cr_expect_eq(run.status, 2, "status %d: %s", run.status, run.err);
    run_release(&run);
}

/* The kernel does not let any file grow beyond so many pages. That is raised until the
 * merge survives it, in the place of those before. Until then each ends with a status,
 * and leaves no run. */
static void raise_limit(int status)
{
    char *home = test_directory(), *scenario = test_scenario("mixed");
    char *whole = keep_whole(home, scenario), *merged = mem_printf("%s/again", home);
    struct shards shards = { home, 3 };
    unsigned left = 0;
    bool survived = false;

    split(whole, &shards);
    for (rlim_t pages = 0; !survived; pages++) {
        struct run run;

        limit_files(pages * 4096 + 1);
        run = merge_all(&shards, merged);
        limit_files(RLIM_INFINITY);
        cr_assert(run.status == 0 || run.status == status, "status %d: %s", run.status,
                  run.err);
        if (run.status == 4)
            cr_expect(says(run.err, "kB (ulimit -f)?") || says(run.err, strerror(EFBIG)),
                      "%s", run.err);
        survived = run.status == 0;
        run_release(&run);
        if (survived)
            break;
        left += access(merged, F_OK) == 0 && test_directory_entries(merged) > 0;
        expect_no_run(merged);
    }
    cr_expect(status == 4 || left > 5);
    expect_same_report(whole, merged, "report.txt");
    expect_same_rows(whole, merged);
    free(merged);
    free(whole);
    free(scenario);
    test_directory_remove(home);
}

/* The model of a death: the kernel ends the merge as it writes, without a word. */
Test(merge, killed_merge)
{
    break_program("limit-kills");
    signal(SIGXFSZ, SIG_DFL); /* whoever began the tests may ignore it */
    raise_limit(128 + SIGXFSZ);
}

Test(merge, files_that_may_not_grow)
{
    raise_limit(4);
}

/* As if the signal had come as soon as it could: it waits already when the program
 * begins, which hears of it where it asks. */
static int merge_with_signal(const struct shards *shards, const char *into, int number)
{
    const char *afterkill = getenv("AFTERKILL");
    CLEANUP(mem_freep) char *first = shard_directory(shards, 1);
    CLEANUP(mem_freep) char *second = shard_directory(shards, 2);
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, number);
        sigprocmask(SIG_BLOCK, &set, NULL);
        signal(number, SIG_DFL); /* a test in a shell's background has SIGINT ignored */
        raise(number);
        freopen("/dev/null", "w", stderr);
        execl(afterkill, afterkill, "merge", "-o", into, first, second, NULL);
        _exit(127);
    }
    cr_assert(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Test(merge, signals_leave_nothing)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGXCPU };
    char *home = test_directory(), *scenario = test_scenario("mixed");
    char *whole = keep_whole(home, scenario), *merged = mem_printf("%s/again", home);
    struct shards shards = { home, 2 };

    split(whole, &shards);
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        int status = merge_with_signal(&shards, merged, signals[i]);

        cr_expect_eq(status, 130, "signal %d: status %d", signals[i], status);
        cr_expect_neq(access(merged, F_OK), 0, "signal %d leaves something", signals[i]);
    }
    free(merged);
    free(whole);
    free(scenario);
    test_directory_remove(home);
}
