/* shard: every trial is in exactly one shard; what is written is understood exactly or
 * refused in words that help; an engine's variables are believed only if nothing
 * contradicts them. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd/shard_auto.h"
#include "testlib.h"

/* ---- shares ---- */

/* Sizes on both sides of multiples of n. Each shard's items, listed one by one, are in
 * order, its own, and together each item once. */
Test(shares, every_trial_is_in_exactly_one)
{
    for (uint64_t total = 1; total <= 17; total++) {
        for (uint64_t items = 0; items <= 4 * total + 1; items++) {
            uint64_t all = 0, largest = 0, least = UINT64_MAX;
            bool seen[4 * 17 + 1] = { false };

            for (uint64_t index = 0; index < total; index++) {
                struct shard shard = { index, total };
                uint64_t size = shard_size(shard, items);

                for (uint64_t j = 0; j < size; j++) {
                    uint64_t item = shard_item(shard, j);

                    cr_assert_lt(item, items, "%d of %d", (int)index, (int)total);
                    cr_assert(shard_has(shard, item) && !seen[item], "%d of %d, %d",
                              (int)index, (int)total, (int)item);
                    seen[item] = true;
                }
                cr_expect_geq(shard_item(shard, size), items, "one is left out");
                all += size;
                largest = size > largest ? size : largest;
                least = size < least ? size : least;
            }
            cr_expect_eq(all, items, "%d items in %d shards", (int)items, (int)total);
            cr_expect_leq(largest - least, 1, "%d items in %d shards", (int)items,
                          (int)total);
        }
    }
}

Test(shares, of_one_are_everything)
{
    const struct shard whole = SHARD_WHOLE;

    cr_expect_eq(shard_size(whole, 1000), 1000);
    cr_expect_eq(shard_item(whole, 999), 999);
    cr_expect(shard_has(whole, 123));
}

Test(shares, hold_up_to_the_largest_numbers)
{
    static const uint64_t items[] = { (UINT64_C(1) << 63) - 1, UINT64_C(1) << 63 };
    static const uint64_t totals[] = { 1, 2, 3, 7, 1000, 999983, SHARDS_MOST };

    for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(totals); k++) {
            uint64_t sum = 0;

            for (uint64_t index = 0; index < totals[k]; index++) {
                struct shard shard = { index, totals[k] };
                uint64_t size = shard_size(shard, items[i]);
                uint64_t last = shard_item(shard, size - 1);

                sum += size;
                if (last >= items[i] || items[i] - last > totals[k] ||
                    !shard_has(shard, last))
                    cr_assert(false, "%d of %d: the last is item %llu", (int)index,
                              (int)totals[k], (unsigned long long)last);
            }
            cr_expect_eq(sum, items[i], "%d shards", (int)totals[k]);
        }
    }
}

Test(shares, may_be_empty)
{
    cr_expect_eq(shard_size((struct shard){ 5, 8 }, 5), 0);
    cr_expect_eq(shard_size((struct shard){ 5, 8 }, 6), 1);
    cr_expect_eq(shard_size((struct shard){ 0, SHARDS_MOST }, 0), 0);
}

/* ---- what is written ---- */

struct variable {
    char name[24], value[48];
};
#define MOST_VARIABLES 8

/* The variables of a row of a table, which end with one without a name. */
static const char *get(void *context, const char *name)
{
    const struct variable *variables = context;

    for (size_t i = 0; i < MOST_VARIABLES && variables[i].name[0]; i++)
        if (strcmp(variables[i].name, name) == 0)
            return variables[i].value;
    return NULL;
}

#define UNTOUCHED ((struct shard){ 77, 99 })

static void expect_shard(const char *text, const struct variable *variables,
                         uint64_t index, uint64_t total)
{
    struct shard shard = UNTOUCHED;
    struct err err = ERR_NULL;

    cr_expect_eq(shard_auto_parse(text, get, (void *)(uintptr_t)variables, &shard, &err),
                 0, "'%s': %s", text, err.msg);
    cr_expect(shard.index == index && shard.total == total, "'%s': %d of %d", text,
              (int)shard.index, (int)shard.total);
}

