/* new.c - afterkill new: writes a scenario to start from, which runs at once. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/redact.h"
#include "cmd/cmd.h"
#include "cmd/options.h"

/* new_scenario.lua, which the build turns into C strings. */
static const char template[] =
#include "cmd_new_scenario.h"
    ;

static int check(void *parsed, struct err *err)
{
    const struct operands *operands = parsed;

    if (!operands->count)
        return err_set(err, ERR_USAGE, "which name? It may be a path, like crash/mylock");
    if (operands->count > 1)
        return err_set(err, ERR_USAGE, "more than one name: '%s' and '%s'",
                       operands->items[0], operands->items[1]);
    return 0;
}

static int check_name(const char *name, struct err *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_-";
    const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
    CLEANUP(mem_freep) char *shown = NULL;

    if (!strstr(name, "://") && *last && *last != '-' &&
        strspn(last, letters) == strlen(last))
        return 0;
    shown = redact_urls(strstr(name, "://") ? name : last);
    return err_set(err, ERR_USAGE,
                   "'%.100s' is no name for a scenario: expected letters, digits, _ and "
                   "-, not beginning with -",
                   shown);
}

/* The directory that the file will be in, where it is missing. */
static int make_directory(const char *name, struct err *err)
{
    CLEANUP(mem_freep) char *directory = mem_strdup(name);
    char *slash = strrchr(directory, '/');

    if (!slash || slash == directory)
        return 0;
    *slash = '\0';
    return file_make_directory(directory, err);
}

/* "mylock" and "mylock.lua" are the same; the caller frees it. */
static char *without_suffix(const char *name)
{
    static const char suffix[] = ".lua";
    char *copy = mem_strdup(name);
    size_t length = strlen(copy), end = sizeof(suffix) - 1;

    if (length > end && strcmp(copy + length - end, suffix) == 0)
        copy[length - end] = '\0';
    return copy;
}

/* Where the file can be named on a command line as a file, not as a known scenario. */
static const char *prefix(const char *path)
{
    return strchr(path, '/') ? "" : "./";
}

const struct command_line new_line = {
    .check = check,
    .operands_doc = "NAME",
    .about = "Write NAME.lua, a commented scenario to start from, which runs at once. "
             "NAME may be a path; directories that are missing are made. A file that is "
             "there "
             "is never overwritten.",
};

int cmd_new(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    CLEANUP(mem_freep) char *path = NULL;
    struct operands operands = { NULL, 0 };
    CLEANUP(mem_freep) char *name = NULL;
    const char *program = option_program();

    options_parse(&new_line, argc, argv, &operands);
    name = without_suffix(operands.items[0]);
    path = mem_printf("%s.lua", name);
    if (check_name(name, err) < 0 || make_directory(name, err) < 0 ||
        file_create(path, template, sizeof(template) - 1, err) < 0)
        return err->code;
    printf(
        "%s is written: a rate limiter that leaks, and its cure. See what kills leave:\n"
        "    %s run %s%s\n"
        "Put your own update in its place, say in `expect` what it should do, and keep "
        "it so:\n"
        "    %s check %s%s\n"
        "All that a scenario can say is in docs/scenarios.md.\n",
        path, program, prefix(path), path, program, prefix(path), path);
    *ret_status = EXIT_PASS;
    return 0;
}
