/* against.c - see against.h. */
#include "cmd/against.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/signals.h"
#include "cmd/scenario_files.h"
#include "cmd/subprocess.h"

#define ANSWER "afterkill "  /* how --version begins */
#define ANSWER_MOST_MS 30000 /* whoever takes longer is somebody else */

bool against_takes_turns(const char *operand)
{
    struct stat st;

    return operand && (stat(operand, &st) < 0 || !S_ISDIR(st.st_mode));
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static int ask_version(const char *path, const sigset_t *before, struct err *err)
{
    CLEANUP(file_closep) int paper = subprocess_paper(err);
    CLEANUP(mem_freep) char *answer = NULL;
    const char *const arguments[] = { path, "--version", NULL };
    const struct subprocess asked = {
        .program = path,
        .arguments = arguments,
        .out_fd = paper,
        .err_fd = -1,
        .most_ms = ANSWER_MOST_MS,
    };
    struct err why = ERR_NULL;
    int status = -1;

    if (paper < 0)
        return err->code;
    subprocess_run(&asked, before, &status, &why);
    if (signals_check_stop(err) < 0)
        return err->code;
    answer = subprocess_printed(paper);
    if (why.code == 0 && status == 0 && strncmp(answer, ANSWER, strlen(ANSWER)) == 0)
        return 0;
    err_set(err, ERR_USAGE,
            "--against '%s': expected another afterkill, as it can be executed, but it "
            "does not answer --version as one does",
            path);
    err_append(err, &why);
    return err->code;
}

/* A baseline is taken for a scenario that nobody understands. */
static int refuse_baseline(const char *path, struct err *err)
{
    CLEANUP(mem_freep) char *text = file_text(path);
    const char *p = text;

    while (isspace((unsigned char)*p))
        p++;
    if (*p != '{')
        return 0;
    return err_set(err, ERR_USAGE,
                   "--against '%s': that is no scenario; if it is a baseline: "
                   "--baseline %s",
                   path, path);
}

/* A path, or a name as scenarios have. */
static char *find_file(const char *operand)
{
    CLEANUP(mem_freep) char *path = NULL;
    struct err ignored = ERR_NULL;
    struct stat st;

    if (strcmp(operand, "-") == 0 || scenario_files_path(operand, &path, &ignored) < 0 ||
        stat(path, &st) < 0 || !S_ISREG(st.st_mode))
        return NULL;
    return TAKE_PTR(path);
}

int against_find(const char *operand, const sigset_t *before, struct against *ret,
                 struct err *err)
{
    CLEANUP(mem_freep) char *path = find_file(operand);
    enum against_kind kind;

    if (!path)
        return err_set(err, ERR_USAGE,
                       "--against '%s': there is no run in a directory of that name, and "
                       "no file, either: of a scenario, or another afterkill",
                       operand);
    kind = !ends_with(path, ".lua") && access(path, X_OK) == 0 ? AGAINST_PROGRAM
                                                               : AGAINST_SCENARIO;
    if ((kind == AGAINST_PROGRAM && ask_version(path, before, err) < 0) ||
        (kind == AGAINST_SCENARIO && refuse_baseline(path, err) < 0))
        return err->code;
    *ret = (struct against){ kind, TAKE_PTR(path) };
    return 0;
}

void against_release(struct against *against)
{
    free(against->path);
    against->path = NULL;
}
