/* against.h - what --against names: a run that is kept, or what a run is to take turns
 * with (interleave.h): another scenario, or another afterkill. */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "base/err.h"

enum against_kind { AGAINST_SCENARIO, AGAINST_PROGRAM };

struct against {
    enum against_kind kind;
    char *path; /* of the scenario's file, or of the program; owned */
};

/* Is it there to take turns with? A directory is a run that is kept; NULL: nothing is
 * named. What is not there at all is neither, which against_find() says. */
bool against_takes_turns(const char *operand);

/* Which of both is it? A file of which the name ends with .lua, or that cannot be
 * executed, is a scenario, as is a name from `afterkill list`. Another one is run with
 * --version, for which the caller holds back the signals that stop (`before`: what was
 * before), and must answer as afterkill does. */
int against_find(const char *operand, const sigset_t *before, struct against *ret,
                 struct err *err);
void against_release(struct against *against); /* may be called twice */
