/* ask.c - see ask.h. */
#include "audit/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "audit/target.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "base/signals.h"
#include "redis/connection.h"
#include "redis/resp.h"

#define SLICE_MS 100
#define STOP_SLICES 10 /* that an answer may still take when somebody asks for an end */

static const struct {
    const char *name;
    size_t words;
    const char *word[3]; /* NULL: the key */
} questions[QUESTIONS] = {
    [ASK_INFO] = { "INFO", 1, { "INFO" } },
    [ASK_SELECT] = { "SELECT", 0, { NULL } },
    [ASK_NO_TOUCH] = { "CLIENT NO-TOUCH", 3, { "CLIENT", "NO-TOUCH", "ON" } },
    [ASK_SCAN] = { "SCAN", 0, { NULL } },
    [ASK_TYPE] = { "TYPE", 2, { "TYPE", NULL } },
    [ASK_PTTL] = { "PTTL", 2, { "PTTL", NULL } },
    [ASK_MEMORY] = { "MEMORY USAGE", 3, { "MEMORY", "USAGE", NULL } },
    [ASK_IDLE] = { "OBJECT IDLETIME", 3, { "OBJECT", "IDLETIME", NULL } },
    [ASK_SHARED] = { "OBJECT REFCOUNT", 3, { "OBJECT", "REFCOUNT", NULL } },
    [ASK_SSCAN] = { "SSCAN", 0, { NULL } },
    [ASK_ZSCAN] = { "ZSCAN", 0, { NULL } },
    [ASK_SISMEMBER] = { "SISMEMBER", 0, { NULL } },
    [ASK_ZSCORE] = { "ZSCORE", 0, { NULL } },
    [ASK_HEXISTS] = { "HEXISTS", 0, { NULL } },
    [ASK_LPOS] = { "LPOS", 0, { NULL } },
    [ASK_LLEN] = { "LLEN", 2, { "LLEN", NULL } },
    [ASK_SLOWLOG] = { "SLOWLOG GET", 0, { NULL } },
    [ASK_COMMANDSTATS] = { "INFO commandstats", 2, { "INFO", "commandstats" } },
    [ASK_HISTOGRAM] = { "LATENCY HISTOGRAM", 3, { "LATENCY", "HISTOGRAM", NULL } },
    [ASK_GETRANGE] = { "GETRANGE", 0, { NULL } },
    [ASK_LRANGE] = { "LRANGE", 0, { NULL } },
    [ASK_ZRANGE] = { "ZRANGE", 0, { NULL } },
    [ASK_XRANGE] = { "XRANGE", 0, { NULL } },
    [ASK_HSCAN] = { "HSCAN", 0, { NULL } },
};

/* hiredis takes and gives what it can then, with TLS and without, and we wait. */
struct ask ask_of(redisContext *connection)
{
    connection->flags &= ~REDIS_BLOCK;
    fcntl(connection->fd, F_SETFL, fcntl(connection->fd, F_GETFL) | O_NONBLOCK);
    return (struct ask){ connection, BUFFER_NULL };
}

void ask_release(struct ask *ask)
{
    buffer_release(&ask->questions);
}

void ask_key(struct ask *ask, enum question question, struct str key)
{
    static const char *const touch[] = { "PERSIST", NULL };

    if (question == ASK_TYPE && mutant("audit-writes"))
        resp_put(&ask->questions, ARRAY_SIZE(touch), touch, key);
    else
        resp_put(&ask->questions, questions[question].words, questions[question].word,
                 key);
}

void ask_info(struct ask *ask)
{
    ask_key(ask, ASK_INFO, STR(""));
}

static void put_number(struct ask *ask, uint64_t number)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);

    resp_put_word(&ask->questions, (struct str){ digits, (size_t)length });
}

void ask_select(struct ask *ask, unsigned db)
{
    resp_put_count(&ask->questions, 2);
    resp_put_word(&ask->questions, STR("SELECT"));
    put_number(ask, db);
}

