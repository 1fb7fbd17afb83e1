/* tap_clock.c - what Redis answers about instants behind a tap is what it would answer by
 * the program's clock. How commands are changed for that: unit/shift.c. */
#include "tapped.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* Far from the true time, and whole seconds, so that nothing is rounded. */
#define STANDS INT64_C(3000000000000)
#define AHEAD INT64_C(-500000000000)

static long long number(const redisReply *reply)
{
    MUST(reply);
    MUST(reply->type == REDIS_REPLY_INTEGER || reply->type == REDIS_REPLY_STRING);
    return reply->type == REDIS_REPLY_INTEGER ? reply->integer : atoll(reply->str);
}

static redisReply *ask(redisContext *connection, const char *command)
{
    redisReply *reply = redisCommand(connection, command);

    MUST(reply && reply->type != REDIS_REPLY_ERROR);
    return reply;
}

static long long ask_number(redisContext *connection, const char *command)
{
    redisReply *reply = ask(connection, command);
    long long value = number(reply);

    freeReplyObject(reply);
    return value;
}

/* In ms; TIME tells seconds and microseconds, as texts. */
static long long ms_of(const redisReply *time)
{
    MUST(time->type == REDIS_REPLY_ARRAY && time->elements == 2);
    MUST(time->element[0]->type == REDIS_REPLY_STRING);
    MUST(number(time->element[1]) >= 0 && number(time->element[1]) < 1000000);
    return number(time->element[0]) * 1000 + number(time->element[1]) / 1000;
}

static long long ask_time(redisContext *connection)
{
    redisReply *reply = ask(connection, "TIME");
    long long ms = ms_of(reply);

    freeReplyObject(reply);
    return ms;
}

/* What is left is at most what was given. */
static void expect_left(redisContext *connection, const char *key, long long most)
{
    char command[64];
    long long left;

    snprintf(command, sizeof(command), "PTTL %s", key);
    left = ask_number(connection, command);
    if (left <= 0 || left > most)
        fprintf(stderr, "%s: %lld ms left of %lld\n", key, left, most);
    MUST(left > 0 && left <= most);
}

/* By a clock that goes, instants are exactly those that were set. */
static void go(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket);
    long long before = clock_real_ms() + AHEAD, now = ask_time(a);
    redisReply *reply;

    MUST(now >= before && now <= clock_real_ms() + AHEAD);
    now = now / 1000 * 1000 + 5000000;
    freeReplyObject(redisCommand(a, "SET pxat v PXAT %lld", now));
    freeReplyObject(redisCommand(a, "SET exat v EXAT %lld", now / 1000));
    freeReplyObject(redisCommand(a, "SET k v"));
    MUST(ask_number(a, "PEXPIRETIME pxat") == now);
    MUST(ask_number(a, "PEXPIRETIME exat") == now);
    MUST(ask_number(a, "EXPIRETIME pxat") == now / 1000);
    MUST(ask_number(a, "expiretime exat") == now / 1000);
    expect_left(a, "exat", 5000000);
    MUST(ask_number(a, "EXPIRETIME k") == -1);
    MUST(ask_number(a, "PEXPIRETIME nothing") == -2);
    reply = redisCommand(a, "EXPIREAT k %lld", now / 1000);
    MUST(number(reply) == 1);
    freeReplyObject(reply);
    MUST(ask_number(a, "PEXPIRETIME k") == now);
    reply = redisCommand(a, "PEXPIREAT k %lld", now + 1);
    MUST(number(reply) == 1);
    freeReplyObject(reply);
    MUST(ask_number(a, "PEXPIRETIME k") == now + 1);
    /* What has passed by the program's clock is past. */
    reply = redisCommand(a, "PEXPIREAT k %lld", before);
    MUST(number(reply) == 1);
    freeReplyObject(reply);
    MUST(ask_number(a, "EXISTS k") == 0);
    redisFree(a);
}

Test(tap_clock, that_goes)
{
    struct tapped tapped = tapped_start();

    tapped.shift = (struct shift){ false, AHEAD };
    tapped_run(&tapped, go);
    EXPECT_WENT_WELL(&tapped);
    /* What was executed is told as the program sent it. */
    EXPECT_SAYS(tapped.trace, "1 EXECUTED TIME = *2");
    EXPECT_SAYS(tapped.trace, "1 EXECUTED expiretime exat = :");
    tapped_remove(&tapped);
}

