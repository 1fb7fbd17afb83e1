/* target.c - see target.h. */
#include "audit/target.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/printable.h"
#include "base/str.h"
#include "redis/connection.h"

/* The user is not shown where he stands: passwords of URLs are taken out of messages. */
#define EXPECTED                                                                         \
    "expected redis[s]://HOST[:PORT][/DB] or unix:///PATH; [USER[:PASSWORD]@] may be "   \
    "before HOST"
#define DB_MOST INT32_MAX

static void wipe(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void target_set_password(struct target *target, char *password)
{
    wipe(target->password);
    target->password = password;
}

void target_release(struct target *target)
{
    target_set_password(target, NULL);
    free(target->host);
    free(target->path);
    free(target->user);
    *target = TARGET_NULL;
}

const char *target_name(const struct target *target, char ret[TARGET_TEXT])
{
    char name[TARGET_TEXT - 8];

    printable_copy(name, sizeof(name), target->path ? target->path : target->host, "");
    if (target->path)
        snprintf(ret, TARGET_TEXT, "%s", name);
    else
        snprintf(ret, TARGET_TEXT, strchr(name, ':') ? "[%s]:%u" : "%s:%u", name,
                 target->port);
    return ret;
}

/* ---- URLs ---- */

/* A copy with each %XX as its byte; NULL if one is wrong, or a zero. */
static char *decode(const char *text, size_t length)
{
    char *copy = mem_alloc(length + 1), *to = copy;

    for (size_t i = 0; i < length; i++) {
        *to = text[i];
        if (text[i] == '%') {
            if (i + 2 >= length || !str_hex(text + i + 1, to))
                *to = 0;
            i += 2;
        }
        if (!*to++) {
            wipe(copy);
            return NULL;
        }
    }
    return copy;
}

static bool parse_db(const char *text, struct target *target)
{
    uint64_t db;

    if (!*text)
        return true;
    if (!str_whole(text, 0, DB_MOST, &db))
        return false;
    target->db = (int)db;
    return true;
}

/* USER[:PASSWORD] */
static bool parse_user(const char *text, size_t length, struct target *target)
{
    const char *colon = memchr(text, ':', length);
    size_t user = colon ? (size_t)(colon - text) : length;

    if (user && !(target->user = decode(text, user)))
        return false;
    if (!colon || user + 1 == length)
        return true;
    target->password = decode(colon + 1, length - user - 1);
    return target->password;
}

/* HOST[:PORT], where a HOST with colons is in brackets. */
static bool parse_host(const char *text, size_t length, struct target *target)
{
    const char *close = *text == '[' ? memchr(text, ']', length) : NULL;
    const char *from = close ? close : text;
    const char *colon = memchr(from, ':', length - (size_t)(from - text));
    const char *end = colon ? colon : text + length;
    CLEANUP(mem_freep) char *port = NULL;
    uint64_t number = TARGET_PORT;

    if (close ? close + 1 != end : *text == '[')
        return false;
    port = strndup(end, length - (size_t)(end - text));
    if (colon && !str_whole(port + 1, 1, UINT16_MAX, &number))
        return false;
    target->port = (uint16_t)number;
    target->host = close        ? decode(text + 1, (size_t)(close - text - 1))
                   : end > text ? decode(text, (size_t)(end - text))
                                : mem_strdup("127.0.0.1");
    return target->host && *target->host;
}

static bool parse_tcp(const char *text, struct target *target)
{
    size_t length = strcspn(text, "/?#");
    const char *at = memrchr(text, '@', length);
    const char *host = at ? at + 1 : text;

    if (at && !parse_user(text, (size_t)(at - text), target))
        return false;
    return parse_host(host, length - (size_t)(host - text), target) &&
           (!text[length] ||
            (text[length] == '/' && parse_db(text + length + 1, target)));
}

static bool parse_unix(const char *text, struct target *target)
{
    target->path = *text == '/' ? decode(text, strlen(text)) : NULL;
    return target->path;
}

static const struct {
    const char *scheme;
    bool (*parse)(const char *text, struct target *target);
    bool tls;
} schemes[] = {
    { "redis://", parse_tcp, false },
    { "unix://", parse_unix, false },
    { "rediss://", parse_tcp, true },
};

int target_parse_url(const char *url, struct target *ret, struct err *err)
{
    struct target target = TARGET_NULL;

    for (size_t i = 0; i < ARRAY_SIZE(schemes); i++) {
        size_t length = strlen(schemes[i].scheme);

        if (strncasecmp(url, schemes[i].scheme, length) != 0)
            continue;
        if (schemes[i].tls && tls_check(err) < 0)
            return err_wrap(err, "rediss://");
        target.tls.on = schemes[i].tls;
        if (schemes[i].parse(url + length, &target)) {
            *ret = target;
            return 0;
        }
        break;
    }
    target_release(&target);
    return err_set(err, ERR_USAGE, "this is no URL of a Redis; " EXPECTED);
}

/* ---- connecting ---- */

/* What servers refuse, by how their replies begin. */
static const struct {
    const char *begins, *meaning;
} refusals[] = {
    { "NOAUTH", "it wants a password: put it into REDIS_URL, or give --pass-file or "
                "--askpass" },
    { "WRONGPASS", "the name of the user or the password is wrong" },
    { "ERR invalid password", "the password is wrong" },
    { "ERR Client sent AUTH", "it asks for no password; do without one" },
    { "ERR AUTH", "it asks for no password; do without one" },
    { "NOPERM", "this user may not do what an audit needs; docs/audit.md names the "
                "commands" },
    { "LOADING", "it is loading its data; try again when it has done so" },
    { "MASTERDOWN", "it is a replica that has lost its primary, and gives no answers" },
    { "MOVED", "it is a node of a cluster that does not have this key itself: audit each "
               "primary of the cluster; 'redis-cli cluster nodes' lists them" },
    { "ASK", "it is a node of a cluster that is giving this key away: audit it when the "
             "cluster has settled" },
    { "CLUSTERDOWN", "its cluster is down" },
    { "BUSY", "it is busy with a script; try again when that is over" },
    { "DENIED", "it is in protected mode, and lets in nobody from here" },
    { "ERR DB index", "it has no such database" },
    { "ERR unknown type name", "it has no such type of keys" },
    { "ERR unknown command", "it does not have this command; is it a Redis?" },
};

/* NULL: nobody here knows. */
static const char *meaning_of(const char *reply)
{
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
        if (strncmp(reply, refusals[i].begins, strlen(refusals[i].begins)) == 0)
            return refusals[i].meaning;
    return NULL;
}

int target_refused(const char *what, const char *reply, struct err *err)
{
    const char *meaning = meaning_of(reply);
    char shown[200];

    printable_copy(shown, sizeof(shown), reply, "");
    if (meaning)
        return err_set(err, -EACCES, "%s: %s (it says: %s)", what, meaning, shown);
    return err_set(err, -EPROTO, "%s: the server refused it: %s", what, shown);
}

int target_silent(const char *what, struct err *err)
{
    return err_set(err, -ETIMEDOUT,
                   "%s: the server has not answered for %d s: it hangs, or is too busy",
                   what, TARGET_TIMEOUT_S);
}

int target_lost(const redisContext *connection, const char *what, struct err *err)
{
    if (connection->err == REDIS_ERR_IO && (errno == EAGAIN || errno == ETIMEDOUT))
        return target_silent(what, err);
    if (connection->err == REDIS_ERR_PROTOCOL)
        return err_set(err, -EPROTO, "%s: this is no answer of a Redis: %s", what,
                       connection->errstr);
    if (connection->err == REDIS_ERR_OOM)
        return err_set(
            err, -ENOMEM,
            "%s: the answer is too large: it is none of a Redis, or there is no "
            "memory for it",
            what);
    return err_set(err, -EIO, "%s: the server has gone away: %s%s", what,
                   connection->errstr,
                   tls_lacks_certificate(connection)
                       ? "; it has asked for a certificate: --cert and --key name one"
                       : "");
}

/* What it says is not shown: servers that do not know the command, and others between us
 * and them, repeat its words. */
static int refused_entry(const char *reply, struct err *err)
{
    const char *meaning = meaning_of(reply);

    return err_set(err, -EACCES, "AUTH: %s",
                   meaning ? meaning
                           : "the server refused it, in words that are not shown, for "
                             "the password may be among them");
}

/* Does what redisCommandArgv() does, for as long as any reply may take, however little of
 * it comes each time: there are few words to it. A signal ends it as it does the program
 * (base/signals.h). */
static int auth(redisContext *connection, int argc, const char **words, redisReply **ret,
                struct err *err)
{
    uint64_t start_ns = clock_now_ns();
    void *reply = NULL;
    int done = 0;

    if (redisAppendCommandArgv(connection, argc, words, NULL) != REDIS_OK)
        return target_lost(connection, "AUTH", err);
    while (!done)
        if (redisBufferWrite(connection, &done) != REDIS_OK)
            return target_lost(connection, "AUTH", err);
    while (redisGetReplyFromReader(connection, &reply) == REDIS_OK && !reply) {
        if (clock_now_ns() - start_ns > TARGET_TIMEOUT_S * NSEC_PER_SEC)
            return target_silent("AUTH", err);
        if (redisBufferRead(connection) != REDIS_OK)
            break;
    }
    if (!reply)
        return target_lost(connection, "AUTH", err);
    *ret = reply;
    return 0;
}

/* A user without a password may be one who needs none, and takes any. The user is not
 * named, for redis-cli takes redis://this@host for a password. */
static int enter(const struct target *target, redisContext *connection, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    const char *password = target->password ? target->password : "";
    const char *words[] = { "AUTH", target->user, password };

    if (!target->user)
        words[1] = password;
    if (auth(connection, target->user ? 3 : 2, words, &reply, err) < 0)
        return err->code;
    if (reply->type == REDIS_REPLY_ERROR && !target->password &&
        strncmp(reply->str, "WRONGPASS", strlen("WRONGPASS")) == 0)
        return err_set(err, -EACCES,
                       "AUTH: it does not let in this user without a password: put that "
                       "into REDISCLI_AUTH, or give --pass-file or --askpass");
    return reply->type == REDIS_REPLY_ERROR ? refused_entry(reply->str, err) : 0;
}

int target_connect(const struct target *target, redisContext **ret, struct err *err)
{
    const struct timeval patience = { .tv_sec = TARGET_TIMEOUT_S };
    CLEANUP(connection_closep) redisContext *connection = NULL;
    char name[TARGET_TEXT];

    target_name(target, name);
    connection = target->path
                     ? redisConnectUnixWithTimeout(target->path, patience)
                     : redisConnectWithTimeout(target->host, target->port, patience);
    if (!connection || connection->err)
        return err_set(err, -ECONNREFUSED, "connect to Redis at %s: %s", name,
                       connection ? connection->errstr : "out of memory");
    redisSetTimeout(connection, patience);
    if (target->tls.on && tls_start(&target->tls, target->host, connection, err) < 0)
        return err_wrap(err, "connect to Redis at %s", name);
    if ((target->user || target->password) && enter(target, connection, err) < 0)
        return err_wrap(err, "%s", name);
    *ret = TAKE_PTR(connection);
    return 0;
}