void ask_no_touch(struct ask *ask)
{
    ask_key(ask, ASK_NO_TOUCH, STR(""));
}

static void put_option(struct ask *ask, const char *name, const char *value)
{
    if (!value)
        return;
    resp_put_word(&ask->questions, str_of(name));
    resp_put_word(&ask->questions, str_of(value));
}

void ask_scan(struct ask *ask, uint64_t cursor, const char *glob, uint64_t count,
              const char *type)
{
    resp_put_count(&ask->questions, 4u + (glob ? 2 : 0) + (type ? 2 : 0));
    resp_put_word(&ask->questions, STR("SCAN"));
    put_number(ask, cursor);
    resp_put_word(&ask->questions, STR("COUNT"));
    put_number(ask, count);
    put_option(ask, "MATCH", glob);
    put_option(ask, "TYPE", type);
}

void ask_slow(struct ask *ask, uint64_t count)
{
    resp_put_count(&ask->questions, 3);
    resp_put_word(&ask->questions, STR("SLOWLOG"));
    resp_put_word(&ask->questions, STR("GET"));
    put_number(ask, count);
}

void ask_calls(struct ask *ask, const char *name)
{
    ask_key(ask, ASK_COMMANDSTATS, STR(""));
    ask_key(ask, ASK_HISTOGRAM, str_of(name));
}

void ask_members(struct ask *ask, enum question scan, struct str key, uint64_t cursor,
                 uint64_t count)
{
    resp_put_count(&ask->questions, 5);
    resp_put_word(&ask->questions, str_of(questions[scan].name));
    resp_put_word(&ask->questions, key);
    put_number(ask, cursor);
    resp_put_word(&ask->questions, STR("COUNT"));
    put_number(ask, count);
}

void ask_list(struct ask *ask, struct str key, uint64_t from, uint64_t count)
{
    resp_put_count(&ask->questions, 4);
    resp_put_word(&ask->questions, STR("LRANGE"));
    resp_put_word(&ask->questions, key);
    put_number(ask, from);
    put_number(ask, from + count - 1);
}

void ask_in_list(struct ask *ask, struct str key, struct str element, uint64_t most)
{
    resp_put_count(&ask->questions, 7);
    resp_put_word(&ask->questions, STR("LPOS"));
    resp_put_word(&ask->questions, key);
    resp_put_word(&ask->questions, element);
    resp_put_word(&ask->questions, STR("COUNT"));
    put_number(ask, 2);
    resp_put_word(&ask->questions, STR("MAXLEN"));
    put_number(ask, most);
}

void ask_first(struct ask *ask, enum question question, struct str key, uint64_t count)
{
    bool is_stream = question == ASK_XRANGE, scored = question == ASK_ZRANGE;

    resp_put_count(&ask->questions, is_stream ? 6 : scored ? 5 : 4);
    resp_put_word(&ask->questions, str_of(questions[question].name));
    resp_put_word(&ask->questions, key);
    resp_put_word(&ask->questions, is_stream ? STR("-") : STR("0"));
    if (is_stream) {
        resp_put_word(&ask->questions, STR("+"));
        resp_put_word(&ask->questions, STR("COUNT"));
    }
    put_number(ask, is_stream ? count : count - 1);
    if (scored)
        resp_put_word(&ask->questions, STR("WITHSCORES"));
}

const char *ask_name(enum question question)
{
    return questions[question].name;
}

void ask_member(struct ask *ask, enum question find, struct str key, struct str member)
{
    resp_put_count(&ask->questions, 3);
    resp_put_word(&ask->questions, str_of(questions[find].name));
    resp_put_word(&ask->questions, key);
    resp_put_word(&ask->questions, member);
}

/* Waits until the server gives or takes bytes. Who asks for an end gets it when the
 * server hangs; an answer that is on its way is still taken. */
