/* replay.c - trials that are performed again, against real servers: what the narrative
 * says must be what happened.
 *
 * A run is made first, as any other; what it recorded of a trial or a crash point is then
 * replayed, as `afterkill replay` does with a run that was kept. */
#include "kept.h"
#include "testlib.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/fleet.h"
#include "state/snapshot.h"
#include "trial/controls.h"

/* A scenario, a finished run of it, and the last replay. */
struct theatre {
    char *directory;
    struct scenario *scenario;
    size_t strategies[32];
    struct fleet_options options;
    struct result result;
    char *narrative;
    enum replay_likeness likeness;
};

static struct theatre theatre_make(const char *path, const char *assignment,
                                   uint64_t trials)
{
    const struct parameter_settings settings = {
        .assignments = &assignment,
        .count = assignment != NULL,
        .seed = 1,
        .now = 1700000000,
    };
    struct theatre theatre = { .directory = test_directory() };
    struct err err = ERR_NULL;

    cr_assert_eq(scenario_load(path, &settings, &theatre.scenario, &err), 0, "%s",
                 err.msg);
    for (size_t i = 0; i < ARRAY_SIZE(theatre.strategies); i++)
        theatre.strategies[i] = i;
    theatre.options = (struct fleet_options){
        .scenario = theatre.scenario,
        .plan = { 1, theatre.scenario->outline.strategy_count, trials },
        .timeout_ns = UINT64_C(10000000000),
        .skip_costs = true,
        .lanes = 2,
    };
    return theatre;
}

/* The run whose trials are replayed. */
static void theatre_run(struct theatre *theatre)
{
    struct err err = ERR_NULL;

    theatre->options.strategies = theatre->strategies;
    result_init(&theatre->result, &theatre->scenario->outline, theatre->strategies,
                &theatre->options.plan);
    cr_assert_eq(fleet_run(&theatre->options, &theatre->result, &err), 0, "%s", err.msg);
}

static struct theatre theatre_open(const char *name, const char *assignment,
                                   uint64_t trials)
{
    CLEANUP(mem_freep) char *path = test_scenario(name);
    struct theatre theatre = theatre_make(path, assignment, trials);

    theatre_run(&theatre);
    return theatre;
}

static void theatre_close(struct theatre *theatre)
{
    free(theatre->narrative);
    result_release(&theatre->result);
    scenario_free(theatre->scenario);
    cr_expect_eq(test_directory_entries(theatre->directory), 0, "leftovers in TMPDIR");
    test_directory_remove(theatre->directory);
}

/* Performs it; returns fleet_run()'s code. */
static int perform(struct theatre *theatre, const struct replay *replay, struct err *err)
{
    struct fleet_options options = theatre->options;
    struct result result;
    int code;

    options.strategies = theatre->strategies;
    options.replay = replay;
    result_init(&result, &theatre->scenario->outline, theatre->strategies, &options.plan);
    code = fleet_run(&options, &result, err);
    cr_expect_eq(result.lanes, 1);
    free(theatre->narrative);
    theatre->narrative = TAKE_PTR(result.narrative);
    theatre->likeness = result.likeness;
    result_release(&result);
    return code;
}

static const char *narrate(struct theatre *theatre, const struct replay *replay)
{
    struct err err = ERR_NULL;

    cr_assert_eq(perform(theatre, replay, &err), 0, "%s", err.msg);
    cr_assert_not_null(theatre->narrative);
    if (getenv("REPLAY_SHOW"))
        fprintf(stderr, "%s\n=====\n", theatre->narrative);
    for (const char *line = theatre->narrative; *line; line += strcspn(line, "\n") + 1)
        cr_expect(strcspn(line, "\n") <= 100 ||
                      strncmp(line, "    afterkill try ", 18) == 0,
                  "a long line:\n%.*s", (int)strcspn(line, "\n"), line);
    return theatre->narrative;
}

static struct replay point_of(const struct theatre *theatre, size_t strategy, uint64_t k)
{
    const struct point *point = &theatre->result.findings[strategy].points[k];

    cr_assert(point->taken);
    return (struct replay){
        .strategy = strategy,
        .fault = FAULT_STEP,
        .number = k,
        .recorded = true,
        .outcome = OUTCOME_VALID,
        .replies = k,
        .commands = k,
        .signature = point->signature,
        .explained = true,
        .point = k,
        .verdict = point->verdict,
    };
}

static void expect_words(const char *narrative, const char *const *words)
{
    for (; *words; words++)
        EXPECT_SAYS(narrative, *words);
}

