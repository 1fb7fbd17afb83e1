/* Workers that share the lane's memory (worker.h) keep to what is theirs: wherever they
 * are killed, the lane and those who come later do not notice.
 *
 * While a worker runs, everything else that could be written is forbidden by the kernel;
 * whoever writes there dies of it. */
#include <locale.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/sanitizer.h"
#include "redis/connection.h"
#include "redis/wire.h"
#include "scenario/sandbox.h"
#include "scenario/scenario.h"
#include "testlib.h"
#include "trial/worker.h"

#define RANGES_MOST 512

static void must(int code, const struct err *err)
{
    if (code < 0) {
        fprintf(stderr, "%s\n", err->msg);
        _exit(99);
    }
}

struct range {
    char *start, *end;
};

/* What a worker is to keep off. */
struct forbidden {
    struct range ranges[RANGES_MOST];
    size_t count;
};

static bool holds(struct range range, const void *address)
{
    return (const char *)address >= range.start && (const char *)address < range.end;
}

/* Leaves the pages from `from` to `to` out of the ranges. */
static void permit(struct forbidden *forbidden, const void *from, const void *to)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    char *start = (char *)((uintptr_t)from & ~(page - 1));
    char *end = (char *)(((uintptr_t)to & ~(page - 1)) + page);
    size_t count = forbidden->count;

    for (size_t i = 0; i < count; i++) {
        struct range *range = &forbidden->ranges[i];

        if (start >= range->end || end <= range->start)
            continue;
        if (end < range->end)
            forbidden->ranges[forbidden->count++] = (struct range){ end, range->end };
        range->end = start > range->start ? start : range->start;
    }
}

/* Private memory that can be written, but for the Lua state, the stack (the lane waits
 * there, and the kernel writes what it waits for), and the thread's: errno is both's, and
 * the kernel writes there whenever it likes (rseq(2)). See worker.c for localeconv(). */
static void find_forbidden(struct forbidden *ret, const void *lua)
{
    FILE *file = fopen("/proc/self/maps", "r");
    char line[512], mode[5];
    void *start, *end;

    ret->count = 0;
    while (file && fgets(line, sizeof(line), file)) {
        struct range range;

        if (sscanf(line, "%p-%p %4s", &start, &end, mode) != 3 ||
            strcmp(mode, "rw-p") != 0)
            continue;
        range = (struct range){ start, end };
        if (holds(range, lua) || holds(range, line))
            continue;
        if (ret->count + 4 > RANGES_MOST)
            abort();
        ret->ranges[ret->count++] = range;
    }
    if (!file || fclose(file) != 0 || ret->count < 3)
        abort();
    permit(ret, &errno, (char *)pthread_self() + 4096);
    permit(ret, localeconv(), localeconv() + 1);
}

static void allow(const struct forbidden *forbidden, int mode)
{
    for (size_t i = 0; i < forbidden->count; i++) {
        const struct range *range = &forbidden->ranges[i];

        if (range->end > range->start)
            mprotect(range->start, (size_t)(range->end - range->start), mode);
    }
}

struct attempt {
    struct scenario *scenario;
    scenario_function function;
    struct page *page;
    const struct forbidden *forbidden;
    int fd;
    bool misbehaves;
};

static char lanes_own[1 << 16];

static int live(void *context)
{
    const struct attempt *attempt = context;
    struct err err = ERR_NULL;
    struct wire *wire;

    allow(attempt->forbidden, PROT_READ);
    if (attempt->misbehaves)
        *(volatile char *)&lanes_own[sizeof(lanes_own) / 2] = 1;
    wire = wire_new(attempt->fd, attempt->page);
    if (scenario_call(attempt->scenario, attempt->function, wire, &attempt->page->refused,
                      &err) < 0)
        snprintf(attempt->page->error, sizeof(attempt->page->error), "%.500s", err.msg);
    allow(attempt->forbidden, PROT_READ | PROT_WRITE);
    _exit(0);
}

/* 0, or the signal that the worker died of. The lane does nothing but wait meanwhile, and
 * not by waitid(2), which writes if there ever was a thread: its memory is forbidden,
 * too.
 */
static int run(struct attempt *attempt)
{
    struct room stack = page_stack(attempt->page);
    struct err err = ERR_NULL;
    siginfo_t info;
    pid_t pid = process_share(live, attempt, stack.at, stack.bytes, &err);

    while (syscall(SYS_waitid, P_PID, pid, &info, WEXITED, NULL) < 0)
        ;
    allow(attempt->forbidden, PROT_READ | PROT_WRITE);
    must(pid, &err);
    process_shared();
    return info.si_code == CLD_EXITED ? 0 : info.si_status;
}

/* Each function of the scenario by itself. Returns how many did not keep to their own. */
static int count_escapes(const char *path, const struct address *address)
{
    const struct parameter_settings settings = { .seed = 7, .now = 1800000000 };
    static struct forbidden forbidden;
    struct scenario *scenario;
    struct err err = ERR_NULL;
    struct page *page = page_map(&err);
    int escapes = 0;

    must(scenario_load(path, &settings, &scenario, &err), &err);
    sandbox_keep(scenario->lua);
    for (size_t k = 0; k < 2 * (2 * scenario->outline.strategy_count + 1); k++) {
        bool lost = k % 2; /* the connection is gone */
        size_t i = k / 2;
        const struct strategy_functions *strategy = &scenario->functions[i / 2];
        bool last = i == 2 * scenario->outline.strategy_count;
        redisContext *connection;
        struct attempt attempt = {
            .scenario = scenario,
            .function = last    ? scenario->before
                        : i % 2 ? strategy->recover
                                : strategy->update,
            .page = page,
            .forbidden = &forbidden,
        };
        int died;

        must(connection_open(address, &connection, &err), &err);
        attempt.fd = connection->fd;
        if (lost)
            shutdown(connection->fd, SHUT_RDWR);
        page_reset(page);
        page->undisturbed = true;
        page->record = i % 3 == 0;
        find_forbidden(&forbidden, scenario->lua);
        died = run(&attempt);
        if (died || says(page->error, "was here before")) {
            fprintf(stderr, "%s, function %zu: signal %d; %s\n", path, i, died,
                    page->error);
            escapes++;
        }
        sandbox_put_back(scenario->lua);
        connection_close(connection);
    }
    scenario_free(scenario);
    page_unmap(page);
    return escapes;
}

