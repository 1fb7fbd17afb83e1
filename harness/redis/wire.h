/* wire.h - the worker's connection: what has been written, how far Redis has answered.
 *
 * Commands leave as clients send them: each waits for its reply; all of a pipeline in one
 * buffer; in chunks of so many bytes; or each in a write of its own without waiting. What
 * is written, when and how much, is decided here, because that is what crashes cut.
 *
 * Progress is noted on a page (page.h), before a write and after a reply, so it
 * survives SIGKILL. What a worker's wire needs it takes from the page's memory, and
 * nothing from malloc(3), which belongs to the lane. "written" therefore means "handed to
 * the kernel or about to be", never "executed"; what Redis executed is always a prefix of
 * the commands, and its length lies between `replies` and `commands`. */
#pragma once

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "redis/page.h"

struct wire;

/* A wire over an open blocking socket, which is borrowed. Notes progress on the page,
 * which is borrowed and may be NULL (a worker that nobody interrupts). */
struct wire *wire_new(int fd, struct page *page);
struct wire *wire_free(struct wire *wire); /* NULL is fine; returns NULL */

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
int wire_append(struct wire *wire, int argc, const char *const *argv,
                const size_t *lengths, struct err *err);
/* Sends what is queued. */
int wire_flush(struct wire *wire, struct err *err);
/* The reply to the oldest command that this was not called for yet. It is the wire's, and
 * there until the next call. */
int wire_read(struct wire *wire, const redisReply **ret, struct err *err);
uint64_t wire_due(const struct wire *wire); /* how often it can be called */
/* Forgets what is queued and reads what is due: the wire is as good as new. */
int wire_abandon(struct wire *wire, struct err *err);

/* Makes the server know a script, where nobody interrupts the worker: beside the update,
 * neither counted nor recorded. Elsewhere it does nothing, because the uninterrupted
 * update of the same strategy has been there before. Nothing may be queued or due. */
int wire_load_script(struct wire *wire, struct str text, struct err *err);