/* Every kind of harm says what it is and why, of what element. */
Test(replay, says_what_is_wrong_and_why)
{
    static const struct {
        const char *scenario, *assignment;
        const char *words[12];
    } rows[] = {
        { "leaked",
          NULL,
          { "Crash point 1 of strategy 'set-then-expire', scenario leaked, seed 1",
            "SET session data", "OK --- the worker dies by itself here, every reply read",
            "EXPIRE session 60 not sent", "executed the first 1 of 2 commands",
            "string 'session', which never expires NEITHER 'data': the new state has it "
            "with an expiry",
            "leaked 'data': in neither: a new key This residue is leaked.",
            "Verdict: torn now, leaked later", "nothing: none of it has an expiry",
            "as recorded" } },
        { "duplicated",
          NULL,
          { "MORE 'job 1', 2 times: more copies than either has", "1 element too often.",
            "duplicated 'job 1', 2 times: more copies than either has in both 'job 2' "
            "This residue is duplicated.",
            "Verdict: torn now, duplicated later stays: list 'queue', element 'job 1', "
            "twice instead of once duplicated: more copies than either residue has" } },
        { "lost",
          NULL,
          { "LPOP queue", "\"job 1\"", "GONE 'job 1'", "Now: gap",
            "list 'queue', which never expires lost 'job 1': in both, and gone",
            "nothing that is wrong, but something that is in both states is missing",
            "Verdict: gap now, lost later" } },
        { "mixed",
          NULL,
          { "only new 'new'", "only old 'old'",
            "mixed 'old': as in the old state's residue only",
            "mixed 'new': as in the completed update's residue only",
            "mixed 'new': not here, but in the completed update's residue",
            "Verdict: torn now, mixed later" } },
        { "stuck",
          "how=refuse",
          { "A fresh worker tries the operation again: `alive` it fails: alive returned",
            "leaked+stuck later",
            "stuck: a fresh worker cannot do the operation again" } },
        { "stuck", "how=raise", { "it fails:", "somebody else has the lock" } },
        { "recover_raises",
          NULL,
          { "Recovery: the scenario's `recover` runs", "it changes nothing",
            "it raises:", "found a marker", "stuck later",
            "This residue is clean: it is exactly the old state's residue and the "
            "completed update's residue" } },
        { "broken",
          NULL,
          { "An invariant is violated: ", "lapses",
            "dropped: string 'lock:1', due 86400 s after the death",
            "leaked+broken later, for 24 h" } },
        { "gap",
          NULL,
          { "string 'cache', which is not there", "GONE", "the next update heals it",
            "gap now, clean later" } },
        { "torn",
          NULL,
          { "hash 'pair', which expires in", "only new 'a' = 'new'",
            "only old 'b' = 'old'", "dropped: hash 'pair' with 2 elements, due ",
            "Recovery: there is no `recover`, nobody cleans up",
            "nothing is there, and nothing has to be", "torn now, clean later" } },
    };

    processes_adopt();
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct theatre theatre = theatre_open(rows[i].scenario, rows[i].assignment, 0);
        struct replay replay = point_of(&theatre, 0, 1);

        expect_words(narrate(&theatre, &replay), rows[i].words);
        theatre_close(&theatre);
        processes_wait();
    }
}

/* A scenario of one strategy; `send` sends its words, apart by blanks. */
#define OF(update, lines)                                                                \
    "local function send(redis, text)\n"                                                 \
    "  local words = {}\n"                                                               \
    "  for word in text:gmatch('%S+') do words[#words + 1] = word end\n"                 \
    "  return redis.call(table.unpack(words))\n"                                         \
    "end\n"                                                                              \
    "return { strategies = { { name = 'only', update = function(r)\n" update             \
    "end } },\n" lines " }\n"
#define LOCK                                                                             \
    "send(r, 'SET lock me NX EX 43200') send(r, 'SET result 1') send(r, 'DEL lock')\n"
#define LOCKS "alive = function(r) return send(r, 'SET lock next NX EX 43200') end, "
#define FREE "recover = function(r) send(r, 'DEL lock') end, "

/* Of a scenario's text, kept in a directory; the theatre's is removed by the caller. */
static struct theatre theatre_of(const char *text, char **ret_directory)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = test_file(directory, "ends.lua", text);
    struct theatre theatre = theatre_make(path, NULL, 0);

    theatre_run(&theatre);
    *ret_directory = directory;
    return theatre;
}

/* Harm that ends: what is due when, which moment is which, and whether it is tolerated.
 */
