/* tell_trace.h - what a program says and hears while it is recorded, and the states that
 * it leaves, told as it comes (result/event.h): nobody has to hold it.
 *
 * What is kept has bounds, which docs/results.md names as well. Of states, what has
 * changed since the one before is told. */
#pragma once

#include "run/tell.h"
#include "trial/recorded.h"

#define TRACE_WORD_MOST (1u << 20) /* bytes of a word of a command */
#define TRACE_REPLY_MOST 4096      /* bytes of a reply */
#define TRACE_REPLIES_MOST                                                               \
    (32u << 20) /* of all replies of a recording; then of each:                          \
                 */
#define TRACE_REPLY_LEAST 64
#define TRACE_TEXT_MOST 4096            /* of a key, an element, a value */
#define TRACE_CHANGES_MOST 10000        /* from one state to the next */
#define TRACE_COPIES_MOST 10000         /* of one element that come or go at once */
#define TRACE_CHANGES_BYTES (32u << 20) /* of all changes of a recording, about */

struct trace_teller {
    struct teller *teller;         /* borrowed, like the next one */
    const struct judge *judge;     /* whose subjects they are; those that do not take part
                                      are nobody's business */
    const struct subject *subject; /* of whom was told last */
    uint64_t replies, changes;     /* bytes of them so far */
    struct buffer body;            /* of an event; owned */
};
void trace_teller_release(struct trace_teller *tracing);

/* The teller must outlive it. */
struct recording_watch trace_teller_watch(struct trace_teller *tracing);
