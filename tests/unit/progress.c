/* progress: what a run shows while it goes on, of programs and of what is counted. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/slice_progress.h"
#include "handmade.h"
#include "run/progress.h"

static struct run_progress view;
static struct handmade run;

static void set_up(void)
{
    static const struct handmade_strategy strategies[HANDMADE_STRATEGIES] = {
        { .name = "a", .points = "..." }, { .name = "b", .points = "..." }
    };

    handmade_init(&run, 1, strategies);
}

static void tear_down(void)
{
    handmade_release(&run);
}

/* What it shows now; freed by the caller. */
static char *shown(bool terminal)
{
    char *text;

    view.line.out = mem_stream(&text);
    view.line.terminal = terminal;
    view.line.next_ns = 0;
    run_progress_show(&view, &run.result);
    fclose(view.line.out);
    return text;
}

#define STEP(what_, strategy_, number_, of_)                                             \
    run_progress_doing(&view, &(struct doing){ .what = (what_),                          \
                                               .strategy = (strategy_),                  \
                                               .number = (number_),                      \
                                               .of = (of_) })

static void expect_shown(bool terminal, const char *text)
{
    CLEANUP(mem_freep) char *is = shown(terminal);

    cr_expect_eq(strncmp(is, text, strlen(text)), 0, "expected %s\n     got %s", text,
                 is);
}

Test(progress, steps_of_programs, .init = set_up, .fini = tear_down)
{
    run_progress_init(&view, NULL, false);
    STEP(DOING_BEFORE, 0, 0, 0);
    expect_shown(false, "queue: making the old state, ");
    STEP(DOING_RECORDING, 1, 0, 0);
    expect_shown(false, "queue: b: recording, ");
    expect_shown(true, "\r\033[Kqueue: b: recording, ");
    STEP(DOING_CONTROLS, 1, 1, 2);
    expect_shown(false, "queue: b: survivors of control 1 of 2\n");
    STEP(DOING_STATES, 0, 1, 4);
    expect_shown(true,
                 "\r\033[K[                        ] queue: a: survivors of state 1 "
                 "of 4");
    STEP(DOING_STATES, 0, 3, 4);
    expect_shown(true,
                 "\r\033[K[============            ] queue: a: survivors of state 3 "
                 "of 4");
    STEP(DOING_PROOFS, 1, 1, 2);
    expect_shown(false, "queue: b: proof 1 of 2\n");
    STEP(DOING_NOTHING, 0, 0, 0);
    expect_shown(false, "queue: crash points 6 of 6");
    STEP(DOING_COUNT, 0, 1, 1); /* is taken for nothing */
    expect_shown(false, "queue: crash points 6 of 6");
}

/* Two of five took two thousand seconds, and the third began two hundred ago: of the
 * three that are left, two thousand eight hundred, however slow this test is. */
Test(progress, how_long_it_will_take, .init = set_up, .fini = tear_down)
{
    uint64_t now_ns = clock_now_ns();
    CLEANUP(mem_freep) char *text = NULL;
    unsigned left_s = 0;

    run_progress_init(&view, NULL, false);
    STEP(DOING_STATES, 0, 1, 5);
    STEP(DOING_STATES, 0, 3, 5);
    view.doing_ns = now_ns - 2200 * NSEC_PER_SEC;
    view.step_ns = now_ns - 200 * NSEC_PER_SEC;
    text = shown(false);
    cr_expect_eq(
        sscanf(text, "queue: a: survivors of state 3 of 5, about %u s left\n", &left_s),
        1, "%s", text);
    cr_expect(left_s > 2000 && left_s <= 2800, "%u", left_s);
    view.step_ns = view.doing_ns; /* it takes longer than all before: nobody knows */
    expect_shown(false, "queue: a: survivors of state 3 of 5\n");
    STEP(DOING_STATES, 1, 1, 2);
    expect_shown(false, "queue: b: survivors of state 1 of 2\n");
}

/* Of six points one took a quarter of an hour: the other five are worth a word, once. */
Test(progress, what_takes_long_is_said, .init = set_up, .fini = tear_down)
{
    CLEANUP(mem_freep) char *text = NULL, *again = NULL, *soon = NULL;

    run_progress_init(&view, NULL, false);
    run.result.directory = NULL;
    for (uint64_t k = 1; k < 3; k++)
        run.result.findings[0].points[k].taken = 0;
    for (uint64_t k = 0; k < 3; k++)
        run.result.findings[1].points[k].taken = 0;
    view.stage = STAGE_CENSUS;
    view.stage_ns = clock_now_ns() - NSEC_PER_SEC;
    soon = shown(false);
    cr_expect_null(strstr(soon, "each of them"), "%s", soon);
    view.stage_ns = clock_now_ns() - 864 * NSEC_PER_SEC;
    text = shown(false);
    cr_expect_eq(strncmp(text,
                         "queue: 6 crash points are looked at, each of them: at the pace "
                         "of the first ones that takes 1.2 hours, and later ones take "
                         "longer. ",
                         130),
                 0, "%s", text);
    cr_expect_not_null(strstr(text, "(--set), or leave strategies out (--strategy).\n"),
                       "%s", text);
    again = shown(false);
    cr_expect_null(strstr(again, "each of them"), "%s", again);
}

/* What is shown of two runs in turns when so many slices are over, each of which took a
 * second, and the next one half a second until now; freed by the caller. */
static char *slices_shown(bool terminal, uint64_t done)
{
    struct slice_progress progress;
    char *text;
    FILE *out = mem_stream(&text);

    slice_progress_init(&progress, out, terminal, "mine", 4);
    progress.done = done;
    progress.slice_ns = clock_now_ns() - NSEC_PER_SEC / 2;
    progress.start_ns = progress.slice_ns - done * NSEC_PER_SEC;
    progress.line.next_ns = 0;
    slice_progress_tick(&progress);
    fclose(out);
    return text;
}

Test(progress, of_runs_that_take_turns)
{
    CLEANUP(mem_freep) char *first = slices_shown(false, 0);
    CLEANUP(mem_freep) char *plain = slices_shown(false, 2);
    CLEANUP(mem_freep) char *bar = slices_shown(true, 3);
    struct slice_progress progress;

    cr_expect_str_eq(first, "mine: slice 1 of 8 (base 1/4)\n");
    cr_expect_not_null(strstr(plain, "mine: slice 3 of 8 (new 2/4), "), "%s", plain);
    cr_expect_not_null(strstr(plain, " s left\n"), "%s", plain);
    cr_expect_not_null(
        strstr(bar, "[=========               ] mine: slice 4 of 8 (base 2/4), "), "%s",
        bar);
    cr_expect_null(strchr(bar, '\n'), "%s", bar);
    slice_progress_init(&progress, NULL, true, "mine", 4);
    slice_progress_begin(&progress, 1);
    slice_progress_close(&progress);
}