Test(replay, of_what_ends)
{
    static const struct {
        const char *text;
        uint64_t point;
        const char *words[12], *never;
    } rows[] = {
        { OF(LOCK, LOCKS),
          2,
          { "torn now, clean later, but leaked+stuck for 12 h",
            "What there is at first, beside what has become of",
            "leaked 'me': in neither: a new key string 'result', which never expires "
            "only "
            "new '1' This is leaked. A fresh worker tries the operation again: `alive` "
            "it "
            "fails: alive returned false 12 h after the death: what is due goes away "
            "dropped: string 'lock', due 43200 s after the death What there is after 12 "
            "h, "
            "beside what has become of the old state and of a completed update string "
            "'result', which never expires only new '1' This is clean: it is exactly "
            "what "
            "is left of the completed update. A fresh worker tries the operation again: "
            "`alive` it succeeds Time passes:",
            "Verdict: torn now, clean later, but leaked+stuck for 12 h stays: string "
            "'lock'",
            "leaked: in neither of the two that are right, and nobody cares for it until "
            "it "
            "ends stuck: a fresh worker cannot do the operation again until then",
            "It ends 12 h after the death, and is tolerated: there is no `tolerate`",
            "as recorded" },
          "it stays, and nobody cares" },
        { OF(LOCK, LOCKS "tolerate = 60"),
          1,
          { "alive returned false 12 h after the death", "This is leaked.",
            "12 h after the death: what is due goes away dropped:",
            "Verdict: torn now, leaked+stuck later, for 12 h",
            "It ends 12 h after the death, which is harm: `tolerate` is 60 s",
            "as recorded" },
          "it stays, and nobody cares" },
        { OF(LOCK, LOCKS "tolerate = 43200"),
          1,
          { "Verdict: torn now, clean later, but leaked+stuck for 12 h",
            "and is tolerated: `tolerate` is 43200 s" },
          "which is harm" },
        { OF("send(r, 'SET marker 1 EX 3600') send(r, 'SET data 1 EX 60')\n", ""),
          1,
          { "mixed '1': not here, but in what is left of the completed update",
            "mixed '1': as in what is left of the completed update only This is mixed.",
            "60 s after the death: what is due goes away nothing but gone from a "
            "completed "
            "update: string 'data' What there is after 60 s",
            "string 'marker', which expires in 3540 s only new '1' This is clean",
            "1 h after the death: what is due goes away dropped: string 'marker', due "
            "3600 s after the death",
            "Verdict: torn now, clean later, but mixed for 60 s",
            "It ends 60 s after the death, and is tolerated", "as recorded" },
          "it stays, and nobody cares" },
        { OF("send(r, 'SET lock me') send(r, 'DEL lock')\n", FREE "recover_after = 30"),
          1,
          { "Recovery: the scenario's `recover` does not run before 30 s have passed "
            "(`recover_after`)",
            "30 s after the death: what is due goes away nothing Recovery: the "
            "scenario's "
            "`recover` runs removed: string 'lock'",
            "Verdict: torn now, clean later, but leaked for 30 s", "as recorded" },
          "there is no `recover`" },
        { OF("send(r, 'RPUSH junk a') send(r, 'RPUSH junk b') send(r, 'DEL junk')\n",
             "recover = function(r) send(r, 'LPOP junk') end"),
          2,
          { "Verdict: torn now, clean later, but leaked for one recovery more",
            "It ends when recovery has run once more, and is tolerated", "as recorded" },
          "it stays, and nobody cares" },
        { OF("send(r, 'EXPIRE a 60') send(r, 'EXPIRE b 60')\n",
             "noop = true, before = function(r)\n"
             "  send(r, 'SET a 1 EX 50') send(r, 'SET b 1 EX 50')\n"
             "end"),
          1,
          { "50 s after the death: what is due goes away dropped: string 'b', due 50 s "
            "after the death",
            "string 'a', which expires in 10 s only new '1' This is clean: what both "
            "had "
            "at the death may lapse at different times.",
            "dropped: string 'a', due 60 s after the death",
            "Verdict: intact now, clean later as recorded" },
          "mixed" },
        { OF("send(r, 'SET a 1')\n",
             LOCKS "before = function(r) send(r, 'SET lock other EX 100') end, "
                   "invariants = { free = function(r)\n"
                   "  return r.call('EXISTS', 'lock') == 0, 'there is a lock'\n"
                   "end }"),
          1,
          { "An invariant is violated: free: there is a lock which does not count: "
            "without "
            "any death it is no better",
            "it fails: alive returned false which does not count: without any death it "
            "is "
            "no better 100 s after the death",
            "`alive` it succeeds Time passes", "Verdict: intact now, clean later",
            "as recorded" },
          NULL },
        { OF("send(r, 'SET z 1 EX 86400') send(r, 'SET k 1 EX 100') send(r, 'EXPIRE k "
             "60')\n",
             ""),
          2,
          { "'1': in neither: what is left of the completed update has it with an expiry",
            "60 s after the death: what is due goes away nothing but gone from a "
            "completed "
            "update: string 'k' What there is after 60 s",
            "100 s after the death: what is due goes away dropped: string 'k', due 100 s "
            "after the death",
            "Verdict: torn now, clean later, but leaked for 100 s stays: string 'k' = "
            "'1' "
            "leaked: ",
            "as recorded" },
          "came: " },
        { OF("send(r, 'SET k 1 EX 86400') send(r, 'EXPIRE k 60') send(r, 'DEL k')\n",
             "invariants = { soon = expires('k', 60) }"),
          1,
          { "Verdict: torn now, broken later, and leaked for a while, in all for 24 h",
            "It ends 24 h after the death, and is tolerated: there is no `tolerate`, so "
            "whatever ends is; but the bound of an expiry says itself what is tolerated",
            "as recorded" },
          "it stays, and nobody cares" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *directory;
        struct theatre theatre = theatre_of(rows[i].text, &directory);
        struct replay replay = point_of(&theatre, 0, rows[i].point);

        expect_words(narrate(&theatre, &replay), rows[i].words);
        cr_expect_eq(theatre.likeness, REPLAY_ALIKE, "row %zu", i);
        if (rows[i].never)
            cr_expect_not(says(theatre.narrative, rows[i].never), "'%s' in:\n%s",
                          rows[i].never, theatre.narrative);
        theatre_close(&theatre);
        test_directory_remove(directory);
    }
}

/* Points at both ends: a worker that sends nothing, and one that survives. */
Test(replay, of_the_first_and_the_last_point)
{
    struct theatre theatre = theatre_open("leaked", NULL, 0);
    struct replay first = point_of(&theatre, 0, 0), last = point_of(&theatre, 0, 2);
    const char *narrative = narrate(&theatre, &first);

    expect_words(narrative,
                 (const char *[]){ "every reply read --- 1 SET session data not sent",
                                   "Redis executed none of the 2 commands",
                                   "A reader sees exactly the old state.",
                                   "Verdict: intact now, clean later", NULL });
    narrative = narrate(&theatre, &last);
    expect_words(narrative, (const char *[]){ "(integer) 1 --- the update is over ---",
                                              "A reader sees exactly the new state.",
                                              "dropped: string 'session', due ",
                                              "Verdict: intact now, clean later", NULL });
    last.number = 3;
    {
        struct err err = ERR_NULL;

        cr_expect_eq(perform(&theatre, &last, &err), ERR_USAGE);
        EXPECT_SAYS(err.msg, "no crash point 3: its update sends 2 commands");
    }
    theatre_close(&theatre);
}

/* Ten round trips that all take much longer than timing errs. Point 5 explains who waits
 * for reply 5 or for reply 6, between 0.3 and 0.5 of the update; the span of which 0.37
 * is taken may be longer than the update. */
Test(replay, hits_the_same_place_again)
{
    struct theatre theatre = theatre_open("known_rate", "turns=80000", 0);
    struct replay replay = point_of(&theatre, 0, 5);
    const char *narrative = "";
    bool hit = false;

    replay.fault = FAULT_KILL;
    replay.fraction = 0.37;
    /* Others may want the CPU all the while; under sanitizers they usually do. */
    for (int tries = 0; tries < UNLESS_SANITIZED(10, 3) && !hit; tries++) {
        narrative = narrate(&theatre, &replay);
        hit = says(narrative, "died at the same place");
    }
    expect_words(narrative,
                 (const char *[]){ "a kill of strategy 'three-tenths'",
                                   "of all instants that are drawn", "SET key value",
                                   "EXPIRE key 60", "string 'key', which never expires",
                                   "a new key", "Verdict: torn now, leaked later",
                                   "as recorded", NULL });
    if (hit)
        expect_words(narrative,
                     (const char *[]){ "of at most 40 died at the same place",
                                       "written, reply not read --- SIGKILL at",
                                       "us, while waiting for reply ", NULL });
    else
        cr_expect(UNLESS_SANITIZED(false, says(narrative, "did not hit that boundary")),
                  "%s", narrative);
    replay.recorded = false;
    EXPECT_SAYS(narrate(&theatre, &replay), "nothing is known of how it went");
    theatre_close(&theatre);
}

/* A pipeline in one buffer is never torn in its middle by a kill. */
Test(replay, falls_back_on_the_census_and_says_so)
{
    CLEANUP(mem_freep) char *path = test_scenario("worker");
    struct theatre theatre = theatre_make(path, NULL, 0);
    struct replay replay;
    const char *narrative;

    theatre.strategies[0] = (size_t)outline_find(&theatre.scenario->outline, "buffer");
    theatre.options.plan.strategies = 1;
    theatre_run(&theatre);
    replay = point_of(&theatre, 0, 10);
    replay.fault = FAULT_KILL;
    replay.number = 7;
    replay.fraction = 0.5;
    replay.replies = 0;
    replay.commands = 20;
    narrative = narrate(&theatre, &replay);
    expect_words(
        narrative,
        (const char *[]){ "The kill landed after command 10, where an update stays for",
                          "; 40 timed attempts did not hit that boundary again, "
                          "so this is the census point it landed on",
                          "Redis executed the first 10 of 20 commands",
                          "11 RPUSH list 11 not sent", NULL });
    cr_expect_eq(theatre.likeness, REPLAY_ALIKE);
    replay.signature.low++;
    narrative = narrate(&theatre, &replay);
    EXPECT_SAYS(narrative, "does not leave the recorded state in this run");
    EXPECT_SAYS(narrative, "NOT as recorded: the verdict is, but it is on another state");
    cr_expect_eq(theatre.likeness, REPLAY_DIFFERS);
    replay.explained = false;
    narrative = narrate(&theatre, &replay);
    EXPECT_SAYS(narrative, "UNEXPLAINED by any crash point");
    EXPECT_SAYS(narrative, "no crash point explains what was recorded");
    cr_expect_eq(theatre.likeness, REPLAY_UNREACHED);
    theatre_close(&theatre);
}

/* Trials that count in no rate: too late, too early, in error, in time out. */
Test(replay, of_what_was_not_valid)
{
    struct theatre theatre = theatre_open("leaked", NULL, 0);
    struct replay replay = point_of(&theatre, 0, 2);
    const char *narrative;

    replay.fault = FAULT_KILL;
    replay.fraction = 50; /* of the update: long after it */
    replay.outcome = OUTCOME_MISSED;
    narrative = narrate(&theatre, &replay);
    expect_words(narrative,
                 (const char *[]){ "Recorded: missed", "such trials count in no rate",
                                   "--- the update is over at", "missed it ---", NULL });
    replay.outcome = OUTCOME_EARLY;
    replay.replies = replay.commands = replay.point = 0;
    replay.signature = theatre.result.findings[0].points[0].signature;
    narrative = narrate(&theatre, &replay);
    /* Unless the worker gets no CPU for so long that one of them is early. */
    expect_words(narrative,
                 says(narrative, "died at the same place")
                     ? (const char *[]){ "Recorded: early",
                                         "SIGKILL before the update had begun", NULL }
                     : (const char *[]){ "Recorded: early",
                                         "The trial ended with 'early'",
                                         "timed attempts did not hit", NULL });
    theatre_close(&theatre);
}

/* The link that is lost in the middle of a command. */
Test(replay, of_a_cut_at_a_byte)
{
    struct theatre theatre = theatre_open("leaked", NULL, 0);
    const struct finding *finding = &theatre.result.findings[0];
    struct replay replay = { .fault = FAULT_BYTE, .number = finding->steps[0].end + 3 };
    struct err err = ERR_NULL;

    expect_words(narrate(&theatre, &replay),
                 (const char *[]){ "Cut after byte", "SET session data", "arrived ---",
                                   "3 bytes into command 2 ---",
                                   "EXPIRE session 60 a part arrived",
                                   "executed the first 1 of 2 commands",
                                   "torn now, leaked later", NULL });
    replay.number = finding->bytes + 1;
    cr_expect_eq(perform(&theatre, &replay, &err), ERR_USAGE);
    EXPECT_SAYS(err.msg, "bytes");
    theatre_close(&theatre);
}

/* Keys, values and replies can hold any bytes, and be as long as they like; none of it
 * reaches a terminal, or breaks a line. */
Test(replay, of_any_bytes)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path =
        test_file(directory, "bytes.lua",
                  "local key = 'k\\27[31m\\0\\n' .. ('x'):rep(300)\n"
                  "return {\n"
                  "  title = 'any bytes',\n"
                  "  strategies = { { name = 'only', update = function(redis)\n"
                  "    redis.call('HSET', key, 'f\\r\\n', ('\\255'):rep(500))\n"
                  "    redis.call('HGETALL', key)\n"
                  "    redis.call('HGET', key, 'f\\r\\n')\n"
                  "    redis.pcall('INCR', key)\n"
                  "    redis.call('ECHO', '')\n"
                  "    redis.call('EXPIRE', key, 60)\n"
                  "  end } },\n"
                  "  recover = function(redis) \n"
                  "    if redis.call('TTL', key) == -1 then error('\\27[31m' .. "
                  "key:sub(1, 20)) end\n"
                  "  end,\n"
                  "}\n");
    struct theatre theatre = theatre_make(path, NULL, 0);
    struct replay replay = { .fault = FAULT_STEP, .number = 5 };
    const char *narrative;

    theatre.options.lanes = 1;
    theatre.options.strategies = theatre.strategies;
    narrative = narrate(&theatre, &replay);
    expect_words(narrative,
                 (const char *[]){ "HSET \"k\\x1b[31m\\x00\\nxxx", "2 items",
                                   "(error) WRONGTYPE", "ECHO \"\"", "'f\\x0d\\x0a'",
                                   "\\x1b[31mk\\x1b[31m\\x00", NULL });
    for (const char *at = narrative; *at; at++)
        cr_expect(*at == '\n' || (*at >= ' ' && *at <= '~'), "byte %d", *at);
    theatre_close(&theatre);
    test_directory_remove(directory);
}

