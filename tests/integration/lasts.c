/* lasts.c - the third question: how long does it last?
 *
 * Small scenarios, each of one update, and what every crash point of it comes to: harm,
 * or what is passing, and for how long. Then the same of scenarios of the catalogue,
 * whose answers were worked out by hand. */
#include "testlib.h"

#include <math.h>
#include <stdlib.h>

/* `run "A | B"` makes a function that sends A, waits for the reply, and sends B. */
static const char prelude[] =
    "local function run(text)\n"
    "  return function(redis)\n"
    "    for command in text:gmatch('[^|]+') do\n"
    "      local words = {}\n"
    "      for word in command:gmatch('%S+') do words[#words + 1] = word end\n"
    "      redis.call(table.unpack(words))\n"
    "    end\n"
    "  end\n"
    "end\n";

/* A scenario of one strategy with the lines around it. */
#define OF(update, lines)                                                                \
    "return { strategies = { { name = 'old', reference = true,\n"                        \
    "  update = run '" update "' } },\n" lines " }\n"
/* And of another one, whose completed update is right. */
#define BESIDE(right, update)                                                            \
    "return { strategies = { { name = 'old', update = run '" update "' },\n"             \
    "  { name = 'new', reference = true, update = run '" right "' } } }\n"

#define LOCK "SET lock me NX EX 43200 | SET result 1 | DEL lock"
#define LOCKS                                                                            \
    "alive = function(r) return r.call('SET', 'lock', 'next', 'NX', 'EX', 9) end,"
#define FREE "recover = run 'DEL lock',"
/* A registry of deadlines: time that is data. */
#define DUE(lines)                                                                       \
    "return { strategies = { { name = 'old', reference = true,\n"                        \
    "  update = function(r, p)\n"                                                        \
    "    r.call('ZADD', 'due', p.now + 100, 'me')\n"                                     \
    "    r.call('ZREM', 'due', 'me')\n"                                                  \
    "  end } },\n"                                                                       \
    "  recover = function(r, p) r.call('ZREMRANGEBYSCORE', 'due', 0, p.now) end,\n"      \
    "  " lines " }\n"

