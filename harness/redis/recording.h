/* recording.h - what one uninterrupted update sends and hears, and sending a part of it
 * again.
 *
 * The crash model of the fault `byte`: exactly n bytes of the worker's output arrive,
 * then its link is gone (its host, its network namespace). What becomes of the worker
 * matters no more, so there is none: the first n bytes of a recording go over a
 * connection of their own, which ends when every complete command in them has been
 * answered.
 *
 * They go all at once. Where the worker waited says when bytes arrive and not which, and
 * Redis executes them in their order. A worker whose commands depend on replies sends the
 * same ones again if it hears the same replies: every answer is compared with the one
 * that was recorded. Where answers differ from run to run (they tell ids or times), two
 * recordings must at least have sent the same, or there is nothing to send again.
 *
 * Two recordings in one millisecond may hear the same id, so answers that vary are not
 * always known as such at first. A cut that hears something else is not wrong, then: it
 * says that one must record again, now that the clock has moved on. */
#pragma once

#include "redis/connection.h"
#include "redis/wire.h"

struct recording {
    char *output; /* owned, as are the others */
    char *answers;
    struct trace *traces; /* one per command */
    size_t output_bytes, answer_bytes, commands;
    bool answers_vary; /* another recording, or a cut, heard something else */
};
#define RECORDING_NULL ((struct recording){ NULL, NULL, NULL, 0, 0, 0, false })

/* Copies what the page of a recorded worker says. */
void recording_take(struct recording *ret, const struct page *page);
void recording_release(struct recording *recording);
/* The first so many commands of another one. */
void recording_copy(struct recording *ret, const struct recording *recording,
                    size_t commands);

/* Compares a second recording of the same strategy, and notes whether the answers vary.
 * Returns how many commands, from the first one on, are the same in both. */
size_t recording_agree(struct recording *recording, const struct recording *again);

/* How many commands are complete in the first `bytes` of the output. */
size_t recording_complete(const struct recording *recording, uint64_t bytes);

/* Calls visit() for every command. */
typedef void recording_visit(void *context, size_t index, int argc,
                             const char *const *argv, const size_t *lengths);
int recording_each(const struct recording *recording, recording_visit *visit,
                   void *context, struct err *err);

/* Lets exactly the first `bytes` of the output arrive, on a new connection, and ends it.
 * *ret_client_id is its client. An answer that is not the recorded one is
 * RECORDING_ANSWERS_DIFFER: Redis may still be executing the cut. */
#define RECORDING_ANSWERS_DIFFER (-EILSEQ)
int recording_cut(const struct recording *recording, const struct address *address,
                  uint64_t bytes, int64_t *ret_client_id, struct err *err);
