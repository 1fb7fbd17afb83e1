/* sure.c - which calls make somebody unsure, and how often something has to be run. */
#include "trial/sure.h"

#include <criterion/criterion.h>

Test(sure, counts_what_is_random_and_what_tells_the_time)
{
    static const struct {
        const char *info;
        struct sure_calls calls;
    } rows[] = {
        { "", { 0, 0 } },
        { "# Commandstats\r\n", { 0, 0 } },
        { "# Commandstats\r\ncmdstat_spop:calls=3,usec=9,usec_per_call=3.00\r\n",
          { 3, 0 } },
        { "cmdstat_srandmember:calls=1,usec=1\r\ncmdstat_get:calls=7,usec=1\r\n"
          "cmdstat_time:calls=2,usec=1\r\ncmdstat_randomkey:calls=10,usec=1\r\n",
          { 11, 2 } },
        { "cmdstat_hrandfield:calls=1,x=1\r\ncmdstat_zrandmember:calls=2,x=1\r\n",
          { 3, 0 } },
        /* Those that only begin or end like one. */
        { "cmdstat_timeseries:calls=1\r\ncmdstat_config|spop:calls=1\r\n"
          "cmdstat_spo:calls=4\r\ncmdstat_xspop:calls=5\r\n",
          { 0, 0 } },
        { "cmdstat_spop:usec=1\r\ncmdstat_get:calls=7\r\n", { 0, 0 } },
        { "cmdstat_spop", { 0, 0 } },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sure_calls calls = sure_count(rows[i].info);

        cr_expect_eq(calls.random, rows[i].calls.random, "%s", rows[i].info);
        cr_expect_eq(calls.clock, rows[i].calls.clock, "%s", rows[i].info);
    }
}

Test(sure, wants_more_of_what_is_random)
{
    struct sure sure = SURE_OF(NULL);

    for (sure.runs = 0; sure_wants(&sure); sure.runs++)
        ;
    cr_expect_eq(sure.runs, 2);
    sure.random = true;
    for (sure.runs = 0; sure_wants(&sure); sure.runs++)
        ;
    cr_expect_eq(sure.runs, 40);
}
