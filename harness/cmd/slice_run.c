/* slice_run.c - see slice_run.h. */
#include "cmd/slice_run.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/subprocess.h"
#include "store/load.h"

/* A command line that grows; ends with NULL. */
struct arguments {
    char **items; /* owned, like each of them */
    size_t count;
};

__attribute__((format(printf, 2, 3))) static void add(struct arguments *list,
                                                      const char *format, ...)
{
    va_list values;
    char *word;

    va_start(values, format);
    word = mem_vprintf(format, values);
    va_end(values);
    list->items = mem_grow(list->items, list->count + 2, sizeof(*list->items));
    list->items[list->count++] = word;
    list->items[list->count] = NULL;
}

static void arguments_release(struct arguments *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
}

void slice_run_release(struct slice_run *run)
{
    free(run->scenario);
    free(run->strategies);
    *run = (struct slice_run){ .program = NULL };
}

/* What is the same for all slices, or for all of a side. */
static bool is_apart(const char *item)
{
    return strncmp(item, "scenario.", strlen("scenario.")) == 0 ||
           strcmp(item, "shard") == 0 || strcmp(item, "strategy") == 0;
}

/* What the environment says is not said again: any user can read command lines. */
static void add_assignment(struct arguments *list, const char *assignment)
{
    int length = (int)strcspn(assignment, "=");
    CLEANUP(mem_freep) char *name = mem_printf("%.*s", length, assignment);
    const char *value = getenv(name);

    if (value && assignment[length] && strcmp(value, assignment + length + 1) == 0)
        add(list, "--set=%s", name);
    else
        add(list, "--set=%s", assignment);
}

/* What was asked for; of that, what is asked for if nothing is said is not said, so that
 * another afterkill need not know options that nobody has given. */
static void add_request(struct arguments *list, const struct request *request)
{
    CLEANUP(request_release) struct request usual = { .text = NULL };

    run_options_default(&usual);
    usual.now = ~request->now; /* the clock goes on */
    for (size_t i = 0; i < request_items; i++) {
        const char *name = request_item_name(i);
        CLEANUP(mem_freep) char *text = request_item_text(request, i);
        CLEANUP(mem_freep) char *unsaid = request_item_text(&usual, i);

        if (text && !is_apart(name) && (!unsaid || strcmp(text, unsaid) != 0))
            add(list, "--%s=%s", name, text);
    }
    for (size_t i = 0; i < request->assignment_count; i++)
        add_assignment(list, request->assignments[i]);
}

static struct arguments run_arguments(const struct slice_run *run,
                                      const struct run_options *options,
                                      struct shard shard, const char *directory)
{
    struct arguments list = { .items = NULL };

    add(&list, "afterkill");
    add(&list, "run");
    add(&list, "--output=%s", directory);
    add(&list, "--shard=%llu/%llu", (unsigned long long)shard.index + 1,
        (unsigned long long)shard.total);
    add_request(&list, &options->request);
    if (run->strategies)
        add(&list, "--strategy=%s", run->strategies);
    if (options->lanes)
        add(&list, "--lanes=%llu", (unsigned long long)options->lanes);
    if (options->redis_server)
        add(&list, "--redis-server=%s", options->redis_server);
    add(&list, "%s", run->scenario);
    return list;
}

static const struct {
    int status, code;
} codes[] = {
    { EXIT_USAGE, ERR_USAGE },
    { EXIT_INTERRUPTED, ERR_STOPPED },
    { EXIT_NOTHING_RAN, ERR_LACKING },
};

/* What comes last, and begins with the program's name: before it there may be progress.
 */
static const char *last_words(const char *printed)
{
    static const char name[] = "afterkill";
    const char *words = printed;

    for (const char *line = printed; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, strlen(name)) == 0)
            words = line;
    }
    return words;
}

/* Its own words, or that it has none. */
static int explain(int status, const char *printed, struct err *err)
{
    static const char name[] = "afterkill: ";
    int code = -EIO;

    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        if (codes[i].status == status)
            code = codes[i].code;
    printed = last_words(printed);
    if (strncmp(printed, name, strlen(name)) == 0)
        printed += strlen(name);
    if (*printed)
        return err_set(err, code, "%s", printed);
    if (status > 128 && status != EXIT_INTERRUPTED)
        return err_set(err, code, "it was ended by signal %d (%s)", status - 128,
                       strsignal(status - 128));
    return err_set(err, code, "it ended with status %d, and said nothing", status);
}

/* Is all of it there that should be? Kills that cannot be explained end with another
 * status, and are kept like the others. */
static int look(const char *directory, int status, const char *printed, struct err *err)
{
    CLEANUP(database_close) struct database database = DATABASE_NULL;
    CLEANUP(mem_freep) char *how = NULL;
    bool begun = false;

    if (stored_begun(directory, &begun, err) < 0)
        return err->code;
    if (begun && stored_open(directory, DATABASE_READ, &database, err) < 0)
        return err->code;
    how = begun ? stored_fact(&database, "status") : NULL;
    if (how && strcmp(how, "complete") == 0 && status != EXIT_INTERRUPTED)
        return 0;
    return explain(status, printed, err);
}

static int run_to_end(const struct slice_run *run, const struct arguments *list,
                      struct slice_progress *progress, const char *directory,
                      const sigset_t *before, struct err *err)
{
    CLEANUP(file_closep) int paper = subprocess_paper(err);
    CLEANUP(mem_freep) char *printed = NULL;
    const struct subprocess subprocess = {
        .program = run->program,
        .arguments = (const char *const *)list->items,
        .out_fd = -1,
        .err_fd = paper,
        .tick = progress ? slice_progress_tick : NULL,
        .context = progress,
    };
    int status = 0;

    if (paper < 0 || subprocess_run(&subprocess, before, &status, err) < 0)
        return err->code;
    printed = subprocess_printed(paper);
    return look(directory, status, printed, err);
}

int slice_run(const struct slice_run *run, const struct run_options *options,
              struct shard shard, const char *directory, struct slice_progress *progress,
              const sigset_t *before, struct err *err)
{
    CLEANUP(arguments_release)
    struct arguments list = run_arguments(run, options, shard, directory);

    return run_to_end(run, &list, progress, directory, before, err);
}

int slice_run_merge(const struct slice_run *run, const char *const *slices, size_t count,
                    const char *into, bool some, const sigset_t *before, struct err *err)
{
    CLEANUP(arguments_release) struct arguments list = { .items = NULL };

    add(&list, "afterkill");
    add(&list, "merge");
    add(&list, "--output=%s", into);
    if (some)
        add(&list, "--allow-missing");
    for (size_t i = 0; i < count; i++)
        add(&list, "%s", slices[i]);
    return run_to_end(run, &list, NULL, into, before, err);
}
