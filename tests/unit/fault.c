/* fault: which deaths count. The outcome is a function of six facts; the table below is
 * read as a partition of all 64 combinations, for each fault. */
#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "redis/server.h"
#include "redis/wire.h"
#include "run/silence.h"
#include "run/suspend.h"
#include "trial/fault.h"
#include "trial/worker.h"

/* The facts: the update began, it ended, it raised, the wire cut it; SIGKILL ended the
 * worker, and the watchdog had sent it. */
enum fact { BEGAN, ENDED, RAISED, CUT, BY_SIGKILL, BY_WATCHDOG, FACT_COUNT };

static const struct {
    const char *facts; /* one character each: 1 yes, 0 no, - either */
    enum outcome outcomes[FAULT_COUNT];
} rows[] = {
#define ALWAYS(outcome) OUTCOMES(outcome, outcome, outcome)
#define OUTCOMES(none, step, kill)                                                       \
    {                                                                                    \
        [FAULT_NONE] = none, [FAULT_STEP] = step, [FAULT_BYTE] = none,                   \
        [FAULT_KILL] = kill                                                              \
    }
    { "-----1", ALWAYS(OUTCOME_TIMEOUT) },
    { "--1--0", ALWAYS(OUTCOME_ERROR) },
    { "-10--0", ALWAYS(OUTCOME_MISSED) },
    { "-00-00", ALWAYS(OUTCOME_ERROR) },
    { "000-10", ALWAYS(OUTCOME_EARLY) },
    { "100010", OUTCOMES(OUTCOME_ERROR, OUTCOME_ERROR, OUTCOME_VALID) },
    { "100110", OUTCOMES(OUTCOME_ERROR, OUTCOME_VALID, OUTCOME_VALID) },
};

static bool matches(const char *facts, unsigned combination)
{
    for (unsigned f = 0; f < FACT_COUNT; f++)
        if (facts[f] != '-' && (facts[f] == '1') != (combination >> f & 1))
            return false;
    return true;
}

static enum outcome outcome_of(enum fault_id id, unsigned combination)
{
    struct ending ending = {
        .by_sigkill = combination >> BY_SIGKILL & 1,
        .by_watchdog = combination >> BY_WATCHDOG & 1,
    };
    struct page page = {
        .begin_ns = combination >> BEGAN & 1 ? 1000 : 0,
        .end_ns = combination >> ENDED & 1 ? 2000 : 0,
        .cut = combination >> CUT & 1,
    };

    if (combination >> RAISED & 1)
        snprintf(page.error, sizeof(page.error), "WRONGTYPE");
    return fault_outcome(fault_by_id(id), &page, ending);
}

Test(outcome, follows_from_six_facts)
{
    for (unsigned combination = 0; combination < 1u << FACT_COUNT; combination++) {
        size_t rows_matched = 0;

        for (size_t r = 0; r < ARRAY_SIZE(rows); r++) {
            if (!matches(rows[r].facts, combination))
                continue;
            rows_matched++;
            for (enum fault_id id = FAULT_NONE; id < FAULT_COUNT; id++) {
                enum outcome outcome = outcome_of(id, combination);

                cr_expect_eq(outcome, rows[r].outcomes[id], "%s, row %s: %s",
                             fault_by_id(id)->name, rows[r].facts, outcome_name(outcome));
            }
        }
        cr_assert_eq(rows_matched, 1, "%u: the table is not a partition", combination);
    }
}

Test(names, lead_back_to_the_fault)
{
    static const char *const unknown[] = { "", "none", "KILL", "kil", "kill ", "bytes" };

    for (enum fault_id id = FAULT_STEP; id < FAULT_COUNT; id++) {
        const struct fault *fault = fault_by_id(id);

        cr_expect_eq(fault_by_name(fault->name), fault, "%s", fault->name);
        cr_expect(fault->about[0], "%s is not explained", fault->name);
        cr_expect(!fault->points || fault->sends_recording || fault->death,
                  "%s has no words for its death", fault->name);
    }
    for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
        cr_expect_null(fault_by_name(unknown[i]), "'%s'", unknown[i]);
    for (enum outcome outcome = OUTCOME_VALID; outcome < OUTCOME_COUNT; outcome++)
        cr_expect(outcome_name(outcome)[0], "outcome %d has no name", (int)outcome);
}

/* How a child ends that arms `kill` and then ends by itself with status 3, or waits for
 * ever. */
static int status_of_armed(uint64_t delay_ns, bool waits)
{
    struct fault_point point = { .delay_ns = delay_ns, .armed_ns = clock_now_ns() };
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        if (fault_by_id(FAULT_KILL)->arm(NULL, &point) < 0)
            _exit(1);
        while (waits)
            pause();
        _exit(3);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return status;
}

