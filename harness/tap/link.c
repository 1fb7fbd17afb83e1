/* link.c - see link.h. */
#include "tap/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE_BYTES 65536
#define PIECES_AT_ONCE 4     /* before others come */
#define KEPT_ROOM (1u << 20) /* of an empty buffer */

static void on_poll(uv_poll_t *poll, int status, int events);

size_t link_waiting(const struct link *link)
{
    return link->out.length - link->sent;
}

/* Looks for what matters now. */
static void look(struct link *link)
{
    int events = 0;

    if (link->closing)
        return;
    if ((link->reads || link->parting) && !link->ended)
        events |= UV_READABLE;
    if (link_waiting(link) && !link->broken)
        events |= UV_WRITABLE;
    if (events == link->watched) /* each change of it costs system calls */
        return;
    link->watched = events;
    if (events)
        uv_poll_start(&link->poll, events, on_poll);
    else
        uv_poll_stop(&link->poll);
}

/* Nobody will take what waits. */
static void drop(struct link *link)
{
    link->broken = true;
    buffer_release(&link->out);
    link->sent = 0;
}

static void end(struct link *link)
{
    if (link->ended || link->closing)
        return;
    link->ended = true;
    if (link->parting) {
        link_close(link);
        return;
    }
    look(link);
    link->calls->ended(link);
}

/* Reads once; how many bytes there were. */
static size_t receive(struct link *link)
{
    char piece[PIECE_BYTES];
    ssize_t n;

    if (link->ended || link->closing)
        return 0;
    n = recv(link->fd, piece, sizeof(piece), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0) {
        if (n < 0)
            drop(link);
        end(link);
        return 0;
    }
    if (!link->parting)
        link->calls->bytes(link, (struct str){ piece, (size_t)n });
    return (size_t)n;
}

/* Hands on as much as is taken. */
static void hand_on(struct link *link)
{
    while (link_waiting(link) && !link->broken) {
        ssize_t n = send(link->fd, link->out.bytes + link->sent, link_waiting(link),
                         MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            drop(link);
        else
            link->sent += (size_t)n;
    }
    link->out.length = link->sent = 0;
    if (link->out.room > KEPT_ROOM)
        buffer_release(&link->out);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct link *link = poll->data;

    if (status < 0) { /* an error is there; what came before it can be read */
        link->watched = 0;
        while (receive(link))
            ;
        if (!link->closing) {
            drop(link);
            end(link);
        }
    }
    if (!link->closing && (events & UV_WRITABLE)) {
        hand_on(link);
        if (!link_waiting(link) && link->leaves)
            link_close(link);
        else if (!link_waiting(link))
            link->calls->drained(link);
    }
    for (int i = 0;
         i < PIECES_AT_ONCE && (events & UV_READABLE) && (link->reads || link->parting);
         i++)
        if (receive(link) < PIECE_BYTES) /* what comes later is told again */
            break;
    if (link->broken && link->leaves)
        link_close(link);
    look(link);
}

int link_open(struct link *link, uv_loop_t *loop, int fd, const struct link_calls *calls,
              void *context, struct err *err)
{
    int code;

    *link = (struct link){ .calls = calls, .context = context, .fd = fd, .reads = true };
    code = uv_poll_init(loop, &link->poll, fd);
    if (code < 0)
        return err_set(err, code, "watch a socket: %s", uv_strerror(code));
    link->poll.data = link;
    look(link);
    return 0;
}

/* Would what is sent go anywhere? */
static bool takes(const struct link *link)
{
    return !link->broken && !link->closing && !link->leaves && !link->parting;
}

void link_put(struct link *link, struct str bytes)
{
    if (!takes(link))
        return;
    if (link->sent > link->out.length / 2) {
        memmove(link->out.bytes, link->out.bytes + link->sent, link_waiting(link));
        link->out.length -= link->sent;
        link->sent = 0;
    }
    buffer_add(&link->out, bytes);
}

void link_send(struct link *link, struct str bytes)
{
    if (!takes(link))
        return;
    link_put(link, bytes);
    hand_on(link);
    look(link);
}

void link_read(struct link *link, bool reads)
{
    if (link->reads == reads)
        return;
    link->reads = reads;
    look(link);
}

void link_drain(struct link *link)
{
    while (receive(link))
        ;
}

static void on_closed(uv_handle_t *handle)
{
    struct link *link = handle->data;

    close(link->fd);
    buffer_release(&link->out);
    link->calls->closed(link);
}

void link_close(struct link *link)
{
    if (link->closing)
        return;
    link->closing = true;
    uv_poll_stop(&link->poll);
    /* The other side hears of it now, and not when the loop comes to it. */
    shutdown(link->fd, SHUT_RDWR);
    uv_close((uv_handle_t *)&link->poll, on_closed);
}

void link_leave(struct link *link)
{
    link->leaves = true;
    if (!link_waiting(link) || link->broken)
        link_close(link);
}

void link_part(struct link *link)
{
    if (link->closing || link->parting)
        return;
    link->parting = true;
    drop(link);
    shutdown(link->fd, SHUT_WR);
    if (link->ended)
        link_close(link);
    else
        look(link);
}