/* The middle of a long update is not shown; what stands around the death is. */
Test(replay, of_a_long_update)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path =
        test_file(directory, "long.lua",
                  "return {\n"
                  "  title = 'long',\n"
                  "  strategies = { { name = 'only', update = function(redis)\n"
                  "    redis.pipeline(function()\n"
                  "      for i = 1, 500 do redis.call('RPUSH', 'list', i) end\n"
                  "    end)\n"
                  "  end } },\n"
                  "}\n");
    struct theatre theatre = theatre_make(path, NULL, 0);
    struct replay replay = { .fault = FAULT_STEP, .number = 250 };

    expect_words(narrate(&theatre, &replay),
                 (const char *[]){ "... 226 more ...", "RPUSH list 231",
                                   "(integer) 250 --- the worker dies",
                                   "251 RPUSH list 251 not sent", "... 242 more ...",
                                   "500 RPUSH list 500", "... 244 more", NULL });
    theatre_close(&theatre);
    test_directory_remove(directory);
}

/* --- the command --- */

/* A number after a word in a text. */
static char *number_behind(const char *text, const char *word)
{
    const char *at = strstr(text, word);

    cr_assert_not_null(at, "no '%s' in:\n%s", word, text);
    at += strlen(word);
    return mem_printf("%.*s", (int)strcspn(at, "\n"), at);
}

