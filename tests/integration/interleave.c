/* interleave.c - two runs that take turns: `afterkill run --against` another scenario, or
 * another afterkill.
 *
 * The other afterkill is a script that does something of its own, and then becomes the
 * one under test. Rates are so far from each other that neither chance nor the machine
 * can make them alike (campaign.c); where both sides are the same, a confidence of
 * 0.999999999 leaves one test in 1e9 to chance. */
#include "kept.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define SURELY "--confidence", "0.999999999"

/* Each slice begins with what its lanes have to learn, which takes longer than so few
 * kills. */
#define BY_ONE "--lanes", "1"

/* `old` of one round trip, of many, and of many in which it leaks. */
#define SCENARIO(old)                                                                    \
    "return { strategies = {\n"                                                          \
    "  { name = 'old', update = function(redis) " old " end },\n"                        \
    "  { name = 'fixed', reference = true, update = function(redis)\n"                   \
    "      redis.call('SET', 'lock', 'me', 'EX', 60) end } } }\n"
#define WORK "for _ = 1, 30 do redis.call('PING') end "
#define SHORT "redis.call('SET', 'lock', 'me', 'EX', 60)"
#define LONG SHORT " " WORK
#define LEAKY "redis.call('SET', 'lock', 'me') " WORK "redis.call('EXPIRE', 'lock', 60)"

/* Where scenarios, scripts and runs of a test are; temporary files are elsewhere. */
struct place {
    char *temporary, *home;
};

static struct place place_make(void)
{
    struct place place = { .temporary = test_directory() };

    place.home = mem_printf("%s.home", place.temporary);
    cr_assert_eq(mkdir(place.home, 0700), 0);
    cr_assert_eq(chdir(place.home), 0);
    free(test_file(place.home, "short.lua", SCENARIO(SHORT)));
    free(test_file(place.home, "same.lua", SCENARIO(SHORT)));
    free(test_file(place.home, "long.lua", SCENARIO(LONG)));
    free(test_file(place.home, "leaky.lua", SCENARIO(LEAKY)));
    processes_adopt();
    return place;
}

static void place_remove(struct place *place)
{
    processes_wait();
    cr_expect_eq(test_directory_entries(place->temporary), 0, "leftovers in TMPDIR");
    cr_assert_eq(chdir("/"), 0);
    cr_expect_eq(file_remove_tree(place->home, &ERR_NULL), 0);
    free(place->home);
    test_directory_remove(place->temporary);
}

/* Another afterkill: its first argument is the command, and all of them are in $*. */
static void write_script(const struct place *place, const char *name, const char *does)
{
    CLEANUP(mem_freep)
    char *text =
        mem_printf("#!/bin/sh\n%s\nexec '%s' \"$@\"\n", does, getenv("AFTERKILL"));
    CLEANUP(mem_freep) char *path = test_file(place->home, name, text);

    cr_assert_eq(chmod(path, 0700), 0);
}

static const char *text_at(const struct run *run, const char *first, const char *second)
{
    const json_t *value = json_object_get(run->json, first);

    return json_string_value(second ? json_object_get(value, second) : value);
}

static json_t *comparison_row(const struct run *run, const char *strategy)
{
    json_t *rows = json_object_get(json_object_get(run->json, "comparison"), "rows"),
           *row;
    size_t i;

    json_array_foreach (rows, i, row)
        if (strcmp(json_string_value(json_object_get(row, "new")), strategy) == 0)
            return row;
    cr_assert_fail("no row of %s", strategy);
    return NULL;
}

/* Every trial is in both runs once, and the newer one knows what the older one is. */
static void expect_whole(const char *directory, long long trials)
{
    cr_expect_eq(kept_number(directory, "SELECT count(*) FROM trials"), trials);
    cr_expect_eq(kept_number(directory, "SELECT max(number) FROM trials"), trials - 1);
    cr_expect_eq(kept_number(directory,
                             "SELECT value = 'complete' FROM run WHERE name = 'status'"),
                 1);
}

