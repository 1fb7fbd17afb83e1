/* try.c - an update on the command line, as somebody asks who wants to know whether it is
 * safe. */
#include "testlib.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

#define ARGUMENTS 12

Test(try, says_whether_an_update_is_safe)
{
    static const struct {
        const char *arguments[ARGUMENTS];
        int status;
        const char *says[4];
    } rows[] = {
        { { "INCR k | EXPIRE k 60" },
          1,
          { "1 INCR k EXPIRE k 60 torn leaked for ever", "which never expires",
            "FAIL: given was expected to be safe", "atomic: none of 5" } },
        { { "INCR k ; EXPIRE k 60" }, 1, { "leaked at 1 of 3 crash points" } },
        { { "[INCR k ; EXPIRE k 60]" }, 0, { "PASS: 1 of 1" } },
        { { "lua(INCR k ; EXPIRE k 60)" }, 0, { "PASS: 1 of 1" } },
        { { "INCR k" }, 0, { "PASS: 1 of 1" } },
        { { "MULTI | INCR k | EXPIRE k 60 | EXEC" }, 0, { "PASS: 1 of 1" } },
        { { "WATCH k | [SET k 1 ; INCR n]" }, 0, { "PASS: 1 of 1" } },
        { { "MULTI | INCR k | EXEC | EXPIRE k 60" }, 1, { "leaked at 1 of 5" } },
        { { "--before", "RPUSH w a b", "--recover", "RPOPLPUSH q w",
            "RPOP w | LPUSH q b" },
          1,
          { "FAIL", "lost" } },
        { { "--before", "RPUSH w a b", "--recover", "RPOPLPUSH q w", "RPOPLPUSH w q" },
          0,
          { "PASS" } },
        { { "SET lock me NX | SET r 1 | DEL lock", "--alive", "SET lock next NX EX 9" },
          1,
          { "stuck for ever" } },
        { { "SET lock me NX EX 60 | SET r 1 | DEL lock", "--alive",
            "SET lock next NX EX 60" },
          0,
          { "PASS", "but 2 of 4 crash points of given leave it", "for up to 60 s" } },
        { { "SET lock me NX EX 60 | SET r 1 | DEL lock", "--alive",
            "SET lock next NX EX 60", "--tolerate", "59" },
          1,
          { "FAIL", "60 s" } },
        { { "WATCH k | [INCR k ; INCR j]", "--ref", "[INCR j ; INCR k]" },
          0,
          { "PASS: 1 of 1 strategies", "WATCH k | [INCR k ; INCR j]" } },
        { { "INCR k", "--reference", "[INCR k ; EXPIRE k 60]" },
          1,
          { "does damage even when nobody is killed" } },
        { { "SET caf\xc3\xa9 1 | EXPIRE caf\xc3\xa9 60" },
          1,
          { "stays: string 'caf\xc3\xa9' = '1', which never expires" } },
        { { "SET 'a b' \"\\x00\\xff\" | LPUSH \"]\" x" },
          1,
          { "SET \"a b\" \"\\x00\\xff\" | LPUSH \"]\" x" } },
    };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *arguments[ARGUMENTS + 2] = { "try" };
        struct run run;

        memcpy(arguments + 1, rows[i].arguments, sizeof(rows[i].arguments));
        run = run_afterkill(arguments);
        cr_expect_eq(run.status, rows[i].status, "row %zu: status %d: %s%s", i,
                     run.status, run.out, run.err);
        for (size_t w = 0; w < ARRAY_SIZE(rows[i].says) && rows[i].says[w]; w++)
            EXPECT_SAYS(run.out, rows[i].says[w]);
        cr_expect_null(strstr(run.out, "Replay:"), "nothing is kept: %s", run.out);
        run_release(&run);
    }
    cr_expect_eq(test_directory_entries(directory), 0, "something is left");
    test_directory_remove(directory);
}