/* A report names the command, and the command does what the report says of it. */
Test(replay, a_report_names_the_command)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = test_scenario("leaked");
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept run", directory);
    CLEANUP(mem_freep) char *told =
        mem_printf("See it:     afterkill replay '%s' ", kept);
    CLEANUP(mem_freep) char *trial = NULL;
    struct run run, again;
    json_t *point;

    processes_adopt();
    run = RUN("run", path, "--trials", "100", "-o", kept);
    cr_assert_eq(run.status, 0, "%s", run.err);
    trial = number_behind(run.out, told);
    again = RUN("replay", kept, trial);
    cr_expect_eq(again.status, 0, "%s", again.err);
    EXPECT_SILENT(again.err);
    EXPECT_SAYS(again.out, "of strategy 'set-then-expire', scenario leaked, seed 1");
    EXPECT_SAYS(again.out, "Recorded: valid");
    EXPECT_SAYS(again.out, "Verdict: torn now, leaked later");
    EXPECT_SAYS(again.out, "as recorded");
    run_release(&again);
    again = RUN("report", kept, "--format", "json");
    point = json_array_get(
        json_object_get(json_strategy(&again, "set-then-expire"), "points"), 1);
    cr_expect_eq(json_integer_value(json_object_get(point, "trial")), atoll(trial));
    run_release(&again);
    again = RUN("replay", kept, "set-then-expire:1", "--color", "always");
    cr_expect_eq(again.status, 0, "%s", again.err);
    EXPECT_SAYS(again.out, "\033[31m --- the worker dies by itself here");
    EXPECT_SAYS(again.out, "Recorded: valid, crash point 1, torn now, leaked later");
    run_release(&again);
    again = RUN("replay", kept, "set-ex@10");
    cr_expect_eq(again.status, 0, "%s", again.err);
    EXPECT_SAYS(again.out, "Verdict: intact now, clean later");
    cr_expect_eq(test_directory_entries(directory), 1, "leftovers in TMPDIR");
    processes_wait();
    run_release(&again);
    run_release(&run);
    test_directory_remove(directory);
}