Test(interleave_alone, alike)
{
    struct place place = place_make();
    struct run run = RUN("run", "same.lua", "--against", "short.lua", "--trials", "400",
                         "-o", "kept", "--format", "json", SURELY);
    struct run again = RUN("compare", "kept/base", "kept", "--format", "json", SURELY);
    json_t *comparison;

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    cr_assert_not_null(run.json, "%s", run.out);
    comparison = json_object_get(run.json, "comparison");
    cr_expect_str_eq(text_at(&run, "comparison", "verdict"), "pass");
    cr_expect_str_eq(text_at(&run, "scenario", NULL), "same");
    cr_expect(json_is_true(json_object_get(comparison, "interleaved")));
    for (size_t i = 0; i < 2; i++) {
        json_t *row = comparison_row(&run, i ? "fixed" : "old");

        cr_expect_str_eq(
            json_string_value(json_object_get(
                json_object_get(json_object_get(row, "rates"), "harmed"), "verdict")),
            "not distinguishable");
    }
    expect_whole("kept", 800);
    expect_whole("kept/base", 800);
    cr_expect_str_eq(text_at(&again, "base", "scenario"), "short");
    cr_expect(json_is_true(json_object_get(again.json, "interleaved")));
    cr_expect(json_equal(json_object_get(again.json, "rows"),
                         json_object_get(comparison, "rows")));
    run_release(&run);
    run_release(&again);
    /* Two runs that did not take turns with each other, though each did. */
    run = RUN("run", "same.lua", "--against", "short.lua", CENSUS, "-o", "other", "-q");
    cr_expect_eq(run.status, 0, "%s", run.err);
    EXPECT_SILENT(run.err);
    run_release(&run);
    again = RUN("compare", "kept/base", "other", "--format", "json");
    cr_expect(json_is_false(json_object_get(again.json, "interleaved")));
    run_release(&again);
    place_remove(&place);
}

/* Each of two bounds fails a run alone, and both pass together. */
Test(interleave_alone, harm_and_speed_are_seen)
{
    static const struct {
        const char *new, *base, *bounds[4];
        int status;
        const char *says;
    } rows[] = {
        { "leaky.lua", "long.lua", { "--margin", "0.1" }, 1, "old regressed" },
        { "long.lua",
          "short.lua",
          { "--min-updates-ratio", "0.8" },
          1,
          "fails --min-updates-ratio" },
        { "short.lua",
          "leaky.lua",
          { "--min-updates-ratio", "1.2", "--margin", "0.1" },
          0,
          "PASS" },
    };
    struct place place = place_make();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *const *bounds = rows[i].bounds;
        struct run run = RUN("run", rows[i].new, BY_ONE, "--against", rows[i].base,
                             "--trials", "200", "--strategy", "old", "--full", bounds[0],
                             bounds[1], bounds[2], bounds[3]);

        expect_decided(&run, rows[i].status, rows[i].says);
        EXPECT_SAYS(run.out, "base and new took turns");
        run_release(&run);
    }
    place_remove(&place);
}

/* Of so few kills none may have landed on a side: then there is nothing to compare. */
static void expect_compared(const struct run *run)
{
    cr_expect(run->status == 0 || run->status == 3, "status %d: %s%s", run->status,
              run->err, run->out);
}

/* It is asked what it is; runs each slice of the base, and puts them together. */
Test(interleave, another_afterkill)
{
    static const char expected[] = "--version\n"
                                   "run --shard=1/2 --now=1 --trials=3 short.lua\n"
                                   "run --shard=2/2 --now=1 --trials=3 short.lua\n"
                                   "merge base\n";
    struct place place = place_make();
    struct run run;
    char *said;

    write_script(&place, "other",
                 "case $1 in\n"
                 "run) echo \"$1 $3 $4 $5 $6\" ;;\n"
                 "merge) echo \"$1 ${2##*/}\" ;;\n"
                 "*) echo \"$*\" ;;\n"
                 "esac >> said");
    run = RUN("run", "short.lua", "--against", "./other", "--trials", "3", "--now", "1",
              "-o", "kept", "--format", "json");
    expect_compared(&run);
    said = kept_text(".", "said");
    cr_expect_str_eq(said, expected);
    free(said);
    expect_whole("kept", 6);
    expect_whole("kept/base", 6);
    run_release(&run);
    /* The program itself, by another name. */
    cr_assert_eq(symlink(getenv("AFTERKILL"), "link"), 0);
    run = RUN("run", "short.lua", "--against", "link", "--trials", "2", "-q", "-o",
              "linked");
    expect_compared(&run);
    run_release(&run);
    place_remove(&place);
}

