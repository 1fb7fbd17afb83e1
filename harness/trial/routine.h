/* routine.h - programs of a scenario's, where it might have functions: each runs behind a
 * tap (tap/program.h), from its start to the death of all that it started, one after the
 * other. What they print is kept for messages. */
#pragma once

#include "scenario/routine.h"
#include "tap/program.h"
#include "trial/judge.h"

/* One that does not end in time: nobody knows what it would have come to. */
#define ROUTINE_LATE (-ETIME)

/* A program that has ended, which was not recorded: one that makes the old state, or a
 * survivor. */
struct routine_end {
    const struct subject *subject; /* whose survivor it is; NULL: none's */
    const char *what;              /* "before", "recover", "alive" */
    char *const *argv;
    const struct program_end *end;
    bool well;
};
struct routine_watch {
    int (*ended)(void *context, const struct routine_end *ending, struct err *err);
    void *context;
};

/* Runs all parts to their ends, until one fails. A program that does not end well is
 * ERR_USAGE; one that does not end in time is ROUTINE_LATE. */
int routine_run(struct judge *judge, const struct routine *routine, const char *what,
                struct err *err);

/* Runs one program, with what the scenario says of programs; of `run`, how it is cut, and
 * who is told what it does. ret->output is the caller's to free. How it ended is not
 * looked at. */
int routine_perform(struct judge *judge, char *const *argv, const struct program_run *run,
                    struct program_end *ret, struct err *err);

/* Forgets what scripts Redis knows, but for the harness's own. Programs load theirs, and
 * recover from finding them gone; that recovery is a part of what they do, each time. */
int routine_flush_scripts(struct judge *judge, struct err *err);

/* How the clock that programs see differs from Redis's. */
struct shift routine_shift(const struct judge *judge);

/* Sets the error if it did not end by itself and well. It must be the latest that was
 * performed: what it sent last is told of one that is late. */
int routine_check_end(const struct judge *judge, char *const *argv,
                      const struct program_end *end, const char *what, struct err *err);

/* "exited with status 3"; the caller frees it. */
char *routine_fate(const struct program_end *end);

/* A command as one would type it. The caller frees it. */
char *routine_command(char *const *argv);