/* Of every crash point, apart by blanks. */
static const struct {
    const char *name, *text, *harm, *passing, *lasts;
} rows[] = {
    /* First those by which mutants die (mutants.c). */
    { "the same but for its time to live",
      BESIDE("SET k 1 EX 60", "SET k 1 EX 600 | EXPIRE k 1000 | EXPIRE k 60"),
      "clean clean clean clean", "clean leaked leaked clean", "0 600 1000 0" },
    { "a marker whose data are missing",
      OF("SET marker 1 EX 3600 | SET data 1 EX 60", ""), "clean clean clean",
      "clean mixed clean", "0 60 0" },
    { "a lock of half a day", OF(LOCK, LOCKS), "clean clean clean clean",
      "clean leaked+stuck leaked+stuck clean", "0 43200 43200 0" },
    { "of which a minute is tolerated", OF(LOCK, LOCKS "tolerate = 60"),
      "clean leaked+stuck leaked+stuck clean", "clean clean clean clean",
      "0 43200 43200 0" },
    { "of which all is tolerated, by a parameter",
      OF(LOCK, LOCKS "params = { most = 43200 }, tolerate = 'most'"),
      "clean clean clean clean", "clean leaked+stuck leaked+stuck clean",
      "0 43200 43200 0" },
    { "what is for ever is never tolerated",
      OF("SET lock me | DEL lock", "tolerate = 1e9"), "clean leaked clean",
      "clean clean clean", "0 forever 0" },
    { "a job of an hour, lost on its way",
      OF("LPOP q | RPUSH done j", "before = run 'RPUSH q j | EXPIRE q 3600'"),
      "clean clean clean", "clean mixed clean", "0 3600 0" },
    { "a marker whose data are missing, when it is the first to go",
      OF("SET marker 1 EX 60 | SET data 1 EX 3600", ""), "clean clean clean",
      "clean mixed clean", "0 60 0" },
    { "what both controls hold may lapse at different times",
      OF("EXPIRE a 60 | EXPIRE b 60",
         "noop = true, before = run 'SET a 1 EX 50 | SET b 1 EX 50'"),
      "clean clean clean", "clean clean clean", "0 0 0" },
    { "also where one of them is long gone by then",
      OF("EXPIRE a 600 | SET c 1 | EXPIRE b 600",
         "before = run 'SET a 1 EX 50 | SET b 1 EX 50'"),
      "clean clean clean clean", "clean clean clean clean", "0 0 0 0" },
    { "what recovery repairs at once", OF("SET lock me | DEL lock", FREE),
      "clean clean clean", "clean clean clean", "0 0 0" },
    { "what it repairs when it runs again",
      OF("RPUSH junk a | RPUSH junk b | DEL junk", "recover = run 'LPOP junk'"),
      "clean clean clean clean", "clean clean leaked clean", "0 0 0 0" },
    { "what it repairs once it begins",
      OF("SET lock me | DEL lock", FREE "recover_after = 30"), "clean clean clean",
      "clean leaked clean", "0 30 0" },
    { "and that is too late",
      OF("SET lock me | DEL lock", FREE "recover_after = 30, tolerate = 29.5"),
      "clean leaked clean", "clean clean clean", "0 30 0" },
    { "a time to live that ends before recovery begins",
      OF("SET lock me EX 10 | DEL lock", FREE "recover_after = 30"), "clean clean clean",
      "clean leaked clean", "0 10 0" },
    { "a deadline that is data", DUE("moments = { 100 }"), "clean clean clean",
      "clean leaked clean", "0 100 0" },
    { "and that nobody tells", DUE(""), "clean leaked clean", "clean clean clean",
      "0 forever 0" },
    { "an expiry later than the reference's", BESIDE("SET k 1 EX 60", "SET k 1 EX 86400"),
      "clean clean", "clean leaked", "0 86400" },
    { "and one that is sooner", BESIDE("SET k 1 EX 86400", "SET k 1 EX 60"),
      "clean clean", "clean clean", "0 0" },
    { "an expiry that is put right",
      BESIDE("SET k 1 EX 60", "SET k 1 EX 86400 | EXPIRE k 60"), "clean clean clean",
      "clean leaked clean", "0 86400 0" },
    { "an invariant that forbids it",
      OF("SET k 1 EX 86400 | EXPIRE k 60 | DEL k",
         "invariants = { soon = expires('k', 60) }"),
      "clean broken clean clean", "clean leaked leaked clean", "0 86400 60 0" },
    { "as long as the expiry that it found, whatever else lapses",
      OF("SET z 1 EX 86400 | SET k 1 EX 100 | EXPIRE k 60 | UNLINK z k",
         "invariants = { soon = expires('k', 60) }"),
      "clean clean broken clean clean", "clean leaked leaked leaked clean",
      "0 86400 86400 86400 0" },
    { "as long as the expiry that it found, and no longer",
      OF("SET k 1 EX 100 | EXPIRE k 60 | SET z 1 EX 86400 | UNLINK z k",
         "invariants = { soon = expires('k', 60) }"),
      "clean broken clean clean clean", "clean leaked leaked leaked clean",
      "0 100 60 86400 0" },
    { "for ever where it found none",
      OF("SET k 1 | EXPIRE k 60 | DEL k",
         "invariants = { soon = expires('k', 60) }, recover = run 'DEL k'"),
      "clean broken clean clean", "clean clean clean clean", "0 forever 0 0" },
    { "damage that outlasts what is missing for a while",
      OF("UNLINK h | HSET h f v | EXPIRE h 60",
         "before = run 'HSET h f v | EXPIRE h 60'"),
      "clean clean leaked clean", "clean lost clean clean", "0 60 forever 0" },
};

/* Appends a word behind a blank; frees the word. */
static void append(char **text, char *word)
{
    char *longer = *text ? mem_printf("%s %s", *text, word) : mem_strdup(word);

    free(*text);
    free(word);
    *text = longer;
}

/* Of JSON: 0, a number of seconds, or "forever". */
static char *lasts_of(const json_t *object)
{
    const json_t *lasts = json_object_get(object, "lasts");

    return json_is_string(lasts) ? mem_strdup(json_string_value(lasts))
                                 : mem_printf("%g", json_number_value(lasts));
}