/* Whoever replays in a script hears of it. */
Test(replay, of_what_is_not_as_recorded_fails)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = test_scenario("leaked");
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    struct run run = RUN("run", path, CENSUS, "-o", kept), again;

    cr_assert_eq(run.status, 0, "%s", run.err);
    kept_change(kept, "UPDATE states SET later = 'lost' WHERE later = 'leaked'");
    again = RUN("replay", kept, "set-then-expire:1");
    cr_expect_eq(again.status, 1, "status %d: %s", again.status, again.err);
    EXPECT_SAYS(again.out, "NOT as recorded: torn now, lost later");
    run_release(&again);
    again = RUN("replay", kept, "set-then-expire:2");
    cr_expect_eq(again.status, 0, "status %d: %s", again.status, again.err);
    run_release(&again);
    run_release(&run);
    test_directory_remove(directory);
}

/* What ends is in a run that is kept as it is in one that goes on: of a point, and of
 * kills. */
Test(replay, of_what_ends_from_a_run_that_is_kept)
{
    static const struct {
        const char *text, *verdict;
    } rows[] = {
        { OF(LOCK, LOCKS), "torn now, clean later, but leaked+stuck for 12 h" },
        { OF(LOCK, LOCKS "tolerate = 60"), "torn now, leaked+stuck later, for 12 h" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char *directory = test_directory();
        CLEANUP(mem_freep) char *path = test_file(directory, "ends.lua", rows[i].text);
        CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
        CLEANUP(mem_freep)
        char *recorded = mem_printf("crash point 1, %s", rows[i].verdict);
        CLEANUP(mem_freep) char *verdict = mem_printf("Verdict: %s", rows[i].verdict);
        CLEANUP(mem_freep) char *trial = NULL;
        struct run run = RUN("run", path, "--trials", "100", "-o", kept);
        const char *operands[] = { "only:1", NULL };

        cr_assert_eq(run.status, 0, "%s", run.err);
        run_release(&run);
        trial = kept_ask(kept, "SELECT min(trials.number) FROM trials"
                               " JOIN points USING (strategy, state)"
                               " JOIN outcomes ON outcomes.id = trials.outcome"
                               " WHERE points.number = 1 AND outcomes.name = 'valid'");
        cr_assert_str_not_empty(trial, "no kill of 100 at crash point 1");
        operands[1] = trial;
        for (size_t k = 0; k < ARRAY_SIZE(operands); k++) {
            run = RUN("replay", kept, operands[k]);
            cr_expect_eq(run.status, 0, "%s: %s", operands[k], run.err);
            EXPECT_SAYS(run.out, recorded);
            EXPECT_SAYS(run.out, "12 h after the death: what is due goes away");
            EXPECT_SAYS(run.out, verdict);
            EXPECT_SAYS(run.out, "as recorded");
            cr_expect_not(says(run.out, "NOT as recorded"));
            run_release(&run);
        }
        test_directory_remove(directory);
    }
}

/* What was run is replayed, whatever has become of its file; and what Lua does not read
 * at the beginning of a file, it does not read here. */
Test(replay, of_a_scenario_that_is_gone)
{
    static const char text[] = "\xef\xbb\xbf#!/usr/bin/lua\n"
                               "return { title = 'one', strategies = {\n"
                               "  { name = 'only', update = function(redis)\n"
                               "    redis.call('SET', 'a', 'as it was') end } } }\n";
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = test_file(directory, "one.lua", text);
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    struct run run = RUN("run", path, "--trials", "10", "-o", kept);

    cr_assert_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    cr_assert_eq(unlink(path), 0);
    run = RUN("replay", kept, "only:1");
    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SAYS(run.out, "SET a \"as it was\"");
    cr_expect_eq(test_directory_entries(directory), 1, "leftovers in TMPDIR");
    run_release(&run);
    test_directory_remove(directory);
}

/* A scenario is called as its file was named, whatever that is a link to. */
Test(replay, of_a_scenario_by_a_link)
{
    static const char *const targets[] = { "::error x.lua", "a\n##[error]y.lua" };
    char *directory = test_directory();
    CLEANUP(mem_freep) char *link = mem_printf("%s/link.lua", directory);
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);

    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        const char *const commands[][6] = {
            { "run", link, "--trials", "0", "-o", kept },
            { "replay", kept, "only:1" },
            { "check", link, "--trials", "0" },
        };
        CLEANUP(mem_freep)
        char *file = test_file(directory, targets[i],
                               "return { title = 'one', strategies = {"
                               " { name = 'only', update = 'SET a 1' } } }");

        cr_assert_eq(symlink(targets[i], link), 0);
        for (size_t k = 0; k < ARRAY_SIZE(commands); k++) {
            const char *arguments[7] = { NULL };
            struct run run;

            memcpy(arguments, commands[k], sizeof(commands[k]));
            run = run_afterkill(arguments);
            cr_expect_eq(run.status, 0, "%s of '%s': %d: %s", commands[k][0], targets[i],
                         run.status, run.err);
            run_release(&run);
        }
        unlink(link);
        test_directory_remove(mem_strdup(kept));
    }
    test_directory_remove(directory);
}

