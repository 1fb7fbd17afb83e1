/* sides.h - a part of the old state and a part of the new one, side by side: the two rows
 * that show best that a state is mixed, in words. Pure. */
#pragma once

#include <stdio.h>

#include "state/example.h"
#include "state/verdict.h"

/* "list 'done' has 'job', but list 'queue' still has 'job'", behind `when`. The rows are
 * those of the state; the two are about `like`, as far as there are such, if it is not
 * NULL. Nothing if the state is not mixed. */
void sides_say(FILE *out, const char *when, const struct example *example,
               const struct state *state, const struct verdict_row *rows, size_t count,
               const struct atom *like);
