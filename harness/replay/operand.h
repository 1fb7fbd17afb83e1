/* operand.h - what a replay is asked for: one trial, and what is known of how it went.
 * Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "state/state.h"
#include "state/verdict.h"
#include "trial/fault.h"

#define REPLAY_ATTEMPTS 40 /* at most, of a trial that chance has to hit again */

/* What is to be performed again, and what is known of how it went. */
struct replay {
    size_t strategy; /* index among those that take part */
    enum fault_id fault;
    uint64_t number; /* the point's; of a fault that has none, the trial's */
    double fraction; /* of a kill: of the update, see plan.h */
    bool recorded;   /* the rest is known */
    enum outcome outcome;
    uint64_t replies, commands; /* read; written */
    struct signature signature;
    bool explained;
    uint64_t point; /* the crash point that explained it */
    struct verdict verdict;
    /* Of a program, which is recorded anew: the command before the point, for people and
     * as what is like it is known (trial/twins.h), and how many of its like come before
     * it and with it. 0: the point is before any. */
    char command[48];
    uint64_t likeness, nth;
    bool kills;          /* it is killed for real there, and not cut in the recording */
    const char *program; /* what afterkill is called, for lines to be copied; borrowed,
                            NULL: just that */
};

/* Does it strike at an instant, which a replay has to try again and again? */
bool replay_is_timed(const struct replay *replay);

/* Is what was performed what was recorded? */
enum replay_likeness {
    REPLAY_UNRECORDED, /* nothing was */
    REPLAY_ALIKE,      /* the same state, and the same verdict */
    REPLAY_UNREACHED,  /* it did not end in that way again: another death was judged */
    REPLAY_DIFFERS,    /* another state or another verdict */
};

/* What an attempt came to. */
struct replay_attempt {
    enum outcome outcome;
    uint64_t replies, commands;
    struct signature signature;
};

/* Is it what was recorded? `wanted` is what its crash point leaves in this run. Of a
 * trial that nothing is known of, anything is. Pure. */
bool replay_matches(const struct replay *replay, struct signature wanted,
                    const struct replay_attempt *attempt);

/* What a user names: "17", a trial; "per-field:12", a crash point; "per-field@480", a cut
 * after so many bytes. */
struct replay_operand {
    enum fault_id fault;
    char strategy[64]; /* "" for a trial: the plan knows */
    uint64_t number;
};

/* Takes it apart. What is none of these is ERR_USAGE. Pure. */
int replay_operand_parse(const char *text, struct replay_operand *ret, struct err *err);
