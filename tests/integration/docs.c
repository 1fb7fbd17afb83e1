/* docs.c - what the README, docs/reading.md and docs/programs.md show of a run is what a
 * run says today: all words, tables and counts of commands; figures are another
 * machine's. And the table of docs/matrix.md has the rows that tools/matrix would make.
 */
#include "testlib.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

/* Says nothing of where a figure lies: "below 0.4%" stands where "5% [4, 6]" may. */
static bool is_figure(const char *token)
{
    static const char *const words[] = { "below", "above", "-", "us", "ms", "s" };
    size_t length = strlen(token);

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(token, words[i]) == 0)
            return true;
    return strpbrk(token, "0123456789") &&
           strspn(token, "0123456789.,%[]()e+-") == length;
}

/* Takes ", 138 left out: no time" out of the lines of a check, which only a busy machine
 * has to say. */
static void drop_left_out(char *text)
{
    static const char words[] = " left out: no time";
    char *at;

    while ((at = strstr(text, words))) {
        const char *behind = at + strlen(words);

        while (at > text && *at != ',')
            at--;
        memmove(at, behind, strlen(behind) + 1);
    }
}

/* One blank between words, # for a number inside one, nothing for figures alone, @ for
 * the directory of a run; freed by the caller. */
static char *mask(const char *text)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(text);
    char *masked, *rest = copy, *token;
    FILE *out = mem_stream(&masked);

    drop_left_out(copy);
    while ((token = strsep(&rest, " \n"))) {
        if (*token && is_figure(token) && token[strlen(token) - 1] == '.')
            fputs(". ", out); /* a sentence ends with it */
        if (!*token || is_figure(token))
            continue;
        if (strstr(token, "sidekiq_busy-"))
            token = (char *)"@";
        if (strcmp(token, "lane,") == 0) /* as many as there are CPUs */
            token = (char *)"lanes,";
        if (strcmp(token, "valkey") == 0 || strcmp(token, "redict") == 0)
            token = (char *)"redis"; /* of whichever server is there */
        for (; *token; token++) {
            bool number = *token >= '0' && *token <= '9';

            fputc(number ? '#' : *token, out);
            token += number ? strspn(token, "0123456789.") - 1 : 0;
        }
        fputc(' ', out);
    }
    fclose(out);
    return masked;
}

static char *text_of(const char *document)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/%s", getenv("SOURCES"), document);

    return file_text(path);
}

/* The block behind a line of a document that shows a command, without its indentation. */
static char *shown_behind(const char *document, const char *prompt)
{
    CLEANUP(mem_freep) char *text = text_of(document);
    const char *at = text ? strstr(text, prompt) : NULL;
    char *block;
    FILE *out = mem_stream(&block);

    cr_assert_not_null(at, "%s does not show '%s'", document, prompt);
    for (at = strchr(at, '\n') + 1; *at == '\n' || strncmp(at, "    ", 4) == 0;) {
        size_t length = strcspn(at, "\n");

        fprintf(out, "%.*s\n", length > 4 ? (int)(length - 4) : 0, at + 4);
        at += length + 1;
    }
    fclose(out);
    return block;
}

/* Dots, for what is not shown. */
static bool is_left_out(const char *line)
{
    return strncmp(line, "...\n", 4) == 0;
}

/* A paragraph, a note or what stands between dots ends here. */
static bool ends(const char *line)
{
    return *line == '\n' || *line == '(' || !*line || is_left_out(line);
}

/* What only some machines and some runs have to say. */
static bool is_chance(const char *sentence)
{
    static const char *const doubts[] = {
        "intervals allow for it",
        "attempts are left out, whatever they did",
        "attempts landed inside the update",
        "the time spent at these points predicts",
    };

    for (size_t i = 0; i < ARRAY_SIZE(doubts); i++)
        if (strstr(sentence, doubts[i]))
            return true;
    return false;
}

/* All sentences, between which there may be more: of attempts that missed, of a
 * prediction that did not come true. */
static bool says_all(const char *said, char *sentences)
{
    while (sentences) {
        char *next = strstr(sentences, ". ");

        if (next) {
            *next = '\0';
            next += strlen(". ");
        }
        if (!is_chance(sentences) && !strstr(said, sentences))
            return false;
        sentences = next;
    }
    return true;
}

/* Each part has to be there, wherever the parts that chance adds have moved it. What is
 * advised is chance where two are as fast. */
static void expect_parts(const char *document, const char *block, const char *output)
{
    CLEANUP(mem_freep) char *said = mask(output);
    size_t parts = 0;

    for (const char *at = block + strspn(block, "\n"); *at; at += strspn(at, "\n")) {
        const char *end = at;
        CLEANUP(mem_freep) char *part = NULL, *masked = NULL;

        do
            end += strcspn(end, "\n") + 1;
        while (!ends(end) && !is_left_out(at));
        part = mem_printf("%.*s", (int)(end - at), at);
        at = end;
        if (is_left_out(part) || strstr(part, "without harm"))
            continue;
        masked = mask(part);
        cr_expect(says_all(said, masked), "%s shows\n%s\nwhich is not in\n%s", document,
                  part, output);
        parts++;
    }
    cr_expect_gt(parts, 0, "%s shows nothing", document);
}