/* All crash points of a strategy. */
struct course {
    char *harm, *passing, *lasts;
};

static struct course course_of(const json_t *strategy)
{
    struct course course = { NULL, NULL, NULL };
    json_t *point;
    size_t i;

    json_array_foreach (json_object_get(strategy, "points"), i, point) {
        append(&course.harm, json_words(json_object_get(point, "later")));
        append(&course.passing, json_words(json_object_get(point, "passing")));
        append(&course.lasts, lasts_of(point));
    }
    return course;
}

static void course_release(struct course *course)
{
    free(course->harm);
    free(course->passing);
    free(course->lasts);
}

/* The longest of what the points last. */
static void check_longest(const json_t *strategy, const char *name)
{
    CLEANUP(mem_freep) char *longest = lasts_of(strategy);
    double most = 0;
    json_t *point;
    size_t i;

    json_array_foreach (json_object_get(strategy, "points"), i, point) {
        const json_t *lasts = json_object_get(point, "lasts");
        double one = json_is_string(lasts) ? HUGE_VAL : json_number_value(lasts);

        most = one > most ? one : most;
    }
    cr_expect(strcmp(longest, "forever") == 0 ? most == HUGE_VAL
                                              : strtod(longest, NULL) == most,
              "%s: %s in all, and %g", name, longest, most);
}

static void check_course(const struct run *run, const char *name, const char *harm,
                         const char *passing, const char *lasts)
{
    const json_t *strategy = json_strategy(run, "old");
    struct course course;

    cr_assert_not_null(run->json, "%s: %s", name, run->err);
    course = course_of(strategy);
    cr_expect_str_eq(course.harm, harm, "%s: %s", name, course.harm);
    cr_expect_str_eq(course.passing, passing, "%s: passing %s", name, course.passing);
    cr_expect_str_eq(course.lasts, lasts, "%s: lasts %s", name, course.lasts);
    check_longest(strategy, name);
    course_release(&course);
}

static char *write_scenario(const char *directory, const char *text)
{
    CLEANUP(mem_freep) char *whole = mem_printf("%s%s", prelude, text);

    return test_file(directory, "case.lua", whole);
}

