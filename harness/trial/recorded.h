/* recorded.h - the states that a program left on its way, all of one run behind the tap.
 *
 * A death after k commands leaves what the first k have done. The database is looked at
 * between two commands, where the data has changed, so one run yields the states of all
 * cuts, and the program need not be repeatable. They are kept inside the server
 * (state/keeper.h), each distinct one once: what a program does while it waits leaves the
 * same state again and again. What was sent is in the subject's recording, as of any
 * other worker, as if all of it had gone over one connection. */
#pragma once

#include "trial/judge.h"

struct tap_event;

/* A command of a recording. */
struct recorded_command {
    size_t index;      /* from 0 on */
    uint64_t since_ns; /* from the program's start until it came */
    uint64_t answered; /* so many commands were executed when its answer came; 0: it waits
                          for others */
    const struct tap_event *event; /* its words, and the answer */
};

/* Who is told what is recorded, as it comes, so that nobody has to hold it. An error ends
 * the recording. */
struct recording_watch {
    /* A command of the subject's was executed, or waits for others; or one that waited is
     * answered. */
    int (*heard)(void *context, const struct subject *subject,
                 const struct recorded_command *command, struct err *err);
    /* Behind them, each distinct state that a cut leaves, by its number and in this
     * order, sorted and as it is when it is judged; and the one that was told before it,
     * NULL of the first. */
    int (*left)(void *context, const struct subject *subject, size_t state,
                const struct snapshot *before, const struct snapshot *now,
                struct err *err);
    void *context;
};

struct recorded {
    /* Of each cut, from that before any command on: which state it leaves. Of each
     * command: on which connection it came, from 1 on, its likeness (twins.h), and
     * whether it waited for others. Owned. */
    size_t *states_at;
    uint64_t *connection_of, *likeness;
    bool *blocked;
    uint64_t connections;
    struct kept *states;     /* owned */
    struct signature *exact; /* of each, by which it is known again; owned */
    size_t state_count;
    char *output;     /* what it printed, see tap/output.h; owned */
    uint64_t varying; /* so many of the commands a second recording did not have */
    struct retrace {
        uint64_t compared, same; /* states, when the commands were sent again */
        uint64_t first; /* the first command that left another one; 0: none did */
    } retrace;          /* see retrace.h */
};

/* What a command was answered, as a reply that can be read (of RESP2), if need be as a
 * status that shows it: the first bytes of `bytes`, and whether these are all. */
void recorded_answer(struct str reply, uint64_t bytes, bool whole, struct buffer *ret);

/* NULL is fine; returns NULL. */
struct recorded *recorded_free(struct recorded *recorded);

/* Lets the subject's program run from its old state to its end; the database holds what
 * it leaves. Sets of the subject what a recording tells: `recorded`, which must be NULL,
 * `recording`, how many commands, bytes and trips. A program that fails, or that never
 * connects, is ERR_USAGE. */
int recorded_make(struct judge *judge, struct subject *subject, struct err *err);

/* Once more, to see which commands vary from run to run. */
int recorded_again(struct judge *judge, struct subject *subject, struct err *err);

/* Makes the database hold what the first so many commands leave. */
int recorded_cut(struct judge *judge, const struct subject *subject, uint64_t commands,
                 struct err *err);

/* Lets the program run again until it has done what its first so many commands did, as
 * far as they come again, and kills it then and there. *ret_came: false: the last of them
 * did not come. What it calls by other names than in the recording is known by those of
 * the recording from then on. */
int recorded_kill(struct judge *judge, const struct subject *subject, uint64_t commands,
                  bool *ret_came, struct err *err);
