/* fake_time: what libfaketime is told by a program's environment. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "trial/fake_time.h"

/* Names without values, joined by blanks; and whether all of it ended in time. */
static char *names_of(bool frozen, int64_t ahead_s)
{
    char *all[FAKE_TIME_MOST], *text;
    FILE *out = mem_stream(&text);
    size_t count = 0;

    fake_time_environment(frozen, 1000, ahead_s, "mine.so", all);
    for (; count < FAKE_TIME_MOST && all[count]; count++) {
        fprintf(out, "%s%.*s", count ? " " : "", (int)strcspn(all[count], "="),
                all[count]);
        if (strncmp(all[count], "LD_PRELOAD=", strlen("LD_PRELOAD=")) == 0)
            cr_expect_not_null(strstr(all[count], ":mine.so"), "%s", all[count]);
        if (strncmp(all[count], "FAKETIME=", strlen("FAKETIME=")) == 0)
            cr_expect_str_eq(all[count], frozen ? "FAKETIME=1000" : "FAKETIME=+60");
        free(all[count]);
    }
    cr_expect_lt(count, FAKE_TIME_MOST);
    fclose(out);
    return text;
}

static void expect_names(bool frozen, int64_t ahead_s, const char *wanted)
{
    CLEANUP(mem_freep) char *names = names_of(frozen, ahead_s);

    cr_expect_str_eq(names, wanted);
}

#define ALWAYS "LD_PRELOAD FAKETIME FAKETIME_DONT_FAKE_MONOTONIC FAKETIME_DONT_RESET"

/* With what Debian's library does by default, a thread that waits for a lock under a
 * frozen clock waits for up to a second: that is switched off, unless somebody has said
 * what he wants. */
Test(fake_time, environment)
{
    unsetenv("FAKETIME_FORCE_MONOTONIC_FIX");
    expect_names(false, 0, "");
    if (!fake_time_is_there())
        cr_skip_test("libfaketime is not there");
    expect_names(false, 60, ALWAYS);
    expect_names(true, 0, ALWAYS " FAKETIME_FMT FAKETIME_FORCE_MONOTONIC_FIX");
    setenv("FAKETIME_FORCE_MONOTONIC_FIX", "1", 1);
    expect_names(true, 60, ALWAYS " FAKETIME_FMT");
}