/* By one lane, which judges all of them, and could take one for another. */
Test(lasts, point_by_point)
{
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *path = write_scenario(directory, rows[i].text);
        struct run run =
            RUN("run", path, "--trials", "0", "--lanes", "1", "--format", "json");

        check_course(&run, rows[i].name, rows[i].harm, rows[i].passing, rows[i].lasts);
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* Fields of a hash lapse one by one, and each makes a moment. */
Test(lasts, fields_of_a_hash)
{
    static const char text[] =
        OF("HSET h f 1 g 1 | HPEXPIRE h 60000 FIELDS 1 f | HPEXPIRE h 90000 FIELDS 1 g"
           " | DEL h",
           "");
    char *directory = test_directory();
    bool has = test_server_has(directory, "HPTTL");

    if (has) {
        CLEANUP(mem_freep) char *path = write_scenario(directory, text);
        struct run run = RUN("run", path, CENSUS, "--format", "json");

        check_course(&run, "fields", "clean leaked leaked clean clean",
                     "clean clean clean leaked clean", "0 forever forever 90 0");
        run_release(&run);
        free(path);
        path = write_scenario(
            directory, OF("HSET h f 1 | HEXPIRE h 60 FIELDS 1 f | PERSIST h | DEL h",
                          "invariants = { soon = expires('h', 100) }"));
        run = RUN("run", path, CENSUS, "--format", "json");
        check_course(&run, "a hash is gone with its fields",
                     "clean leaked+broken clean clean clean",
                     "clean clean leaked leaked clean", "0 forever 60 60 0");
        run_release(&run);
    }
    test_directory_remove(directory);
    if (!has)
        cr_skip_test(NO_FIELDS);
}

/* What the text says of how long: of gaps behind the first, of completed updates, of more
 * moments than are looked at; and the table of a sweep. */
Test(lasts, in_words)
{
    static const struct {
        const char *text, *says, *not ;
        const char *arguments[3];
    } said[] = {
        { OF("SET a 1 EX 3600 | DEL a | SET b 1 EX 86400 | DEL b", "tolerate = 60,"),
          "The same for 24 h at point 3, after SET b 1",
          "at its own time",
          { NULL } },
        { OF("SET a 1 EX 3600 | DEL a | SET b 1 EX 86400 | UNLINK b", "tolerate = 60,"),
          "Also leaked for 24 h at point 3, after SET b 1",
          NULL,
          { NULL } },
        { BESIDE("SET k 1 EX 60", "SET k 1 EX 86400"),
          "Even when nobody is killed, it leaves things leaked for 24 h",
          NULL,
          { NULL } },
        { "return { tolerate = 60, strategies = {\n"
          "  { name = 'old', update = run 'SET k 1 EX 86400' },\n"
          "  { name = 'new', reference = true, update = run 'SET k 1 EX 60' } } }",
          "It does damage even when nobody is killed: leaked for 24 h",
          NULL,
          { NULL } },
        { "return { strategies = { { name = 'old', update = function(r)\n"
          "  for i = 1, 12 do r.call('SET', 'k' .. i, 1, 'EX', 60 * 2 ^ i) end\n"
          "end } } }",
          "so how long is rounded up",
          NULL,
          { NULL } },
        { "return { params = { ttl = 60 }, strategies = { { name = 'old',\n"
          "  update = function(r, p)\n"
          "    r.call('SET', 'a', 1, 'EX', p.ttl) r.call('DEL', 'a')\n"
          "  end } } }",
          "leaves it leaked for 24 h at ttl=86400",
          NULL,
          { "--sweep", "ttl=60,86400" } },
    };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
        char *path = write_scenario(directory, said[i].text);
        struct run run = RUN("run", path, "--fault", "step", "--lanes", "1", "--full",
                             "--no-store", said[i].arguments[0], said[i].arguments[1]);

        EXPECT_SAYS(run.out, said[i].says);
        if (said[i].not )
            cr_expect(!says(run.out, said[i].not ), "%s", run.out);
        run_release(&run);
        free(path);
    }
    test_directory_remove(directory);
}

static char *write_lock(const char *directory, const char *name, const char *seconds,
                        const char *lines)
{
    CLEANUP(mem_freep)
    char *text =
        mem_printf("return { strategies = { { name = 'old', expect = 'safe',\n"
                   "  update = 'SET lock me NX EX %s | SET r 1 | DEL lock' } },\n"
                   "alive = 'SET lock x NX EX 9', %s }\n",
                   seconds, lines);

    return test_file(directory, name, text);
}

/* A check is of many, and says what lasts longest of what it does not fail for. */
Test(lasts, in_checks)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *lock = write_lock(directory, "lock.lua", "43200", "");
    CLEANUP(mem_freep) char *brief = write_lock(directory, "brief.lua", "600", "");
    CLEANUP(mem_freep)
    char *harm = write_lock(directory, "harm.lua", "43200", "tolerate = 60,");
    struct run run = RUN("check", "--quick", "--lanes", "1", lock);
    const json_t *scenario, *strategy;

    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SAYS(run.out,
                "1 as expected, 0 not, but 2 of 4 crash points of lock/old leave "
                "it leaked+stuck for up to 12 h (");
    run_release(&run);
    run = RUN("check", "--quick", "--lanes", "1", "--format", "tap", brief, lock, harm);
    cr_expect_eq(run.status, 1, "%s", run.err);
    EXPECT_SAYS(run.out,
                "\nok 1 - brief/old\n# 2 of 4 crash points leave it leaked+stuck "
                "for up to 10 min\nok 2");
    EXPECT_SAYS(run.out, "of lock/old leave it leaked+stuck for up to 12 h, the longest "
                         "of 2 strategies with harm that passes");
    EXPECT_SAYS(run.out, "expected safe, but found leaked 2, stuck 2 of 4 points for up "
                         "to 12 h, first after SET lock me");
    run_release(&run);
    run = RUN("check", "--quick", "--lanes", "1", "--format", "json", harm);
    cr_assert_not_null(run.json, "%s", run.err);
    scenario = json_array_get(json_object_get(run.json, "check"), 0);
    strategy = json_array_get(json_object_get(scenario, "strategies"), 0);
    cr_expect_eq(json_count(strategy, "harm", "lasts"), 43200);
    cr_expect_eq(json_count(strategy, "harm", "points"), 2);
    run_release(&run);
    test_directory_remove(directory);
}

