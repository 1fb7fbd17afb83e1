/* language.c - what scenarios can say, with a real Redis behind it: invariants that are
 * violated where they should be and nowhere else, scripts that leave as clients send
 * them, keys that lapse, and commands that would break the harness.
 *
 * Each case is a scenario file that is written here and run without kills: a census has
 * no chance in it. */
#include "testlib.h"

#include <stdlib.h>

#include "redis/connection.h"
#include "redis/wire.h"
#include "scenario/scenario.h"

static char *directory;

static void enter_directory(void)
{
    directory = test_directory();
}

static void leave_directory(void)
{
    test_directory_remove(directory);
}

TestSuite(language, .init = enter_directory, .fini = leave_directory);

static struct run run_text_within(const char *seconds, const char *text)
{
    CLEANUP(mem_freep) char *path = test_file(directory, "s.lua", text);

    return RUN("run", path, CENSUS, "--timeout", seconds, "--no-store", "--format",
               "json");
}

static struct run run_text(const char *text)
{
    return run_text_within("2", text);
}

static void expect_refused_within(const char *seconds, const char *text,
                                  const char *const words[3])
{
    struct run run = run_text_within(seconds, text);

    cr_expect_eq(run.status, 2, "%s\nstatus %d: %s", text, run.status, run.err);
    EXPECT_SILENT(run.out);
    for (size_t i = 0; i < 3 && words[i]; i++)
        cr_expect(says(run.err, words[i]), "expected '%s' of\n%s\nin: %s", words[i], text,
                  run.err);
    run_release(&run);
}

static void expect_refused(const char *text, const char *const words[3])
{
    expect_refused_within("2", text, words);
}

/* What is said of a strategy's crash point; "" if there is nothing to say. */
static const char *example_at(const struct run *run, const char *strategy, size_t point)
{
    json_t *points = json_object_get(json_strategy(run, strategy), "points");
    const char *example =
        json_string_value(json_object_get(json_array_get(points, point), "example"));

    return example ? example : "";
}

/* ---- invariants ---- */

/* One update of two commands, of which the first leaves what the invariant is against. */
#define VIOLATED(invariant, before, first, second)                                       \
    "return { params = { ttl = 60 }, invariants = { named = " invariant " },\n"          \
    "  before = function(redis) local call = redis.call " before " end,\n"               \
    "  strategies = {\n"                                                                 \
    "    { name = 'split', expect = 'broken', update = function(redis)\n"                \
    "        local call = redis.call " first " " second " end },\n"                      \
    "    { name = 'whole', update = function(redis)\n"                                   \
    "        local call = redis.call redis.multi(function() " first " " second           \
    " end) end } } }\n"