Test(try, mistakes_are_shown_where_they_are)
{
    static const struct {
        const char *arguments[ARGUMENTS];
        const char *says[3];
    } rows[] = {
        { { NULL }, { "which update", "INCR k | EXPIRE k 60" } },
        { { "INCR", "k" }, { "more than one update", "'INCR'", "quote" } },
        { { "INCR k |" }, { "expected a command here\n    INCR k |\n            ^" } },
        { { "INCR k ]" }, { "this ] closes nothing", "\n    INCR k ]\n           ^" } },
        { { "INCR k", "--before", "SET '" },
          { "--before: this quote is not closed", "\n    SET '\n        ^" } },
        { { "INCR k", "--recover", "" }, { "--recover: expected a command" } },
        { { "INCR k", "--alive", "[" }, { "--alive: expected a command" } },
        { { "INCR k", "--reference", ";" }, { "--reference: expected a command" } },
        { { "INCR k", "--tolerate", "1h" }, { "--tolerate '1h'", "seconds" } },
        { { "INCR k", "--trials", "-1" }, { "--trials '-1'", "from 0" } },
        { { "INCR k", "--format", "xml" }, { "--format 'xml'", "text, json" } },
        { { "GET k" }, { "nothing was tested", "--before", "an empty database" } },
        { { "INCR k | LPUSH k 1" }, { "WRONGTYPE" } },
        { { "INCR k | FLUSHALL" }, { "FLUSHALL is refused" } },
        { { "INCR k | EXPIRE k 60", "--alive", "GET k" },
          { "not clean without any crash", "GET k was answered with nil" } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *arguments[ARGUMENTS + 2] = { "try" };
        struct run run;

        memcpy(arguments + 1, rows[i].arguments, sizeof(rows[i].arguments));
        run = run_afterkill(arguments);
        expect_mistake(&run, rows[i].says, ARRAY_SIZE(rows[i].says));
        run_release(&run);
    }
}

/* The same document as of a run, and the same numbers as of the file that says it. */
Test(try, json_is_that_of_run)
{
    static const char *const same[] = { "name",   "expect", "commands", "bytes",
                                        "census", "points", "verdict" };
    char *directory = test_directory();
    CLEANUP(mem_freep)
    char *path = test_file(
        directory, "case.lua",
        "return { before = 'SET other 1', strategies = {\n"
        "{ name = 'given', expect = 'safe', update = 'INCR k | EXPIRE k 60' },\n"
        "{ name = 'atomic', expect = 'safe', reference = true,\n"
        "update = atomic('INCR k | EXPIRE k 60') } } }\n");
    struct run run = RUN("run", path, CENSUS, "--format", "json", "--no-store");
    struct run tried =
        RUN("try", "--before", "SET other 1", "INCR k | EXPIRE k 60", "--format", "json");
    json_t *a = json_object_get(run.json, "strategies");
    json_t *b = json_object_get(tried.json, "strategies");

    cr_expect_eq(run.status, 1);
    cr_expect_eq(tried.status, 1);
    cr_assert_eq(json_array_size(a), 2, "%s", run.err);
    cr_assert_eq(json_array_size(b), 2, "%s", tried.err);
    for (size_t i = 0; i < 2; i++)
        for (size_t k = 0; k < ARRAY_SIZE(same); k++)
            cr_expect(json_equal(json_object_get(json_array_get(a, i), same[k]),
                                 json_object_get(json_array_get(b, i), same[k])),
                      "%s of strategy %zu", same[k], i);
    run_release(&run);
    run_release(&tried);
    test_directory_remove(directory);
}

Test(try, kills_only_if_asked_for)
{
    struct run run = RUN("try", "INCR k | EXPIRE k 60", "--trials", "50", "--format",
                         "json", "--seed", "7");
    json_t *given = json_strategy(&run, "given");

    cr_assert_not_null(given, "%s", run.err);
    cr_expect_eq(json_count(given, "kills", "requested"), 50);
    run_release(&run);
    run = RUN("try", "INCR k | EXPIRE k 60", "--format", "json");
    given = json_strategy(&run, "given");
    cr_assert_not_null(given, "%s", run.err);
    cr_expect_eq(json_count(given, "kills", "requested"), 0);
    run_release(&run);
}

Test(try, without_a_server)
{
    struct run run = RUN("try", "INCR k", "--redis-server", "/nowhere/redis-server");

    cr_expect_eq(run.status, 4, "status %d", run.status);
    EXPECT_SAYS(run.err, "/nowhere/redis-server");
    run_release(&run);
}

/* ---- what replays show ---- */

/* The line of a replay that is there to be copied, behind "afterkill "; freed by the
 * caller. */
static char *line_of(const char *run, const char *trial)
{
    static const char mark[] = "\n    afterkill try ";
    struct run replay = RUN("replay", run, trial);
    const char *line = strstr(replay.out, mark);
    char *copy = NULL;

    cr_expect_not_null(line, "%s: %s%s", trial, replay.out, replay.err);
    if (line)
        copy = strndup(line + strlen(mark), strcspn(line + strlen(mark), "\n"));
    run_release(&replay);
    return copy;
}

/* Runs it by a shell, as its own reference; the JSON of what it prints, freed by the
 * caller. */
static json_t *paste(const char *line)
{
    CLEANUP(mem_freep)
    char *command = mem_printf("%s try --format json --before 'RPUSH w job1 job2 | SET "
                               "n 1' %s --reference %s",
                               getenv("AFTERKILL"), line, line);
    FILE *pipe = popen(command, "re");
    json_t *json;

    cr_assert_not_null(pipe);
    json = json_loadf(pipe, 0, NULL);
    pclose(pipe);
    cr_assert_not_null(json, "%s", command);
    return json;
}

Test(try, what_replays_print_can_be_pasted)
{
    static const struct {
        const char *strategy, *line;
    } rows[] = {
        { "waits-function",
          "'RPOP w | LPUSH q \"a b\" \"\" \"\\x00\\xff'\\''\\\"\\n\"'" },
        { "waits-text", "'RPOP w | LPUSH q \"a b\" \"\" \"\\x00\\xff'\\''\\\"\\n\"'" },
        { "buffer-function", "'RPOP w ; LPUSH q a | INCR n'" },
        { "buffer-text", "'RPOP w ; LPUSH q a | INCR n'" },
        { "multi-function", "'[RPOP w ; LPUSH q a]'" },
        { "atomic-text", "'[RPOP w ; LPUSH q a ; INCR n]'" },
        { "mixed-function", NULL },
        { "mixed-text", NULL },
        { "script-text", NULL },
        { "raw", "'MULTI | INCR n ; EXEC | MULTI ; EXEC | MULTI ; DISCARD | INCR n'" },
    };
    static const char *const same[] = { "commands", "bytes", "round_trips" };
    CLEANUP(mem_freep) char *scenario = test_scenario("shorthand");
    char *directory = test_directory();
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    CLEANUP(mem_freep) char *names = mem_strdup(rows[0].strategy);
    struct run run;

    for (size_t i = 1; i < ARRAY_SIZE(rows); i++) {
        char *longer = mem_printf("%s,%s", names, rows[i].strategy);

        free(names);
        names = longer;
    }
    run =
        RUN("run", scenario, CENSUS, "--format", "json", "-o", kept, "--strategy", names);
    cr_assert_not_null(run.json, "%s", run.err);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *trial = mem_printf("%s:1", rows[i].strategy);
        CLEANUP(mem_freep) char *line = line_of(kept, trial);
        json_t *pasted = paste(line), *was = json_strategy(&run, rows[i].strategy);
        json_t *is = json_array_get(json_object_get(pasted, "strategies"), 0);

        if (rows[i].line)
            cr_expect_str_eq(line, rows[i].line);
        for (size_t k = 0; k < ARRAY_SIZE(same); k++)
            cr_expect(
                json_equal(json_object_get(was, same[k]), json_object_get(is, same[k])),
                "%s: %s", rows[i].strategy, same[k]);
        json_decref(pasted);
    }
    run_release(&run);
    file_remove_tree(kept, &(struct err){ 0 });
    test_directory_remove(directory);
}

