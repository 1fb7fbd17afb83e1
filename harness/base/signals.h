/* signals.h - the signals that ask the program to stop, held back while they would come
 * at a bad moment. */
#pragma once

#include <signal.h>
#include <stdbool.h>

struct err;

/* From the terminal, from batch systems whose time is up (SIGUSR1, SIGUSR2, SIGXCPU), and
 * what by itself ends a program as well. */
#define SIGNALS_STOP 9
extern const int signals_stop[SIGNALS_STOP];

/* Those of them that count. Who started us with one ignored (nohup, a shell's background
 * jobs) wants it to stay so. */
sigset_t signals_stop_set(void);

/* Blocks them. One that comes waits until they are let in again. */
void signals_hold(sigset_t *ret_before);
/* Does one wait? */
bool signals_stop_asked(void);
/* ERR_STOPPED, and which one, if one waits; else 0, and the error stays as it is. */
int signals_check_stop(struct err *err);
/* The same for one that did not wait. */
int signals_stopped_by(int number, struct err *err);
/* Is it one of them? */
bool signals_is_stop(int number);
/* Forgets those that wait. Which one was the last? 0: there was none. */
int signals_swallow(void);
/* The end of signals_hold(). Those that still wait come no more: the last of them, or 0.
 * Whoever goes on must heed them: one may have come since it last asked. */
int signals_release(const sigset_t *before);

/* The same for who has only put them off: those that wait come now. */
void signals_let(const sigset_t *before);

/* From here on one that is not held ends the program at once, with this exit status. For
 * while nothing has to be cleaned up, and something may wait that does not ask: a
 * resolver, a connection that is made. */
void signals_end_with(int status);

/* Stops this process as SIGTSTP does by itself, whoever handles it: until somebody lets
 * it go on (SIGCONT), or not at all where nobody could. */
void signals_suspend(void);

/* From here on a write to a pipe that nobody reads any more ends the program without a
 * word, as it does others, whatever who started us thought of it. Not for while anything
 * has to be cleaned up. */
void signals_end_at_pipe(void);
/* From here on such a write is an error, which can be told. */
void signals_fail_at_pipe(void);
/* From here on a file that may not grow any more (ulimit -f) is as a full disk: an error,
 * which can be told. */
void signals_fail_at_limit(void);
/* Both end the program: before another one takes this process' place. */
void signals_as_others(void);
