/* comparable.h - are two runs alike in all but what is compared? Pure.
 *
 * Nothing is refused but words that mean something else: whoever compares two versions of
 * Redis, or two sizes of an update, wants just that. But it is said. */
#pragma once

#include "base/err.h"
#include "result/result.h"

struct comparable_note {
    bool loud; /* differences may come from this alone, or nothing can be trusted */
    char *text;
};

struct comparable {
    struct comparable_note *notes;
    size_t count;
};

/* Do both mean the same by their words? ERR_USAGE if one was made by an older afterkill.
 */
int comparable_check(const struct result *base, const struct result *new,
                     struct err *err);
/* Scenario, parameters, what it says of time, server, transport, how busy the machine
 * was, commands; and what is wrong with either. */
void comparable_runs(const struct result *base, const struct result *new,
                     struct comparable *ret);
void comparable_run(const struct result *result, struct comparable *ret); /* the latter */
/* Are they one and the same run, or copies of it, or its baseline? Then all figures are
 * equal, and say nothing. False if that is not known, as of a run that has just ended. */
bool comparable_same_run(const struct result *base, const struct result *new);
/* Were both run slice by slice, in the same minutes? */
bool comparable_took_turns(const struct result *base, const struct result *new);
void comparable_release(struct comparable *comparable); /* may be called twice */

/* Are the labels of all commands the same? (Values may differ.) */
bool finding_same_commands(const struct finding *a, const struct finding *b);
