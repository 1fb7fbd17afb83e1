/* results_dir.c - see results_dir.h. */
#include "cmd/results_dir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define TRIES 1000
#define LATEST "latest"

static const char *results_directory(void)
{
    const char *named = getenv("AFTERKILL_RESULTS");

    return named && *named ? named : "results";
}

/* "sidekiq_busy-20261125T175000Z-1", of a shard with "-2of4" behind it. */
static char *name_of(const char *scenario, uint64_t seed, struct shard shard)
{
    time_t now = time(NULL);
    struct tm utc;
    char stamp[32] = "", part[64] = "";

    if (gmtime_r(&now, &utc))
        strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &utc);
    if (shard.total > 1)
        snprintf(part, sizeof(part), "-%lluof%llu", (unsigned long long)shard.index + 1,
                 (unsigned long long)shard.total);
    return mem_printf("%s-%s-%llu%s", scenario, stamp, (unsigned long long)seed, part);
}

int results_dir_make(const char *scenario, uint64_t seed, struct shard shard, char **ret,
                     struct err *err)
{
    const char *results = results_directory();
    CLEANUP(mem_freep) char *name = name_of(scenario, seed, shard);
    int code = file_make_directory(results, err);

    for (int i = 1; code == 0 && i <= TRIES; i++) {
        CLEANUP(mem_freep) char *own =
            i == 1 ? mem_strdup(name) : mem_printf("%s-%d", name, i);
        CLEANUP(mem_freep) char *path = mem_printf("%s/%s", results, own);

        if (mkdir(path, 0777) == 0) {
            *ret = TAKE_PTR(path);
            return 0;
        }
        if (errno != EEXIST || i == TRIES)
            code = err_errno(err, "create directory '%s'", path);
    }
    return err_wrap(err, "keep the run (another place: -o DIR; none: --no-store)");
}

/* A link is replaced whole, by a rename. That it cannot be made is no reason to give up:
 * the run has its directory. */
void results_dir_settle(const char *directory)
{
    const char *name = strrchr(directory, '/') + 1;
    CLEANUP(mem_freep) char *latest =
        mem_printf("%.*s" LATEST, (int)(name - directory), directory);
    CLEANUP(mem_freep) char *fresh = mem_printf("%s.%ld", latest, (long)getpid());
    struct stat st;

    if ((lstat(latest, &st) < 0 || S_ISLNK(st.st_mode)) && /* not somebody's own */
        symlink(name, fresh) == 0 && rename(fresh, latest) < 0)
        unlink(fresh);
}

void results_dir_tidy(const char *directory)
{
    CLEANUP(mem_freep) char *results = mem_strdup(directory);

    *strrchr(results, '/') = '\0';
    rmdir(results);
}

void results_dir_tell(const char *directory)
{
    if (!isatty(STDERR_FILENO))
        return;
    fputs("kept in ", stderr);
    str_print_shell(stderr, directory);
    fputc('\n', stderr);
}

int results_dir_latest(char **ret, struct err *err)
{
    CLEANUP(mem_freep) char *latest = mem_printf("%s/" LATEST, results_directory());

    if (access(latest, F_OK) < 0)
        return err_set(
            err, ERR_USAGE,
            "which run? There is no '%.300s' yet: `afterkill run` makes it; or "
            "name the directory of a run",
            latest);
    *ret = TAKE_PTR(latest);
    return 0;
}

int results_dir_named(const struct operands *operands, size_t index, char **ret,
                      struct err *err)
{
    if (index >= operands->count)
        return results_dir_latest(ret, err);
    *ret = mem_strdup(operands->items[index]);
    return 0;
}