/* ---- what the documents show ---- */

/* The next line that is shown behind `at`, without its indentation and its newline; NULL:
 * the block has ended. */
static char *next_shown(const char **at)
{
    const char *line = *at, *end = strchr(line, '\n');
    size_t length = end ? (size_t)(end - line) : strlen(line);
    char *shown;

    if (length && strncmp(line, "    ", 4) != 0)
        return NULL;
    *at = end ? end + 1 : line + length;
    shown = length ? mem_printf("%.*s", (int)(length - 4), line + 4) : mem_strdup("");
    if (strncmp(shown, "$ ", 2) != 0 && (length || **at == ' '))
        return shown;
    free(shown);
    return NULL;
}

/* Runs a command that a document shows; every line that is shown of its output has to be
 * there, in order. The line that tells the server's version may be another. */
static void expect_shown(const char *document, const char *command, const char *at)
{
    CLEANUP(mem_freep) char *line = mem_printf("%s try %s", getenv("AFTERKILL"), command);
    FILE *pipe = popen(line, "re");
    CLEANUP(mem_freep) char *out = mem_alloc(1 << 16);
    const char *rest = out;
    char *shown;
    size_t lines = 0;

    cr_assert_not_null(pipe);
    cr_expect_gt(fread(out, 1, (1 << 16) - 1, pipe), 0, "%s says nothing", line);
    pclose(pipe);
    while ((shown = next_shown(&at))) {
        CLEANUP(mem_freep) char *owned = shown;
        const char *found;

        (void)owned; /* it frees */
        if (strcmp(shown, "...") == 0 || strstr(shown, "   redis "))
            continue;
        found = strstr(rest, shown);
        cr_expect_not_null(found, "%s: afterkill try %s does not say: %s\n%s", document,
                           command, shown, out);
        rest = found ? found : rest;
        lines++;
    }
    cr_expect_gt(lines, 0, "%s shows nothing of afterkill try %s", document, command);
}