static bool has_ended(pid_t pid)
{
    siginfo_t info = { .si_pid = 0 };

    cr_assert_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT), 0);
    return info.si_pid;
}

/* Asked for an end when all that was started is gone, it says so, or dies of it. The
 * instant is between two that nobody sees, so it is tried several times. */
Test(replay, a_late_signal_is_heard)
{
    char *directory = test_directory(), *path = test_scenario("gap");
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    struct run run = RUN("run", path, CENSUS, "-o", kept);

    cr_assert_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    for (int i = 0; i < 8; i++) {
        struct live_run live = START("replay", kept, "delete-first:1");
        siginfo_t info = { .si_pid = 0 };

        for (size_t most = 0, now = 0; (most < 2 || now) && !has_ended(live.pid);) {
            now = processes_below(live.pid);
            most = now > most ? now : most;
        }
        kill(live.pid, SIGSTOP);
        cr_assert_eq(waitid(P_PID, (id_t)live.pid, &info, WEXITED | WSTOPPED | WNOWAIT),
                     0);
        kill(live.pid, SIGTERM);
        kill(live.pid, SIGCONT);
        run = run_finish(&live);
        if (info.si_code == CLD_STOPPED)
            cr_expect_neq(run.status, 0, "%s", run.err);
        run_release(&run);
    }
    free(path);
    test_directory_remove(directory);
}

