/* commands.c - what the table of commands (redis/command.c) says of each command is what
 * the server says of it, whichever server there is: which of them write, and where their
 * first key stands. A later server's commands that the table does not know are named. */
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

#include "redis/command.h"
#include "redis/connection.h"

#define WORDS_MOST 16

static bool has_flag(const redisReply *flags, const char *flag)
{
    for (size_t i = 0; i < flags->elements; i++)
        if (strcmp(flags->element[i]->str, flag) == 0)
            return true;
    return false;
}

/* A command of this name, with `key` where the server says that the first one is. */
static struct command parsed(const char *name, long long arity, long long place)
{
    const char *words[WORDS_MOST] = { name };
    size_t lengths[WORDS_MOST] = { strlen(name) };
    long long count = llabs(arity) > place ? llabs(arity) : place + 1;
    struct command command;

    cr_assert(count <= WORDS_MOST, "%s has %lld words", name, count);
    for (int i = 1; i < count; i++) {
        words[i] = i == place ? "key" : "2";
        lengths[i] = strlen(words[i]);
    }
    command_parse(&command, (int)count, words, lengths);
    return command;
}

/* Of which the table says nothing, although they write: what they do hangs on their other
 * words, or no scenario may send them (scenario/refusal.c), or nobody but servers does.
 */
static const char *const untold[] = {
    "FLUSHALL", "GEORADIUS", "GEORADIUSBYMEMBER", "MIGRATE", "MOVE",
    "PERSIST",  "PFDEBUG",   "RESTORE-ASKING",    "SORT",    "SWAPDB",
    "XSETID",
};

static bool is_untold(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(untold); i++)
        if (strcmp(untold[i], name) == 0)
            return true;
    return false;
}

static void compare(const redisReply *told)
{
    const redisReply *flags = told->element[2];
    long long place = told->element[3]->integer;
    struct command command =
        parsed(told->element[0]->str, told->element[1]->integer, place);
    bool reads = command_has(&command, COMMAND_READS);

    if (!has_flag(flags, "write") && !has_flag(flags, "readonly"))
        return; /* nothing of it is in a key, or its script says what it does */
    if (has_flag(flags, "write")) {
        cr_expect(command.flags || is_untold(command.name), "%s is not in the table",
                  command.name);
        cr_expect_not(reads, "%s writes", command.name);
    } else if (place > 0 || has_flag(flags, "movablekeys")) {
        cr_expect(reads, "%s only reads", command.name);
    }
    if (command.flags && place > 0)
        cr_expect_str_eq(command.key, "key", "the key of %s is word %lld, not '%s'",
                         command.name, place, command.key);
}

Test(commands, are_what_the_server_says)
{
    char *directory = test_directory();
    struct server server = test_server(directory);
    CLEANUP(connection_closep) redisContext *connection = NULL;
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(connection_open(&server.address, &connection, &err), 0, "%s", err.msg);
    cr_assert_eq(CONNECTION_COMMAND(connection, &reply, &err, "COMMAND"), 0, "%s",
                 err.msg);
    cr_assert(reply->elements > 200);
    for (size_t i = 0; i < reply->elements; i++)
        compare(reply->element[i]);
    server_stop(&server);
    test_directory_remove(directory);
}