Test(kill, is_sent_by_the_kernel)
{
    int killed = status_of_armed(1, true),
        late = status_of_armed(UINT64_C(1) << 40, false);
    int unarmed = status_of_armed(0, false);

    cr_expect(WIFSIGNALED(killed) && WTERMSIG(killed) == SIGKILL, "%#x",
              (unsigned)killed);
    cr_expect(WIFEXITED(late) && WEXITSTATUS(late) == 3, "%#x", (unsigned)late);
    cr_expect(WIFEXITED(unarmed) && WEXITSTATUS(unarmed) == 3, "%#x", (unsigned)unarmed);
}

/* Whom the watchdog kills, with a limit of 100: what it did not get of the CPU is no time
 * that it had, but nobody waits for ever. */
Test(late, is_who_has_had_its_time)
{
    static const struct {
        uint64_t elapsed_ns, starved_ns;
        bool late;
    } cases[] = {
        { 100, 0, false },    { 101, 0, true },   { 101, 1, false },
        { 500, 400, false },  { 500, 399, true }, { 3999, 3998, false },
        { 4000, 4000, true },
    };
    const struct worker_end had_its_time = { .starved_ns = 0 },
                            starved = { .starved_ns = 300 },
                            stopped = { .stopped = true };
    struct err err = ERR_NULL;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        cr_expect_eq(worker_is_late(cases[i].elapsed_ns, cases[i].starved_ns, 100),
                     cases[i].late, "case %zu", i);
    cr_expect_eq(worker_explain_late(&had_its_time, 100, "an update", "x.lua", &err),
                 ERR_USAGE);
    cr_expect(strstr(err.msg, "x.lua: an update did not return within"), "%s", err.msg);
    cr_expect_eq(worker_explain_late(&starved, 100, "an update", "x.lua", &err),
                 -ETIMEDOUT);
    cr_expect(strstr(err.msg, "too busy with something else"), "%s", err.msg);
    cr_expect_eq(worker_explain_late(&stopped, 100, "an update", "x.lua", &err),
                 -ETIMEDOUT);
    cr_expect(strstr(err.msg, "somebody has stopped its process"), "%s", err.msg);
}

/* One that is ready to run, and has not run, waits for others; one that has run does not
 * answer for a reason of its own, as does one that sleeps. */