Test(language, invariants_are_violated_where_they_should_be)
{
    static const struct {
        const char *text;
        const char *example;
    } rows[] = {
        { VIOLATED("expires('lock:*')", "", "call('SET', 'lock:1', 1)",
                   "call('EXPIRE', 'lock:1', 60)"),
          "broken: named: 'lock:1' never expires; stays: " },
        { VIOLATED("expires('lock:*', 60)", "call('SET', 'lock:0', 1, 'EX', 60)",
                   "call('SET', 'lock:1', 1, 'EX', 7200)",
                   "call('EXPIRE', 'lock:1', 60)"),
          "broken: named: 'lock:1' expires in 7200 s, expected at most 60" },
        { VIOLATED("expires('lock:*', 'ttl')", "", "call('SET', 'lock:1', 1, 'EX', 7200)",
                   "call('EXPIRE', 'lock:1', 60)"),
          "broken: named: 'lock:1' expires in 7200 s, expected at most 60" },
        { VIOLATED("refers{from = 'queue', to = 'job:%s'}", "",
                   "call('RPUSH', 'queue', 7)", "call('HSET', 'job:7', 'a', 1)"),
          "broken: named: job:7 is in 'queue' and does not exist" },
        { VIOLATED("refers{from = 'pools', to = 'pool:%s'}", "",
                   "call('SADD', 'pools', 'x')", "call('SET', 'pool:x', 1)"),
          "broken: named: pool:x is in 'pools' and does not exist" },
        { VIOLATED("refers{from = 'due', to = '%s'}", "", "call('ZADD', 'due', 1, 'x')",
                   "call('SET', 'x', 1)"),
          "broken: named: x is in 'due' and does not exist" },
        { VIOLATED("refers{from = 'by', to = '%s'}", "", "call('HSET', 'by', 'x', 'y')",
                   "call('SET', 'x', 1)"),
          "broken: named: x is in 'by' and does not exist" },
        { VIOLATED("refers{from = 'queue', to = 'job:%s'}", "", "call('SET', 'queue', 1)",
                   "call('DEL', 'queue')"),
          "broken: named: 'queue' is a string; expected a list" },
        { VIOLATED("exactly_one{item = 'j', places = {'queue', 'active'}}",
                   "call('RPUSH', 'queue', 'i', 'j')", "call('LREM', 'queue', 0, 'j')",
                   "call('SADD', 'active', 'j')"),
          "broken: named: j is in none of 'queue', 'active'" },
        { VIOLATED("exactly_one{item = 7, places = {'queue', 'active', 'done'}}",
                   "call('ZADD', 'queue', 1, 7)", "call('HSET', 'active', 7, 1)",
                   "call('ZREM', 'queue', 7)"),
          "broken: named: 7 is in 'queue' and in 'active'" },
        { VIOLATED("exactly_one{item = 'j', places = {'queue'}}",
                   "call('RPUSH', 'queue', 'j')", "call('RPUSH', 'queue', 'j')",
                   "call('LPOP', 'queue')"),
          "broken: named: j is in 'queue' and in 'queue'" },
        { VIOLATED("equal('a', 'b')", "", "call('SET', 'a', 1)", "call('SET', 'b', 1)"),
          "broken: named: 'a' exists and 'b' does not" },
        { VIOLATED("equal('a', 'b')", "", "call('SET', 'b', 1)", "call('SET', 'a', 1)"),
          "broken: named: 'b' exists and 'a' does not" },
        { VIOLATED("equal('a', 'b')", "call('RPUSH', 'a', 1, 2) call('RPUSH', 'b', 1, 2)",
                   "call('LPOP', 'a')", "call('LPOP', 'b')"),
          "broken: named: 'a' and 'b' hold different values" },
        { VIOLATED("equal('a', 'b')",
                   "call('SADD', 'a', 1, 'x', 300) call('SADD', 'b', 300, 1, 'x')",
                   "call('SREM', 'a', 'x')", "call('SREM', 'b', 'x')"),
          "broken: named: 'a' and 'b' hold different values" },
        { VIOLATED("equal('a', 'b')",
                   "call('HSET', 'a', 'f', 1, 'g', 2) call('HSET', 'b', 'g', 2, 'f', 1)",
                   "call('HSET', 'a', 'f', 2)", "call('HSET', 'b', 'f', 2)"),
          "broken: named: 'a' and 'b' hold different values" },
        { VIOLATED("equal('a', 'b')", "", "call('XADD', 'a', '*', 'f', 1)",
                   "call('XADD', 'b', '*', 'f', 1)"),
          "broken: named: 'a' exists and 'b' does not" },
        { VIOLATED("equal('a', 'b')",
                   "call('ZADD', 'a', 1, 'x') call('ZADD', 'b', 1, 'x')",
                   "call('ZADD', 'a', 2, 'x')", "call('ZADD', 'b', 2, 'x')"),
          "broken: named: 'a' and 'b' hold different values" },
        { VIOLATED("function(redis) return redis.call('EXISTS', 'bad') == 0, 'bad!' end",
                   "", "call('SET', 'bad', 1)", "call('DEL', 'bad')"),
          "broken: named: bad!; stays: string 'bad' = '1'" },
        { VIOLATED("function(redis) return redis.call('EXISTS', 'bad') == 0 end", "",
                   "call('SET', 'bad', 1, 'EX', 60) call('SET', 'bad', 1)",
                   "call('DEL', 'bad')"),
          NULL }, /* broken at another point than the others */
        { VIOLATED("function(redis) redis.call('INCR', 'n') redis.call('DECR', 'n') end",
                   "call('SET', 'n', 1)", "call('SET', 'n', 'x')", "call('SET', 'n', 1)"),
          "broken: named: " },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = run_text(rows[i].text);
        json_t *split = json_strategy(&run, "split");

        cr_expect_eq(run.status, 0, "%s\nstatus %d: %s%s", rows[i].text, run.status,
                     run.err, run.out);
        cr_expect_eq(json_count(split, "census", "broken"), 1, "%s", rows[i].text);
        cr_expect_eq(json_count(json_strategy(&run, "whole"), "census", "broken"), 0);
        if (rows[i].example)
            cr_expect_eq(strncmp(example_at(&run, "split", 1), rows[i].example,
                                 strlen(rows[i].example)),
                         0, "%s\nnot '%s' but '%s'", rows[i].text, rows[i].example,
                         example_at(&run, "split", 1));
        run_release(&run);
    }
}

