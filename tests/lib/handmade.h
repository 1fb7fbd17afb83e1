/* handmade.h - results that are written down, without scenarios in Lua, lanes or
 * messages.
 */
#pragma once

#include "result/tally.h"

#define HANDMADE_STRATEGIES 6

struct handmade_strategy {
    const char *name;
    const char *points; /* one letter per crash point: . clean, L leaked, l lost, x mixed,
                           S stuck, B leaked and lost, p stuck for 12 h, which passes.
                           NULL: no control */
    uint64_t valid, leaked, mixed, torn; /* kills; mixed ones are not leaked */
    double mean_us;                      /* of warm updates; 0: none were measured */
    unsigned expect;
};

struct handmade {
    struct outline scenario;
    struct strategy strategies[HANDMADE_STRATEGIES];
    struct parameter parameters[2]; /* jobs=25, period=10 */
    struct result result;
};

/* Of as many strategies as have a name; the last one is the reference. Durations are
 * spread a tenth to both sides of their mean. Command k of a strategy is "SET key<k>". */
void handmade_init(struct handmade *handmade, uint64_t seed,
                   const struct handmade_strategy strategies[HANDMADE_STRATEGIES]);
/* Calls a command, from 0 on, something else. */
__attribute__((format(printf, 3, 4))) void handmade_label(struct finding *finding,
                                                          size_t index,
                                                          const char *format, ...);
/* Kills of a strategy that are told to the tally, so many times one after the other: H
 * leaves its crash point 1, . its point 2, - comes too late. They stand at the places
 * that the plan gives them, among those of the run's other strategies. */
void handmade_strike(struct handmade *handmade, uint32_t strategy, const char *letters,
                     unsigned times);
/* The same of one trial of the plan. */
void handmade_try(struct handmade *handmade, const struct plan_trial *trial, char letter);
/* Updates of the first strategy as those that were killed, so many of a hundred held up
 * by half of what they take. */
void handmade_hold_up(struct handmade *handmade, unsigned of_hundred);
void handmade_release(struct handmade *handmade);
