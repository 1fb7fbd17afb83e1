/* formats.c - what programs read of ours, read by programs that are not ours: JSON by its
 * JSON Schema (docs/schemas), CSV by Python's csv, TAP by Perl's TAP::Parser, JUnit's XML
 * by xmllint (tests/tools/formats.py). One run and its documents; what sheets hold of odd
 * names is tested in unit/sheet.c. */
#include "testlib.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "redis/connection.h"

static char *directory, *kept, *documents;

/* A strategy that fails, one that passes, one of which nothing is expected; names that
 * would be something else to a shell, to XML, to Markdown or to a spreadsheet. */
static const char scenario[] =
    "return { title = 'names', params = { n = 2, text = 'a,\"b\"' },\n"
    "  strategies = {\n"
    "    { name = '=cmd|x', expect = 'safe', update = 'INCR k | EXPIRE k 60' },\n"
    "    { name = '<script>', update = 'SET k 1' },\n"
    "    { name = 'a`\\'b', expect = 'atomic', update = '[INCR k ; EXPIRE k 60]' } } }\n";

static void keep(const char *name, const struct run *run)
{
    free(test_file(documents, name, run->out));
}

/* Of which the exit status is another test's. */
static void document(const char *name, const char *const *arguments)
{
    struct run run = run_afterkill(arguments);

    cr_expect(run.out[0], "%s: %s", name, run.err);
    keep(name, &run);
    run_release(&run);
}
#define DOCUMENT(name, ...) document((name), (const char *const[]){ __VA_ARGS__, NULL })

static void set_up(void)
{
    directory = test_directory();
    kept = mem_printf("%s/kept", directory);
    documents = mem_printf("%s/documents", directory);
    cr_assert_eq(mkdir(documents, 0700), 0);
}

static void tear_down(void)
{
    free(documents);
    free(kept);
    test_directory_remove(directory);
}

TestSuite(formats, .init = set_up, .fini = tear_down);

/* The second of the rounds, each of which is a line. */
static void watch_document(const char *path)
{
    struct live_run live = START("audit", "-s", path, "--watch", "10ms", "--command",
                                 "SET *", "--format", "json");
    size_t length = 0, lines = 0;
    char line[32768];
    struct run run;

    while (lines < 2) {
        cr_assert_lt(length, sizeof(line) - 1);
        cr_assert_eq(read(live.out_fd, line + length, 1), 1);
        if (line[length++] != '\n')
            continue;
        if (++lines == 1)
            length = 0;
    }
    line[length] = '\0';
    free(test_file(documents, "audit-watch.json", line));
    cr_assert_eq(kill(live.pid, SIGINT), 0);
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "%d: %s", run.status, run.err);
    run_release(&run);
}

/* A live server whose names mean something to a spreadsheet, and to Markdown. */
static void audit_documents(void)
{
    static const char *const commands[][5] = {
        { "SET", "=1,\"a\":1", "1", "EX", "60" },
        { "SET", "=1,\"a\":2", "1", "EX", "60" },
        { "SET", "=1,\"a\":3", "1" },
        { "SET", "|<b>", "1" },
        { "SADD", "processes", "a<b:1:9f8e7d6c5b4a" },
    };
    struct server server = test_server(directory);
    CLEANUP(mem_freep) char *inventory = mem_printf("%s/inventory", directory);
    CLEANUP(connection_closep) redisContext *connection = NULL;
    const char *path = server.address.path;
    struct err err = ERR_NULL;

    cr_assert_eq(connection_open(&server.address, &connection, &err), 0, "%s", err.msg);
    DOCUMENT("audit-empty.json", "audit", "-s", path, "--before", inventory, "--format",
             "json");
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        const char *const *from = commands[i];
        const char *words[] = { from[0], from[1], from[2], from[3], from[4], NULL };
        CLEANUP(reply_freep) redisReply *reply = NULL;

        cr_assert_eq(connection_command(connection, &reply, &err, words), 0, "%s",
                     err.msg);
    }
    DOCUMENT("audit.json", "audit", "-s", path, "--limit", "1", "--count", "1",
             "--format", "json");
    DOCUMENT("audit-since.json", "audit", "-s", path, "--since", inventory, "--format",
             "json");
    watch_document(path);
    DOCUMENT("audit.csv", "audit", "-s", path, "--format", "csv");
    DOCUMENT("audit-since.csv", "audit", "-s", path, "--since", inventory, "--format",
             "csv");
    DOCUMENT("audit.html", "audit", "-s", path, "--format", "html");
    DOCUMENT("audit-since.html", "audit", "-s", path, "--since", inventory, "--format",
             "html");
    DOCUMENT("audit.tap", "audit", "-s", path, "--format", "tap");
    DOCUMENT("audit.xml", "audit", "-s", path, "--format", "junit");
    server_stop(&server);
}

