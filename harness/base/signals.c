/* signals.c - see signals.h. */
#include "base/signals.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mutant.h"

const int signals_stop[SIGNALS_STOP] = { SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,  SIGXCPU,
                                         SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM };

sigset_t signals_stop_set(void)
{
    struct sigaction action;
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < SIGNALS_STOP; i++)
        if (sigaction(signals_stop[i], NULL, &action) == 0 &&
            action.sa_handler != SIG_IGN)
            sigaddset(&set, signals_stop[i]);
    return set;
}

void signals_hold(sigset_t *ret_before)
{
    sigset_t held = signals_stop_set();

    sigprocmask(SIG_BLOCK, &held, ret_before);
}

/* 0: none waits. */
static int waiting(void)
{
    sigset_t held = signals_stop_set(), pending;

    sigpending(&pending);
    for (size_t i = 0; i < SIGNALS_STOP; i++)
        if (sigismember(&held, signals_stop[i]) && sigismember(&pending, signals_stop[i]))
            return signals_stop[i];
    return 0;
}

bool signals_stop_asked(void)
{
    return waiting() != 0;
}

int signals_check_stop(struct err *err)
{
    int number = waiting();

    return number ? signals_stopped_by(number, err) : 0;
}

int signals_stopped_by(int number, struct err *err)
{
    return err_set(err, ERR_STOPPED, "stopped by signal %d (%s)", number,
                   strsignal(number));
}

bool signals_is_stop(int number)
{
    for (size_t i = 0; i < SIGNALS_STOP; i++)
        if (signals_stop[i] == number)
            return true;
    return false;
}

int signals_swallow(void)
{
    sigset_t held = signals_stop_set();
    struct timespec none = { 0, 0 };
    int number, last = 0;

    while ((number = sigtimedwait(&held, NULL, &none)) > 0)
        last = number;
    return last;
}

int signals_release(const sigset_t *before)
{
    int last = signals_swallow();

    sigprocmask(SIG_SETMASK, before, NULL);
    return mutant("late-unheard") ? 0 : last;
}

void signals_let(const sigset_t *before)
{
    sigprocmask(SIG_SETMASK, before, NULL);
}

static volatile sig_atomic_t end_status;

static void end(int number)
{
    static const char words[] = "afterkill: interrupted\n";

    (void)number;
    if (write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
        _exit(end_status); /* nobody is there to be told */
    _exit(end_status);
}

void signals_end_with(int status)
{
    struct sigaction action = { .sa_handler = end };

    end_status = status;
    action.sa_mask = signals_stop_set();
    for (size_t i = 0; i < SIGNALS_STOP; i++)
        if (sigismember(&action.sa_mask, signals_stop[i]))
            sigaction(signals_stop[i], &action, NULL);
}

void signals_suspend(void)
{
    struct sigaction by_itself = { .sa_handler = SIG_DFL }, handled;
    sigset_t stop, before;

    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    sigaction(SIGTSTP, &by_itself, &handled);
    sigprocmask(SIG_UNBLOCK, &stop, &before);
    raise(SIGTSTP);
    sigprocmask(SIG_SETMASK, &before, NULL);
    sigaction(SIGTSTP, &handled, NULL);
}

void signals_end_at_pipe(void)
{
    signal(SIGPIPE, SIG_DFL);
}

void signals_fail_at_pipe(void)
{
    signal(SIGPIPE, SIG_IGN);
}

void signals_fail_at_limit(void)
{
    if (!mutant("limit-kills"))
        signal(SIGXFSZ, SIG_IGN);
}

void signals_as_others(void)
{
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
}
