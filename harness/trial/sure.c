/* sure.c - see sure.h. */
#include "trial/sure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const random_commands[] = {
    "hrandfield", "randomkey", "spop", "srandmember", "zrandmember",
};
static const char *const clock_commands[] = { "time" };

/* In "cmdstat_NAME:calls=N,usec=..". */
static uint64_t calls_of(const char *line, const char *const *names, size_t count)
{
    size_t length = strcspn(line, ":");
    const char *calls = strstr(line, ":calls=");

    for (size_t i = 0; i < count && calls == line + length; i++)
        if (strlen(names[i]) == length && memcmp(names[i], line, length) == 0)
            return strtoull(calls + strlen(":calls="), NULL, 10);
    return 0;
}

struct sure_calls sure_count(const char *info)
{
    static const char prefix[] = "cmdstat_";
    struct sure_calls calls = { 0, 0 };

    for (const char *at = info; (at = strstr(at, prefix));) {
        at += strlen(prefix);
        calls.random += calls_of(at, random_commands, ARRAY_SIZE(random_commands));
        calls.clock += calls_of(at, clock_commands, ARRAY_SIZE(clock_commands));
    }
    return calls;
}

static int ask(struct sure *sure, struct sure_calls *ret, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (CONNECTION_COMMAND(sure->connection, &reply, err, "INFO", "commandstats") < 0)
        return err_wrap(err, "ask for what was called");
    *ret = sure_count(reply->str ? reply->str : "");
    return 0;
}

int sure_begin(struct sure *sure, struct err *err)
{
    return ask(sure, &sure->before, err);
}

int sure_end(struct sure *sure, struct err *err)
{
    struct sure_calls after;
    int code = ask(sure, &after, err);

    if (code < 0)
        return code;
    sure->random |= after.random != sure->before.random;
    sure->clock |= after.clock != sure->before.clock;
    sure->runs++;
    return 0;
}

bool sure_wants(const struct sure *sure)
{
    return sure->runs < (sure->random ? SURE_RANDOM : SURE_LEAST);
}

time_t sure_second(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec;
}

void sure_wait(time_t since)
{
    const struct timespec when = { .tv_sec = since + 1 };

    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &when, NULL) == EINTR)
        ;
}