/* The last block of Lua in front of a line of a document. */
static char *lua_before(const char *document, const char *prompt)
{
    static const char begin[] = "```lua\n", end[] = "\n```\n";
    CLEANUP(mem_freep) char *text = text_of(document);
    char *at = strstr(text, prompt), *block = NULL;

    cr_assert_not_null(at, "%s does not show '%s'", document, prompt);
    *at = '\0';
    for (at = text; (at = strstr(at, begin)); at++)
        block = at + strlen(begin);
    cr_assert_not_null(block);
    at = strstr(block, end);
    cr_assert_not_null(at);
    return mem_printf("%.*s", (int)(at - block), block);
}

Test(docs, show_what_runs_say)
{
    static const struct {
        const char *document, *prompt;
        bool full;
    } shown[] = {
        { "README.md", "    $ tools/run\n", false },
        { "docs/reading.md", "    $ tools/run report --full ", true },
    };
    char *directory = test_directory();
    CLEANUP(mem_freep) char *kept = mem_printf("%s/sidekiq_busy-1", directory);
    struct run run;

    setenv("AFTERKILL_PROGRAM", "tools/run", 1);
    /* So few kills say the same words. */
    run = RUN("run", "sidekiq_busy", "--trials", "300", "-o", kept);
    cr_assert_eq(run.status, 0, "%s", run.err);
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
        CLEANUP(mem_freep)
        char *block = shown_behind(shown[i].document, shown[i].prompt);
        struct run again = RUN("report", kept, shown[i].full ? "--full" : NULL);

        expect_parts(shown[i].document, block, again.out);
        run_release(&again);
    }
    run_release(&run);
    test_directory_remove(directory);
}

Test(docs, show_what_is_said_of_a_program)
{
    CLEANUP(mem_freep)
    char *block =
        shown_behind("docs/programs.md", "    $ afterkill run --no-store -- sh");
    struct run run = RUN("run", "--no-store", "--", "sh", "-c",
                         "redis-cli -u $REDIS_URL incr k; redis-cli -u $REDIS_URL expire "
                         "k 60");

    cr_expect_eq(run.status, 1, "%s", run.err);
    expect_parts("docs/programs.md", block, run.out);
    run_release(&run);
}

Test(docs, show_what_is_told_of_a_program)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *kept = mem_printf("%s/kept", directory);
    CLEANUP(mem_freep)
    char *block = shown_behind("docs/programs.md",
                               "    $ afterkill replay results/latest program:1\n");
    struct run run = RUN("run", "-o", kept, "--", "sh", "-c",
                         "redis-cli -u $REDIS_URL incr k; redis-cli -u $REDIS_URL expire "
                         "k 60");

    cr_expect_eq(run.status, 1, "%s", run.err);
    run_release(&run);
    run = RUN("replay", kept, "program:1");
    cr_expect_eq(run.status, 0, "%s", run.err);
    expect_parts("docs/programs.md", block, run.out);
    run_release(&run);
    test_directory_remove(directory);
}

/* Where the scenario of an example comes from. */
enum source {
    CATALOGUE,
    BLOCK,    /* the Lua in front of it */
    FRAGMENT, /* the same, of what a scenario has to have */
    TEMPLATE, /* what `afterkill new` writes */
};

static char *write_source(enum source source, const char *document, const char *prompt,
                          const char *directory, const char *name)
{
    CLEANUP(mem_freep) char *lua = NULL, *whole = NULL;
    char *path = mem_printf("%s/%s.lua", directory, name);
    struct run run;

    if (source == TEMPLATE) {
        run = RUN("new", path);
        cr_assert_eq(run.status, 0, "%s", run.err);
        run_release(&run);
        return path;
    }
    if (source == CATALOGUE) {
        free(path);
        return mem_strdup(name);
    }
    lua = lua_before(document, prompt);
    whole = mem_printf(source == FRAGMENT ? "return {\n%s\n}\n" : "%s\n", lua);
    free(path);
    path = mem_printf("%s.lua", name);
    lua = (free(lua), test_file(directory, path, whole));
    free(path);
    return TAKE_PTR(lua);
}