Test(late, is_a_server_that_has_had_its_time)
{
    static const struct {
        uint64_t elapsed_s, ran_s;
        char state;
        bool late;
    } cases[] = {
        { 29, 9, 'S', false },  { 31, 0, 'S', true },  { 31, 0, 'T', true },
        { 31, 0, 'R', false },  { 31, 0, 'D', false }, { 31, 6, 'R', true },
        { 299, 4, 'R', false }, { 301, 0, 'R', true }, { 31, 0, '?', true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        cr_expect_eq(server_is_late(cases[i].elapsed_s * NSEC_PER_SEC,
                                    cases[i].ran_s * NSEC_PER_SEC, cases[i].state),
                     cases[i].late, "case %zu", i);
}

/* A lane of which somebody is ready to run, or was a moment ago, is given more time. */
Test(late, is_a_lane_that_has_had_its_time)
{
    static const struct {
        uint64_t silence_s, asleep_s;
        bool late;
    } cases[] = {
        { 99, 99, false }, { 100, 100, true }, { 100, 0, false },
        { 500, 4, false }, { 500, 5, true },   { 1000, 0, true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        cr_expect_eq(silence_is_too_long(cases[i].silence_s * NSEC_PER_SEC,
                                         cases[i].asleep_s * NSEC_PER_SEC,
                                         100 * NSEC_PER_SEC),
                     cases[i].late, "case %zu", i);
}

/* Somebody who computes is awake, and so is who has started them. */
Test(late, is_nobody_who_is_awake)
{
    int ends[2];
    pid_t parent;
    char byte;

    cr_assert_eq(pipe(ends), 0);
    parent = fork();
    cr_assert_geq(parent, 0);
    if (parent == 0) {
        pid_t child = fork();

        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            write(ends[1], "", 1);
            for (;;)
                getppid(); /* it is awake */
        }
        waitpid(child, NULL, 0);
        _exit(0);
    }
    cr_assert_eq(read(ends[0], &byte, 1), 1);
    cr_expect(process_is_awake(parent));
    process_destroy(parent);
    cr_expect_not(process_is_awake(parent), "it is gone");
    parent = fork();
    if (parent == 0)
        for (;;)
            pause();
    while (process_is_awake(parent))
        sched_yield();
    process_destroy(parent);
}

/* Of 1000: one that runs all the time, beside a server that waits; one that sleeps until
 * its server has had its turn; one of which more is told than has passed, as its times
 * are read one after the other; and one that waited while its lane did, too, which does
 * not count as time that has passed. */
Test(late, is_not_who_waits_for_nobody)
{
    static const struct {
        struct process_turns worker;
        uint64_t server_waited_ns, starved_ns;
    } cases[] = {
        { { 1000, 0 }, 900, 0 },    { { 400, 600 }, 900, 600 },
        { { 100, 0 }, 700, 700 },   { { 100, 200 }, 900, 900 },
        { { 900, 200 }, 300, 200 }, { { 100, 4000 }, 300, 1000 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        cr_expect_eq(worker_starved_ns(1000, &cases[i].worker, cases[i].server_waited_ns),
                     cases[i].starved_ns, "case %zu", i);
}

/* Its lane has not looked for so many seconds, of which it was awake for so many: what
 * does not count. A lane looks ten times a second, if it can. */
Test(late, is_not_who_was_stopped_with_all_others)
{
    static const struct {
        double gap_s, awake_s, absent_s;
    } cases[] = {
        { 0.1, 0, 0 }, { 0.9, 0, 0 }, { 5, 0, 5 },
        { 5, 1, 4 },   { 5, 5, 0 },   { 5, 5.1, 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        cr_expect_eq(worker_absent_ns((uint64_t)(cases[i].gap_s * 1e9),
                                      (uint64_t)(cases[i].awake_s * 1e9)),
                     (uint64_t)(cases[i].absent_s * 1e9), "case %zu", i);
}

/* Which attempts are left out because others had the CPU, of updates that mostly take up
 * to 100: how long it lived, how long until it was dead, and how long it waited. */
Test(disturbed, is_an_update_that_was_late_only_by_waiting)
{
    static const struct {
        struct lasted lasted;
        bool disturbed;
    } cases[] = {
        { { 90, 90, 0 }, false },
        { { 90, 3000, 2910 }, false }, /* waited for its CPU to die, asleep as it was */
        { { 3000, 3000, 2910 }, true },
        { { 3000, 6000, 5910 }, true },
        { { 3000, 6000, 3000 }, false }, /* a long one, which waited to die */
        { { 3000, 3000, 2890 }, false },
        { { 3000, 3000, 0 }, false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cr_expect_eq(lasted_by_waiting(&cases[i].lasted, 100), cases[i].disturbed,
                     "case %zu", i);
        cr_expect(!lasted_by_waiting(&cases[i].lasted, 0), "case %zu: not known", i);
    }
}

static uint64_t own_turns_ns(void)
{
    CLEANUP(file_closep) int fd = process_turns_open(getpid());
    struct process_turns turns;

    cr_assert(process_turns_read(fd, &turns));
    return turns.ran_ns;
}

/* All processes were frozen for five seconds. What one lane said is read before that is
 * seen: then it was heard just now, and not in five seconds, which would be a silence of
 * centuries. */
Test(suspend, nobody_was_heard_later_than_now)
{
    uint64_t start_ns = clock_now_ns(), noted_ns = start_ns - 6 * NSEC_PER_SEC, now_ns;
    struct fleet_lane lanes[2] = {
        { .heard_ns = start_ns, .awake_ns = start_ns },
        { .heard_ns = noted_ns, .awake_ns = noted_ns },
    };
    struct agenda agenda = { .board = NULL };
    struct err err = ERR_NULL;
    struct suspend suspend = { .agenda = &agenda,
                               .lanes = lanes,
                               .lane_count = ARRAY_SIZE(lanes),
                               .noted_ns = &noted_ns,
                               .looked_ns = start_ns - 5 * NSEC_PER_SEC };

    cr_assert_eq(agenda_init(&agenda, (struct shard){ 0, 1 }, &err), 0, "%s", err.msg);
    for (size_t i = 0; i < ARRAY_SIZE(lanes); i++)
        lanes[i].lane_child.pid = lanes[i].server_child.pid = getpid();
    suspend.ran_ns = ARRAY_SIZE(lanes) * own_turns_ns();
    suspend_look(&suspend);
    now_ns = clock_now_ns();
    cr_expect(lanes[0].heard_ns >= start_ns && lanes[0].heard_ns <= now_ns);
    cr_expect(lanes[0].awake_ns >= start_ns && lanes[0].awake_ns <= now_ns);
    cr_expect_gt(lanes[1].heard_ns, start_ns - 2 * NSEC_PER_SEC, "its time was lost");
    cr_expect(noted_ns > start_ns - 2 * NSEC_PER_SEC && noted_ns <= now_ns);
    cr_expect_eq(silence_check(lanes, ARRAY_SIZE(lanes), 60 * NSEC_PER_SEC, &err), 0,
                 "%s", err.msg);
    agenda_release(&agenda);
}
