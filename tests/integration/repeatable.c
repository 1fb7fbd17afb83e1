/* repeatable.c - the same seed, the same schedule; the same result, the same figures in
 * every form.
 *
 * Chance is only in the seed: which strategy trial t belongs to and at what fraction of
 * the update it dies is a function of (seed, t), whatever the number of lanes. Where
 * exactly a kill lands is the machine's, so counts of kills are compared only where no
 * chance is in them. */
#include "testlib.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "plan/plan.h"

/* The schedule as lanes see it: lane l takes trials l, l + lanes, ... in this order. */
static size_t collect(const struct plan *plan, size_t lanes, struct plan_trial *trials)
{
    size_t count = 0;

    for (size_t lane = 0; lane < lanes; lane++)
        for (uint64_t t = lane; t < plan_trials(plan); t += lanes)
            trials[count++] = plan_trial(plan, t);
    return count;
}

static int by_number(const void *a, const void *b)
{
    const struct plan_trial *x = a, *y = b;

    return x->number < y->number ? -1 : x->number > y->number;
}

static bool same_trials(const struct plan_trial *a, const struct plan_trial *b,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (a[i].number != b[i].number || a[i].strategy != b[i].strategy ||
            a[i].fraction != b[i].fraction)
            return false;
    return true;
}

Test(repeatable, schedule_does_not_depend_on_lanes)
{
    const struct plan plan = { 42, 6, 200 };
    size_t count = (size_t)plan_trials(&plan);
    struct plan_trial *one = MEM_ARRAY(struct plan_trial, count);
    struct plan_trial *other = MEM_ARRAY(struct plan_trial, count);

    cr_assert_eq(count, 1200);
    cr_assert_eq(collect(&plan, 1, one), count);
    for (size_t lanes = 2; lanes <= 5; lanes++) {
        cr_assert_eq(collect(&plan, lanes, other), count);
        qsort(other, count, sizeof(*other), by_number);
        cr_expect(same_trials(one, other, count), "%zu lanes", lanes);
    }
    free(one);
    free(other);
}

/* Fewer attempts are the beginning of more, so a run can be made longer. */
Test(repeatable, schedule_does_not_depend_on_its_length)
{
    const struct plan few = { 42, 6, 20 }, many = { 42, 6, 200 };

    for (uint64_t t = 0; t < plan_trials(&few); t++) {
        struct plan_trial a = plan_trial(&few, t), b = plan_trial(&many, t);

        cr_expect(same_trials(&a, &b, 1), "trial %llu", (unsigned long long)t);
    }
}

Test(repeatable, other_seeds_give_other_schedules)
{
    const struct plan first = { 1, 6, 50 };

    for (uint64_t seed = 2; seed < 50; seed++) {
        const struct plan second = { seed, 6, 50 };
        size_t fractions = 0, strategies = 0;

        for (uint64_t t = 0; t < plan_trials(&first); t++) {
            struct plan_trial a = plan_trial(&first, t), b = plan_trial(&second, t);

            fractions += a.fraction == b.fraction;
            strategies += a.strategy == b.strategy;
        }
        cr_expect_eq(fractions, 0, "seed %llu", (unsigned long long)seed);
        /* By chance one in six agrees: 50 of 300; the seeds are fixed. */
        cr_expect_lt(strategies, 120, "seed %llu", (unsigned long long)seed);
    }
}

/* Runs some strategies of a scenario of tests/scenarios/, or all (NULL), with its report
 * as JSON. */
static struct run run_json(const char *name, const char *lanes, const char *seed,
                           const char *trials, const char *strategies)
{
    char *path = test_scenario(name);
    struct run run = RUN("run", path, "--lanes", lanes, "--seed", seed, "--trials",
                         trials, "--no-store", "--format", "json",
                         strategies ? "--strategy" : NULL, strategies);

    cr_assert_not_null(run.json, "%s", run.err);
    free(path);
    return run;
}

/* What of a strategy's finding may not depend on lanes, clock and luck. */
static json_t *constant_part(const json_t *strategy)
{
    static const char *const keys[] = { "name",      "about",  "expect",
                                        "commands",  "bytes",  "round_trips",
                                        "uncrashed", "census", "verdict" };
    json_t *part = json_object(), *points = json_array();
    json_t *point;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(keys); i++) {
        cr_assert_not_null(json_object_get(strategy, keys[i]), "%s", keys[i]);
        json_object_set(part, keys[i], json_object_get(strategy, keys[i]));
    }
    json_array_foreach (json_object_get(strategy, "points"), i, point) {
        json_t *copy = json_copy(point);

        json_object_del(copy, "kills");
        json_object_del(copy, "line"); /* as one execution sent it, ids and all */
        json_object_del(copy, "trial");
        json_array_append_new(points, copy);
    }
    json_object_set_new(part, "points", points);
    json_object_set_new(
        part, "requested",
        json_incref(json_object_get(json_object_get(strategy, "kills"), "requested")));
    return part;
}