/* What cannot be is said before anything is run, and nothing is made. */
Test(interleave, what_cannot_be){
#define ROW(against, ...) { { "run", "--against", against, __VA_ARGS__, NULL },
    static const struct { const char * arguments[10];
const char *says;
}
rows[] = { ROW("nothing", "short.lua") "there is no run in a directory of that name" },
    ROW("./script", "short.lua") "does not answer --version"
}
, ROW("text", "short.lua") "text:1: syntax error"
}
, ROW("baseline.json", "short.lua") "--baseline baseline.json"
}
, ROW("-", "short.lua") "no file, either"
}
, ROW("short.lua", "-") "standard input"
}
, ROW("short.lua", "--", "true") "a program on the command line"
}
, ROW("short.lua", "short.lua", "--no-store") "--no-store"
}
, ROW("short.lua", "short.lua", "--time", "5s") "--time"
}
, ROW("short.lua", "short.lua", "--until-below", "0.1") "--until-below"
}
, ROW("short.lua", "short.lua", "--resume", "kept") "--resume"
}
, ROW("short.lua", "short.lua", "--shard", "1/2") "a shard is not held to"
}
, ROW("short.lua", "short.lua", "--sweep", "a=1,2") "--sweep"
}
, ROW("short.lua", "short.lua", "-o", "kept") "there is a run in 'kept' already"
}
, ROW("other.lua", "short.lua") "no strategy of the same name"
}
, ROW("short.lua", "short.lua", "--strategy", "o*,new") "no strategy 'new'"
}
, ROW("program.lua", "short.lua") "has programs"
}
, ROW("short.lua", "program.lua") "has programs"
}
, ROW("short.lua", "short.lua", "--set", "a=1") "no parameter 'a'"
}
, ROW("sidekiq_busy", "short.lua") "no strategy of the same name"
}
,
}
;
#undef ROW
struct place place = place_make();
struct run run = RUN("run", "short.lua", CENSUS, "-o", "kept");
size_t entries;

cr_expect_eq(run.status, 0, "%s", run.err);
run_release(&run);
free(test_file(place.home, "text", "this is no Lua"));
free(test_file(place.home, "baseline.json", "{ \"a\": 1 }"));
free(test_file(place.home, "other.lua",
               "return { strategies = { { name = 'x', update = 'SET a 1' } } }"));
free(test_file(place.home, "program.lua",
               "return { strategies = { { name = 'old', command = { 'true' } } } }"));
free(test_file(place.home, "script", "#!/bin/sh\necho hello\n"));
cr_assert_eq(chmod("script", 0700), 0);
entries = test_directory_entries(place.home);
for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
    run = run_afterkill(rows[i].arguments);
    cr_expect_eq(run.status, 2, "row %zu: status %d: %s%s", i, run.status, run.out,
                 run.err);
    EXPECT_SAYS(run.err, rows[i].says);
    EXPECT_SILENT(run.out);
    run_release(&run);
}
cr_expect_eq(test_directory_entries(place.home), entries);
cr_expect_eq(access("kept/base", F_OK), -1);
place_remove(&place);
}