/* An invariant that does not hold without any crash is a mistake of the scenario's. */
Test(language, invariants_hold_in_the_controls)
{
#define HOLDS(invariants, before, update)                                                \
    "return { params = { ttl = 60 }, invariants = { " invariants " },\n"                 \
    "  before = function(redis) local call = redis.call " before " end,\n"               \
    "  strategies = { { name = 'u', update = function(redis)\n"                          \
    "    local call = redis.call " update " end } } }\n"
#define BECAUSE(which, words)                                                            \
    {                                                                                    \
        "not clean without any crash", which, words                                      \
    }
    static const struct {
        const char *text;
        const char *words[3];
    } rows[] = {
        { HOLDS("ttl = expires('lock')", "call('SET', 'lock', 1)", "call('PING')"),
          BECAUSE("the old state violates an invariant", "ttl: 'lock' never expires") },
        { HOLDS("ttl = expires('lock')", "", "call('SET', 'lock', 1)"),
          BECAUSE("the completed update of the reference strategy 'u' violates an "
                  "invariant",
                  "ttl: 'lock' never expires") },
        { HOLDS("ttl = expires('lock', 'tll')", "call('SET', 'lock', 1, 'EX', 60)",
                "call('PING')"),
          BECAUSE("the old state", "ttl: there is no parameter 'tll'") },
        { HOLDS("known = refers{from = 'q', to = 'j:%s'}", "call('RPUSH', 'q', 7)",
                "call('PING')"),
          BECAUSE("the old state", "known: j:7 is in 'q' and does not exist") },
        { HOLDS("once = exactly_one{item = 'j', places = {'q'}}", "", "call('PING')"),
          BECAUSE("the old state", "once: j is in none of 'q'") },
        { HOLDS("same = equal('a', 'b')", "", "call('SET', 'a', 1)"),
          BECAUSE("strategy 'u'", "same: 'a' exists and 'b' does not") },
        { HOLDS("raises = function()\nerror('oh dear') end", "", "call('PING')"),
          BECAUSE("the old state", "raises:") },
        { HOLDS("raises = function()\nerror('oh dear') end", "", "call('PING')"),
          { "s.lua:2: oh dear" } },
        { HOLDS("asks = function(redis)\nredis.call('GETT', 'a') end", "",
                "call('PING')"),
          { "the old state", "asks:", "s.lua:2: Redis: ERR unknown command" } },
        { HOLDS("refused = function(redis)\nredis.call('FLUSHALL') end", "",
                "call('PING')"),
          { "the old state", "refused:", "FLUSHALL is refused" } },
        { HOLDS("b = function() return false end, a = function() return false end", "",
                "call('PING')"),
          BECAUSE("the old state", "a: it does not hold") },
    };

    static const char *const endless[3] = { "the old state violates an invariant",
                                            "did not return within 0.5 s" };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        expect_refused(rows[i].text, rows[i].words);
    expect_refused_within(
        "0.5", HOLDS("endless = function() while true do end end", "", "call('PING')"),
        endless);
}