/* Most kills lose the job, and none of them leaks; so many that those are enough which a
 * busy machine leaves. */
Test(lasts_alone, gates_are_on_harm)
{
    static const char text[] =
        "return { before = run 'RPUSH q job', strategies = { { name = 'old',\n"
        "  expect = 'lost', reference = true, update = run 'LPOP q | PING | PING | "
        "PING | PING | PING | PING | PING | PING | PING | RPUSH q job' } } }\n";
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = write_scenario(directory, text);
    struct run leaks = RUN("run", path, "--trials", "1000", "--max-leak-rate", "0.05");
    struct run harm = RUN("run", path, "--trials", "1000", "--max-harm-rate", "0.05");

    expect_decided(&leaks, 0, "old: passes --max-leak-rate 5%");
    EXPECT_SAYS(leaks.out, "but bounds leaks alone:");
    EXPECT_SAYS(leaks.out, "of the kills did other harm, which --max-harm-rate counts.");
    expect_decided(&harm, 1, "old: fails --max-harm-rate 5%");
    run_release(&leaks);
    run_release(&harm);
    test_directory_remove(directory);
}

/* A time to live up to the latest instant that Redis takes is put back and passes, though
 * that instant has come nearer; of as many keys as are put back one by one, and of more.
 */
Test(lasts_alone, the_latest_instant_there_is)
{
    static const char text[] =
        "return { params = { keys = 1 }, before = function(r, p)\n"
        "    for i = 1, p.keys do\n"
        "      r.call('SET', 'k' .. i, 1)\n"
        "      r.call('PEXPIREAT', 'k' .. i, '9223372036854775807')\n"
        "    end\n"
        "  end, recover_after = 5, recover = run 'DEL other',\n"
        "  strategies = { { name = 'old', expect = 'leaked', reference = true,\n"
        "    update = run 'SET mine 1 | EXPIRE mine 60' } } }\n";
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = write_scenario(directory, text);
    static const char *const keys[] = { "keys=1", "keys=300" };

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        struct run run = RUN("run", path, "--trials", "20", "--set", keys[i]);

        cr_expect_eq(run.status, 0, "%s: %d: %s%s", keys[i], run.status, run.out,
                     run.err);
        EXPECT_SAYS(run.out, "old 1 of 3");
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* What is passing is counted apart from harm, and keeps a gate on harm open. */
Test(lasts_alone, kills_are_counted_by_it)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = write_scenario(directory, OF(LOCK, LOCKS));
    struct run run = RUN("run", path, "--trials", "1000", "--max-harm-rate", "0.05",
                         "--format", "json");
    const json_t *strategy;

    /* A busy machine may leave too few kills for the gate, but some. */
    cr_expect(run.status == 0 || run.status == 3, "%d: %s", run.status, run.err);
    cr_assert_not_null(run.json);
    strategy = json_strategy(&run, "old");
    cr_expect_eq(json_count(strategy, "census", "harm"), 0);
    cr_expect_eq(json_count(strategy, "census", "passing"), 2);
    cr_expect_eq(json_count(strategy, "kills", "harm"), 0);
    cr_expect_gt(json_count(strategy, "kills", "passing"), 0);
    cr_expect_gt(json_number(strategy, "passing_rate", "estimate"), 0.1);
    cr_expect_eq(json_number(strategy, "harm_rate", "estimate"), 0);
    run_release(&run);
    test_directory_remove(directory);
}