/* The other one's own words, and its status; and what both have done by then is kept. */
Test(interleave, slices_that_fail)
{
#define AT_SLICE(number, does) "case $* in *--shard=" number "/*) " does ";; esac"
    static const struct {
        const char *does;
        int status;
        const char *says;
        long long kept; /* trials of each side */
    } rows[] = {
        { AT_SLICE("3", "kill -9 $$"), 4,
          "slice 5 of 16 (base 3/8): it was ended by signal 9", 10 },
        { AT_SLICE("4", "(echo 10 kills; echo 'afterkill: no such thing') >&2; exit 2"),
          2, "slice 8 of 16 (base 4/8): no such thing", 15 },
        { AT_SLICE("1", "exit 0"), 4,
          "slice 1 of 16 (base 1/8): it ended with status 0, and said nothing", 0 },
    };
    struct place place = place_make();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *kept = mem_printf("kept-%zu", i);
        CLEANUP(mem_freep) char *base = mem_printf("%s/base", kept);
        struct run run;

        write_script(&place, "other", rows[i].does);
        run = RUN("run", "short.lua", BY_ONE, "--against", "./other", "--trials", "20",
                  "--strategy", "fixed,old", "-o", kept);
        cr_expect_eq(run.status, rows[i].status, "row %zu: status %d: %s", i, run.status,
                     run.err);
        EXPECT_SAYS(run.err, rows[i].says);
        if (rows[i].kept) {
            cr_expect_eq(kept_number(kept, "SELECT count(*) FROM trials"), rows[i].kept,
                         "row %zu", i);
            cr_expect_eq(kept_number(base, "SELECT count(*) FROM trials"), rows[i].kept,
                         "row %zu", i);
        } else {
            cr_expect_eq(access(kept, F_OK), -1, "row %zu", i);
        }
        run_release(&run);
    }
    place_remove(&place);
}

/* The line of a text that begins with these words; the caller frees it. */
static char *line_of(const char *text, const char *words)
{
    const char *line = strstr(text, words);

    cr_assert_not_null(line, "no '%s' in:\n%s", words, text);
    return mem_printf("%.*s", (int)strcspn(line, "\n"), line);
}

/* What could not be put together can be by the lines that are printed: here, as much as
 * was done by then. */
Test(interleave, slices_stay_if_they_cannot_be_merged)
{
    struct place place = place_make();
    CLEANUP(mem_freep) char *base = NULL;
    CLEANUP(mem_freep) char *new = NULL;
    CLEANUP(mem_freep) char *script = NULL;
    struct run run;

    write_script(&place, "other",
                 "case $1 in merge) [ -e mended ] || { echo no room >&2; exit 4; };; "
                 "esac\n" AT_SLICE("3", "exit 4"));
    run = RUN("run", "short.lua", BY_ONE, "--against", "./other", "--trials", "20", "-o",
              "kept");
    cr_expect_eq(run.status, 4, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "no room");
    EXPECT_SAYS(run.err, "compare kept/base kept");
    cr_expect_eq(access("kept", F_OK), -1);
    base = line_of(run.err, "./other merge");
    new = line_of(run.err, "afterkill merge");
    run_release(&run);
    script = mem_printf("afterkill() { '%s' \"$@\"; }; touch mended; (%s; %s) >&2 && "
                        "rm -r \"$TMPDIR\"/afterkill-slices-*",
                        getenv("AFTERKILL"), base, new);
    cr_expect_eq(system(script), 0, "%s", script);
    cr_expect_eq(kept_number("kept", "SELECT count(*) FROM trials"), 10);
    cr_expect_eq(kept_number("kept/base", "SELECT count(*) FROM trials"), 10);
    place_remove(&place);
}

/* An afterkill that keeps its runs otherwise is found out after its first slice. */
Test(interleave, other_versions)
{
    /* Bytes 60 to 63 of an SQLite file are its user_version. */
    static const struct {
        const char *octal, *says;
    } rows[] = {
        { "\\001", "the base was made by an older afterkill" },
        { "\\143", "newer" },
    };
    struct place place = place_make();

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep)
        char *does = mem_printf("case $1 in run)\n"
                                "  '%s' \"$@\"\n"
                                "  printf '\\000\\000\\000%s' | dd bs=1 seek=60 "
                                "conv=notrunc of=\"${2#--output=}/run.sqlite\"\n"
                                "  exit 0 ;;\n"
                                "esac",
                                getenv("AFTERKILL"), rows[i].octal);
        struct run run;

        write_script(&place, "other", does);
        run = RUN("run", "short.lua", BY_ONE, "--against", "./other", "--trials", "20",
                  "-o", "kept");
        cr_expect_eq(run.status, 2, "row %zu: status %d: %s", i, run.status, run.err);
        EXPECT_SAYS(run.err, rows[i].says);
        EXPECT_SILENT(run.out);
        cr_expect_eq(access("kept", F_OK), -1);
        run_release(&run);
    }
    place_remove(&place);
}