static void check_same(const struct run *a, const struct run *b)
{
    json_t *strategies = json_object_get(a->json, "strategies");
    json_t *strategy;
    size_t i;

    cr_expect_eq(a->status, b->status);
    cr_expect(json_equal(json_object_get(a->json, "verdict"),
                         json_object_get(b->json, "verdict")));
    cr_expect(json_equal(json_object_get(a->json, "params"),
                         json_object_get(b->json, "params")));
    cr_assert_eq(json_array_size(strategies),
                 json_array_size(json_object_get(b->json, "strategies")));
    json_array_foreach (strategies, i, strategy) {
        const char *name = json_string_value(json_object_get(strategy, "name"));
        json_t *one = constant_part(strategy);
        json_t *other = constant_part(json_strategy(b, name));

        cr_expect(json_equal(one, other), "%s differs", name);
        json_decref(one);
        json_decref(other);
    }
}

Test(repeatable, one_lane_and_more_find_the_same)
{
    /* What is compared has no kills in it. That they change nothing is seen in one;
     * elsewhere nobody waits until each lane knows when to kill. */
    static const struct {
        const char *scenario, *trials, *lanes[2], *strategies;
    } rows[] = {
        { "mixed", "12", { "2", "3" }, NULL },
        { "stuck", "0", { "2" }, NULL },
        { "uncrashed", "0", { "2" }, NULL },
        { "expectations", "0", { "2" }, NULL },
        /* Of each type, and of each damage. */
        { "types",
          "0",
          { "2" },
          "string,string-expiry,hash-less,set-more,zset-score,list-again,log-order,"
          "stream-again,group-read,group-pending,ignored,type" },
    };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run one =
            run_json(rows[i].scenario, "1", "5", rows[i].trials, rows[i].strategies);

        for (size_t l = 0; l < 2 && rows[i].lanes[l]; l++) {
            struct run more = run_json(rows[i].scenario, rows[i].lanes[l], "5",
                                       rows[i].trials, rows[i].strategies);

            check_same(&one, &more);
            cr_expect_eq(json_integer_value(json_object_get(more.json, "lanes")),
                         atoi(rows[i].lanes[l]));
            run_release(&more);
        }
        run_release(&one);
    }
    test_directory_remove(directory);
}

/* sidekiq_busy's data has p.now in it, but nothing that it finds depends on it. */
Test(repeatable, sidekiq_busy_finds_the_same_again)
{
    char *directory = test_directory();
    struct run one = RUN("run", "sidekiq_busy", "--lanes", "1", "--seed", "9", "--trials",
                         "9", "--no-store", "--format", "json");
    struct run two = RUN("run", "sidekiq_busy", "--lanes", "2", "--seed", "9", "--trials",
                         "9", "--no-store", "--format", "json");
    json_t *strategy;
    size_t i;

    cr_expect_eq(one.status, 0, "%s", one.err);
    cr_expect_eq(two.status, 0, "%s", two.err);
    json_array_foreach (json_object_get(one.json, "strategies"), i, strategy) {
        json_t *other =
            json_strategy(&two, json_string_value(json_object_get(strategy, "name")));

        cr_expect(json_equal(json_object_get(strategy, "census"),
                             json_object_get(other, "census")));
        cr_expect_eq(json_count(strategy, "kills", "requested"), 9);
        cr_expect_eq(json_count(other, "kills", "requested"), 9);
        cr_expect(json_equal(json_object_get(strategy, "bytes"),
                             json_object_get(other, "bytes")));
    }
    run_release(&one);
    run_release(&two);
    test_directory_remove(directory);
}

/* p.seed and math.random follow --seed, and are the same in every function of a run. */
Test(repeatable, data_follows_the_seed)
{
    static const char text[] =
        "return {\n"
        "  before = function(redis, p) redis.call('SET', 'old', math.random(1, 1e15)) "
        "end,\n"
        "  strategies = { { name = 'random', expect = 'mixed', update = function(redis, "
        "p)\n"
        "    redis.call('SET', 'a', p.seed .. ':' .. math.random(1, 1e15))\n"
        "    redis.call('SET', 'old', math.random(1, 1e15))\n"
        "  end } } }\n";
    static const char *const seeds[] = { "11", "11", "12" };
    char *directory = test_directory();
    char *path = test_file(directory, "random.lua", text);
    char *examples[3];

    for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
        struct run run = RUN("run", path, "--seed", seeds[i], CENSUS, "--format", "json");
        json_t *points = json_object_get(json_strategy(&run, "random"), "points");

        cr_expect_eq(run.status, 0, "%s%s", run.err, run.out);
        examples[i] = json_dumps(json_array_get(points, 1), JSON_SORT_KEYS);
        cr_assert_not_null(examples[i]);
        run_release(&run);
    }
    cr_expect_str_eq(examples[0], examples[1]);
    cr_expect_str_neq(examples[0], examples[2]);
    for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
        free(examples[i]);
    free(path);
    cr_expect_eq(test_directory_entries(directory), 1);
    test_directory_remove(directory);
}

