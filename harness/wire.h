/* wire.h - the worker's connection: what has been written, how far Redis has answered.
 *
 * Commands leave as clients send them: each waits for its reply; all of a pipeline in one
 * buffer; in chunks of so many bytes; or each in a write of its own without waiting. What
 * is written, when and how much, is decided here, because that is what crashes cut;
 * replies are taken apart by hiredis.
 *
 * Progress is stored in a page shared with the lane, before a write and after a reply, so
 * it survives SIGKILL. "written" therefore means "handed to the kernel or about to be",
 * never "executed"; what Redis executed is always a prefix of the commands, and its
 * length lies between `replies` and `commands`. */
#pragma once

#include <hiredis/hiredis.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/* What is known of one command of an uninterrupted update. Offsets count from the
 * update's beginning. */
struct trace {
    uint64_t end;       /* byte of the worker's output at which the command ends */
    uint64_t reply_end; /* byte of Redis's output at which its reply ends */
    uint64_t write;     /* which write it left in, from 0 */
    uint64_t replies;   /* how many had been read when it was written */
    uint64_t write_ns;  /* when it was handed to the kernel */
};
#define PROGRESS_TRACES 1000000 /* an update of more commands than this is refused */
#define RECORD_BYTES                                                                     \
    (32u << 20) /* and one that says or hears more, if it is recorded                    \
                 */

/* The page: written by the worker alone, except `released`, read by the lane. The worker
 * may die between any two stores. Stores are relaxed: the lane reads after it has reaped
 * the worker. */
struct progress {
    _Atomic uint32_t released; /* futex: the lane has let go of the worker's connection */
    _Atomic uint32_t ready;    /* futex: the worker is about to begin */
    bool record, times; /* what is wanted of the traces: all but the times, the times; set
                           by the lane before the fork */
    bool undisturbed; /* nobody interrupts the worker; set by the lane before the fork */
    bool cut;         /* the wire's limit was reached */
    volatile uint64_t arm_ns; /* when the fault's arming began, monotonic clock */
    volatile uint64_t begin_ns, end_ns; /* of the update; 0: not yet */
    volatile uint64_t commands, bytes;  /* written, or about to be */
    volatile uint64_t replies;          /* read */
    volatile uint64_t trips; /* times that the worker stopped writing to wait */
    uint64_t heard;          /* bytes of replies, if they are recorded */
    bool refused;            /* the scenario's function returned false */
    int error_code;          /* see err.h; 0 if it did not raise */
    char error[512];         /* what it raised; "" if nothing */
    struct trace *traces;    /* PROGRESS_TRACES of them */
    char *output, *answers;  /* RECORD_BYTES each: what was written and read */
};

/* Beside the page, in the same mapping: memory in which one worker after the other lives.
 */
#define PROGRESS_SCRATCH (1u << 20)
char *progress_scratch(struct progress *page);

struct progress *progress_map(struct err *err); /* shared with children; NULL on error */
struct progress *progress_unmap(struct progress *page); /* NULL is fine; returns NULL */
void progress_reset(struct progress *page);

struct wire;

/* Takes over an open blocking connection and notes progress in the page, which is
 * borrowed and may be NULL (a worker that nobody interrupts). */
struct wire *wire_new(redisContext *connection, struct progress *page);
struct wire *wire_free(struct wire *wire); /* NULL is fine; returns NULL */
DEFINE_CLEANUP(struct wire *, wire_free)

/* From here on only the next `commands` commands leave: when one more is asked for, the
 * replies that are due are read and the process kills itself. */
void wire_cut(struct wire *wire, uint64_t commands);

/* How commands leave. Queued commands are sent as soon as they are `chunk` bytes or more
 * (whole commands, as clients that split their output do); what is left, by wire_flush().
 * Replies that have come by then are read before each write, if `reads`; else all stay
 * unread until they are asked for. */
struct wire_manner {
    size_t chunk;
    bool reads;
};
#define WIRE_ONE_BUFFER ((struct wire_manner){ SIZE_MAX, false }) /* of a new wire */
#define WIRE_EACH ((struct wire_manner){ 1, false })
void wire_set_manner(struct wire *wire, struct wire_manner manner);

/* Queues a command, and sends the queue if it is a chunk by now. */
int wire_append(struct wire *wire, int argc, const char **argv, const size_t *lengths,
                struct err *err);
/* Sends what is queued. */
int wire_flush(struct wire *wire, struct err *err);
/* The reply to the oldest command that this was not called for yet; the caller frees it.
 */
int wire_read(struct wire *wire, redisReply **ret, struct err *err);
uint64_t wire_due(const struct wire *wire); /* how often it can be called */
/* Forgets what is queued and reads what is due: the wire is as new again. */
int wire_abandon(struct wire *wire, struct err *err);

/* Makes the server know a script, where nobody interrupts the worker: beside the update,
 * neither counted nor recorded. Elsewhere it does nothing, because the uninterrupted
 * update of the same strategy has been there before. Nothing may be queued or due. */
int wire_load_script(struct wire *wire, struct str text, struct err *err);