/* By one that stands, TIME is always the same, and keys live as long as they are to. */
static void stand(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket);
    long long instant;

    MUST(ask_time(a) == STANDS + 250);
    freeReplyObject(ask(a, "SET k v PXAT 3000000060000"));
    expect_left(a, "k", 60000);
    instant = ask_number(a, "PEXPIRETIME k");
    MUST(instant > STANDS + 250 && instant <= STANDS + 60000);
    MUST(ask_number(a, "EXPIREAT k 3000003600") == 1);
    expect_left(a, "k", 3600000);
    MUST(ask_number(a, "EXPIREAT k 3000000000") == 1);
    MUST(ask_number(a, "EXISTS k") == 0);
    MUST(ask_time(a) == STANDS + 250);
    redisFree(a);
}

Test(tap_clock, that_stands)
{
    struct tapped tapped = tapped_start();

    tapped.shift = (struct shift){ true, STANDS + 250 };
    tapped_run(&tapped, stand);
    EXPECT_WENT_WELL(&tapped);
    tapped_remove(&tapped);
}

/* In a transaction as well. */
static void transact(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket);
    redisReply *reply;

    program_say(a, "WATCH k", "OK");
    program_say(a, "MULTI", "OK");
    program_say(a, "TIME", "QUEUED");
    program_say(a, "SET k v EXAT 3000000060", "QUEUED");
    program_say(a, "PEXPIRETIME k", "QUEUED");
    program_say(a, "EXPIRETIME nothing", "QUEUED");
    program_say(a, "PTTL k", "QUEUED");
    reply = ask(a, "EXEC");
    MUST(reply->type == REDIS_REPLY_ARRAY && reply->elements == 5);
    MUST(ms_of(reply->element[0]) == STANDS);
    MUST(strcmp(reply->element[1]->str, "OK") == 0);
    MUST(number(reply->element[2]) > STANDS);
    MUST(number(reply->element[2]) <= STANDS + 60000);
    MUST(number(reply->element[3]) == -2);
    MUST(number(reply->element[4]) > 0 && number(reply->element[4]) <= 60000);
    freeReplyObject(reply);
    redisFree(a);
}

Test(tap_clock, in_transactions)
{
    struct tapped tapped = tapped_start();

    tapped.shift = (struct shift){ true, STANDS };
    tapped_run(&tapped, transact);
    EXPECT_WENT_WELL(&tapped);
    EXPECT_SAYS(tapped.trace, "1 EXECUTED TIME = +QUEUED");
    tapped_remove(&tapped);
}

/* A claim made at an instant of the program's has been idle since then. */
static void claim(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket);
    redisReply *pending;

    program_say(a, "XADD s 1-1 f v", "1-1");
    program_say(a, "XGROUP CREATE s g 0", "OK");
    freeReplyObject(ask(a, "XREADGROUP GROUP g c STREAMS s >"));
    freeReplyObject(ask(a, "XCLAIM s g c 0 1-1 TIME 2999999940250 JUSTID"));
    pending = ask(a, "XPENDING s g - + 1");
    MUST(pending->elements == 1 && pending->element[0]->elements == 4);
    /* Not for as long as the clocks differ, nor for nothing. */
    MUST(number(pending->element[0]->element[2]) >= 60000);
    MUST(number(pending->element[0]->element[2]) < 3600000);
    freeReplyObject(pending);
    redisFree(a);
}

Test(tap_clock, of_claims)
{
    struct tapped tapped = tapped_start();

    tapped.shift = (struct shift){ true, STANDS + 250 };
    tapped_run(&tapped, claim);
    EXPECT_WENT_WELL(&tapped);
    tapped_remove(&tapped);
}

#define FIELDS 2500 /* more than Lua is asked to unpack at once */

/* The program and the server tell one instant by two clocks. */
static void expect_field(redisContext *a, redisContext *direct, const char *command,
                         long long ahead)
{
    redisReply *reply = ask(a, command), *wanted = ask(direct, command);

    MUST(reply->type == REDIS_REPLY_ARRAY && reply->elements == wanted->elements);
    for (size_t i = 0; i < reply->elements; i++) {
        long long there = number(wanted->element[i]);

        MUST(number(reply->element[i]) == (there < 0 ? there : there + ahead));
    }
    freeReplyObject(reply);
    freeReplyObject(wanted);
}

/* Both say the same. */
static void expect_error(redisContext *a, redisContext *direct, const char *command)
{
    redisReply *reply = redisCommand(a, command), *wanted = redisCommand(direct, command);

    MUST(reply && reply->type == REDIS_REPLY_ERROR);
    MUST(wanted && wanted->type == REDIS_REPLY_ERROR);
    MUST(strcmp(reply->str, wanted->str) == 0);
    freeReplyObject(reply);
    freeReplyObject(wanted);
}

