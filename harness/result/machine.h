/* machine.h - how busy the machine was that a run was made on, at its beginning and at
 * its end. Pure. */
#pragma once

#include "result/result.h"

/* The share of their time for which updates as those that are killed waited for their
 * CPU while others had it, in the first half of the run and in the second. */
struct waited {
    bool known;
    double begin, end;
};
struct waited machine_waited(const struct result *result);

/* Was one run made while the machine had much more to do? The load per CPU before it
 * began differs by one or more, or waiting by a tenth of the time. What is not known of
 * both is not compared. */
bool machine_differs(const struct result *base, const struct result *new);
