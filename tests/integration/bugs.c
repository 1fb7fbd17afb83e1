/* bugs.c - docs/bugs.md is what tools/bugs writes, and nobody has to remember to call it:
 * every strategy of every scenario is there, with the harm that a census finds now, and
 * nothing else is. No kills: their rates are another machine's. */
#include "testlib.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE_BYTES = 1 << 20 };

static const char *const harms[] = { "leaked", "duplicated", "lost",
                                     "mixed",  "stuck",      "broken" };

static char *read_page(void)
{
    const char *path = getenv("BUGS");
    char *page = mem_alloc(PAGE_BYTES);
    FILE *file = path ? fopen(path, "re") : NULL;
    size_t length;

    cr_assert_not_null(file, "BUGS=%s: run the tests with meson test", path);
    length = fread(page, 1, PAGE_BYTES - 1, file);
    cr_assert_lt(length, PAGE_BYTES - 1, "%s: too long for this test", path);
    page[length] = '\0';
    fclose(file);
    return page;
}

/* The row that reproduces the strategy's harm; freed by the caller. NULL: there is none.
 */
static char *find_row(const char *page, const char *scenario, const char *strategy)
{
    CLEANUP(mem_freep)
    char *command =
        mem_printf("`afterkill run %s --strategy %s --points", scenario, strategy);
    const char *at = strstr(page, command), *start = at;

    if (!at)
        return NULL;
    while (start > page && start[-1] != '\n')
        start--;
    return mem_printf("%.*s", (int)strcspn(start, "\n"), start);
}

/* The cell that tells the harm: "leaked, stuck"; "" for a strategy that does none. */
static char *harm_cell(const json_t *strategy)
{
    char *cell = mem_strdup("");

    for (size_t i = 0; i < ARRAY_SIZE(harms); i++) {
        CLEANUP(mem_freep) char *before = cell;

        cell = json_count(strategy, "census", harms[i])
                   ? mem_printf("%s%s%s", before, *before ? ", " : "", harms[i])
                   : mem_strdup(before);
    }
    return cell;
}

/* Returns how many rows the strategy has: one, or none if it is a cure. */
static size_t check_strategy(const char *page, const char *scenario,
                             const json_t *strategy)
{
    const char *name = json_string_value(json_object_get(strategy, "name"));
    CLEANUP(mem_freep) char *row = find_row(page, scenario, name);
    CLEANUP(mem_freep) char *harm = harm_cell(strategy);
    CLEANUP(mem_freep) char *cell = mem_printf("| %s |", harm);
    CLEANUP(mem_freep) char *uncrashed = mem_printf("| %s; even", harm);
    CLEANUP(mem_freep) char *for_a_while = mem_printf("| %s for ", harm);
    bool is_control = strncmp(scenario, "control_", 8) == 0;

    if (!*harm && !is_control) {
        cr_expect_null(row,
                       "docs/bugs.md says that %s/%s does harm, and it does none; "
                       "run tools/bugs",
                       scenario, name);
        return row ? 1 : 0;
    }
    cr_expect_not_null(row, "%s/%s is not in docs/bugs.md; run tools/bugs", scenario,
                       name);
    if (row)
        cr_expect(is_control || strstr(row, cell) || strstr(row, uncrashed) ||
                      strstr(row, for_a_while),
                  "docs/bugs.md does not say that %s/%s leaves \"%s\", but: %s\n"
                  "run tools/bugs",
                  scenario, name, harm, row);
    return 1;
}

static size_t count(const char *page, const char *text)
{
    size_t found = 0;

    for (const char *at = strstr(page, text); at; at = strstr(at + 1, text))
        found++;
    return found;
}

Test(bugs, page_tells_every_scenario)
{
    CLEANUP(mem_freep) char *page = read_page();
    char *directory = test_directory();
    struct run run = RUN("check", "--quick", "--lanes", "1", "--format", "json");
    json_t *entries = json_object_get(run.json, "check"), *entry, *strategy;
    size_t rows = 0, i, s;

    cr_assert_eq(run.status, 0, "status %d: %s", run.status, run.err);
    cr_assert_gt(json_array_size(entries), 0);
    json_array_foreach (entries, i, entry) {
        const char *scenario = json_string_value(json_object_get(entry, "scenario"));
        const char *title = json_string_value(json_object_get(entry, "title"));
        CLEANUP(mem_freep) char *link = mem_printf("| [%s](", title);

        cr_expect_eq(count(page, link), 1,
                     "\"%s\" (%s) is not in docs/bugs.md once; run tools/bugs", title,
                     scenario);
        json_array_foreach (json_object_get(entry, "strategies"), s, strategy)
            rows += check_strategy(page, scenario, strategy);
    }
    cr_expect_eq(count(page, "`afterkill run "), rows,
                 "docs/bugs.md has rows of what is not in scenarios/; run tools/bugs");
    run_release(&run);
    test_directory_remove(directory);
}
