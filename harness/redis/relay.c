/* relay.c - see relay.h.
 *
 * A link is a worker's connection and the relay's own to Redis. It has two flows, one for
 * each direction: a queue of pieces with the moment when each is due. The loop sleeps
 * until a piece is due or a socket has something to read. */
#include "redis/relay.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/process.h"

#define CONNECT_TIMEOUT_S 10
/* No flow reads on while so much of it is on its way. More than any network would hold,
 * so that nothing but memory is limited by it. */
#define HELD_MOST ((size_t)64 << 20)
#define READ_BYTES ((size_t)64 << 10)

enum event {
    EVENT_BYTES,
    EVENT_END,   /* nothing more will be written from there */
    EVENT_RESET, /* nobody is there any more */
};

struct piece {
    struct piece *next;
    uint64_t due_ns;
    enum event event;
    size_t length, sent;
    char bytes[];
};

/* One direction. */
struct flow {
    struct piece *first, *last;
    size_t held;  /* bytes of memory in the queue */
    bool ended;   /* nothing more is read */
    bool blocked; /* a piece is due, but the other side takes no more for now */
    bool lost;    /* nobody is there to take it: pieces are dropped */
    bool over;    /* the end was passed on */
};

enum side { SIDE_WORKER, SIDE_REDIS, SIDES };

struct link {
    int fds[SIDES];
    struct flow flows[SIDES]; /* by where they come from */
    uint64_t open_ns;         /* from when on the handshake would have been done */
    bool over;
};

struct loop {
    struct address to;
    uint64_t half_ns;
    int listen_fd;
    struct link *links;
    size_t link_count;
    struct pollfd *polled; /* the listener, then SIDES per link */
};

static enum side other(enum side side)
{
    return side == SIDE_WORKER ? SIDE_REDIS : SIDE_WORKER;
}

/* What comes from a side at this moment is put on its way. */
static void dispatch(const struct loop *loop, struct link *link, enum side from,
                     enum event event, const char *bytes, size_t length)
{
    struct flow *flow = &link->flows[from];
    struct piece *piece = mem_grow(NULL, sizeof(*piece) + length, 1);
    uint64_t now_ns = clock_now_ns();
    uint64_t sent_ns = now_ns > link->open_ns ? now_ns : link->open_ns;

    *piece = (struct piece){ NULL, sent_ns + loop->half_ns, event, length, 0 };
    if (length)
        memcpy(piece->bytes, bytes, length);
    if (flow->last)
        flow->last->next = piece;
    else
        flow->first = piece;
    flow->last = piece;
    flow->held += sizeof(*piece) + length;
    flow->ended = flow->ended || event != EVENT_BYTES;
}

static void drop_first(struct flow *flow)
{
    struct piece *piece = flow->first;

    flow->held -= sizeof(*piece) + piece->length;
    flow->first = piece->next;
    if (!flow->first)
        flow->last = NULL;
    free(piece);
}

static void receive(const struct loop *loop, struct link *link, enum side from)
{
    static char bytes[READ_BYTES];
    ssize_t n = recv(link->fds[from], bytes, sizeof(bytes), MSG_DONTWAIT);

    if (n > 0)
        dispatch(loop, link, from, EVENT_BYTES, bytes, (size_t)n);
    else if (n == 0)
        dispatch(loop, link, from, EVENT_END, NULL, 0);
    else if (errno != EAGAIN && errno != EINTR)
        dispatch(loop, link, from, EVENT_RESET, NULL, 0);
}

/* Hands over what can be handed over; returns whether that was all. */
static bool hand_over(const struct loop *loop, struct link *link, enum side to,
                      struct piece *piece)
{
    struct flow *flow = &link->flows[other(to)];
    ssize_t n;

    while (piece->sent < piece->length && !flow->lost) {
        n = send(link->fds[to], piece->bytes + piece->sent, piece->length - piece->sent,
                 MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) {
            piece->sent += (size_t)n;
        } else if (errno == EAGAIN) {
            flow->blocked = true;
            return false;
        } else if (errno != EINTR) {
            flow->lost = true;
            dispatch(loop, link, to, EVENT_RESET, NULL, 0);
        }
    }
    return true;
}

/* Passes on what is due of the flow from one side. */
static void deliver(const struct loop *loop, struct link *link, enum side from)
{
    struct flow *flow = &link->flows[from];
    struct piece *piece;

    flow->blocked = false;
    while ((piece = flow->first) && piece->due_ns <= clock_now_ns()) {
        if (!hand_over(loop, link, other(from), piece))
            return;
        if (piece->event == EVENT_END) {
            shutdown(link->fds[other(from)], SHUT_WR);
            flow->over = true;
        }
        link->over = link->over || piece->event == EVENT_RESET;
        drop_first(flow);
    }
    link->over =
        link->over || (link->flows[SIDE_WORKER].over && link->flows[SIDE_REDIS].over);
}

static void close_link(struct link *link)
{
    for (enum side side = 0; side < SIDES; side++) {
        close(link->fds[side]);
        while (link->flows[side].first)
            drop_first(&link->flows[side]);
    }
}