static int wait_server(const struct ask *ask, short event, const char *what,
                       const char *fails, struct err *err)
{
    struct pollfd server = { ask->connection->fd, event, 0 };

    if (event == POLLIN && tls_has_more(ask->connection))
        return 0;
    for (int left = TARGET_TIMEOUT_S * 1000 / SLICE_MS, stopped = 0; left > 0; left--) {
        if (poll(&server, 1, SLICE_MS) > 0)
            return 0;
        if (signals_stop_asked() && ++stopped == STOP_SLICES)
            return err_set(err, ERR_STOPPED,
                           "%s: interrupted while the server did not %s", what, fails);
    }
    return target_silent(what, err);
}

int ask_send(struct ask *ask, struct err *err)
{
    int done = 0;

    if (!ask->questions.length)
        return 0;
    if (redisAppendFormattedCommand(ask->connection, ask->questions.bytes,
                                    ask->questions.length) != REDIS_OK)
        return err_set(err, -ENOMEM, "put questions to the server: out of memory");
    ask->questions.length = 0;
    while (redisBufferWrite(ask->connection, &done) == REDIS_OK) {
        if (done)
            return 0;
        if (wait_server(ask, POLLOUT, "send", "read what it is asked", err) < 0)
            return err->code;
    }
    return target_lost(ask->connection, "send", err);
}

int ask_reply(struct ask *ask, enum question question, redisReply **ret, struct err *err)
{
    void *reply = NULL;

    while (redisGetReplyFromReader(ask->connection, &reply) == REDIS_OK && !reply) {
        if (wait_server(ask, POLLIN, questions[question].name, "answer", err) < 0)
            return err->code;
        if (redisBufferRead(ask->connection) != REDIS_OK)
            break;
    }
    if (!reply)
        return target_lost(ask->connection, questions[question].name, err);
    *ret = reply;
    return 0;
}

int ask_answer(struct ask *ask, enum question question, redisReply **ret, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (ask_reply(ask, question, &reply, err) < 0)
        return err->code;
    if (reply->type == REDIS_REPLY_ERROR)
        return target_refused(questions[question].name, reply->str, err);
    *ret = TAKE_PTR(reply);
    return 0;
}

bool ask_is_scan(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[0]->type != REDIS_REPLY_STRING ||
        reply->element[1]->type != REDIS_REPLY_ARRAY)
        return false;
    for (size_t i = 0; i < reply->element[1]->elements; i++)
        if (reply->element[1]->element[i]->type != REDIS_REPLY_STRING)
            return false;
    return true;
}

/* With an LFU policy of eviction nobody counts idle time, and OBJECT says so as an error;
 * for a key that is gone it is an error before Redis 7, too. */
static bool is_unsaid(enum question question, const redisReply *reply)
{
    return (question == ASK_IDLE || question == ASK_SHARED) &&
           strncmp(reply->str, "ERR ", 4) == 0;
}

int ask_number(struct ask *ask, enum question question, int64_t *ret, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (ask_reply(ask, question, &reply, err) < 0)
        return err->code;
    if (reply->type == REDIS_REPLY_ERROR && !is_unsaid(question, reply))
        return target_refused(questions[question].name, reply->str, err);
    *ret = reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
    return 0;
}

void ask_weight(struct ask *ask, struct str key)
{
    ask_key(ask, ASK_MEMORY, key);
    ask_key(ask, ASK_IDLE, key);
    ask_key(ask, ASK_SHARED, key);
}

/* Small whole numbers are one object for all keys that have them, and its idle time is
 * nobody's. */
int ask_take_weight(struct ask *ask, struct weight *ret, struct err *err)
{
    int64_t shared;

    if (ask_number(ask, ASK_MEMORY, &ret->bytes, err) < 0 ||
        ask_number(ask, ASK_IDLE, &ret->idle_s, err) < 0 ||
        ask_number(ask, ASK_SHARED, &shared, err) < 0)
        return err->code;
    if (shared != 1)
        ret->idle_s = -1;
    return 0;
}
