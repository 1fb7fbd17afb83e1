/* agenda.h - what is left to do in a stage, and which lane does it next.
 *
 * The items of a stage (crash points, points of other faults, kill trials) have numbers.
 * A shard takes every n-th of them; lanes take the next of these from a counter in memory
 * that they share, so that a lane that is slow keeps nobody waiting, and what has been
 * done at any instant is everything up to some item, but for the last few. What an
 * earlier session of the same run has done is passed over.
 *
 * Which lane does an item says nothing about the item: all that an item is follows from
 * its number. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "plan/shard.h"
#include "plan/stage.h"

/* Items that are done: all below a number, and some beyond it. */
struct done {
    uint64_t below;
    uint64_t *beyond; /* ascending; owned */
    size_t count;
};
/* Adds an item; items come in ascending order, and all of them are the shard's. */
void done_add(struct done *done, struct shard shard, uint64_t item);
bool done_has(const struct done *done, uint64_t item);
void done_release(struct done *done); /* may be called twice */

struct agenda {
    struct shard shard;            /* of all but the census */
    struct done done[STAGE_COUNT]; /* owned */
    struct agenda_board {
        _Atomic uint64_t next[STAGE_COUNT];
        _Atomic bool enough;      /* no more kills are wanted */
        _Atomic bool held;        /* nothing is to be begun now */
        _Atomic uint64_t lost_ns; /* while it was held back, so far */
        _Atomic uint64_t seen_ns; /* when it was last looked after; 0: nobody does that */
    } * board;                    /* shared between processes; owned */
};

int agenda_init(struct agenda *agenda, struct shard shard, struct err *err);
void agenda_release(struct agenda *agenda); /* may be called twice */

/* Takes the next of `items` items of a stage; waits while they are held back. False:
 * there is none left. */
bool agenda_next(struct agenda *agenda, enum stage stage, uint64_t items, uint64_t *ret);
/* Holds back what has not begun, or lets it go on. */
void agenda_hold(struct agenda *agenda, bool held);
/* So long nothing was to be begun; said before it goes on. */
void agenda_lose(struct agenda *agenda, uint64_t ns);
/* Whoever says what is lost is there. When he is not, the clock stands soon: perhaps all
 * are stopped, and lanes are the first to go on. */
void agenda_look(struct agenda *agenda, uint64_t now_ns);
#define AGENDA_UNSEEN_NS NSEC_PER_SEC
/* A clock that stands while things are held back: only differences mean anything, and it
 * may go back by what was lost. */
uint64_t agenda_clock_ns(const struct agenda *agenda);
/* Kills that have not begun are not wanted any more. */
void agenda_enough(struct agenda *agenda);