/* Closes the links that are over, and fills their places. */
static void sweep(struct loop *loop)
{
    size_t i = 0;

    while (i < loop->link_count) {
        if (!loop->links[i].over) {
            i++;
            continue;
        }
        close_link(&loop->links[i]);
        loop->links[i] = loop->links[--loop->link_count];
    }
}

static void add_link(struct loop *loop, int worker_fd, int redis_fd)
{
    loop->links = mem_grow(loop->links, loop->link_count + 1, sizeof(*loop->links));
    loop->polled =
        mem_grow(loop->polled, 1 + SIDES * (loop->link_count + 1), sizeof(*loop->polled));
    loop->links[loop->link_count++] = (struct link){
        .fds = { worker_fd, redis_fd },
        .open_ns = clock_now_ns() + 2 * loop->half_ns,
    };
}

/* A Redis that cannot be reached is a connection that ends at once; the fleet sees for
 * itself that its server is gone. */
static int welcome(struct loop *loop, struct err *err)
{
    struct err ignored = ERR_NULL;
    int worker_fd, redis_fd;

    worker_fd = accept4(loop->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (worker_fd < 0)
        return errno == EINTR || errno == ECONNABORTED ? 0 : err_errno(err, "accept");
    redis_fd = address_connect(&loop->to, CONNECT_TIMEOUT_S, &ignored);
    if (redis_fd < 0) {
        close(worker_fd);
        return 0;
    }
    if (!loop->to.path)
        address_no_delay(worker_fd);
    add_link(loop, worker_fd, redis_fd);
    return 0;
}

static short wanted(const struct link *link, enum side side)
{
    const struct flow *from = &link->flows[side], *towards = &link->flows[other(side)];
    bool reads = !from->ended && from->held < HELD_MOST;

    return (short)((reads ? POLLIN : 0) | (towards->blocked ? POLLOUT : 0));
}

/* Fills what is polled, and says when the next piece is due; UINT64_MAX: none is. */
static uint64_t prepare(const struct loop *loop)
{
    uint64_t due_ns = UINT64_MAX;

    loop->polled[0] = (struct pollfd){ .fd = loop->listen_fd, .events = POLLIN };
    for (size_t i = 0; i < loop->link_count; i++) {
        const struct link *link = &loop->links[i];

        for (enum side side = 0; side < SIDES; side++) {
            const struct flow *flow = &link->flows[side];
            short events = wanted(link, side);

            /* Where nothing is wanted, an error would wake us again and again. */
            loop->polled[1 + SIDES * i + side] =
                (struct pollfd){ .fd = events ? link->fds[side] : -1, .events = events };
            if (flow->first && !flow->blocked && flow->first->due_ns < due_ns)
                due_ns = flow->first->due_ns;
        }
    }
    return due_ns;
}

/* One turn: waits, passes on what is due, reads what has come, and lets new ones in. */
static int turn(struct loop *loop, struct err *err)
{
    uint64_t due_ns = prepare(loop), now_ns = clock_now_ns();
    struct timespec timeout = ns_to_timespec(due_ns > now_ns ? due_ns - now_ns : 0);

    if (ppoll(loop->polled, 1 + SIDES * loop->link_count,
              due_ns == UINT64_MAX ? NULL : &timeout, NULL) < 0)
        return errno == EINTR ? 0 : err_errno(err, "poll");
    for (size_t i = 0; i < loop->link_count; i++) {
        struct link *link = &loop->links[i];

        for (enum side side = 0; side < SIDES; side++)
            if (loop->polled[1 + SIDES * i + side].revents && wanted(link, side) & POLLIN)
                receive(loop, link, side);
        for (enum side side = 0; side < SIDES; side++)
            deliver(loop, link, side);
    }
    sweep(loop);
    return loop->polled[0].revents ? welcome(loop, err) : 0;
}

__attribute__((noreturn)) static void live(const struct relay_options *options,
                                           int listen_fd)
{
    struct loop loop = {
        .to = *options->to,
        .half_ns = (options->rtt_ns + 1) / 2,
        .listen_fd = listen_fd,
        .polled = MEM_ARRAY(struct pollfd, 1),
    };
    struct err err = ERR_NULL;
    sigset_t none;

    loop.to.password[0] = '\0'; /* those who come give it */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_NAME, "afterkill-relay");
    prctl(PR_SET_TIMERSLACK, 1);
    process_pin(options->cpu);
    process_short_turns();
    while (turn(&loop, &err) == 0)
        ;
    _exit(EXIT_FAILURE);
}

int relay_start(const struct relay_options *options, struct relay *ret, struct err *err)
{
    struct relay relay = { .pid = 0 };
    int fd;

    if (options->to->path)
        relay.address.path = mem_printf("%s/relay.sock", options->directory);
    memcpy(relay.address.password, options->to->password, sizeof(relay.address.password));
    fd = address_listen(&relay.address, err);
    if (fd >= 0) {
        relay.pid = process_fork(true, err);
        if (relay.pid == 0)
            live(options, fd);
        close(fd);
    }
    if (relay.pid <= 0) {
        address_release(&relay.address);
        return err_wrap(err, "start a relay");
    }
    *ret = relay;
    return 0;
}

void relay_stop(struct relay *relay)
{
    process_destroy(relay->pid);
    address_release(&relay->address);
    relay->pid = 0;
}