static int count_all_escapes(void)
{
    static const char *const made_up[] = { "confined", "replies", "types", "ways" };
    static const char *const kept[] = { "sidekiq_busy", "sentry_buffer_stuck",
                                        "redis_semaphore_token_lost",
                                        "gocraft_work_reaper" };
    char *directory = test_directory();
    struct server server = test_server(directory);
    int escapes = 0;

    for (size_t i = 0; i < ARRAY_SIZE(made_up); i++) {
        CLEANUP(mem_freep) char *path = test_scenario(made_up[i]);

        escapes += count_escapes(path, &server.address);
    }
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        CLEANUP(mem_freep) char *path =
            mem_printf("%s/%s.lua", getenv("AFTERKILL_SCENARIOS"), kept[i]);

        escapes += count_escapes(path, &server.address);
    }
    server_stop(&server);
    test_directory_remove(directory);
    return escapes;
}

/* The test below can fail. */
static int count_noticed(void)
{
    const struct parameter_settings settings = { .seed = 7 };
    static struct forbidden forbidden;
    CLEANUP(mem_freep) char *path = test_scenario("confined");
    struct err err = ERR_NULL;
    struct attempt attempt = { .misbehaves = true, .forbidden = &forbidden };
    int died;

    must(scenario_load(path, &settings, &attempt.scenario, &err), &err);
    attempt.page = page_map(&err);
    find_forbidden(&forbidden, attempt.scenario->lua);
    died = run(&attempt);
    page_unmap(attempt.page);
    scenario_free(attempt.scenario);
    return died == SIGSEGV;
}

/* In a process without Criterion's threads and handlers, which write when they like. */
static int in_a_lane(int (*count)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        signal(SIGCHLD, SIG_DFL);
        signal(SIGSEGV, SIG_DFL);
        _exit(count());
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status), "the lane died of signal %d", WTERMSIG(status));
    return WEXITSTATUS(status);
}

Test(confined, workers_write_to_nothing_that_is_the_lanes)
{
    if (SANITIZED)
        cr_skip_test("a sanitizer's own memory is the lane's");
    cr_expect_eq(in_a_lane(count_all_escapes), 0);
}

Test(confined, who_writes_elsewhere_is_noticed)
{
    if (SANITIZED)
        cr_skip_test("a sanitizer's own memory is the lane's");
    cr_expect_eq(in_a_lane(count_noticed), 1);
}

#define STACK_BYTES ((size_t)1 << 20)

static char *stack;

/* A frame of which the sanitizer has taken down what follows it; and it is left in no
 * ordinary way. */
static int die_deep_inside(void *context)
{
    volatile char frame[4000];
    volatile int *depth = context;

    frame[(size_t)*depth * 10] = 'x';
    if (--*depth > 0)
        return die_deep_inside(context) + frame[0];
    return kill(getpid(), SIGKILL);
}

static jmp_buf back;

__attribute__((noinline, noreturn)) static void jump(volatile char *frame)
{
    frame[1] = 'x';
    longjmp(back, 1);
}

static int jump_and_exit(void *context)
{
    volatile char frame[100];

    (void)context;
    if (setjmp(back) == 0)
        jump(frame);
    _exit(7);
}

#if ADDRESS_SANITIZED
/* What is on its stack is known, but for what is not. */
static int look_around(void *context)
{
    char frame[100] = "";
    volatile const char *at = frame;

    (void)context;
    _exit(__asan_address_is_poisoned(at + 99) || !__asan_address_is_poisoned(at + 100));
}
#endif

static int status_of(int (*lived)(void *), void *context)
{
    struct err err = ERR_NULL;
    pid_t pid = process_share(lived, context, stack, STACK_BYTES, &err);
    int status = -1;

    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return -1;
    process_shared();
    return status;
}

static int share_often(void)
{
    for (int i = 0; i < 3; i++) {
        int depth = 100;

        if (status_of(die_deep_inside, &depth) != SIGKILL || depth != 0)
            return 1;
#if ADDRESS_SANITIZED
        if (__asan_region_is_poisoned(stack, STACK_BYTES))
            return 2;
        if (status_of(look_around, NULL) != 0)
            return 4;
#endif
        if (status_of(jump_and_exit, NULL) != 7 << 8)
            return 3;
    }
    return 0;
}

/* Workers leave nothing that is in the way of the next one. The sanitizer has nothing to
 * say, which would be in a file (tools/test). */
Test(confined, workers_may_die_anywhere)
{
    if (!process_can_share())
        cr_skip_test("this sanitizer's books would be in disorder");
    stack = mem_map(STACK_BYTES, MAP_SHARED);
    cr_expect_eq(in_a_lane(share_often), 0);
    munmap(stack, STACK_BYTES);
}