/* The shape of the JSON: what DESIGN section 7 names, with its types. */
enum kind { TEXT, WHOLE, REAL, WORDS, NULLABLE };

struct field {
    const char *path[3]; /* below the object */
    enum kind kind;
};

static bool has_kind(const json_t *value, enum kind kind)
{
    size_t i;
    json_t *word;

    switch (kind) {
    case TEXT:
        return json_is_string(value);
    case WHOLE:
        return json_is_integer(value);
    case REAL:
        return json_is_number(value) && isfinite(json_number_value(value));
    case NULLABLE:
        return json_is_null(value) ||
               (json_is_number(value) && isfinite(json_number_value(value)));
    case WORDS:
        if (!json_is_array(value))
            return false;
        json_array_foreach ((json_t *)(uintptr_t)value, i, word)
            if (!json_is_string(word))
                return false;
        return true;
    }
    return false;
}

static void check_fields(const json_t *object, const struct field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = object;
        const char *last = "";

        for (size_t p = 0; p < ARRAY_SIZE(fields[i].path) && fields[i].path[p]; p++) {
            last = fields[i].path[p];
            value = json_object_get(value, last);
        }
        cr_expect(value && has_kind(value, fields[i].kind),
                  "%s.%s is missing or of another type", fields[i].path[0], last);
    }
}

#define WORDS_OF(object)                                                                 \
    { { object, "intact" }, WHOLE }, { { object, "gap" }, WHOLE },                       \
        { { object, "torn" }, WHOLE }, { { object, "clean" }, WHOLE },                   \
        { { object, "leaked" }, WHOLE }, { { object, "lost" }, WHOLE },                  \
        { { object, "mixed" }, WHOLE }, { { object, "stuck" }, WHOLE },                  \
    {                                                                                    \
        { object, "broken" }, WHOLE                                                      \
    }
#define RATE_OF(rate)                                                                    \
    { { rate, "estimate" }, NULLABLE }, { { rate, "low" }, REAL },                       \
        { { rate, "high" }, REAL }, { { rate, "confidence" }, REAL },                    \
    {                                                                                    \
        { rate, "method" }, TEXT                                                         \
    }

static void check_shape(const struct run *run)
{
    static const struct field run_fields[] = {
        { { "schema" }, WHOLE },
        { { "afterkill" }, TEXT },
        { { "scenario" }, TEXT },
        { { "seed" }, WHOLE },
        { { "params", "jobs" }, WHOLE },
        { { "redis", "version" }, TEXT },
        { { "redis", "transport" }, TEXT },
        { { "lanes" }, WHOLE },
        { { "kills_per_second" }, REAL },
        { { "verdict" }, TEXT },
    };
    static const struct field strategy_fields[] = {
        { { "name" }, TEXT },
        { { "expect" }, WORDS },
        { { "commands" }, WHOLE },
        { { "bytes" }, WHOLE },
        { { "round_trips" }, WHOLE },
        { { "update_us", "p50" }, REAL },
        { { "update_us", "p90" }, REAL },
        { { "update_us", "p99" }, REAL },
        { { "updates_per_second" }, REAL },
        { { "window_us" }, NULLABLE },
        { { "uncrashed" }, WORDS },
        { { "census", "points" }, WHOLE },
        WORDS_OF("census"),
        { { "kills", "requested" }, WHOLE },
        { { "kills", "valid" }, WHOLE },
        { { "kills", "missed" }, WHOLE },
        { { "kills", "early" }, WHOLE },
        { { "kills", "errors" }, WHOLE },
        { { "kills", "unexplained" }, WHOLE },
        WORDS_OF("kills"),
        RATE_OF("leak_rate"),
        RATE_OF("harm_rate"),
        RATE_OF("torn_rate"),
        { { "verdict" }, TEXT },
    };
    static const struct field point_fields[] = {
        { { "index" }, WHOLE }, { { "command" }, TEXT }, { { "now" }, TEXT },
        { { "later" }, WORDS }, { { "kills" }, WHOLE },
    };
    json_t *strategy, *point;
    size_t s, k;

    cr_assert_not_null(run->json, "not JSON:\n%s", run->out);
    check_fields(run->json, run_fields, ARRAY_SIZE(run_fields));
    cr_expect_eq(json_integer_value(json_object_get(run->json, "schema")), 1);
    cr_expect_eq(json_array_size(json_object_get(run->json, "strategies")), 6);
    json_array_foreach (json_object_get(run->json, "strategies"), s, strategy) {
        check_fields(strategy, strategy_fields, ARRAY_SIZE(strategy_fields));
        cr_expect_eq(json_array_size(json_object_get(strategy, "points")),
                     (size_t)json_integer_value(json_object_get(strategy, "commands")) +
                         1);
        json_array_foreach (json_object_get(strategy, "points"), k, point)
            check_fields(point, point_fields, ARRAY_SIZE(point_fields));
    }
}

