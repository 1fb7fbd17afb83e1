/* fence.c - see fence.h. */
#include "redis/fence.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/mutant.h"
#include "base/secret.h"
#include "base/str.h"

#define USER "afterkill"

int fence_raise(redisContext *connection, struct err *err)
{
    CLEANUP(reply_freep) redisReply *made = NULL;
    CLEANUP(reply_freep) redisReply *known = NULL;
    CLEANUP(reply_freep) redisReply *kept_in = NULL;
    char secret[SECRET_TEXT], password[SECRET_TEXT + 1];
    int code = secret_make(secret, err);

    snprintf(password, sizeof(password), ">%s", secret);
    if (code == 0)
        code = CONNECTION_COMMAND(connection, &made, err, "ACL", "SETUSER", USER, "on",
                                  password, "allkeys", "allchannels", "allcommands");
    if (code == 0)
        code = CONNECTION_COMMAND(connection, &known, err, "AUTH", USER, secret);
    /* All that leave database 0 and that scripts may call; the others that would break
     * the harness are refused to scripts by Redis itself. */
    if (code == 0 && !mutant("fence-down"))
        code = CONNECTION_COMMAND(connection, &kept_in, err, "ACL", "SETUSER", "default",
                                  "-select", "+select|0", "-swapdb", "-move", "-migrate",
                                  "-flushall");
    return code < 0 ? err_wrap(err, "keep scripts in database 0") : 0;
}

/* The value of a name in a list of names and values; NULL: it is not there. */
static const redisReply *value_of(const redisReply *list, const char *name)
{
    for (size_t i = 0; i + 1 < list->elements; i += 2)
        if (list->element[i]->str && strcmp(list->element[i]->str, name) == 0)
            return list->element[i + 1];
    return NULL;
}

/* Takes a command's name from the server's log of refusals, of which other reasons, such
 * as a wrong password, are the scenario's own affair. */
static void read_log(const redisReply *log, char *command, size_t size)
{
    for (size_t i = 0; i < log->elements; i++) {
        const redisReply *reason = value_of(log->element[i], "reason");
        const redisReply *object = value_of(log->element[i], "object");

        if (!reason || !object || !reason->str || !object->str ||
            strcmp(reason->str, "command") != 0)
            continue;
        snprintf(command, size, "%s", object->str);
        for (char *at = command; *at; at++)
            *at = (char)toupper((unsigned char)*at);
    }
}

/* Lines like "db5:keys=1,expires=0,avg_ttl=0". */
static int stray_database(const char *info, size_t own_keys)
{
    size_t own_seen = 0, keys;
    int database, stray = -1;

    for (const char *at = strstr(info, "\ndb"); at; at = strstr(at + 1, "\ndb")) {
        if (sscanf(at, "\ndb%d:keys=%zu", &database, &keys) != 2 || database == 0)
            continue;
        if (database == FENCE_OWN_DATABASE)
            own_seen = keys;
        else
            stray = database;
    }
    return own_seen == own_keys ? stray : FENCE_OWN_DATABASE;
}

int fence_look(redisContext *connection, size_t own_keys, struct trespass *ret,
               struct err *err)
{
    CLEANUP(reply_freep) redisReply *log = NULL;
    CLEANUP(reply_freep) redisReply *info = NULL;
    int code;

    *ret = (struct trespass){ .database = -1 };
    redisAppendCommand(connection, "ACL LOG");
    redisAppendCommand(connection, "INFO keyspace");
    code = connection_read(connection, "ACL LOG", &log, err);
    if (code == 0)
        code = connection_read(connection, "INFO keyspace", &info, err);
    if (code < 0)
        return err_wrap(err, "look for what scripts were refused");
    read_log(log, ret->command, sizeof(ret->command));
    ret->database = stray_database(info->str ? info->str : "", own_keys);
    return 0;
}
