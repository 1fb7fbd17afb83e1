/* trespass.h - has what a scenario's function sent left the ground that is looked at? */
#pragma once

#include "trial/judge.h"

/* Looks for what scripts were refused, and for keys in databases where nobody looks.
 * `what` is the function that ran last. ERR_REFUSED says what it did. */
int trespass_check(struct judge *judge, const char *what, struct err *err);

/* Is an old state that is kept what it was when it was looked at? The database holds it
 * afterwards. */
int trespass_check_kept(struct judge *judge, const struct kept *kept,
                        const struct snapshot *old, struct err *err);