Test(docs, show_what_examples_say)
{
    static const struct {
        const char *document, *prompt, *name;
        enum source source;
        const char *command, *arguments[4];
    } shown[] = {
        { "docs/scenarios.md",
          "    $ afterkill run crash/limiter.lua --points\n",
          "limiter",
          BLOCK,
          "run",
          { "--points" } },
        { "docs/scenarios.md",
          "    $ afterkill run ./lock.lua --points --trials 0\n",
          "lock",
          FRAGMENT,
          "run",
          { "--points", "--trials", "0" } },
        { "docs/scenarios.md",
          "    $ afterkill run sidekiq_process --set fresh=0 --trials 100\n",
          "sidekiq_process",
          CATALOGUE,
          "run",
          { "--set", "fresh=0", "--trials", "100" } },
        { "docs/ci.md",
          "    $ afterkill check ./crash/*.lua\n",
          "rate_limiter",
          TEMPLATE,
          "check",
          { NULL } },
    };
    char *directory = test_directory();

    for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
        const char *const *arguments = shown[i].arguments;
        CLEANUP(mem_freep)
        char *block = shown_behind(shown[i].document, shown[i].prompt);
        CLEANUP(mem_freep)
        char *path = write_source(shown[i].source, shown[i].document, shown[i].prompt,
                                  directory, shown[i].name);
        struct run run = RUN(shown[i].command, path, arguments[0], arguments[1],
                             arguments[2], arguments[3]);

        expect_parts(shown[i].document, block, run.out);
        run_release(&run);
    }
    test_directory_remove(directory);
}

/* The cells of a row of a table, apart by " | "; returns how many. */
static size_t cells_of(char *row, char *cells[], size_t most)
{
    size_t count = 0;
    char *end = strstr(row, " |\n"), *next;

    if (!end || strncmp(row, "| ", 2) != 0)
        return 0;
    *end = '\0';
    for (char *cell = row + 2; cell && count < most; cell = next) {
        next = strstr(cell, " | ");
        if (next)
            *next = '\0';
        cells[count++] = cell;
        next = next ? next + 3 : NULL;
    }
    return count;
}

enum matrix_cell { SYSTEM, SERVER, BUILT, HIREDIS, TESTS, RESULT, WHEN, MATRIX_CELLS };

/* What a row says fits together: what was tried is dated, and what passes has been run.
 */
static void check_matrix_row(char *const cells[MATRIX_CELLS], const char *compiler)
{
    const char *result = cells[RESULT];
    bool tried = strcmp(result, "not tried") != 0;
    bool passes = strcmp(result, "passes") == 0;
    int year, month, day, read = 0;

    cr_expect(passes || !tried || strncmp(result, "FAILED: ", 8) == 0 ||
                  strncmp(result, "refused: ", 9) == 0,
              "%s, %s: %s", cells[SYSTEM], cells[SERVER], result);
    cr_expect_eq(strncmp(cells[BUILT], compiler, strlen(compiler)), 0, "%s",
                 cells[BUILT]);
    sscanf(cells[WHEN], "%d-%d-%d, %n", &year, &month, &day, &read);
    cr_expect_eq(tried, read && strlen(cells[WHEN] + read) >= 7, "%s", cells[WHEN]);
    if (passes)
        cr_expect(says(cells[TESTS], "check: ") && says(cells[TESTS], " 0 not") &&
                      !says(cells[TESTS], "fail"),
                  "%s, %s: %s", cells[SYSTEM], cells[SERVER], cells[TESTS]);
}

/* In the order in which tools/matrix lists them. */
Test(docs, have_a_row_for_all_that_is_tried)
{
    CLEANUP(mem_freep) char *script = text_of("tools/matrix");
    CLEANUP(mem_freep) char *document = text_of("docs/matrix.md");
    char *line = strstr(script, "cat <<'EOF'\n"), *row = strstr(document, "\n|---|");
    size_t rows = 0;

    cr_assert(line && row);
    line += strlen("cat <<'EOF'\n");
    row = strchr(row + 1, '\n') + 1;
    for (; strncmp(line, "EOF", 3) != 0; line = strchr(line, '\n') + 1, rows++) {
        char *cells[MATRIX_CELLS + 1], system[32], package[32], compiler[32];
        char *next = strchr(row, '\n');

        cr_assert_eq(sscanf(line, "%31s %*s %31s %*s %31s", system, package, compiler),
                     3);
        cr_assert_not_null(next, "there is no row for %s, %s", system, package);
        cr_assert_eq(cells_of(row, cells, MATRIX_CELLS + 1), MATRIX_CELLS, "%s", row);
        cr_expect_str_eq(cells[SYSTEM], system);
        cr_expect_eq(strncmp(cells[SERVER], package, strlen(package)), 0, "%s, not %s",
                     cells[SERVER], package);
        check_matrix_row(cells, compiler);
        row = next + 1;
    }
    cr_expect_geq(rows, 2, "tools/matrix lists what is tried");
    cr_expect_neq(*row, '|', "what is not tried has a row: %.60s", row);
}

/* What is written for users is installed, too. */
Test(docs, are_installed)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/docs", getenv("SOURCES"));
    CLEANUP(mem_freep) char *installs = text_of("docs/meson.build");
    DIR *directory = opendir(path);
    size_t guides = 0;

    cr_assert_not_null(directory, "%s", path);
    for (struct dirent *entry; (entry = readdir(directory));) {
        const char *dot = strrchr(entry->d_name, '.');
        CLEANUP(mem_freep) char *named = mem_printf("'%s',", entry->d_name);

        if (!dot || strcmp(dot, ".md") != 0)
            continue;
        guides++;
        cr_expect_not_null(strstr(installs, named), "docs/meson.build has no %s", named);
    }
    closedir(directory);
    cr_expect_geq(guides, 8);
}