/* `words`: what the message must say, several of them separated by '|'. */
static void expect_refusal(const char *text, const struct variable *variables,
                           const char *words)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(words);
    struct shard shard = UNTOUCHED;
    struct err err = ERR_NULL;
    char *rest = NULL;

    cr_expect_eq(shard_auto_parse(text, get, (void *)(uintptr_t)variables, &shard, &err),
                 ERR_USAGE, "'%s' is taken", text);
    cr_expect(shard.index == 77 && shard.total == 99, "'%s' writes a result", text);
    cr_expect_lt(strlen(err.msg), sizeof(err.msg) - 1, "'%s': too long", text);
    for (char *word = strtok_r(copy, "|", &rest); word; word = strtok_r(NULL, "|", &rest))
        cr_expect(strstr(err.msg, word), "'%s': expected \"%s\" in:\n%s", text, word,
                  err.msg);
}

static const struct variable nothing[MOST_VARIABLES];

Test(written, is_understood)
{
    static const struct {
        const char *text;
        uint64_t index, total;
    } cases[] = {
        { "1/1", 0, 1 },
        { "1/4", 0, 4 },
        { "4/4", 3, 4 },
        { "02/04", 1, 4 },
        { "1/1000000", 0, 1000000 },
        { "1000000/1000000", 999999, 1000000 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_shard(cases[i].text, nothing, cases[i].index, cases[i].total);
}

Test(written, needs_no_engine)
{
    static const struct variable array[MOST_VARIABLES] = {
        { "SLURM_ARRAY_TASK_ID", "3" },
        { "CI_NODE_INDEX", "x" },
    };

    expect_shard("3/4", array, 2, 4);
}

Test(written, is_refused_in_clear_words)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        { "0/4", "'0/4'|count from 1|1/4" },
        { "5/4", "'5/4'|no such shard|4/4" },
        { "1/0", "'1/0'|at least one shard|1/1" },
        { "0/0", "at least one shard" },
        { "1/1000001", "at most 1000000" },
        { "1/18446744073709551617", "at most 1000000" },
        { "1/99999999999999999999999999999999999", "at most 1000000" },
        { "18446744073709551617/4", "no such shard" },
        { "99999999999999999999999999999999999/4", "no such shard" },
        { "a/b", "'a/b'|expected i/n|auto" },
        { "-1/4", "expected i/n" },
        { "1/-4", "expected i/n" },
        { "+1/4", "expected i/n" },
        { " 1/4", "expected i/n" },
        { "1/4 ", "expected i/n" },
        { "1 /4", "expected i/n" },
        { "1/4x", "expected i/n" },
        { "1/4/4", "expected i/n" },
        { "1/", "expected i/n" },
        { "/4", "expected i/n" },
        { "/", "expected i/n" },
        { "", "expected i/n" },
        { "3", "expected i/n" },
        { "1.5/4", "expected i/n" },
        { "1/4.0", "expected i/n" },
        { "0x1/4", "expected i/n" },
        { "1e0/4", "expected i/n" },
        { "Auto", "expected i/n" },
        { "aut", "expected i/n" },
        { "auto/", "'auto/'|expected auto, or auto/n" },
        { "auto/x", "expected auto, or auto/n" },
        { "auto/-4", "expected auto, or auto/n" },
        { "auto/4x", "expected auto, or auto/n" },
        { "auto/1/4", "expected auto, or auto/n" },
        { "auto4", "expected auto, or auto/n" },
        { "automatic", "expected auto, or auto/n" },
        { "auto ", "expected auto, or auto/n" },
        { "auto/0", "at least one shard" },
        { "auto/1000001", "at most 1000000" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_refusal(cases[i].text, nothing, cases[i].words);
}

/* ---- auto ---- */

#define NODE(i, n)                                                                       \
    { "CI_NODE_INDEX", i },                                                              \
    {                                                                                    \
        "CI_NODE_TOTAL", n                                                               \
    }
#define SRUN(i, n)                                                                       \
    { "SLURM_PROCID", i },                                                               \
    {                                                                                    \
        "SLURM_NTASKS", n                                                                \
    }
#define BAZEL(i, n)                                                                      \
    { "TEST_SHARD_INDEX", i },                                                           \
    {                                                                                    \
        "TEST_TOTAL_SHARDS", n                                                           \
    }
#define GTEST(i, n)                                                                      \
    { "GTEST_SHARD_INDEX", i },                                                          \
    {                                                                                    \
        "GTEST_TOTAL_SHARDS", n                                                          \
    }
#define INDEXED(i)                                                                       \
    {                                                                                    \
        "JOB_COMPLETION_INDEX", i                                                        \
    }

Test(automatic, every_engine_is_understood)
{
    static const struct {
        const char *text;
        struct variable variables[MOST_VARIABLES];
        uint64_t index, total;
    } cases[] = {
        { "auto", { NODE("1", "4") }, 0, 4 },
        { "auto", { NODE("4", "4") }, 3, 4 },
        { "auto/4", { NODE("4", "4") }, 3, 4 },
        { "auto", { SRUN("0", "4") }, 0, 4 },
        { "auto", { SRUN("3", "4") }, 3, 4 },
        { "auto", { SRUN("0", "1") }, 0, 1 },
        { "auto/4", { INDEXED("0") }, 0, 4 },
        { "auto/4", { INDEXED("3") }, 3, 4 },
        { "auto", { BAZEL("0", "4") }, 0, 4 },
        { "auto", { BAZEL("3", "4") }, 3, 4 },
        { "auto", { GTEST("0", "4") }, 0, 4 },
        { "auto", { GTEST("3", "4") }, 3, 4 },
        { "auto", { NODE("1000000", "1000000") }, 999999, 1000000 },
        /* Several that agree. */
        { "auto", { BAZEL("2", "4"), GTEST("2", "4") }, 2, 4 },
        { "auto", { NODE("3", "4"), BAZEL("2", "4"), SRUN("2", "4") }, 2, 4 },
        { "auto/4", { NODE("3", "4"), INDEXED("2") }, 2, 4 },
        /* Those that are not at work do not count. */
        { "auto", { { "CI_NODE_TOTAL", "1" }, BAZEL("2", "4") }, 2, 4 },
        { "auto", { { "SLURM_PROCID", "0" }, NODE("2", "4") }, 1, 4 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_shard(cases[i].text, cases[i].variables, cases[i].index, cases[i].total);
}

Test(automatic, what_cannot_be_believed_is_refused)
{
    static const struct {
        const char *text;
        struct variable variables[MOST_VARIABLES];
        const char *words;
    } cases[] = {
        /* Nobody there. */
        { "auto",
          { { "", "" } },
          "'auto'|CI_NODE_INDEX|GitLab|SLURM_PROCID|srun|JOB_COMPLETION_INDEX|Kubernetes|"
          "TEST_SHARD_INDEX|Bazel|GTEST_SHARD_INDEX|GoogleTest" },
        { "auto/4", { { "", "" } }, "'auto/4'|looked for" },
        { "auto", { { "CI_NODE_TOTAL", "1" } }, "looked for|parallel:" },
        { "auto", { { "SLURM_PROCID", "0" } }, "looked for" },
        { "auto/4", { { "SLURM_PROCID", "0" } }, "looked for" },
        { "auto", { { "SLURM_NTASKS", "4" } }, "looked for" },
        /* The total is missing. */
        { "auto", { INDEXED("2") }, "JOB_COMPLETION_INDEX|Kubernetes|auto/N" },
        { "auto", { INDEXED("2"), NODE("3", "4") }, "JOB_COMPLETION_INDEX|auto/N" },
        { "auto", { { "CI_NODE_INDEX", "1" } }, "CI_NODE_INDEX|CI_NODE_TOTAL" },
        { "auto", { { "TEST_SHARD_INDEX", "1" } }, "TEST_SHARD_INDEX|TEST_TOTAL_SHARDS" },
        { "auto", { { "GTEST_SHARD_INDEX", "1" } }, "GTEST_TOTAL_SHARDS" },
        { "auto/4", { { "CI_NODE_INDEX", "1" } }, "CI_NODE_TOTAL" },
        /* Two totals. */
        { "auto/8", { NODE("1", "4") }, "'auto/8'|8 shards|CI_NODE_TOTAL|GitLab|says 4" },
        { "auto/3", { SRUN("0", "4") }, "3 shards|SLURM_NTASKS|says 4" },
        { "auto/3", { BAZEL("0", "4") }, "3 shards|TEST_TOTAL_SHARDS|says 4" },
        /* No numbers, or out of range. */
        { "auto", { NODE("0", "4") }, "CI_NODE_INDEX is '0'|from 1 to 4" },
        { "auto", { NODE("5", "4") }, "CI_NODE_INDEX is '5'|from 1 to 4" },
        { "auto", { NODE("1", "0") }, "CI_NODE_TOTAL is '0'|from 1 to" },
        { "auto", { NODE("one", "4") }, "CI_NODE_INDEX is 'one'" },
        { "auto", { NODE("", "4") }, "CI_NODE_INDEX is ''" },
        { "auto", { NODE("1", "") }, "CI_NODE_TOTAL is ''" },
        { "auto", { NODE("1", "4x") }, "CI_NODE_TOTAL is '4x'" },
        { "auto", { NODE("1", "1000001") }, "CI_NODE_TOTAL is '1000001'" },
        { "auto", { SRUN("4", "4") }, "SLURM_PROCID is '4'|from 0 to 3" },
        { "auto", { SRUN("-1", "4") }, "SLURM_PROCID is '-1'" },
        { "auto", { SRUN("0", "0") }, "SLURM_NTASKS is '0'" },
        { "auto/4", { INDEXED("4") }, "JOB_COMPLETION_INDEX is '4'|from 0 to 3" },
        { "auto/4", { INDEXED(" 1") }, "JOB_COMPLETION_INDEX is ' 1'" },
        { "auto", { BAZEL("4", "4") }, "TEST_SHARD_INDEX is '4'|from 0 to 3" },
        { "auto", { BAZEL("0", "0") }, "TEST_TOTAL_SHARDS is '0'" },
        { "auto",
          { GTEST("18446744073709551616", "4") },
          "GTEST_SHARD_INDEX is '184467" },
        /* One of two is wrong. */
        { "auto", { NODE("3", "4"), GTEST("2", "x") }, "GTEST_TOTAL_SHARDS is 'x'" },
        /* Two that contradict each other. */
        { "auto",
          { NODE("2", "4"), BAZEL("2", "4") },
          "CI_NODE_INDEX|2/4|TEST_SHARD_INDEX|3/4|GitLab|Bazel" },
        { "auto",
          { BAZEL("2", "4"), GTEST("2", "5") },
          "TEST_SHARD_INDEX|3/4|GTEST_SHARD_INDEX|3/5" },
        { "auto/4",
          { SRUN("0", "4"), INDEXED("3") },
          "SLURM_PROCID|1/4|JOB_COMPLETION_INDEX|4/4" },
        { "auto",
          { NODE("1", "4"), SRUN("0", "4"), GTEST("1", "4") },
          "SLURM_PROCID|1/4|GTEST_SHARD_INDEX|2/4" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        expect_refusal(cases[i].text, cases[i].variables, cases[i].words);
}

/* Even if everything about it looks as if it could be believed. */
Test(automatic, a_slurm_array_never_says_which_shard_it_is)
{
    static const struct variable arrays[][MOST_VARIABLES] = {
        { { "SLURM_ARRAY_TASK_ID", "2" }, { "SLURM_ARRAY_JOB_ID", "77" } },
        { { "SLURM_ARRAY_TASK_ID", "2" } },
        { { "SLURM_ARRAY_TASK_ID", "" } },
        { { "SLURM_ARRAY_TASK_ID", "2" }, SRUN("0", "1") },
        { { "SLURM_ARRAY_TASK_ID", "2" },
          { "SLURM_ARRAY_TASK_COUNT", "4" },
          { "SLURM_ARRAY_TASK_MIN", "1" },
          { "SLURM_ARRAY_TASK_MAX", "4" },
          SRUN("1", "4") },
        { { "SLURM_ARRAY_TASK_ID", "2" }, NODE("2", "4") },
    };
    static const struct variable job_only[MOST_VARIABLES] = {
        { "SLURM_ARRAY_JOB_ID", "77" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(arrays); i++) {
        expect_refusal("auto", arrays[i],
                       "SLURM_ARRAY_TASK_ID is set|--array=1-N|--shard "
                       "\"$SLURM_ARRAY_TASK_ID/N\"");
        expect_refusal("auto/4", arrays[i], "'auto/4'|--array=1-N");
    }
    expect_refusal("auto", job_only, "SLURM_ARRAY_JOB_ID is set|--array=1-N");
}

/* A batch script of 4 tasks sees the variables of the first; only srun starts them all,
 * and says that it did. */
Test(automatic, a_batch_script_is_not_a_shard)
{
    static const struct variable batch[MOST_VARIABLES] = { { "SLURM_JOB_ID", "77" },
                                                           SRUN("0", "4") };

    expect_refusal("auto", batch, "batch script|srun");
}

/* ---- announcing ---- */

/* The paths are longer than a row of the tables above holds. */
struct files {
    const char *bazel, *googletest; /* NULL: not set */
};

static const char *get_file(void *context, const char *name)
{
    const struct files *files = context;

    if (strcmp(name, "TEST_SHARD_STATUS_FILE") == 0)
        return files->bazel;
    return strcmp(name, "GTEST_SHARD_STATUS_FILE") == 0 ? files->googletest : NULL;
}

static char *directory;

static void enter_directory(void)
{
    directory = test_directory();
}

static void leave_directory(void)
{
    test_directory_remove(directory);
}

TestSuite(announcing, .init = enter_directory, .fini = leave_directory);

Test(announcing, makes_the_files_that_are_named)
{
    CLEANUP(mem_freep) char *one = mem_printf("%s/one", directory);
    CLEANUP(mem_freep) char *other = mem_printf("%s/other", directory);
    struct files none = { NULL, NULL }, empty = { "", "" }, same = { one, one },
                 both = { one, other };
    struct err err = ERR_NULL;

    cr_expect_eq(shard_auto_announce(get_file, &none, &err), 0, "%s", err.msg);
    cr_expect_eq(shard_auto_announce(get_file, &empty, &err), 0, "%s", err.msg);
    cr_expect_eq(test_directory_entries(directory), 0);
    cr_expect_eq(shard_auto_announce(get_file, &same, &err), 0, "%s", err.msg);
    cr_expect_eq(test_directory_entries(directory), 1);
    cr_expect_eq(shard_auto_announce(get_file, &both, &err), 0, "once more: %s", err.msg);
    cr_expect(access(one, F_OK) == 0 && access(other, F_OK) == 0);
}

Test(announcing, names_the_file_that_cannot_be_made)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/missing/file", directory);
    struct files files = { path, NULL };
    struct err err = ERR_NULL;

    cr_expect_eq(shard_auto_announce(get_file, &files, &err), -ENOENT);
    cr_expect(strstr(err.msg, path) && strstr(err.msg, "TEST_SHARD_STATUS_FILE"), "%s",
              err.msg);
}