/* A run without kills has rates of nothing, which must not become NaN: JSON has no such
 * thing, and jansson reads none. */
Test(repeatable, json_has_every_key_and_finite_numbers)
{
    static const char *const trials[] = { "0", "1", "7" };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(trials); i++) {
        struct run run = RUN("run", "sidekiq_busy", "--trials", trials[i], "--lanes", "1",
                             "--set", "jobs=4", "--no-store", "--format", "json");
        json_t *strategy = json_strategy(&run, "per-field");

        cr_expect_eq(run.status, 0, "%s", run.err);
        check_shape(&run);
        if (i == 0) {
            json_t *rate = json_object_get(strategy, "leak_rate");

            cr_expect(json_is_null(json_object_get(rate, "estimate")));
            cr_expect_eq(json_number(strategy, "leak_rate", "low"), 0);
            cr_expect_eq(json_number(strategy, "leak_rate", "high"), 1);
        }
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* The row of a strategy in the report's table that begins under `head`; "" if there is
 * none. The caller frees it. */
static char *table_row(const char *text, const char *head, const char *name)
{
    const char *at = strstr(text, head);
    char *start = mem_printf("\n%s ", name);
    char *row;

    at = at ? strstr(at, start) : NULL;
    free(start);
    row = mem_strdup(at ? at + 1 : "");
    row[strcspn(row, "\n")] = '\0';
    return row;
}

/* Of "65.0% [40.5, 84.4]", in whole percent at least; -1 if there is none. */
static double first_percentage(const char *row)
{
    const char *end = strstr(row, "% ["), *from = end;

    while (from && from > row && strchr("0123456789.", from[-1]))
        from--;
    return from && from < end ? strtod(from, NULL) : -1;
}

/* Both forms are of one and the same run here, so every figure must be the same. */
Test(repeatable, text_and_json_agree)
{
    char *directory = test_directory();
    char *saved = mem_printf("%s/saved", directory),
         *file = mem_printf("%s/run.json", saved);
    struct run run = RUN("run", "sidekiq_busy", "--trials", "30", "--lanes", "1", "-o",
                         saved, "--full");
    json_t *strategy;
    size_t i;

    cr_expect_eq(run.status, 0, "%s", run.err);
    run.json = json_load_file(file, 0, NULL);
    cr_assert_not_null(run.json);
    json_array_foreach (json_object_get(run.json, "strategies"), i, strategy) {
        const char *name = json_string_value(json_object_get(strategy, "name"));
        char *finding = table_row(run.out, "crash points", name);
        char *kills = table_row(run.out, "where the", name);
        char *points =
            mem_printf("%lld of %2lld ", json_count(strategy, "census", "leaked"),
                       json_count(strategy, "census", "points"));
        char *p50 = mem_printf(" %.0f us", json_number(strategy, "update_us", "p50"));
        long long attempts = 0, valid = 0, missed = 0, early = 0, leaked;

        EXPECT_SAYS(finding, points);
        EXPECT_SAYS(finding, p50);
        leaked = json_count(strategy, "kills", "leaked");
        valid = json_count(strategy, "kills", "valid");
        if (leaked == 0) {
            EXPECT_SAYS(finding, "below ");
        } else if (leaked < valid) {
            cr_expect_float_eq(first_percentage(finding),
                               100 * json_number(strategy, "leak_rate", "estimate"),
                               0.5 + 1e-6, "%s", finding);
        }
        cr_expect_eq(sscanf(kills + strlen(name), "%lld %lld %lld %lld", &attempts,
                            &valid, &missed, &early),
                     4, "%s", kills);
        cr_expect_eq(attempts, json_count(strategy, "kills", "requested"), "%s", kills);
        cr_expect_eq(valid, json_count(strategy, "kills", "valid"), "%s", kills);
        cr_expect_eq(missed, json_count(strategy, "kills", "missed"), "%s", kills);
        cr_expect_eq(early, json_count(strategy, "kills", "early"), "%s", kills);
        free(finding);
        free(kills);
        free(points);
        free(p50);
    }
    run_release(&run);
    free(saved);
    free(file);
    test_directory_remove(directory);
}