/* A strategy whose completed update violates an invariant does damage without a crash. */
Test(language, invariants_of_completed_updates)
{
    struct run run =
        run_text("return { invariants = { ttl = expires('lock', 60) }, strategies = {\n"
                 "  { name = 'long', expect = 'broken', update = function(redis)\n"
                 "    redis.call('SET', 'lock', 1, 'EX', 100) end },\n"
                 "  { name = 'short', update = function(redis)\n"
                 "    redis.call('SET', 'lock', 1, 'EX', 50) end } } }\n");
    char *words = json_words(json_object_get(json_strategy(&run, "long"), "uncrashed"));

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    cr_expect_str_eq(words, "broken");
    free(words);
    words = json_words(json_object_get(json_strategy(&run, "short"), "uncrashed"));
    cr_expect_str_eq(words, "clean");
    free(words);
    run_release(&run);
}

/* Times to live are no part of a state's signature, so a verdict that rests on them may
 * not be used for another strategy that leaves the same. */
Test(language, invariants_of_times_are_judged_for_each_strategy)
{
    static const char *const orders[] = {
        "{ name = 'brief', expect = 'atomic', reference = true, update = set(60) },\n"
        "{ name = 'long', expect = 'broken', update = set(600) },\n",
        "{ name = 'long', expect = 'broken', update = set(600) },\n"
        "{ name = 'brief', expect = 'atomic', reference = true, update = set(60) },\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
        CLEANUP(mem_freep) char *text = mem_printf(
            "local function set(ttl)\n"
            "  return function(redis) redis.call('SET', 'lock', 'v', 'EX', ttl) end\n"
            "end\n"
            "return { invariants = { short = expires('lock', 60) }, strategies = {\n%s} "
            "}\n",
            orders[i]);
        struct run run = run_text(text);

        cr_expect_eq(run.status, 0, "order %zu: status %d: %s", i, run.status, run.err);
        cr_expect_eq(json_count(json_strategy(&run, "brief"), "census", "broken"), 0);
        cr_expect_eq(json_count(json_strategy(&run, "long"), "census", "broken"), 1);
        run_release(&run);
    }
}

/* What is ignored may decide nevertheless whether the next worker can go on. */
Test(language, ignored_keys_are_seen_by_alive)
{
    static const char *const lanes[] = { "1", "2", "3" };
    static const char *const later[] = { "clean", "stuck", "stuck", "clean" };
    CLEANUP(mem_freep) char *path = test_file(
        directory, "ignored.lua",
        "return { ignore = { 'tok' },\n"
        "  before = function(redis) redis.call('SET', 'tok', 1) redis.call('SET', 'k', "
        "'old') "
        "end,\n"
        "  alive = function(redis) return redis.call('EXISTS', 'tok') == 1 end,\n"
        "  strategies = { { name = 's', update = function(redis)\n"
        "    redis.call('DEL', 'tok') redis.call('SET', 'k', 'new') redis.call('SET', "
        "'tok', "
        "1)\n"
        "  end } } }\n");

    for (size_t i = 0; i < ARRAY_SIZE(lanes); i++) {
        struct run run =
            RUN("run", path, "--trials", "40", "--lanes", lanes[i], "--format", "json");
        json_t *points = json_object_get(json_strategy(&run, "s"), "points");

        cr_expect_eq(run.status, 0, "%s lanes: status %d: %s", lanes[i], run.status,
                     run.err);
        cr_assert_eq(json_array_size(points), ARRAY_SIZE(later));
        for (size_t k = 0; k < ARRAY_SIZE(later); k++) {
            CLEANUP(mem_freep) char *words =
                json_words(json_object_get(json_array_get(points, k), "later"));

            cr_expect_str_eq(words, later[k], "%s lanes, point %zu", lanes[i], k);
        }
        run_release(&run);
    }
}

/* ---- scripts ---- */

#define UPDATE(body)                                                                     \
    "return { noop = true, strategies = { { name = 'u', update = function(redis)\n" body \
    "\nend } } }\n"

