/* fork_floor.c - how fast this machine can fork, SIGKILL and reap, and nothing else.
 *
 *     fork_floor [LANES [SECONDS [fork|share]]]
 *
 * One small process per lane, each on a CPU of its own, forks a child that waits to be
 * killed, sends SIGKILL and waits for its end, over and over. Prints the rate, summed
 * over the lanes, as one number: no harness that forks its workers can be faster. With
 * `share` the child is started in the parent's memory, as afterkill starts its workers.
 */
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"

__attribute__((noreturn)) static int live(void *context)
{
    (void)context;
    for (;;)
        pause();
}

static uint64_t fork_for(uint64_t duration_ns, bool share)
{
    static _Alignas(16) char stack[16 << 10];
    uint64_t end_ns = clock_now_ns() + duration_ns, count = 0;
    struct err err;

    for (; clock_now_ns() < end_ns; count++) {
        pid_t pid =
            share ? process_share(live, NULL, stack, sizeof(stack), &err) : fork();

        if (pid == 0)
            live(NULL);
        if (pid < 0)
            exit(EXIT_FAILURE);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    return count;
}

int main(int argc, char **argv)
{
    CLEANUP(mem_freep) int *cpus = NULL;
    int cpu_count = process_cpus(&cpus);
    int lanes = argc > 1 ? atoi(argv[1]) : cpu_count;
    double seconds = argc > 2 ? atof(argv[2]) : 2;
    const char *how = argc > 3 ? argv[3] : "fork";
    bool share = strcmp(how, "share") == 0;
    uint64_t *counts, sum = 0;

    if (lanes < 1 || seconds <= 0 || (!share && strcmp(how, "fork") != 0)) {
        fputs("usage: fork_floor [LANES [SECONDS [fork|share]]]\n", stderr);
        return 2;
    }
    counts = mmap(NULL, (size_t)lanes * sizeof(*counts), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED)
        return EXIT_FAILURE;
    for (int i = 0; i < lanes; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            process_pin(cpus[i % cpu_count]);
            counts[i] = fork_for((uint64_t)(seconds * (double)NSEC_PER_SEC), share);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
    for (int i = 0; i < lanes; i++)
        sum += counts[i];
    printf("%.1f\n", (double)sum / seconds);
    return 0;
}
