/* connection.c - see connection.h. */
#include "connection.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

void address_release(struct address *address)
{
    free(address->path);
    address->path = NULL;
}

int connection_open(const struct address *address, redisContext **ret, struct err *err)
{
    struct timeval timeout = { .tv_sec = CONNECTION_TIMEOUT_S };
    CLEANUP(connection_closep) redisContext *connection =
        redisConnectUnixWithTimeout(address->path, timeout);

    if (!connection)
        return err_set(err, -ENOMEM, "connect to Redis at '%s': out of memory", address->path);
    if (connection->err)
        return err_set(err, -ECONNREFUSED, "connect to Redis at '%s': %s", address->path,
                       connection->errstr);
    redisSetTimeout(connection, timeout);
    *ret = TAKE_PTR(connection);
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

int connection_read(redisContext *connection, const char *what, redisReply **ret, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    void *any = NULL;

    if (redisGetReply(connection, &any) != REDIS_OK || !any)
        return err_set(err, -EIO, "Redis did not answer %s: %s", what,
                       connection->errstr[0] ? connection->errstr : "connection lost");
    reply = any;
    if (reply->type == REDIS_REPLY_ERROR)
        return err_set(err, -EPROTO, "Redis refused %s: %s", what, reply->str);
    *ret = TAKE_PTR(reply);
    return 0;
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
    if (redisAppendCommandArgv(connection, argc, argv, lengths) != REDIS_OK)
        return err_set(err, -ENOMEM, "format %s", words[0]);
    return connection_read(connection, words[0], ret, err);
}
