/* check: the verdict on a strategy, and the exit status of many. Findings are made here;
 * that real ones are checked is tested in integration/check.c. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "result/check.h"

static struct err err_of(int code)
{
    struct err err = ERR_NULL;

    err_set(&err, code, "something");
    return err;
}

static void take(struct check *check, struct check_scenario *entry, unsigned expect,
                 unsigned census, unsigned kills_harmed, unsigned unexplained)
{
    struct strategy strategy = { .name = (char[]){ "only" }, .expect = expect };
    const struct outline scenario = { .strategies = &strategy, .strategy_count = 1 };
    const struct plan plan = { 1, 1, 10 };
    const size_t first = 0;
    struct point points[2] = {
        { .taken = true, .verdict.now = NOW_INTACT },
        { .taken = true,
          .verdict.now = NOW_INTACT,
          .verdict.later = census,
          .example = "stays: it" },
    };
    struct step steps[1] = { { .end = 0 } };
    const struct command command = { .label = "SET it" }, *sent[1] = { &command };
    struct result result;

    result_init(&result, &scenario, &first, &plan);
    result.findings[0].controlled = true;
    result.findings[0].commands = 1;
    result.findings[0].points = points;
    result.findings[0].steps = steps;
    result.findings[0].sent = sent;
    result.findings[0].kills.outcomes[OUTCOME_VALID] = 10;
    result.findings[0].kills.words.clean = 10 - kills_harmed;
    result.findings[0].kills.words.now[NOW_INTACT] = 10;
    result.findings[0].kills.words.later[0] = kills_harmed; /* leaked */
    result.findings[0].kills.unexplained = unexplained;
    check_take(check, entry, &result);
    result.findings[0].points = NULL;
    result.findings[0].steps = NULL;
    result.findings[0].sent = NULL;
    result_release(&result);
}

Test(check, census_judges_and_kills_must_not_contradict)
{
    static const struct {
        unsigned expect, census, harmed, unexplained;
        enum check_verdict verdict;
        enum exit_status status;
    } rows[] = {
        { EXPECT_ATOMIC, 0, 0, 0, CHECK_OK, EXIT_PASS },
        { EXPECT_ATOMIC, LATER_LEAKED, 0, 0, CHECK_FAILED, EXIT_FAIL },
        { EXPECT_ATOMIC, 0, 1, 0, CHECK_FAILED, EXIT_FAIL },
        { EXPECT_SAFE, 0, 0, 0, CHECK_OK, EXIT_PASS },
        { EXPECT_SAFE, 0, 1, 0, CHECK_FAILED, EXIT_FAIL },
        { EXPECT_SAFE, LATER_LOST, 0, 0, CHECK_FAILED, EXIT_FAIL },
        /* Kills need not reach what the census finds. */
        { LATER_LEAKED, LATER_LEAKED, 0, 0, CHECK_OK, EXIT_PASS },
        { LATER_LEAKED, LATER_LEAKED, 10, 0, CHECK_OK, EXIT_PASS },
        /* And cannot stand for it. */
        { LATER_LEAKED, 0, 10, 0, CHECK_FAILED, EXIT_FAIL },
        { LATER_LEAKED, 0, 0, 0, CHECK_FAILED, EXIT_FAIL },
        { LATER_LEAKED | LATER_STUCK, LATER_LEAKED, 0, 0, CHECK_FAILED, EXIT_FAIL },
        /* Nothing but what is expected. */
        { EXPECT_ONLY | LATER_LOST, LATER_LOST, 0, 0, CHECK_OK, EXIT_PASS },
        { EXPECT_ONLY | LATER_LOST, LATER_LOST, 1, 0, CHECK_FAILED, EXIT_FAIL },
        { EXPECT_ONLY | LATER_LEAKED, LATER_LEAKED, 10, 0, CHECK_OK, EXIT_PASS },
        { EXPECT_ONLY | LATER_LOST, LATER_LOST | LATER_STUCK, 0, 0, CHECK_FAILED,
          EXIT_FAIL },
        { 0, 0, 0, 0, CHECK_UNJUDGED, EXIT_PASS },
        { 0, LATER_LEAKED, 10, 0, CHECK_UNJUDGED, EXIT_PASS },
        { 0, 0, 0, 1, CHECK_UNEXPLAINED, EXIT_INFRASTRUCTURE },
        { EXPECT_ATOMIC, 0, 0, 1, CHECK_UNEXPLAINED, EXIT_INFRASTRUCTURE },
        { LATER_LEAKED, LATER_LEAKED, 0, 1, CHECK_UNEXPLAINED, EXIT_INFRASTRUCTURE },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct check check = { .seed = 1 };
        struct check_scenario *entry = check_add(&check, "name", "./name.lua");

        take(&check, entry, rows[i].expect, rows[i].census, rows[i].harmed,
             rows[i].unexplained);
        cr_expect_eq(entry->strategies[0].verdict, rows[i].verdict, "row %zu", i);
        cr_expect_eq(check_exit_status(&check), rows[i].status, "row %zu", i);
        cr_expect_eq(entry->strategies[0].harmful, rows[i].census != 0, "row %zu", i);
        cr_expect_str_eq(entry->strategies[0].first_command,
                         rows[i].census ? "SET it" : "");
        cr_expect_eq(entry->strategies[0].beyond,
                     expect_beyond(rows[i].expect, rows[i].census), "row %zu", i);
        check_release(&check);
        check_release(&check);
    }
}

