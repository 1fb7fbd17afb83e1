/* go.h - what the fleet says to a lane that waits: which cures it is to try, and that the
 * next stage may begin. */
#pragma once

#include "run/cures.h"

/* Whoever is gone is no error: that is told of elsewhere. */
int go_say(int fd, struct err *err);
int go_ask(int fd, const struct cure_request *request, struct err *err);

/* Returns when the next stage may begin. What is to be tried is added to the cures. */
int go_wait(int fd, struct cures *cures, struct err *err);