Test(try, documents_show_what_it_says)
{
    static const char *const documents[] = { "README.md", "docs/scenarios.md" };
    static const char *const programs[] = { "tools/run", "afterkill" };

    for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
        CLEANUP(mem_freep)
        char *path = mem_printf("%s/%s", getenv("SOURCES"), documents[i]);
        CLEANUP(mem_freep) char *text = file_text(path);
        size_t count = 0;

        for (size_t k = 0; k < ARRAY_SIZE(programs); k++) {
            CLEANUP(mem_freep) char *prompt = mem_printf("    $ %s try ", programs[k]);
            const char *at = text;

            setenv("AFTERKILL_PROGRAM", programs[k], 1); /* as it is called there */
            while ((at = strstr(at, prompt))) {
                const char *end = strchr(at, '\n');
                CLEANUP(mem_freep) char *command = NULL;

                cr_assert_not_null(end);
                at += strlen(prompt);
                command = mem_printf("%.*s", (int)(end - at), at);
                expect_shown(documents[i], command, end + 1);
                count++;
            }
        }
        cr_expect_gt(count, 0, "%s shows nothing", documents[i]);
    }
}

/* Each "afterkill try" of a report can be pasted into a shell. */
static size_t paste_all(const char *report, const char *what, int status)
{
    size_t pasted = 0;

    while ((report = strstr(report, what))) {
        const char *from = strstr(report, "afterkill try ") + strlen("afterkill");
        CLEANUP(mem_freep)
        char *line =
            mem_printf("\"$AFTERKILL\"%.*s >/dev/null", (int)strcspn(from, "\n"), from);
        int ended = system(line);

        cr_expect(WIFEXITED(ended) && WEXITSTATUS(ended) == status, "%s: %d", line,
                  ended);
        pasted++;
        report = from;
    }
    return pasted;
}

/* The update does harm, and with the cure that was named it does none. */
Test(try, what_reports_print_can_be_pasted)
{
    CLEANUP(mem_freep) char *path = test_scenario("pasted");
    struct run run = RUN("run", path, CENSUS, "--points", "--no-store");

    cr_assert_eq(run.status, 0, "%s", run.err);
    cr_expect_eq(paste_all(run.out, "As one execution sent it, in one line", 1), 3, "%s",
                 run.out);
    cr_expect_eq(paste_all(run.out, "As it was tried", 0), 3, "%s", run.out);
    run_release(&run);
    /* What is compared with it anyway is not told twice. */
    run = RUN("try", "SADD a 1 | SADD b 1");
    EXPECT_SAYS(run.out, "Tried: harmless at all 5 points.");
    cr_expect(!says(run.out, "As it was tried"), "%s", run.out);
    run_release(&run);
    run = RUN("try", "INCR k | EXPIRE k 60", "--reference", "lua(INCR k ; EXPIRE k 60)");
    cr_expect_eq(paste_all(run.out, "As it was tried", 0), 1, "%s", run.out);
    run_release(&run);
}

