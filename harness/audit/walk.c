/* walk.c - see walk.h. */
#include "audit/walk.h"

#include <errno.h>
#include <inttypes.h>

#define MET_OFTEN 3
#define ASKED_OFTEN 10
#define ASKED_MORE 100000
#define ALL_MOST ((uint64_t)1 << 32) /* that a key of Redis can have */

int walk_on(struct walk *walk, const struct walk_step *step, struct err *err)
{
    uint64_t all = step->all < ALL_MOST ? step->all : ALL_MOST;

    walk->steps++;
    walk->asked += step->asked;
    walk->shown += step->shown;
    walk->met += walk->steps > 1 && step->mark == walk->mark;
    if ((walk->steps & (walk->steps - 1)) == 0)
        walk->mark = step->mark;
    if (walk->met < MET_OFTEN || walk->asked < ASKED_OFTEN * all + ASKED_MORE)
        return 0;
    return err_set(err, -ELOOP,
                   "%s: the server goes in circles: in %" PRIu64
                   " steps it has shown %" PRIu64 " %s, and comes to no end",
                   step->command, walk->steps, walk->shown, step->what);
}
