/* scenario_files.c - see scenario_files.h. */
#include "cmd/scenario_files.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/redact.h"
#include "base/str.h"

/* The directory of the running program with `suffix` behind it, if that exists. */
static char *beside_program(const char *suffix)
{
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    CLEANUP(mem_freep) char *path = NULL;
    char *slash;

    if (length < 0)
        return NULL;
    program[length] = '\0';
    slash = strrchr(program, '/');
    if (!slash)
        return NULL;
    *slash = '\0';
    path = mem_printf("%s/%s", program, suffix);
    return realpath(path, NULL);
}

char *scenario_files_directory(void)
{
    /* Where the program may stand: <prefix>/bin, also of a moved installation; a build
     * directory in the source tree, and its harness/. */
    static const char *const places[] = { "../share/afterkill/scenarios", "../scenarios",
                                          "../../scenarios" };
    const char *named = getenv("AFTERKILL_SCENARIOS");

    if (named && *named)
        return mem_strdup(named);
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        char *path = beside_program(places[i]);

        if (path)
            return path;
    }
    return mem_strdup(SCENARIO_DIR);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t names_in(const char *directory, char ***ret)
{
    DIR *stream = opendir(directory);
    struct dirent *entry;
    char **names = NULL;
    size_t count = 0;

    while (stream && (entry = readdir(stream))) {
        size_t length = strlen(entry->d_name);

        if (length <= 4 || strcmp(entry->d_name + length - 4, ".lua") != 0)
            continue;
        names = mem_grow(names, count + 1, sizeof(*names));
        names[count] = mem_strdup(entry->d_name);
        names[count++][length - 4] = '\0';
    }
    if (stream)
        closedir(stream);
    if (count)
        qsort(names, count, sizeof(*names), by_text);
    *ret = names;
    return count;
}

int scenario_files_known(const char *directory, char ***ret, size_t *ret_count,
                         struct err *err)
{
    *ret_count = names_in(directory, ret);
    if (*ret_count)
        return 0;
    return err_set(
        err, ERR_USAGE,
        "there are no scenarios in '%s' (set AFTERKILL_SCENARIOS to their directory)",
        directory);
}

void scenario_files_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

static const char *name_at(const void *names, size_t i)
{
    return ((char *const *)names)[i];
}

/* A scenario is read twice, and a pipe can be read once: what comes from it is put into a
 * file without a name, which becomes standard input. */
static int hold_stdin(struct err *err)
{
    CLEANUP(mem_freep) char *bytes = NULL;
    size_t length;
    int fd;

    if (lseek(STDIN_FILENO, 0, SEEK_CUR) == 0)
        return 0; /* a file that can be read as often as one likes, as it is */
    bytes = file_read(SCENARIO_STDIN, &length);
    fd = bytes ? memfd_create("stdin", MFD_CLOEXEC) : -1;
    if (fd < 0)
        return err_errno(err, "read a scenario from standard input");
    if (write(fd, bytes, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) < 0 ||
        dup2(fd, STDIN_FILENO) < 0)
        err_errno(err, "keep the scenario from standard input");
    close(fd);
    return err->code;
}

int scenario_files_path(const char *operand, char **ret, struct err *err)
{
    CLEANUP(mem_freep) char *directory = scenario_files_directory();
    CLEANUP(mem_freep) char *path = NULL;
    const char *nearest;
    struct stat st;
    char **names;
    size_t count;

    if (strcmp(operand, "-") == 0) {
        *ret = mem_strdup(SCENARIO_STDIN);
        return hold_stdin(err);
    }
    if (strstr(operand, "://")) {
        CLEANUP(mem_freep) char *shown = redact_urls(operand);

        return err_set(err, ERR_USAGE,
                       "'%.100s' is a URL: expected a scenario, by its file or name",
                       shown);
    }
    if (strchr(operand, '/') || (stat(operand, &st) == 0 && S_ISREG(st.st_mode))) {
        *ret = mem_strdup(operand);
        return 0;
    }
    path = mem_printf("%s/%s%s", directory, operand, strchr(operand, '.') ? "" : ".lua");
    if (access(path, F_OK) == 0) {
        *ret = TAKE_PTR(path);
        return 0;
    }
    count = names_in(directory, &names);
    nearest = str_nearest(operand, count, name_at, names);
    if (nearest)
        err_set(err, ERR_USAGE, "there is no scenario '%.100s'; did you mean '%s'?",
                operand, nearest);
    else
        err_set(err, ERR_USAGE,
                "there is no file and no scenario '%.100s' (in '%s'); see afterkill list",
                operand, directory);
    scenario_files_free(names, count);
    return err->code;
}

struct parameter_settings scenario_files_settings(const struct request *request)
{
    return (struct parameter_settings){
        .assignments = (const char *const *)request->assignments,
        .count = request->assignment_count,
        .seed = request->seed,
        .now = (int64_t)request->now,
    };
}