/* With what it finds, and who survives it: without that it would do harm, or nothing. */
Test(try, what_is_printed_asks_what_was_asked)
{
    static const struct {
        const char *arguments[ARGUMENTS];
        const char *says;
    } rows[] = {
        { { "RPOP {w} | LPUSH {w}q 'it is'", "--before", "RPUSH {w} \"it is\"" },
          "try --before 'RPUSH {w} \"it is\"' 'LMOVE {w} {w}q RIGHT LEFT'" },
        { { "LMOVE {w} {w}q LEFT RIGHT | SADD {s} a | SADD {s}t a", "--before",
            "RPUSH {w} j", "--recover", "LMOVE {w}q {w} LEFT RIGHT" },
          "--recover 'LMOVE {w}q {w} LEFT RIGHT'" },
        { { "SET l me NX | SET r 1 | DEL l", "--alive", "SET l you NX EX 9", "--tolerate",
            "70" },
          "try --alive 'SET l you NX EX 9' --tolerate 70 'SET l me NX EX 60" },
        { { "HSET run:1 by me | SET r 1 | DEL run:1", "--ref", "SET r 1", "--tolerate",
            "20" },
          "try --tolerate 20 '[HSET run:1 by me ; EXPIRE run:1 20]" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *arguments[ARGUMENTS + 2] = { "try" };
        struct run run;

        memcpy(arguments + 1, rows[i].arguments, sizeof(rows[i].arguments));
        run = run_afterkill(arguments);
        cr_expect_eq(run.status, 1, "%s", run.out);
        cr_expect(strstr(run.out, rows[i].says), "no '%s' in: %s", rows[i].says, run.out);
        cr_expect_eq(paste_all(run.out, "As it was tried", 0), 1, "%s", run.out);
        run_release(&run);
    }
}

/* The same of a file, and of a run that was kept; functions stand in no line. */
Test(try, what_files_ask_is_printed_if_a_line_can_ask_it)
{
    static const char strategies[] =
        "strategies = { { name = 'old', expect = 'lost', update = 'RPOP w | LPUSH q j' "
        "},\n"
        "{ name = 'new', reference = true, update = 'RPOPLPUSH w q' } } }\n";
    static const struct {
        const char *asks, *says;
        size_t lines;
    } rows[] = {
        { "before = 'RPUSH w j'", "try --before 'RPUSH w j' 'LMOVE w q RIGHT LEFT'", 1 },
        { "before = function(redis) redis.call('RPUSH', 'w', 'j') end",
          "cannot ask all that this scenario asks):\n"
          "        update = 'LMOVE w q RIGHT LEFT'\n",
          0 },
        { "ignore = { 'x' }, before = 'RPUSH w j'", "cannot ask all", 0 },
    };
    char *directory = test_directory();
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep)
        char *text = mem_printf("return { %s, %s", rows[i].asks, strategies);
        CLEANUP(mem_freep) char *path = test_file(directory, "case.lua", text);
        struct run run = RUN("run", path, CENSUS, "-o", kept);

        run_release(&run);
        run = RUN("report", "--full", kept);
        cr_expect(strstr(run.out, rows[i].says), "no '%s' in: %s", rows[i].says, run.out);
        cr_expect_eq(paste_all(run.out, "As it was tried:", 0), rows[i].lines, "%s",
                     run.out);
        run_release(&run);
        file_remove_tree(kept, &(struct err){ 0 });
        unlink(path);
    }
    test_directory_remove(directory);
}

/* As it can be typed here: by a script that calls it, too. */
Test(try, is_called_in_a_replay_as_everywhere)
{
    CLEANUP(mem_freep) char *path = test_scenario("pasted");
    char *directory = test_directory();
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    struct run run = RUN("run", path, CENSUS, "-o", kept);

    run_release(&run);
    run = RUN("replay", kept, "buffer:2");
    EXPECT_SAYS(run.out, "what it finds: afterkill try 'DEL k ; HSET k a 1 ;");
    run_release(&run);
    setenv("AFTERKILL_PROGRAM", "tools/run", 1);
    run = RUN("replay", kept, "buffer:2");
    EXPECT_SAYS(run.out, "what it finds: tools/run try 'DEL k ; HSET k a 1 ;");
    run_release(&run);
    test_directory_remove(directory);
}
