/* scan_floor.c - all keys of a server, by SCAN with TYPE and PTTL of each in one write
 * per batch, and nothing else: what an audit cannot be faster than without asking less.
 *
 *     scan_floor SOCKET COUNT     prints keys per second */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

static redisReply *answer(redisContext *connection)
{
    void *reply;

    if (redisGetReply(connection, &reply) != REDIS_OK) {
        fprintf(stderr, "scan_floor: %s\n", connection->errstr);
        exit(1);
    }
    return reply;
}

static void ask_about(redisContext *connection, const redisReply *keys)
{
    for (size_t i = 0; i < keys->elements; i++) {
        const redisReply *key = keys->element[i];

        redisAppendCommandArgv(connection, 2, (const char *[]){ "TYPE", key->str },
                               (size_t[]){ 4, (size_t)key->len });
        redisAppendCommandArgv(connection, 2, (const char *[]){ "PTTL", key->str },
                               (size_t[]){ 4, (size_t)key->len });
    }
    for (size_t i = 0; i < 2 * keys->elements; i++)
        freeReplyObject(answer(connection));
}

int main(int argc, char **argv)
{
    redisContext *connection = argc == 3 ? redisConnectUnix(argv[1]) : NULL;
    unsigned long long keys = 0, cursor = 0;
    uint64_t start_ns = clock_now_ns();

    if (!connection || connection->err) {
        fprintf(stderr, "scan_floor SOCKET COUNT\n");
        return 2;
    }
    do {
        redisReply *reply;

        redisAppendCommand(connection, "SCAN %llu COUNT %s", cursor, argv[2]);
        reply = answer(connection);
        cursor = strtoull(reply->element[0]->str, NULL, 10);
        keys += reply->element[1]->elements;
        ask_about(connection, reply->element[1]);
        freeReplyObject(reply);
    } while (cursor);
    printf("%.0f\n", (double)keys / ((double)(clock_now_ns() - start_ns) / 1e9));
    redisFree(connection);
    return 0;
}
