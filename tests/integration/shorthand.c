/* shorthand.c - what is written in the notation sends what the function sends that says
 * the same, and is tried as what it stands for. */
#include "testlib.h"

#include <stdlib.h>

/* ---- updates ---- */

/* Each point but for what is measured. */
static void expect_same_points(const char *name, const json_t *a, const json_t *b)
{
    static const char *const same[] = { "index", "command", "now", "later" };
    const json_t *points_a = json_object_get(a, "points");
    const json_t *points_b = json_object_get(b, "points");

    cr_assert_eq(json_array_size(points_a), json_array_size(points_b), "%s", name);
    for (size_t i = 0; i < json_array_size(points_a); i++)
        for (size_t k = 0; k < ARRAY_SIZE(same); k++)
            cr_expect(json_equal(json_object_get(json_array_get(points_a, i), same[k]),
                                 json_object_get(json_array_get(points_b, i), same[k])),
                      "%s: %s of point %zu", name, same[k], i);
}

Test(shorthand, sends_what_the_function_sends)
{
    static const char *const names[] = { "waits", "buffer", "multi", "atomic",
                                         "mixed", "script", "many" };
    static const char *const same[] = { "commands", "bytes", "round_trips", "census" };
    CLEANUP(mem_freep) char *path = test_scenario("shorthand");
    struct run run = RUN("run", path, CENSUS, "--format", "json", "--no-store");

    cr_assert_not_null(run.json, "status %d: %s", run.status, run.err);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        CLEANUP(mem_freep) char *first = mem_printf("%s-function", names[i]);
        CLEANUP(mem_freep) char *second = mem_printf("%s-text", names[i]);
        json_t *a = json_strategy(&run, first), *b = json_strategy(&run, second);

        cr_assert(a && b, "%s: %s", names[i], run.err);
        for (size_t k = 0; k < ARRAY_SIZE(same); k++)
            cr_expect(
                json_equal(json_object_get(a, same[k]), json_object_get(b, same[k])),
                "%s: %s", names[i], same[k]);
        expect_same_points(names[i], a, b);
    }
    run_release(&run);
}

/* ---- survivors ---- */

/* A scenario with these lines, run without kills. */
static struct run run_text(const char *lines)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *text = mem_printf("return {\n%s}\n", lines);
    CLEANUP(mem_freep) char *path = test_file(directory, "case.lua", text);
    struct run run = RUN("run", path, CENSUS, "--format", "json", "--no-store");

    cr_expect_eq(test_directory_entries(directory), 1, "something is left");
    test_directory_remove(directory);
    return run;
}

/* A lock that never expires, and whoever comes next. */
#define LOCK                                                                             \
    "before = 'SET other 1 | RPUSH list 1',\n"                                           \
    "strategies = { { name = 'one', update = 'SET lock me NX | DEL lock' } },\n"

Test(shorthand, replies_to_alive)
{
    static const struct {
        const char *alive;
        bool stuck;
    } rows[] = {
        { "'SET lock next NX'", true },
        { "'SET lock next NX EX 60'", true },
        { "'SETNX lock next'", true },
        { "'SET lock next NX | DEL lock'", true },
        { "'SET lock next NX ; DEL lock'", true },
        { "'INCR n ; SETNX lock next ; GET missing ; DEL lock'", true },
        { "'[SET lock next NX ; DEL lock]'", true },
        { "'INCR n ; [INCR n ; SET lock next NX] ; DEL lock'", true },
        { "'lua(SET lock next NX)'", true },
        { "'lua(INCR n ; SETNX lock next)'", true },
        { "acquires('lock')", true },
        { "acquires('lock', 60)", true },
        { "atomic('SET lock next NX | DEL lock')", true },
        { "'LPUSH lock x'", true }, /* an error */
        { "'INCR n ; LLEN lock'", true },
        { "'[INCR n ; LLEN lock]'", true },
        { "'lua(LLEN lock)'", true },
        { "'GET other'", false },
        { "'GET missing | LLEN missing'", false },
        { "'GET missing ; LLEN missing'", false },
        { "'[GET missing ; LLEN missing]'", false },
        { "'SETNX elsewhere x'", false },
        { "acquires('elsewhere')", false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep)
        char *lines = mem_printf(LOCK "alive = %s,\n", rows[i].alive);
        struct run run = run_text(lines);
        json_t *one = json_strategy(&run, "one");

        cr_assert_not_null(one, "%s: %s", rows[i].alive, run.err);
        cr_expect_eq(json_count(one, "census", "stuck"), rows[i].stuck, "%s",
                     rows[i].alive);
        run_release(&run);
    }
}

/* What the right states are answered is told with the file, the line, and the command. */
Test(shorthand, of_alive_that_fails_by_itself)
{
    static const struct {
        const char *alive, *says;
    } rows[] = {
        { "'GET missing'", "case.lua:4: GET missing was answered with nil" },
        { "'GET other | [INCR n ; GET missing]'",
          "case.lua:4: GET missing was answered with nil" },
        { "'SETNX other x'", "case.lua:4: SETNX other x was answered with 0" },
        { "'INCR list'", "case.lua:4: Redis: WRONGTYPE" },
        { "acquires('a b]') , recover = [[SET 'a b]' 1]]",
          "case.lua:4: SET \"a b]\" afterkill NX was answered with nil" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep)
        char *lines = mem_printf(LOCK "alive = %s,\n", rows[i].alive);
        struct run run = run_text(lines);

        cr_expect_eq(run.status, 2, "%s: status %d", rows[i].alive, run.status);
        EXPECT_SAYS(run.err, rows[i].says);
        run_release(&run);
    }
}

Test(shorthand, requeue_moves_everything_back)
{
    struct run run = run_text(
        "before = 'RPUSH q 1 2 3',\n"
        "strategies = {\n"
        "{ name = 'safe', expect = 'safe', reference = true,\n"
        "update = 'LMOVE q w RIGHT LEFT | LMOVE q w RIGHT LEFT | LPUSH done 3'},\n"
        "{ name = 'lost', expect = 'harm',\n"
        "update = 'RPOP q | LPUSH w 3 | LMOVE q w RIGHT LEFT | LPUSH done 3' } },\n"
        "recover = requeue{from = 'w', to = 'q'},\n");

    cr_expect_eq(run.status, 0, "status %d: %s", run.status, run.err);
    run_release(&run);
}

/* A list that is none is a mistake of the update, told as its survivors' harm. */
Test(shorthand, requeue_of_what_is_no_list_is_stuck)
{
    struct run run = run_text("strategies = { { name = 'one',\n"
                              "update = 'SET w 1 | DEL w' } },\n"
                              "recover = requeue{from = 'w', to = 'q'},\n");
    json_t *one = json_strategy(&run, "one");

    cr_assert_not_null(one, "%s", run.err);
    cr_expect_eq(json_count(one, "census", "stuck"), 1);
    run_release(&run);
}