static void validate(void)
{
    const char *sources = getenv("SOURCES");
    CLEANUP(mem_freep) char *command = NULL;
    char said[8192] = "";
    FILE *out;

    cr_assert_not_null(sources, "SOURCES is not set; run the tests with meson test");
    if (system("python3 -c 'from jsonschema import Draft202012Validator' 2>/dev/null && "
               "perl -MTAP::Parser -e 1 && "
               "xmllint --version 2>/dev/null") != 0)
        cr_skip_test("python3-jsonschema, perl or libxml2-utils is not there");
    command =
        mem_printf("python3 -W ignore '%s/tests/tools/formats.py' '%s/docs/schemas' "
                   "'%s' 2>&1",
                   sources, sources, documents);
    out = popen(command, "re");
    cr_assert_not_null(out);
    said[fread(said, 1, sizeof(said) - 1, out)] = '\0';
    cr_expect_eq(pclose(out), 0, "%s", said);
}

Test(formats, are_understood_by_others)
{
    static const char *const formats[][2] = { { "csv", "csv" },
                                              { "tap", "tap" },
                                              { "junit", "xml" } };
    CLEANUP(mem_freep) char *path = test_file(directory, "names.lua", scenario);
    CLEANUP(mem_freep) char *broken = test_file(directory, "broken.lua", "return 1");
    CLEANUP(mem_freep) char *other = mem_printf("%s/other", directory);

    DOCUMENT("run.json", "run", path, "--trials", "20", "--fault", "kill,step,byte", "-q",
             "-o", kept, "--format", "json", "--max-harm-rate", "50%");
    DOCUMENT("run-other.json", "run", path, "--trials", "20", "--lanes", "1", "-q", "-o",
             other, "--format", "json", "--against", kept);
    DOCUMENT("trials.csv", "report", kept, "--format", "csv", "--rows", "trials");
    DOCUMENT("run-census.json", "run", path, CENSUS, "-q", "--no-store", "--format",
             "json");
    DOCUMENT("sweep.json", "run", path, CENSUS, "-q", "--no-store", "--sweep", "n=1,2",
             "--format", "json");
    DOCUMENT("sweep.csv", "run", path, CENSUS, "-q", "--no-store", "--sweep", "n=1,2",
             "--format", "csv");
    DOCUMENT("compare.json", "compare", kept, "--format", "json");
    DOCUMENT("compare-two.json", "compare", kept, other, "--format", "json");
    DOCUMENT("check.json", "check", path, broken, "--quick", "-q", "--format", "json");
    DOCUMENT("list.json", "list", path, "--format", "json");
    DOCUMENT("replay.json", "replay", kept, "=cmd|x:1", "--format", "json");
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        CLEANUP(mem_freep) char *run = mem_printf("run.%s", formats[i][1]);
        CLEANUP(mem_freep) char *compare = mem_printf("compare.%s", formats[i][1]);

        DOCUMENT(run, "report", kept, "--format", formats[i][0]);
        DOCUMENT(compare, "compare", kept, other, "--format", formats[i][0]);
    }
    audit_documents();
    validate();
}

/* Everything that was not written is told, and nothing else is lost by it. */
Test(formats, that_cannot_be_written)
{
    static const char *const formats[] = { "csv", "markdown", "github", "tap", "junit" };
    CLEANUP(mem_freep) char *path = test_file(directory, "names.lua", scenario);
    struct run run = RUN("run", path, CENSUS, "-q", "-o", kept);

    run_release(&run);
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
        run = run_afterkill_into(
            "/dev/full",
            (const char *const[]){ "report", kept, "--format", formats[i], NULL });
        cr_expect_eq(run.status, 4, "%s: status %d", formats[i], run.status);
        EXPECT_SAYS(run.err, "No space left on device");
        run_release(&run);
    }
    setenv("GITHUB_STEP_SUMMARY", "/dev/full", 1);
    run = RUN("report", kept, "--format", "github");
    unsetenv("GITHUB_STEP_SUMMARY");
    cr_expect_eq(run.status, 4, "%d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "write the summary that GITHUB_STEP_SUMMARY names");
    EXPECT_SAYS(run.out, "::error file=");
    run_release(&run);
}

/* The summary goes behind what the steps before have said. */
Test(formats, for_github)
{
    CLEANUP(mem_freep) char *path = test_file(directory, "names.lua", scenario);
    CLEANUP(mem_freep) char *summary = test_file(directory, "summary", "before\n");
    CLEANUP(mem_freep) char *text = NULL;
    struct run run;

    setenv("GITHUB_STEP_SUMMARY", summary, 1);
    run = RUN("check", path, "--quick", "-q", "--format", "github");
    unsetenv("GITHUB_STEP_SUMMARY");
    cr_expect_eq(run.status, 1, "%d: %s", run.status, run.err);
    EXPECT_SAYS(run.out,
                "names.lua,line=3,title=names%3A =cmd|x::expected safe, but found "
                "leaked 1 of 3 points");
    text = file_text(summary);
    cr_expect_eq(strncmp(text, "before\n### afterkill check", 26), 0, "%s", text);
    run_release(&run);
}
