/* deadline.c - a test that takes this long hangs, and ends with a list of what runs.
 *
 * Criterion starts a test's executable anew for each test. Its own --timeout ends none
 * of them, and would only say that there was one; a list of who waits for whom shows what
 * hangs. The longest, which looks for all mutants, takes minutes; a limit that is
 * anywhere near would be a timed assertion, on a machine that is busy with something
 * else. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_S 1800

static void end(int number)
{
    pid_t pid;

    (void)number;
    dup2(STDERR_FILENO, STDOUT_FILENO);
    pid = fork();
    if (pid == 0) {
        execle("/bin/ps", "ps", "-e", "--forest", "-o",
               "pid,ppid,stat,wchan:24,etime,args", (char *)NULL, (char *[]){ NULL });
        _exit(127);
    }
    waitpid(pid, NULL, 0);
    abort();
}

__attribute__((constructor)) static void begin(void)
{
    const char *given = getenv("TEST_DEADLINE_S"); /* for who looks for what hangs */
    struct itimerspec when = { .it_value.tv_sec = given ? atol(given) : DEADLINE_S };
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMAX };
    timer_t timer;

    if (!getenv("BXFI_MAP")) /* this is Criterion, and no test */
        return;
    signal(SIGRTMAX, end);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
        timer_settime(timer, 0, &when, NULL);
}