#define SCRIPTED(body)                                                                   \
    "local text = [[redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])\n"                \
    "  return { KEYS[1], #KEYS, #ARGV }]]\n"                                             \
    "return { noop = true, strategies = { { name = 'u', update = function(redis)\n" body \
    "\nend } } }\n"

/* The words of the command that leads to a crash point, as the report shows it. */
static const char *command_at(const struct run *run, size_t point)
{
    json_t *points = json_object_get(json_strategy(run, "u"), "points");
    const char *command =
        json_string_value(json_object_get(json_array_get(points, point), "command"));

    return command ? command : "";
}

/* From the first control on the server knows the script: EVALSHA alone is sent, inside
 * pipelines and transactions too. */
Test(language, scripts_leave_as_in_production)
{
    static const struct {
        const char *text;
        size_t commands;
        const char *first;
    } rows[] = {
        { SCRIPTED("local run = redis.script(text)\n"
                   "local reply = run({ 'k' }, { 'v', 60 })\n"
                   "assert(reply[1] == 'k' and reply[2] == 1 and reply[3] == 2)"),
          1, "EVALSHA" },
        { SCRIPTED("local run = redis.script(text)\n"
                   "assert(select('#', redis.pipeline(function()\n"
                   "  assert(select('#', run({ 'k' }, { 'v', 60 })) == 0)\n"
                   "  redis.call('PING') end)) == 1)"),
          2, "EVALSHA" },
        { SCRIPTED("local run = redis.script(text)\n"
                   "redis.multi(function() run({ 'k' }, { 'v', 60 }) end)"),
          3, "MULTI" },
        { SCRIPTED("assert(redis.script('return 7')() == 7)"), 1, "EVALSHA" },
        { SCRIPTED("assert(redis.script('return ARGV[1]')(nil, { 'x' }) == 'x')"), 1,
          "EVALSHA" },
        { SCRIPTED("assert(redis.script('return false')({}) == false)"), 1, "EVALSHA" },
        { SCRIPTED("assert(redis.script('return {ok = \"fine\"}')().ok == 'fine')"), 1,
          "EVALSHA" },
        { SCRIPTED("redis.call('PING') for i = 1, 3 do redis.script('return ' .. i)() "
                   "end"),
          4, "PING" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = run_text(rows[i].text);
        json_t *strategy = json_strategy(&run, "u");

        cr_expect_eq(run.status, 0, "%s\nstatus %d: %s", rows[i].text, run.status,
                     run.err);
        cr_expect_eq(json_integer_value(json_object_get(strategy, "commands")),
                     (json_int_t)rows[i].commands, "%s", rows[i].text);
        cr_expect_eq(strncmp(command_at(&run, 1), rows[i].first, strlen(rows[i].first)),
                     0, "%s", command_at(&run, 1));
        run_release(&run);
    }
}

/* Kills, costs and several lanes use the scripts that the controls have loaded. */
Test(language, scripts_in_kills)
{
    CLEANUP(mem_freep) char *path = test_file(
        directory, "s.lua", SCRIPTED("redis.script(text)({ 'k' }, { 'v', 60 })"));
    struct run run =
        RUN("run", path, "--trials", "100", "--lanes", "2", "--format", "json");
    json_t *strategy = json_strategy(&run, "u");

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    cr_expect_eq(json_count(strategy, "kills", "unexplained"), 0);
    cr_expect_eq(json_count(strategy, "kills", "errors"), 0);
    run_release(&run);
}

Test(language, mistakes_with_scripts)
{
    static const struct {
        const char *text;
        const char *words[3];
    } rows[] = {
        { SCRIPTED("redis.script()"),
          { "s.lua:4:", "the text is a no value", "string" } },
        { SCRIPTED("redis.script({})"), { "s.lua:4:", "the text is a table" } },
        { SCRIPTED("redis.script('return')({}, 'x')"),
          { "s.lua:4:", "args are a string", "a list" } },
        { SCRIPTED("redis.script('return')('k')"),
          { "s.lua:4:", "keys are a string", "a list" } },
        { SCRIPTED("redis.script('return')({ 'k', {} })"),
          { "s.lua:4:", "entry 2 of keys is a table" } },
        { SCRIPTED("redis.script('return')({}, { true })"),
          { "s.lua:4:", "entry 1 of args is a boolean" } },
        { SCRIPTED("redis.script('this is no Lua')"), { "redis.script", "compiling" } },
        { SCRIPTED("redis.script([[return redis.error_reply('NO such luck')]])()"),
          { "s.lua:4:", "NO such luck" } },
        { SCRIPTED("redis.script([[return redis.call('GETT', 1)]])()"),
          { "s.lua:4:", "command called from script" } },
        { SCRIPTED("redis.pipeline(function() redis.script(text) end)"),
          { "s.lua:4:", "inside a pipeline", "before it" } },
        { SCRIPTED("redis.call('MULTI') redis.script(text)"),
          { "s.lua:4:", "a transaction", "before it" } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        expect_refused(rows[i].text, rows[i].words);
}

/* A server that does not know the script gets it by EVAL, once; a worker that somebody
 * may interrupt loads nothing beside. In a pipeline nobody hears of it in time. */
Test(language, scripts_unknown_to_the_server)
{
    static const struct {
        const char *body;
        uint64_t commands[2]; /* of the first call and of the second */
        int first;            /* the code of the first call */
    } rows[] = {
        { "assert(redis.script('return ' .. 7)() == 7)", { 2, 1 }, 0 },
        { "local run = redis.script('return 8')\n"
          "redis.pipeline(function() run() end)",
          { 1, 1 },
          ERR_USAGE },
    };
    const struct parameter_settings settings = { .seed = 7 };
    struct server server = test_server(directory);
    struct err err = ERR_NULL;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *text = mem_printf(UPDATE("%s"), rows[i].body);
        CLEANUP(mem_freep) char *path = test_file(directory, "s.lua", text);
        CLEANUP(scenario_freep) struct scenario *scenario = NULL;

        cr_assert_eq(scenario_load(path, &settings, &scenario, &err), 0, "%s", err.msg);
        for (int call = 0; call < 2; call++) {
            CLEANUP(connection_closep) redisContext *connection = NULL;
            struct page *page = page_map(&err);
            struct wire *wire;
            bool refused;
            int code = connection_open(&server.address, &connection, &err);

            cr_assert_eq(code, 0, "%s", err.msg);
            wire = wire_new(connection->fd, page);
            code = scenario_call(scenario, scenario->functions[0].update, wire, &refused,
                                 &err);
            cr_expect_eq(code, call == 0 || rows[i].first ? rows[i].first : 0, "%s",
                         err.msg);
            if (code)
                EXPECT_SAYS(err.msg, "NOSCRIPT");
            cr_expect_eq(page->commands, rows[i].commands[call], "%llu",
                         (unsigned long long)page->commands);
            wire_free(wire);
            page_unmap(page);
        }
    }
    server_stop(&server);
}

/* ---- replies ---- */

Test(language, replies_are_as_they_were_sent)
{
    struct run run = run_text(
        "local script = [[return { 1, {}, { { 'x', false }, 2 }, 'a\\0b' }]]\n"
        "local deep = [[local t = {} for i = 2, 1500 do t = { t } end return t]]\n"
        "return { strategies = { { name = 'u', noop = true,\n"
        "  update = function(redis)\n"
        "    local r, d = redis.call('EVAL', script, 0), 0\n"
        "    assert(#r == 4 and r[1] == 1 and #r[2] == 0 and r[4] == 'a\\0b')\n"
        "    assert(#r[3] == 2 and r[3][1][1] == 'x' and r[3][1][2] == false)\n"
        "    assert(r[3][2] == 2)\n"
        "    r = redis.call('EVAL', deep, 0)\n"
        "    while r do r, d = r[1], d + 1 end\n"
        "    assert(d == 1500)\n"
        "    redis.call('SET', 'k\\0x', 'a\\0b')\n"
        "    assert(redis.call('GET', 'k\\0x') == 'a\\0b')\n"
        "    assert(redis.call('DEL', 'k') == 0)\n"
        "    assert(redis.call('DEL', 'k\\0x') == 1)\n"
        "  end } } }\n");

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    run_release(&run);
}

/* ---- lapsed keys ---- */

Test(language, keys_lapse_in_before)
{
    struct run run =
        run_text("return { before = function(redis)\n"
                 "    redis.call('SET', 'lock:1', 1, 'EX', 60)\n"
                 "    redis.call('SET', 'lock:2', 1, 'EX', 60)\n"
                 "    redis.call('SET', 'lock:3', 1)\n"
                 "    redis.call('SET', 'kept', 1, 'EX', 60)\n"
                 "    assert(redis.lapse('lock:*') == 2)\n"
                 "  end,\n"
                 "  strategies = { { name = 'u', noop = true, update = function(redis)\n"
                 "    assert(redis.call('EXISTS', 'lock:1', 'lock:2') == 0)\n"
                 "    assert(redis.call('EXISTS', 'lock:3', 'kept') == 2)\n"
                 "  end } } }\n");

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    run_release(&run);
}

Test(language, mistakes_with_lapsed_keys)
{
#define LAPSE(text)                                                                      \
    "return { before = function(redis) redis.call('SET', 'k', 1)\n" text                 \
    " end,\n  strategies = { { name = 'u', noop = true, update = function() end } } }\n"
    static const struct {
        const char *text;
        const char *words[3];
    } rows[] = {
        { LAPSE("redis.lapse('k')"), { "s.lua:2:", "'k'", "has an expiry" } },
        { LAPSE("redis.lapse('nothing:*')"), { "s.lua:2:", "'nothing:*'" } },
        { LAPSE("redis.lapse()"), { "s.lua:2:", "pattern is a no value" } },
        { LAPSE("redis.pipeline(function() redis.lapse('k') end)"),
          { "s.lua:2:", "not inside a pipeline" } },
        { "return { strategies = { { name = 'u', update = function(redis)\n"
          "  redis.lapse('k') end } } }\n",
          { "s.lua:2:", "only in `before`", "DEL" } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        expect_refused(rows[i].text, rows[i].words);
}

/* ---- bad input ---- */

/* What would take the harness's connection or its server is refused, and says why. */
Test(language, commands_that_are_refused)
{
    static const struct {
        const char *command;
        const char *why;
    } rows[] = {
        { "'FLUSHALL'", "FLUSHDB does the same" },
        { "'SELECT', 1", "database 0" },
        { "'CONFIG', 'SET', 'maxmemory', 1", "belongs to all strategies" },
        { "'SHUTDOWN', 'NOSAVE'", "faults are afterkill's" },
        { "'DEBUG', 'SLEEP', 1", "faults are afterkill's" },
        { "'CLIENT', 'KILL', 'TYPE', 'normal'", "faults are afterkill's" },
        { "'CLIENT', 'PAUSE', 100000", "belongs to all strategies" },
        { "'CLIENT', 'REPLY', 'OFF'", "must have its reply" },
        { "'MONITOR'", "listening" },
        { "'SUBSCRIBE', 'a', 'b'", "listening" },
        { "'SCRIPT', 'FLUSH'", "afterkill's too" },
        { "'COPY', 'a', 'b', 'DB', 1", "database 0" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *alone =
            mem_printf(UPDATE("redis.call(%s)"), rows[i].command);
        CLEANUP(mem_freep) char *protected =
            mem_printf(UPDATE("redis.pcall(%s)"), rows[i].command);
        CLEANUP(mem_freep) char *pipelined = mem_printf(
            UPDATE("redis.pipeline(function() redis.call(%s) end)"), rows[i].command);
        const char *const words[] = { "s.lua:2:", "is refused", rows[i].why };

        expect_refused(alone, words);
        expect_refused(protected, words);
        expect_refused(pipelined, words);
    }
}

Test(language, updates_that_leave_something_open)
{
    static const struct {
        const char *text;
        const char *words[3];
    } rows[] = {
        { UPDATE("redis.call('MULTI') redis.call('SET', 'k', 'v')"),
          { "strategy 'u'", "ended inside MULTI", "EXEC" } },
        { UPDATE("redis.pipeline(function() redis.call('MULTI') end)"),
          { "strategy 'u'", "ended inside MULTI" } },
        { UPDATE("redis.call('MULTI') redis.call('MULTI')"),
          { "s.lua:2:", "Redis: ERR " } },
        { UPDATE("redis.call('EXEC')"), { "s.lua:2:", "EXEC without MULTI" } },
        { UPDATE("redis.call('BLPOP', 'nothing', 0)"),
          { "strategy 'u'", "did not return within 2 s", "--timeout" } },
        { UPDATE("redis.call('BRPOPLPUSH', 'nothing', 'more', 0)"),
          { "did not return within 2 s" } },
        { UPDATE("redis.call('XREAD', 'BLOCK', 0, 'STREAMS', 'nothing', '$')"),
          { "did not return within 2 s" } },
        { UPDATE("redis.call('WAIT', 1, 0)"), { "did not return within 2 s" } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        expect_refused(rows[i].text, rows[i].words);
}

/* What looks odd and is what its author meant. */
Test(language, odd_updates_that_work)
{
    static const struct {
        const char *text;
        long long points, intact;
    } rows[] = {
        /* Nothing is changed, or nothing is even sent. */
        { UPDATE(""), 1, 1 },
        { UPDATE("redis.call('PING') redis.call('GET', 'k')"), 3, 3 },
        { UPDATE("redis.pipeline(function() end)"), 1, 1 },
        { UPDATE("redis.multi(function() end)"), 3, 3 },
        { UPDATE("redis.call('SET', 'k', 'v') redis.call('DEL', 'k')"), 3, 2 },
        /* A transaction that waits for each reply. */
        { UPDATE("redis.call('MULTI')\n"
                 "assert(redis.call('SET', 'k', 'v').ok == 'QUEUED')\n"
                 "assert(redis.call('EXEC')[1].ok == 'OK')"),
          4, 4 },
        { UPDATE("redis.call('MULTI') redis.call('SET', 'k', 'v') redis.call('DISCARD')"),
          4, 4 },
        { UPDATE("redis.call('WATCH', 'k') redis.multi(function() redis.call('SET', 'k', "
                 "1) end)"),
          5, 5 },
        /* Commands that block and have a timeout, or nothing to wait for. */
        { UPDATE("assert(redis.call('BLPOP', 'nothing', 0.01) == false)"), 2, 2 },
        { UPDATE("redis.call('RPUSH', 'q', 1) assert(redis.call('BLPOP', 'q', 0)[2] == "
                 "'1')"),
          3, 2 },
        { UPDATE("assert(redis.call('WAIT', 0, 0) == 0)"), 2, 2 },
        { UPDATE("assert(redis.call('WAIT', 1, 10) == 0)"), 2, 2 },
        /* The old state is kept elsewhere. */
        { UPDATE("redis.call('FLUSHDB') redis.call('SET', 'k', 'v')"), 3, 3 },
        { UPDATE("redis.call('CLIENT', 'SETNAME', 'me') redis.call('PUBLISH', 'a', 'b')"),
          3, 3 },
        { UPDATE("redis.call('SCRIPT', 'LOAD', 'return 1')"), 2, 2 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct run run = run_text(rows[i].text);
        json_t *strategy = json_strategy(&run, "u");

        cr_expect_eq(run.status, 0, "%s\nstatus %d: %s", rows[i].text, run.status,
                     run.err);
        cr_expect_eq(json_count(strategy, "census", "points"), rows[i].points, "%s",
                     rows[i].text);
        cr_expect_eq(json_count(strategy, "census", "intact"), rows[i].intact, "%s",
                     rows[i].text);
        run_release(&run);
    }
}

/* With kills too: an update that sends nothing has no instant inside it to speak of. */
Test(language, kills_of_nothing)
{
    CLEANUP(mem_freep) char *path = test_file(directory, "s.lua", UPDATE(""));
    struct run run = RUN("run", path, "--trials", "50", "--format", "json");

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    cr_expect_eq(json_count(json_strategy(&run, "u"), "kills", "unexplained"), 0);
    run_release(&run);
}
