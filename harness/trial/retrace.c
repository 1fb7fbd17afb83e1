/* retrace.c - see retrace.h. */
#include "trial/retrace.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "redis/connection.h"
#include "redis/server.h"
#include "tap/expect.h"
#include "tap/stream.h"
#include "trial/routine.h"

#define PATIENCE_NS (5 * NSEC_PER_SEC) /* for a reply that was heard while recording */

/* A connection of the program's, once more. */
struct line {
    int fd; /* -1: it is not open */
    struct reply_stream replies;
    struct expect expect;
    bool owed;        /* its last command is not answered yet */
    uint64_t sent_ns; /* when that came, while recording */
    bool over;        /* nothing more can be heard */
};

struct retracing {
    struct judge *judge;
    const struct subject *subject;
    struct shift shift;          /* of the program's clock */
    struct line *lines;          /* by number, from 1 on; owned */
    struct snapshot now, before; /* the latest look, and the one that was told last */
    struct signature *states; /* what each command that changed something left; owned */
    bool *known;              /* is that known? owned */
    struct err err;
};

/* Has something come, or does it in so long? Timers of the harness's interrupt it. */
static bool is_there(const struct line *line, uint64_t patience_ns)
{
    struct pollfd poll_fd = { .fd = line->fd, .events = POLLIN };
    uint64_t start_ns = clock_now_ns(), passed_ns = 0;
    int found;

    do {
        found = poll(&poll_fd, 1, (int)((patience_ns - passed_ns) / NSEC_PER_MSEC));
        passed_ns = clock_now_ns() - start_ns;
    } while (found < 0 && errno == EINTR && passed_ns < patience_ns);
    return found == 1;
}

/* Takes what has come, until the command is answered or nothing is there for so long.
 * Messages and pushes are none of its answers. */
static void hear(struct line *line, uint64_t patience_ns)
{
    char piece[16384];

    while (line->owed && !line->over && is_there(line, patience_ns)) {
        struct str bytes = { piece, 0 };
        ssize_t n = recv(line->fd, piece, sizeof(piece), 0);

        line->over = n <= 0;
        for (bytes.length = n > 0 ? (size_t)n : 0; bytes.length;) {
            size_t used;
            bool heard;
            enum stream_found found = reply_stream_next(&line->replies, bytes, &used);

            line->over |= found == STREAM_NONSENSE;
            if (found == STREAM_NONSENSE)
                break;
            bytes = (struct str){ bytes.bytes + used, bytes.length - used };
            if (found == STREAM_FRAME && line->owed &&
                expect_frame(&line->expect, &line->replies.frame, &heard) == EXPECT_LAST)
                line->owed = false;
        }
    }
}

static struct line *line_of(struct retracing *retracing, uint64_t number, struct err *err)
{
    struct line *line = &retracing->lines[number];

    if (line->fd >= 0)
        return line;
    line->fd = address_connect(retracing->judge->address, CONNECTION_TIMEOUT_S, err);
    line->replies = REPLY_STREAM_NULL;
    line->expect = expect_new();
    return line->fd < 0 ? NULL : line;
}