/* Worked out by hand, before there was a rule. */
static const struct {
    const char *scenario, *strategy;
    unsigned first, last; /* crash points */
    const char *harm, *passing, *lasts;
} catalogue[] = {
    { "sidekiq_busy", "per-field", 1, 1, "clean", "lost", "60" },
    { "sidekiq_busy", "per-field", 2, 26, "leaked", "clean", "forever" },
    { "sidekiq_busy", "per-field", 27, 27, "clean", "clean", "0" },
    { "sidekiq_process", "pipelined", 1, 1, "clean", "clean", "0" },
    { "rq_worker_without_expiry", "half", 1, 1, "leaked+stuck", "clean", "forever" },
    { "cachelib_add_immortal", "old", 1, 1, "leaked+stuck", "clean", "forever" },
    { "gocraft_work_reaper", "old", 3, 5, "clean", "clean", "0" },
    { "gocraft_work_reaper", "old", 6, 6, "leaked+mixed+stuck", "clean", "forever" },
    { "gocraft_work_reaper", "new", 0, 7, "clean", "clean", "0" },
    { "resque_heartbeat_ghost", "old", 1, 1, "leaked", "clean", "forever" },
    { "resque_heartbeat_ghost", "new", 0, 3, "clean", "clean", "0" },
    { "redis_semaphore_token_lost", "old", 1, 1, "mixed+stuck", "clean", "forever" },
    { "redis_semaphore_token_lost", "old", 2, 9, "clean", "mixed+stuck", "10" },
    { "mastodon_regeneration_marker", "half", 1, 1, "leaked+stuck", "clean", "forever" },
    { "mastodon_regeneration_marker", "half", 2, 5, "leaked+stuck", "clean", "86400" },
    { "mastodon_regeneration_marker", "new", 1, 4, "leaked+stuck", "clean", "86400" },
    { "node_resque_queue_lock", "half", 1, 1, "leaked", "clean", "forever" },
    { "node_resque_queue_lock", "half", 2, 5, "leaked", "clean", "3600" },
    { "sentry_buffer_stuck", "fixed", 1, 4, "clean", "leaked+lost+stuck", "60" },
    { "sentry_buffer_stuck", "fixed", 5, 8, "clean", "leaked+stuck", "60" },
    { "owncloud_exclusive_lock_stuck", "new", 1, 1, "clean", "leaked", "86400" },
    { "owncloud_exclusive_lock_stuck", "new", 2, 3, "clean", "leaked+stuck", "3600" },
};

static struct run run_catalogue(const char *scenario)
{
    const char *directory = getenv("AFTERKILL_SCENARIOS");
    CLEANUP(mem_freep) char *path = mem_printf("%s/%s.lua", directory, scenario);

    cr_assert_not_null(directory, "run the tests with meson test");
    return RUN("run", path, CENSUS, "--format", "json");
}

Test(lasts, of_the_catalogue)
{
    char *directory = test_directory();
    struct run run = { .json = NULL };

    for (size_t i = 0; i < ARRAY_SIZE(catalogue); i++) {
        const char *scenario = catalogue[i].scenario, *strategy = catalogue[i].strategy;
        const json_t *points;

        if (i == 0 || strcmp(scenario, catalogue[i - 1].scenario) != 0) {
            run_release(&run);
            run = run_catalogue(scenario);
        }
        cr_assert_not_null(run.json, "%s: %s", scenario, run.err);
        points = json_object_get(json_strategy(&run, strategy), "points");
        for (unsigned k = catalogue[i].first; k <= catalogue[i].last; k++) {
            const json_t *point = json_array_get(points, k);
            CLEANUP(mem_freep) char *harm = json_words(json_object_get(point, "later"));
            CLEANUP(mem_freep)
            char *passing = json_words(json_object_get(point, "passing"));
            CLEANUP(mem_freep) char *lasts = lasts_of(point);

            cr_expect_str_eq(harm, catalogue[i].harm, "%s, %s:%u: %s", scenario, strategy,
                             k, harm);
            cr_expect_str_eq(passing, catalogue[i].passing, "%s, %s:%u: passing %s",
                             scenario, strategy, k, passing);
            cr_expect_str_eq(lasts, catalogue[i].lasts, "%s, %s:%u: lasts %s", scenario,
                             strategy, k, lasts);
        }
    }
    run_release(&run);
    test_directory_remove(directory);
}
