/* process.c - see process.h. */
#include "process.h"

#include <link.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

pid_t process_fork(bool own_group, struct err *err)
{
    pid_t parent = getpid();
    pid_t pid = _Fork(); /* fork() also prepares for threads, and dirties pages by that */

    if (pid < 0)
        return err_errno(err, "fork");
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(EXIT_FAILURE);
        if (own_group)
            setpgid(0, 0);
    } else if (own_group) {
        setpgid(pid, pid); /* it may be killed as a group before it has run */
    }
    return pid;
}

void process_pin(int cpu)
{
    cpu_set_t set;

    if (cpu < 0)
        return;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    sched_setaffinity(0, sizeof(set), &set);
}

struct scheduling { /* struct sched_attr, whose header cannot stand beside <sched.h> */
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime_ns, deadline_ns, period_ns;
};

void process_short_turns(void)
{
    struct scheduling brief = {
        .size = sizeof(brief),
        .policy = SCHED_OTHER,
        .flags = SCHED_FLAG_RESET_ON_FORK,
        .runtime_ns = 100 * NSEC_PER_USEC,
    };

    syscall(SYS_sched_setattr, 0, &brief, 0);
}

int process_cpus(int **ret)
{
    cpu_set_t set;
    int count = 0;
    int *cpus = MEM_ARRAY(int, CPU_SETSIZE);

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) == 0)
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
            if (CPU_ISSET((size_t)cpu, &set))
                cpus[count++] = cpu;
    if (count == 0)
        cpus[count++] = -1; /* more CPUs than the set can hold: pin nothing */
    *ret = cpus;
    return count;
}

int process_pidfd(pid_t pid, struct err *err)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);

    return fd < 0 ? err_errno(err, "pidfd_open") : fd;
}

void process_destroy(pid_t pid)
{
    siginfo_t info;

    if (pid <= 0)
        return;
    if (kill(-pid, SIGKILL) < 0)
        kill(pid, SIGKILL);
    while (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0 && errno == EINTR)
        ;
}

#define HUGE_BYTES ((size_t)2 << 20)
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* Whole huge pages from `start` on are replaced, so what follows the text in them must be
 * free. */
static void make_huge(char *start, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t used = (bytes + page - 1) & ~(page - 1);
    size_t whole = (bytes + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
    char *copy;

    if (used < whole &&
        mmap(start + used, whole - used, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED)
        return;
    copy = mem_map(whole, HUGE_BYTES, MAP_PRIVATE);
    if (!copy)
        return;
    memcpy(copy, start, bytes);
    if (mprotect(copy, whole, PROT_READ | PROT_EXEC) < 0 ||
        madvise(copy, whole, MADV_COLLAPSE) < 0 ||
        mremap(copy, whole, whole, MREMAP_MAYMOVE | MREMAP_FIXED, start) == MAP_FAILED)
        munmap(copy, whole);
}

static int find_text(struct dl_phdr_info *program, size_t size, void *context)
{
    (void)size, (void)context;
    for (size_t i = 0; i < program->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &program->dlpi_phdr[i];
        uintptr_t start = program->dlpi_addr + segment->p_vaddr;

        if (segment->p_type == PT_LOAD && segment->p_flags & PF_X &&
            start % HUGE_BYTES == 0)
            make_huge((char *)start, segment->p_memsz);
    }
    return 1; /* the program comes first; libraries stay as they are */
}

void process_use_huge_text(void)
{
    dl_iterate_phdr(find_text, NULL);
}
