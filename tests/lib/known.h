/* known.h - rates that are known by construction, made so on this machine.
 *
 * The updates of tests/scenarios/known_share.lua are ten round trips of the same length,
 * and some of them are unsafe. What a worker does besides, from its first instant until
 * it has sent its first command, and at its end, belongs to none of them and leaks
 * nothing: if it is a share s of the update, a share of unsafe (1 - s) / 10 of the kills
 * leaks. How long that takes depends on the machine, on how it forks, on sanitizers and
 * on what else goes on; so it is measured, as the whole of an update that is one plain
 * command, and if round trips are not long enough beside it, they are made longer by a
 * relay (--rtt). Not by work: an update that is busy for longer than the turns that
 * processes take on a CPU takes as long as others there let it, and that changes. */
#pragma once

#include <stdbool.h>

#include "stats/interval.h"

/* The share that is not waiting is at most 1 in so many when it is measured. The bounds
 * of a rate allow for twice as much, because the machine may have changed since. */
#define KNOWN_WAITING 50
#define KNOWN_ERROR (2.0 / KNOWN_WAITING)

/* How much of a round trip is work: of most of it, where a server that is busy is what
 * is looked at; and none, where it is not. Then a run takes half as much of a CPU, and
 * all else is as it was. */
#define KNOWN_BUSY "45000"
#define KNOWN_IDLE "0"

/* The value of --rtt that makes it so, with workers that are killed by this killer, and
 * so many turns of the loop. Runs afterkill; needs a test_directory(). Freed by the
 * caller. */
char *known_rtt(const char *killer, const char *turns);

/* Is this interval right about a rate of `tenths` unsafe round trips of ten? */
bool known_covers(struct interval interval, unsigned tenths);