/* Starts a run that has come to its fifth slice, which waits for what never comes. */
static struct live_run start_to_fifth(const struct place *place)
{
    int fifo = test_fifo(place->home, "fifo", O_RDWR);
    struct live_run live;
    char byte;

    write_script(place, "other", AT_SLICE("3", "echo >fifo; exec sleep 1000000"));
    live = START("run", "short.lua", "--against", "./other", "--trials", "20", "-o",
                 "kept", "--strategy", "old");
    cr_assert_eq(read(fifo, &byte, 1), 1);
    close(fifo);
    return live;
}

Test(interleave, asked_to_stop)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    struct place place = place_make();

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        struct live_run live = start_to_fifth(&place);
        struct run run;

        if (i == 0) /* where nobody has a terminal, it says now and then how far it is */
            cr_expect(run_wait_for(&live, "slice 5 of 16 (base 3/8), "));
        cr_assert_eq(kill(live.pid, signals[i]), 0);
        run = run_finish(&live);
        cr_expect_eq(run.status, 130, "status %d: %s", run.status, run.err);
        EXPECT_SAYS(run.err, "slice 5 of 16 (base 3/8): stopped by signal ");
        expect_stopped_by(run.err, signals[i]);
        EXPECT_SAYS(run.out, "without 3/8, 4/8, 5/8, 6/8, 7/8, 8/8");
        EXPECT_SAYS(run.out, "INCOMPLETE: slice 5 of 16");
        cr_expect_eq(kept_number("kept", "SELECT count(*) FROM trials"), 6);
        cr_expect_eq(kept_number("kept/base", "SELECT count(*) FROM trials"), 6);
        run_release(&run);
        run = RUN("report", "kept/base");
        EXPECT_SAYS(run.out, "INCOMPLETE: slice 5 of 16");
        run_release(&run);
        run = RUN("run", "--resume", "kept");
        cr_expect_eq(run.status, 2);
        EXPECT_SAYS(run.err, "took turns with another one");
        run_release(&run);
        processes_wait();
        cr_expect_eq(test_directory_entries(place.temporary), 0);
        cr_assert_eq(file_remove_tree("kept", &ERR_NULL), 0);
        cr_assert_eq(unlink("fifo"), 0);
    }
    place_remove(&place);
}

/* No process survives; what it could not remove, the next run does. */
Test(interleave, killed)
{
    struct place place = place_make();
    struct live_run live = start_to_fifth(&place);
    struct run run;

    cr_assert_eq(kill(live.pid, SIGKILL), 0);
    run = run_finish(&live);
    cr_expect_eq(run.status, 128 + SIGKILL);
    run_release(&run);
    processes_wait();
    cr_expect_gt(test_directory_entries(place.temporary), 0);
    run = RUN("run", "short.lua", "--against", "same.lua", CENSUS, "-q", "-o", "kept");
    cr_expect_eq(run.status, 0, "status %d: %s%s", run.status, run.err, run.out);
    run_release(&run);
    place_remove(&place);
}

/* Too little for what is put together of both runs, even of few kills; with 160k it fills
 * later, while their report is kept. Only root may mount a file system, in a mount
 * namespace of its own. */
static bool mount_small(const char *directory)
{
    return unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", directory, "tmpfs", 0, "size=150k") == 0;
}

/* Where both runs are put together there is less room than where the slices are. */
Test(interleave, disk_that_fills)
{
    struct place place = place_make();
    struct run run;

    cr_assert_eq(mkdir("small", 0700), 0);
    if (!mount_small("small")) {
        place_remove(&place);
        cr_skip_test("mounting a small file system is not allowed here");
    }
    run = RUN("run", "same.lua", BY_ONE, "--against", "short.lua", "--trials", "400",
              "-o", "small/kept");
    cr_expect_eq(run.status, 4, "status %d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, "the disk is full");
    EXPECT_SILENT(run.out);
    EXPECT_SAYS(run.err, "the slices stay in '");
    cr_expect_eq(test_directory_entries("small"), 0);
    run_release(&run);
    cr_expect_eq(system("rm -r \"$TMPDIR\"/afterkill-slices-*"), 0);
    cr_expect_eq(umount("small"), 0);
    place_remove(&place);
}