/* The worst decides, wherever it stands. */
Test(check, exit_status_is_the_worst)
{
    static const enum exit_status statuses[] = { EXIT_PASS, EXIT_FAIL, EXIT_USAGE,
                                                 EXIT_INFRASTRUCTURE, EXIT_INTERRUPTED };

    for (size_t a = 0; a < ARRAY_SIZE(statuses); a++)
        for (size_t b = 0; b < ARRAY_SIZE(statuses); b++) {
            const size_t both[] = { a, b };
            struct check check = { .seed = 1 };

            for (size_t i = 0; i < 2; i++) {
                struct check_scenario *entry = check_add(&check, "name", "name");
                struct err mistake = err_of(ERR_USAGE), broken = err_of(-EIO);

                check.interrupted |= statuses[both[i]] == EXIT_INTERRUPTED;
                if (statuses[both[i]] == EXIT_USAGE)
                    check_trouble(entry, &mistake);
                else if (statuses[both[i]] == EXIT_INFRASTRUCTURE)
                    check_trouble(entry, &broken);
                else
                    take(&check, entry, EXPECT_ATOMIC,
                         statuses[both[i]] == EXIT_FAIL ? LATER_LEAKED : 0, 0, 0);
            }
            cr_expect_eq(check_exit_status(&check), statuses[a > b ? a : b],
                         "%d and %d give %d", (int)statuses[a], (int)statuses[b],
                         (int)check_exit_status(&check));
            check_release(&check);
        }
}

Test(check, nothing_ran)
{
    struct check check = { .seed = 1 };

    cr_expect_eq(check_exit_status(&check), EXIT_NOTHING_RAN);
    check_add(&check, "name", "name");
    cr_expect_eq(check_exit_status(&check), EXIT_NOTHING_RAN);
    check_release(&check);
}

/* Of those that do no harm. */
Test(check, the_longest_of_what_passes)
{
    static const struct {
        int64_t lasts_ms;
        unsigned passing;
        bool harmful;
    } rows[] = {
        { 0, 0, false },
        { 0, LATER_LEAKED, false }, /* until recovery runs again */
        { 60000, LATER_STUCK, false },
        { 3600000, LATER_STUCK, false },
        { 43200000, LATER_STUCK, true },
        { 50000, LATER_STUCK, false },
    };
    struct check check = { .seed = 1 };

    cr_expect_eq(check_passing(&check).strategies, 0);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct check_scenario *entry = check_add(&check, "name", "name");

        take(&check, entry, EXPECT_SAFE, 0, 0, 0);
        entry->strategies[0].harmful = rows[i].harmful;
        entry->strategies[0].passing = (struct damage){
            .points = rows[i].passing != 0,
            .words = rows[i].passing,
            .lasts_ms = rows[i].lasts_ms,
        };
    }
    cr_expect_eq(check_passing(&check).strategies, 4);
    cr_expect_eq(check_passing(&check).longest, check.scenarios[3].strategies);
    cr_expect_eq(check_passing(&check).scenario, &check.scenarios[3]);
    check_release(&check);
}
