/* forked.c - Criterion's tests in one process, or forked, and not each started anew.
 *
 * Criterion starts a test's executable again for each test. Valgrind then loads and
 * translates all of it as many times; for most tests of single functions that is nearly
 * all of the time. This library is preloaded (tools/test), and stands before Criterion's:
 * its main() has Criterion collect the tests, and calls one after the other. What a test
 * says fails goes to standard error, and the exit status is 1 if there was anything.
 *
 * A test that ends its process, or whose suite keeps something in static memory that
 * others of it would find, is forked: it has the memory that it would have in a process
 * of its own. That takes as long again, for valgrind translates anew what it runs.
 *
 * Not here: tests with parameters, and options; nobody needs them. */
#include <criterion/criterion.h>
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <valgrind/valgrind.h>

static void (*suite_init)(void), (*suite_fini)(void);
static const struct criterion_test *current;
static volatile int failed;
static jmp_buf over; /* where a test is left in its midst */
static pid_t own;    /* of the process that is in it; its children end */

/* Suites that keep something: secrets that are to be hidden, a moment at which somebody
 * is stopped, signals that wait. */
static const char *const forked[] = { "err", "file", "signals" };

static void call(void (*function)(void))
{
    if (function)
        function();
}

void criterion_internal_test_setup(void)
{
    call(suite_init);
    call(current->data->init);
}

void criterion_internal_test_main(void (*function)(void))
{
    function();
}

void criterion_internal_test_teardown(void)
{
    call(current->data->fini);
    call(suite_fini);
}

void cri_asserts_passed_incr(void)
{
}

void criterion_send_assert(struct criterion_assert_stats *stats)
{
    if (stats->passed)
        return;
    fprintf(stderr, "%s:%u: %s\n", stats->file, stats->line, stats->message);
    failed = 1;
}

void criterion_continue_test(void)
{
}

__attribute__((noreturn)) static void leave(void)
{
    if (getpid() != own)
        exit(failed);
    longjmp(over, 1);
}

void criterion_abort_test(void)
{
    failed = 1;
    leave();
}

void criterion_skip_test(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    leave();
}

static bool is_forked(const struct criterion_test *test)
{
    for (size_t i = 0; i < sizeof(forked) / sizeof(forked[0]); i++)
        if (strcmp(test->category, forked[i]) == 0)
            return true;
    return test->data->signal || test->data->exit_code;
}

static bool run_here(const struct criterion_suite *suite,
                     const struct criterion_test *test)
{
    current = test;
    suite_init = suite->data ? suite->data->init : NULL;
    suite_fini = suite->data ? suite->data->fini : NULL;
    failed = 0;
    own = getpid();
    if (setjmp(over) == 0)
        test->test();
    return !failed;
}

/* Returns whether the test ended as it should. */
static bool run(const struct criterion_suite *suite, const struct criterion_test *test)
{
    int status;
    pid_t pid;

    if (!is_forked(test))
        return run_here(suite, test);
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        exit(!run_here(suite, test));
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        perror(test->name);
        return false;
    }
    if (test->data->signal)
        return WIFSIGNALED(status) && WTERMSIG(status) == test->data->signal;
    return WIFEXITED(status) && WEXITSTATUS(status) == test->data->exit_code;
}

int main(void)
{
    struct criterion_test_set *(*collect)(void) = (struct criterion_test_set * (*)(void))
        dlsym(RTLD_DEFAULT, "criterion_initialize");
    struct criterion_test_set *tests;
    unsigned all = 0, bad = 0;

    unsetenv("LD_PRELOAD");
    if (!collect)
        return 1;
    tests = collect();
    VALGRIND_ENABLE_ERROR_REPORTING; /* Criterion has disabled it outside of tests */
    FOREACH_SET(struct criterion_suite_set * of, tests->suites)
    {
        FOREACH_SET(struct criterion_test * test, of->tests)
        {
            all++;
            if (run(&of->suite, test))
                continue;
            bad++;
            fprintf(stderr, "%s/%s failed\n", test->category, test->name);
        }
    }
    printf("%u tests, %u failed\n", all, bad);
    return bad || !all;
}