Test(replay, mistakes_are_explained)
{
    static const struct {
        const char *trial, *words;
    } rows[] = {
        { "999", "there is no trial 999: the run has 40" },
        { "nowhere:1", "no strategy 'nowhere' took part in the run" },
        { "set-ex:9", "has no crash point 9: its update sends 1 command" },
        { "set-ex@999", "has only" },
        { "first", "'first' is no trial" },
    };
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = test_scenario("leaked");
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    struct run run = RUN("run", path, "--trials", "20", "-o", kept);

    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        run = RUN("replay", kept, rows[i].trial);
        cr_expect_eq(run.status, 2, "%s: status %d", rows[i].trial, run.status);
        EXPECT_SAYS(run.err, rows[i].words);
        EXPECT_SILENT(run.out);
        run_release(&run);
    }
    run = RUN("replay", directory, "1");
    cr_expect_eq(run.status, 2);
    EXPECT_SAYS(run.err, "there is no run in");
    run_release(&run);
    cr_expect_eq(test_directory_entries(directory), 1, "leftovers in TMPDIR");
    test_directory_remove(directory);
}

/* --- the watch --- */

static void count_sight(void *context, const struct judge_sight *sight)
{
    (void)sight;
    ++*(size_t *)context;
}

/* Judges every crash point of every strategy of a scenario with and without a watch. */
static void compare_judgements(const char *name)
{
    CLEANUP(mem_freep) char *path = test_scenario(name);
    struct theatre theatre = theatre_make(path, NULL, 0);
    struct server server = test_server(theatre.directory);
    struct judge judge = { .scenario = theatre.scenario,
                           .address = &server.address,
                           .timeout_ns = theatre.options.timeout_ns };
    CLEANUP(snapshot_release) struct snapshot snapshot = SNAPSHOT_NULL;
    redisContext *connection = NULL;
    struct err err = ERR_NULL;
    size_t sights = 0;
    const struct judge_watch watch = { count_sight, &sights };
    struct page *page = page_map(&err);

    cr_assert_not_null(page);
    cr_assert_eq(connection_open(&server.address, &connection, &err), 0, "%s", err.msg);
    cr_assert_eq(controls_learn(&judge, connection, theatre.strategies,
                                theatre.scenario->outline.strategy_count, &err),
                 0, "%s: %s", name, err.msg);
    for (size_t i = 0; i < judge.subject_count; i++) {
        struct subject *subject = &judge.subjects[i];

        for (uint64_t k = 0; k <= subject->commands; k++) {
            struct worker_job job = {
                .scenario = theatre.scenario,
                .function = theatre.scenario->functions[i].update,
                .fault = FAULT_STEP,
                .point.commands = k,
                .timeout_ns = judge.timeout_ns,
            };
            struct judgement judgements[2];

            for (int watched = 0; watched < 2; watched++) {
                struct worker_end end;
                size_t before = sights;

                cr_assert_eq(judge_prepare(&judge, subject, &err), 0, "%s", err.msg);
                cr_assert_eq(worker_run(&job, &server.address, page, &end, &err), 0);
                judge_touched(&judge);
                cr_assert_eq(
                    snapshot_take(&judge.observer, end.client_id, &snapshot, &err), 0);
                cr_assert_eq(judge_afresh(&judge, subject, &snapshot,
                                          watched ? &watch : NULL, &judgements[watched],
                                          &err),
                             0, "%s", err.msg);
                cr_expect(watched ? sights >= before + 3 : sights == before);
            }
            cr_expect_eq(judgements[0].verdict.now, judgements[1].verdict.now,
                         "%s %zu:%d", name, i, (int)k);
            cr_expect_eq(judgements[0].verdict.later, judgements[1].verdict.later,
                         "%s %zu:%d", name, i, (int)k);
            cr_expect_str_eq(judgements[0].example, judgements[1].example);
            cr_expect(signature_equal(judgements[0].signature, judgements[1].signature));
        }
    }
    judge_release(&judge);
    page_unmap(page);
    server_stop(&server);
    free(theatre.narrative);
    scenario_free(theatre.scenario);
    test_directory_remove(theatre.directory);
}

Test(replay, the_watch_changes_no_verdict)
{
    static const char *const names[] = { "leaked",    "lost",          "mixed",  "stuck",
                                         "gap",       "torn",          "broken", "types",
                                         "uncrashed", "recover_raises" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        compare_judgements(names[i]);
}