static bool send_all(int fd, struct str bytes)
{
    while (bytes.length) {
        ssize_t n = send(fd, bytes.bytes, bytes.length, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = (struct str){ bytes.bytes + n, bytes.length - (size_t)n };
    }
    return true;
}

/* What is owed is waited for as long as it took, and some more; who does not get it then
 * is not asked again. */
static void settle_up(struct line *line, uint64_t now_ns)
{
    uint64_t took_ns = line->owed && now_ns > line->sent_ns ? now_ns - line->sent_ns : 0;

    hear(line, PATIENCE_NS + took_ns);
    line->over |= line->owed;
}

/* As it came, or as it went on by the server's clock. */
static bool send_command(struct retracing *retracing, struct line *line, size_t index,
                         const struct str *words, size_t count)
{
    const struct recording *recording = &retracing->subject->recording;
    size_t from = index ? recording->traces[index - 1].end : 0;
    CLEANUP(buffer_release) struct buffer shifted = BUFFER_NULL;

    if (line->expect.asks_on)
        return send_all(line->fd, STR("CLIENT REPLY ON\r\n"));
    if (shift_command(&retracing->shift, clock_real_ms(), words, count, &shifted))
        return send_all(line->fd, buffer_str(&shifted));
    return send_all(line->fd, (struct str){ recording->output + from,
                                            recording->traces[index].end - from });
}

/* Until Redis has the command: it is answered, or one more is blocked. XREADGROUP makes a
 * consumer before it waits, which newer servers call a change; a look on another
 * connection may come before it. Not for longer than for a reply: when another one's
 * time-out is over in the same moment, there are as many as before. */
static int wait_until_blocked(struct retracing *retracing, struct line *line,
                              uint64_t before, struct err *err)
{
    redisContext *connection = retracing->judge->observer.connection;
    uint64_t start_ns = clock_now_ns(), blocked;
    int code;

    do {
        code = server_blocked(connection, &blocked, err);
        hear(line, code == 0 && blocked <= before ? NSEC_PER_MSEC : 0);
    } while (code == 0 && blocked <= before && line->owed && !line->over &&
             clock_now_ns() - start_ns < PATIENCE_NS);
    return code;
}

/* One that blocked is not waited for: its answer comes when another one acts. */
static int send_again(struct retracing *retracing, size_t index, const struct str *words,
                      size_t count, struct err *err)
{
    const struct recorded *recorded = retracing->subject->recorded;
    uint64_t sent_ns = retracing->subject->recording.traces[index].write_ns, blocked = 0;
    struct line *line = line_of(retracing, recorded->connection_of[index], err);

    if (!line)
        return err->code;
    settle_up(line, sent_ns);
    if (line->over)
        return 0;
    if (recorded->blocked[index] &&
        server_blocked(retracing->judge->observer.connection, &blocked, err) < 0)
        return err->code;
    expect_command(&line->expect, words, count);
    line->owed = true;
    line->sent_ns = sent_ns;
    if (!send_command(retracing, line, index, words, count))
        line->over = true;
    if (recorded->blocked[index])
        return wait_until_blocked(retracing, line, blocked, err);
    settle_up(line, sent_ns);
    return 0;
}

static int look(struct retracing *retracing, size_t index, struct err *err)
{
    int code = snapshot_take(&retracing->judge->observer, 0, &retracing->now, err);

    retracing->states[index] = retracing->now.signature;
    retracing->known[index] = code == 0;
    return code;
}

static void send_one(void *context, size_t index, int argc, const char *const *argv,
                     const size_t *lengths)
{
    struct retracing *retracing = context;
    const size_t *states_at = retracing->subject->recorded->states_at;
    CLEANUP(mem_freep) struct str *words = MEM_ARRAY(struct str, (size_t)argc + 1);

    for (int i = 0; i < argc; i++)
        words[i] = (struct str){ argv[i], lengths[i] };
    if (retracing->judge->alive)
        retracing->judge->alive(retracing->judge->alive_context);
    if (retracing->err.code ||
        send_again(retracing, index, words, (size_t)argc, &retracing->err) < 0)
        return;
    if (states_at[index + 1] != states_at[index])
        look(retracing, index, &retracing->err);
}

/* Waits until Redis has closed each of them, too. */
static void hang_up(struct retracing *retracing)
{
    for (uint64_t i = 1; i <= retracing->subject->recorded->connections; i++) {
        struct line *line = &retracing->lines[i];
        char rest[16384];
        ssize_t n;

        if (line->fd < 0)
            continue;
        shutdown(line->fd, SHUT_WR);
        do
            n = recv(line->fd, rest, sizeof(rest), 0);
        while (n > 0 || (n < 0 && errno == EINTR));
        close(line->fd);
        expect_release(&line->expect);
    }
}

/* As it looks when it is judged. */
static int look_at_cut(struct retracing *retracing, uint64_t commands, struct err *err)
{
    int code = recorded_cut(retracing->judge, retracing->subject, commands, err);

    return code == 0 ? snapshot_take(&retracing->judge->observer, 0, &retracing->now, err)
                     : code;
}

/* Whoever watches hears of the state that was looked at; the look at the one before it is
 * the next one's room. */
static int tell_left(struct retracing *retracing, size_t state, struct err *err)
{
    const struct recording_watch *watch = retracing->judge->recordings;
    struct snapshot now = retracing->now;
    int code;

    if (!watch)
        return 0;
    state_sort(&now.state);
    code = watch->left(watch->context, retracing->subject, state,
                       state ? &retracing->before : NULL, &now, err);
    retracing->now = retracing->before;
    retracing->before = now;
    return code;
}

/* Holds them against what was kept, all as it looks now. */
static int compare(struct retracing *retracing, struct retrace *ret, struct err *err)
{
    const struct recorded *recorded = retracing->subject->recorded;
    CLEANUP(mem_freep) bool *told = mem_alloc(recorded->state_count);

    if (look_at_cut(retracing, 0, err) < 0 || tell_left(retracing, 0, err) < 0)
        return err->code;
    for (uint64_t i = 0; i < retracing->subject->commands; i++) {
        size_t state = recorded->states_at[i + 1];

        if (state == recorded->states_at[i] || told[state])
            continue;
        told[state] = true;
        if (look_at_cut(retracing, i + 1, err) < 0)
            return err->code;
        ret->compared++;
        if (retracing->known[i] &&
            signature_equal(retracing->states[i], retracing->now.signature))
            ret->same++;
        else if (!ret->first)
            ret->first = i + 1;
        if (state && tell_left(retracing, state, err) < 0)
            return err->code;
    }
    return 0;
}

int retrace(struct judge *judge, const struct subject *subject, struct retrace *ret,
            struct err *err)
{
    size_t lines = (size_t)subject->recorded->connections + 1;
    struct retracing retracing = {
        .judge = judge,
        .subject = subject,
        .shift = routine_shift(judge),
        .lines = mem_alloc(lines * sizeof(struct line)),
        .now = SNAPSHOT_NULL,
        .before = SNAPSHOT_NULL,
        .states = mem_alloc((subject->commands + 1) * sizeof(struct signature)),
        .known = mem_alloc(subject->commands + 1),
    };
    int code = judge_prepare(judge, subject, err);

    *ret = (struct retrace){ .same = 0 };
    for (size_t i = 0; i < lines; i++)
        retracing.lines[i].fd = -1;
    judge_touched(judge);
    if (code == 0)
        code = routine_flush_scripts(judge, err);
    if (code == 0)
        code = recording_each(&subject->recording, send_one, &retracing, err);
    hang_up(&retracing);
    if (code == 0 && retracing.err.code)
        *err = retracing.err;
    if (code == 0 && !err->code)
        compare(&retracing, ret, err);
    free(retracing.lines);
    free(retracing.states);
    free(retracing.known);
    snapshot_release(&retracing.now);
    snapshot_release(&retracing.before);
    return err->code;
}
