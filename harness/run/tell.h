/* tell.h - what a lane tells the fleet, as events (result/event.h). */
#pragma once

#include "replay/operand.h"
#include "result/event.h"
#include "trial/trial.h"

#define TELL_BATCH 64

/* Deaths are told many at once, or after a while; and so is what is small. */
struct teller {
    int fd;
    /* After which death survivors run; -1: nobody has died. Was it a real one? */
    int64_t point;
    bool killed;
    size_t first; /* the run's number of the first strategy that takes part in the lane */
    struct buffer later; /* events that are small and many; owned */
    struct event_trial batch[TELL_BATCH];
    size_t batched;
    uint64_t batch_start_ns;
    bool noted; /* an error was told */
};

/* A strategy's number in the run, by that in the lane. */
static inline uint32_t tell_number(const struct teller *teller, size_t subject)
{
    return (uint32_t)(teller->first + subject);
}

int tell_event(struct teller *teller, enum event_type type, const void *body,
               size_t bytes, struct err *err);

/* The same with many others, or before the next one that is told at once. */
int tell_later(struct teller *teller, enum event_type type, const void *body,
               size_t bytes, struct err *err);
void teller_release(struct teller *teller);

/* What uninterrupted updates do, and, if it is wanted, each of their commands. */
int tell_controls(struct teller *teller, const struct judge *judge, bool commands,
                  struct err *err);
int tell_samples(struct teller *teller, size_t subject, enum samples_kind kind,
                 const uint64_t *values, size_t count, struct err *err);
/* Durations of all strategies that take part in the lane: `count` of the first, as many
 * of the next, .. */
int tell_block(struct teller *teller, size_t subjects, const uint64_t *durations_ns,
               size_t count, uint64_t kills_waited_ns, struct err *err);
/* A point of the census: deaths by other faults will be explained by it. */
int tell_point(struct teller *teller, size_t subject, uint64_t index,
               const struct judgement *judgement, bool alike, struct err *err);
int tell_death(struct teller *teller, const struct fault *fault, size_t subject,
               uint64_t number, const struct death *death,
               const struct judgement *judgement, struct err *err);
/* Tells the deaths that it has kept so far. */
int tell_flush(struct teller *teller, struct err *err);
/* Why a trial ended in an error. The first of a lane is told; all are counted. */
void tell_error(struct teller *teller, uint64_t number, const char *why, struct err *err);
/* A narrative, in pieces, and whether it is of what was recorded. */
int tell_replay(struct teller *teller, const char *text, size_t length,
                enum replay_likeness likeness, struct err *err);