static void ask_of_fields(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket), *direct = program_dial(&to->server);
    char command[128], *many, *at;
    redisReply *reply;
    long long instant;

    for (int i = 0; i < FIELDS; i++)
        freeReplyObject(redisCommand(a, "HSET h %d v", i));
    instant = ask_time(a) + 5000000;
    snprintf(command, sizeof(command), "HPEXPIREAT h %lld FIELDS 2 1 2", instant);
    freeReplyObject(ask(a, command));
    reply = ask(a, "HPEXPIRETIME h FIELDS 3 0 1 nothing");
    MUST(reply->elements == 3 && number(reply->element[0]) == -1);
    MUST(number(reply->element[1]) == instant && number(reply->element[2]) == -2);
    freeReplyObject(reply);
    for (int ms = 0; ms < 1000; ms += 111) {
        snprintf(command, sizeof(command), "HPEXPIREAT h %lld FIELDS 1 2",
                 instant / 1000 * 1000 + ms);
        freeReplyObject(ask(a, command));
        expect_field(a, direct, "HPEXPIRETIME h FIELDS 2 2 1", AHEAD);
        expect_field(a, direct, "hexpiretime h fields 2 2 1", AHEAD / 1000);
    }
    many = at = mem_alloc(64 + FIELDS * 8);
    at += sprintf(at, "HEXPIRETIME h FIELDS %d", FIELDS);
    for (int i = 0; i < FIELDS; i++)
        at += sprintf(at, " %d", i);
    expect_field(a, direct, many, AHEAD / 1000);
    expect_field(a, direct, "HEXPIRETIME none FIELDS 1 f", AHEAD / 1000);
    free(many);
    freeReplyObject(ask(a, "SET string v"));
    expect_error(a, direct, "HEXPIRETIME string FIELDS 1 f");
    redisFree(a);
    redisFree(direct);
}

/* With the commands of Redis 8 and Valkey 9, which give expiries to fields as they write
 * or read them. */
static void write_fields(const struct tapped_program *to)
{
    redisContext *a = program_dial(&to->socket), *direct = program_dial(&to->server);
    long long instant = ask_time(a) + 5000000;
    char command[128];

    snprintf(command, sizeof(command), "HSETEX h PXAT %lld FIELDS 1 f v", instant);
    freeReplyObject(ask(a, command));
    expect_field(a, direct, "HPEXPIRETIME h FIELDS 1 f", AHEAD);
    snprintf(command, sizeof(command), "HGETEX h EXAT %lld FIELDS 1 f",
             instant / 1000 + 60);
    freeReplyObject(ask(a, command));
    expect_field(a, direct, "HEXPIRETIME h FIELDS 1 f", AHEAD / 1000);
    redisFree(a);
    redisFree(direct);
}

static bool knows(const struct server *server, const char *command)
{
    redisContext *direct = program_dial(&server->address);
    redisReply *reply = redisCommand(direct, "COMMAND INFO %s", command);
    bool known = reply && reply->elements == 1 &&
                 reply->element[0]->type == REDIS_REPLY_ARRAY &&
                 reply->element[0]->elements > 0;

    freeReplyObject(reply);
    redisFree(direct);
    return known;
}

static void of_fields(const char *command, void (*program)(const struct tapped_program *),
                      const char *missing)
{
    struct tapped tapped = tapped_start();
    bool has = knows(&tapped.server, command);

    tapped.shift = (struct shift){ false, AHEAD };
    if (has) {
        tapped_run(&tapped, program);
        EXPECT_WENT_WELL(&tapped);
    }
    tapped_remove(&tapped);
    if (!has)
        cr_skip_test("%s", missing);
}

Test(tap_clock, of_fields)
{
    of_fields("HPEXPIRETIME", ask_of_fields, NO_FIELDS);
}

Test(tap_clock, of_fields_that_are_written)
{
    of_fields("HSETEX", write_fields,
              "this server does not write fields that expire (Redis 8, Valkey 9)");
}

/* Errors are Redis's. */
static void err(const struct tapped_program *to)
{
    static const char *const commands[] = {
        "EXPIREAT k soon", "SET k v EXAT 0",  "SET k v PXAT +5",
        "TIME now",        "PEXPIRETIME k k", "XCLAIM s g c 0 1-1 TIME soon",
        "HEXPIRETIME k",
    };
    redisContext *a = program_dial(&to->socket), *direct = program_dial(&to->server);

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        expect_error(a, direct, commands[i]);
    redisFree(a);
    redisFree(direct);
}

Test(tap_clock, makes_no_sense_of_nonsense)
{
    struct tapped tapped = tapped_start();

    tapped.shift = (struct shift){ true, STANDS };
    tapped_run(&tapped, err);
    EXPECT_WENT_WELL(&tapped);
    tapped_remove(&tapped);
}
