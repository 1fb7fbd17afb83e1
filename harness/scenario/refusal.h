/* refusal.h - which commands a scenario may not send, and why. Pure.
 *
 * What is refused would take the ground from under the harness: the scenario's state is
 * database 0 of a server that is shared with who looks at it, the old state is kept in
 * database 1, and every command must have one reply that comes by itself. */
#pragma once

#include <stdbool.h>

/* What is refused ("CLIENT KILL"), and the reason; NULL: the command may be sent. By
 * `before` (`preparing`) some more may. */
struct refusal {
    const char *what, *reason;
};
const struct refusal *refusal_of(bool preparing, int argc, const char *const *argv);
