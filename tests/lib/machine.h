/* machine.h - a machine that is computed: updates take varying times, kills are aimed by
 * those that were seen before, come late, and find the update in its window of harm or
 * not. So the truth is known, and nothing depends on a real machine. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "plan/aim.h"
#include "result/pairing.h"
#include "stats/sample.h"

enum { MACHINE_SEEN = 24, MACHINE_SEEN_EVERY = 16, MACHINE_LOOKED_AT = 400 };

struct spread {
    const char *name;
    double deviation;  /* over the mean, of a lognormal distribution */
    unsigned slow_one; /* one in so many takes fifty times as long; 0: none */
};
#define MACHINE_SPREADS 5
extern const struct spread machine_spreads[MACHINE_SPREADS];

/* Numbers in the order in which they are asked for. */
struct machine {
    uint64_t seed, index;
    const struct spread *spread;
    double typical_ns;
    /* What lanes do: they aim by the updates that they have seen. */
    struct aim aim;
    uint64_t seen_ns[MACHINE_SEEN], longest_ns;
    uint64_t seen, attempts;
    uint64_t ran_ns[MACHINE_LOOKED_AT]; /* how long the first ones took that were seen */
};

/* A machine that has seen some updates. */
void machine_init(struct machine *machine, uint64_t seed, const struct spread *spread,
                  double typical_ns);
/* The same, and it sees so many more. */
void machine_look(struct machine *machine, unsigned updates);
double machine_number(struct machine *machine); /* in [0, 1) */

/* Shares of an update, in which a death does harm. */
struct window {
    double from, to;
};
/* Of this length, with so much of the rest before it. */
struct window window_at(double length, double position);

enum blow_outcome { BLOW_EARLY, BLOW_BEFORE, BLOW_INSIDE, BLOW_BEHIND, BLOW_LATE };
struct blow {
    enum blow_outcome outcome; /* inside: of the window */
    double weight_ns;
    uint64_t kill_ns; /* 0: early */
    bool slow;        /* the update takes fifty times as long as others */
};
bool blow_is_valid(const struct blow *blow);

/* The next attempt, by a random number in [0, 1): an update that is made and killed. */
struct blow machine_strike(struct machine *machine, double fraction,
                           struct window window);

/* A side of a comparison: attempts at the instants of a seed, by a machine of its own. */
#define MACHINE_HARM ATTEMPT_COUNTS(0)
struct machine_side {
    struct attempts *attempts;
    struct sample sample;
};
struct machine_side machine_side(uint64_t machine_seed, uint64_t seed,
                                 const struct spread *spread, struct window window,
                                 uint64_t attempts);
void machine_side_release(struct machine_side *side);
