/* fake_time.c - see fake_time.h. */
#include "trial/fake_time.h"

#include <glob.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

/* Where distributions have it; the one for programs with several threads. */
static const char *const places[] = {
    "/usr/lib/*/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/local/lib/faketime/libfaketimeMT.so.1",
};

#define FIX "FAKETIME_FORCE_MONOTONIC_FIX"

/* NULL: nowhere. It is looked for once, since each program asks, and kept for good. */
static const char *find_library(void)
{
    static char *found;
    static bool sought;

    for (size_t i = 0; i < ARRAY_SIZE(places) && !sought && !found; i++) {
        glob_t matches;

        if (glob(places[i], 0, NULL, &matches) == 0)
            found = mem_strdup(matches.gl_pathv[0]);
        globfree(&matches);
    }
    sought = true;
    return found;
}

bool fake_time_is_there(void)
{
    return find_library() != NULL;
}

void fake_time_environment(bool frozen, int64_t now, int64_t ahead_s, const char *preload,
                           char *ret[FAKE_TIME_MOST])
{
    const char *library = find_library();
    char text[32];

    ret[0] = NULL;
    if (!library || (!frozen && ahead_s == 0))
        return;
    if (frozen)
        snprintf(text, sizeof(text), "%" PRId64, now);
    else
        snprintf(text, sizeof(text), "%+" PRId64, ahead_s);
    ret[0] = preload && *preload ? mem_printf("LD_PRELOAD=%s:%s", library, preload)
                                 : mem_printf("LD_PRELOAD=%s", library);
    ret[1] = mem_printf("FAKETIME=%s", text);
    ret[2] = mem_strdup("FAKETIME_DONT_FAKE_MONOTONIC=1");
    ret[3] = mem_strdup("FAKETIME_DONT_RESET=1"); /* by what the program starts */
    ret[4] = frozen ? mem_strdup("FAKETIME_FMT=%s") : NULL; /* in no time zone */
    /* What the library does for old versions of glibc, and Debian's for all, lets threads
     * that wait for a lock while the clock is frozen wait for up to a second. */
    ret[5] =
        frozen && !getenv(FIX) ? mem_strdup(FIX "=0") : NULL; /* ours, if nobody's is */
    ret[6] = NULL;
}
