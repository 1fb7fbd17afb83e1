/* connection.c - see connection.h. */
#include "redis/connection.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mutant.h"

int connection_open(const struct address *address, redisContext **ret, struct err *err)
{
    redisContext *connection;
    int fd = address_connect(address, CONNECTION_TIMEOUT_S, err);

    if (fd < 0)
        return fd;
    connection = redisConnectFd(fd);
    if (!connection) {
        close(fd);
        return err_set(err, -ENOMEM, "connect to Redis: out of memory");
    }
    *ret = connection;
    return 0;
}

redisContext *connection_close(redisContext *connection)
{
    if (connection)
        redisFree(connection);
    return NULL;
}

void reply_free(redisReply *reply)
{
    freeReplyObject(reply);
}

int connection_too_slow(const char *what, struct err *err)
{
    return err_set(err, -ETIMEDOUT,
                   "Redis did not answer %s within %d s: it hangs, or the machine is too "
                   "busy with something else",
                   what, CONNECTION_TIMEOUT_S);
}

uint64_t connection_most_ns(uint64_t patience_ns, size_t bytes)
{
    return patience_ns + bytes * (NSEC_PER_SEC / CONNECTION_BYTES_PER_S);
}

int connection_too_long(const char *what, struct err *err)
{
    return err_set(
        err, -EMSGSIZE,
        "Redis answers %s with more than %zu MiB: it does not end, or the data "
        "is too large for this",
        what, CONNECTION_REPLY_MOST >> 20);
}

/* A reply that comes. */
struct haul {
    uint64_t looked_ns, waited_ns;
    size_t bytes;
};

/* One that never ends is given up, whether it comes slowly or fills all memory. Who was
 * stopped meanwhile has not waited. */
static int check_haul(struct haul *haul, size_t bytes, const char *what, struct err *err)
{
    uint64_t now_ns = clock_now_ns(), gap_ns = now_ns - haul->looked_ns;

    haul->looked_ns = now_ns;
    haul->waited_ns += gap_ns < NSEC_PER_SEC ? gap_ns : NSEC_PER_SEC;
    haul->bytes += bytes;
    if (haul->bytes > CONNECTION_REPLY_MOST)
        return connection_too_long(what, err);
    return haul->waited_ns >
                   connection_most_ns(CONNECTION_TIMEOUT_S * NSEC_PER_SEC, haul->bytes)
               ? connection_too_slow(what, err)
               : 0;
}

/* Does what redisGetReply() does, and goes on when the watchdog's tick interrupts. */
static int get_reply(redisContext *connection, const char *what, redisReply **ret,
                     struct err *err)
{
    redisReader *reader = connection->reader;
    uint64_t start_ns = clock_now_ns();
    struct haul haul = { start_ns, 0, 0 };
    size_t got = 0;
    char piece[4096];
    void *reply = NULL;
    int done = 0;

    while (!done)
        if (redisBufferWrite(connection, &done) != REDIS_OK)
            return err_set(err, -EIO, "Redis did not take %s: %s", what,
                           connection->errstr);
    while (redisReaderGetReply(reader, &reply) == REDIS_OK && !reply) {
        ssize_t n;

        if (got && check_haul(&haul, got, what, err) < 0)
            return err->code;
        n = read(connection->fd, piece, sizeof(piece));
        /* The socket's own time limit begins anew with each read. */
        if (n < 0 && errno == EINTR &&
            clock_now_ns() - start_ns < CONNECTION_TIMEOUT_S * NSEC_PER_SEC)
            continue;
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            return connection_too_slow(what, err);
        if (n <= 0)
            return err_set(err, -EIO, "Redis did not answer %s: %s", what,
                           n ? err_words(errno) : "connection lost");
        redisReaderFeed(reader, piece, (size_t)n);
        got = (size_t)n;
    }
    if (!reply)
        return err_set(err, -EIO, "Redis did not answer %s: %s", what, reader->errstr);
    *ret = reply;
    return 0;
}

int connection_check(const redisReply *reply, const char *what, struct err *err)
{
    if (reply->type == REDIS_REPLY_ERROR && !mutant("errors-unread"))
        return err_set(err, -EPROTO, "Redis refused %s: %s", what, reply->str);
    return 0;
}

int connection_read(redisContext *connection, const char *what, redisReply **ret,
                    struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    int code = get_reply(connection, what, &reply, err);

    if (code == 0)
        code = connection_check(reply, what, err);
    if (code == 0)
        *ret = TAKE_PTR(reply);
    return code;
}

int connection_command(redisContext *connection, redisReply **ret, struct err *err,
                       const char *const *words)
{
    const char *argv[16];
    size_t lengths[16];
    int argc = 0;

    for (; words[argc] && argc < (int)ARRAY_SIZE(argv); argc++) {
        argv[argc] = words[argc];
        lengths[argc] = strlen(words[argc]);
    }
    if (words[argc])
        return err_set(err, -E2BIG, "send %s: the command has more than %zu words",
                       words[0], ARRAY_SIZE(argv));
    if (redisAppendCommandArgv(connection, argc, argv, lengths) != REDIS_OK)
        return err_set(err, -ENOMEM, "format %s", words[0]);
    return connection_read(connection, words[0], ret, err);
}

int connection_load_script(redisContext *connection, const char *text, char ret_sha[41],
                           struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    int code = CONNECTION_COMMAND(connection, &reply, err, "SCRIPT", "LOAD", text);

    if (code < 0)
        return code;
    if (reply->type != REDIS_REPLY_STRING || reply->len != 40)
        return err_set(err, -EPROTO, "SCRIPT LOAD did not return a digest");
    memcpy(ret_sha, reply->str, 41);
    return 0;
}
