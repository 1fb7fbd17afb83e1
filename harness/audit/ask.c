/* ask.c - see ask.h. */
#include "audit/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "audit/target.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "base/signals.h"
#include "redis/connection.h"
#include "redis/resp.h"

#define PIECE (1u << 20) /* bytes of questions */
#define MUCH (16u << 20)
#define PTTL_GONE (-2)
#define SLICE_MS 100
#define STOP_SLICES 10             /* without a word, when somebody asks for an end */
#define STOP_NS (3 * NSEC_PER_SEC) /* for an answer that comes then */

/* Of which type an answer may be, besides an error. */
#define IS(type) (1u << REDIS_REPLY_##type)
#define IS_TEXT (IS(STRING) | IS(STATUS))
#define IS_KNOWN (IS(INTEGER) | IS(NIL))

static const struct {
    const char *name;
    unsigned types; /* 0: any */
    size_t words;
    const char *word[3]; /* NULL: the key */
} questions[QUESTIONS] = {
    [ASK_INFO] = { "INFO", IS_TEXT, 1, { "INFO" } },
    [ASK_SELECT] = { "SELECT", IS_TEXT, 0, { NULL } },
    [ASK_NO_TOUCH] = { "CLIENT NO-TOUCH", 0, 3, { "CLIENT", "NO-TOUCH", "ON" } },
    [ASK_SCAN] = { "SCAN", IS(ARRAY), 0, { NULL } },
    [ASK_TYPE] = { "TYPE", IS_TEXT, 2, { "TYPE", NULL } },
    [ASK_PTTL] = { "PTTL", IS(INTEGER), 2, { "PTTL", NULL } },
    [ASK_MEMORY] = { "MEMORY USAGE", IS_KNOWN, 3, { "MEMORY", "USAGE", NULL } },
    [ASK_IDLE] = { "OBJECT IDLETIME", IS_KNOWN, 3, { "OBJECT", "IDLETIME", NULL } },
    [ASK_SHARED] = { "OBJECT REFCOUNT", IS_KNOWN, 3, { "OBJECT", "REFCOUNT", NULL } },
    [ASK_SSCAN] = { "SSCAN", IS(ARRAY), 0, { NULL } },
    [ASK_ZSCAN] = { "ZSCAN", IS(ARRAY), 0, { NULL } },
    [ASK_SISMEMBER] = { "SISMEMBER", IS(INTEGER), 0, { NULL } },
    [ASK_ZSCORE] = { "ZSCORE", IS_TEXT | IS(NIL), 0, { NULL } },
    [ASK_HEXISTS] = { "HEXISTS", IS(INTEGER), 0, { NULL } },
    [ASK_LPOS] = { "LPOS", IS(ARRAY), 0, { NULL } },
    [ASK_LLEN] = { "LLEN", IS(INTEGER), 2, { "LLEN", NULL } },
    [ASK_SLOWLOG] = { "SLOWLOG GET", IS(ARRAY), 0, { NULL } },
    [ASK_COMMANDSTATS] = { "INFO commandstats", IS_TEXT, 2, { "INFO", "commandstats" } },
    [ASK_HISTOGRAM] = { "LATENCY HISTOGRAM", IS(ARRAY), 3, { "LATENCY", "HISTOGRAM" } },
    [ASK_GETRANGE] = { "GETRANGE", IS_TEXT, 0, { NULL } },
    [ASK_LRANGE] = { "LRANGE", IS(ARRAY), 0, { NULL } },
    [ASK_ZRANGE] = { "ZRANGE", IS(ARRAY), 0, { NULL } },
    [ASK_XRANGE] = { "XRANGE", IS(ARRAY), 0, { NULL } },
    [ASK_HSCAN] = { "HSCAN", IS(ARRAY), 0, { NULL } },
};

/* ---- what is no answer ---- */

#define ELEMENTS_MOST (4 << 20) /* of an answer; HSCAN may give all there is */
#define DEPTH_MOST 8            /* of lists within lists */
#define BYTES_MOST (1u << 30)   /* of an answer; a name has up to half of that */

#if HIREDIS_MAJOR >= 1
typedef size_t list_length;
#else
typedef int list_length;
#endif

static void *(*make_list)(const redisReadTask *task, list_length elements);
static size_t elements_left; /* of the answer that comes; there is one at a time */

/* As many elements as a server says at the beginning of a list would be made room for,
 * and none of them need ever come; lists within lists are freed by recursion. NULL is as
 * if there were no memory. */
static void *make_bounded_list(const redisReadTask *task, list_length elements)
{
    unsigned depth = 0;

    for (const redisReadTask *at = task; at; at = at->parent)
        depth++;
    if (depth > DEPTH_MOST || (size_t)elements > elements_left)
        return NULL;
    elements_left -= (size_t)elements;
    return make_list(task, elements);
}

static void bound_lists(redisReader *reader)
{
    static redisReplyObjectFunctions bounded;

    if (reader->fn != &bounded) {
        bounded = *reader->fn;
        make_list = bounded.createArray;
        bounded.createArray = make_bounded_list;
    }
    reader->fn = &bounded;
}

static int refuse_answer(enum question question, struct err *err)
{
    return err_set(err, -EPROTO, "%s: the reply is none of %s", questions[question].name,
                   questions[question].name);
}

/* ---- asking ---- */

/* hiredis takes and gives what it can then, with TLS and without, and we wait. */
struct ask ask_of(redisContext *connection)
{
    connection->flags &= ~REDIS_BLOCK;
    fcntl(connection->fd, F_SETFL, fcntl(connection->fd, F_GETFL) | O_NONBLOCK);
    bound_lists(connection->reader);
    return (struct ask){ .connection = connection,
                         .questions = BUFFER_NULL,
                         .patience_ns = TARGET_TIMEOUT_S * NSEC_PER_SEC };
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

/* An answer that comes, or questions that go. */
struct passage {
    const char *what;
    short event;         /* POLLIN: an answer */
    uint64_t waited_ns;  /* for the server */
    size_t bytes;        /* that came; of questions, all that are to go */
    uint64_t stopped_ns; /* since when somebody is known to want an end; 0: nobody */
};

static bool is_answer(const struct passage *passage)
{
    return passage->event == POLLIN;
}

/* Who asks for an end gets it when the server hangs, and soon when it does not; what is
 * on its way is still taken. */
static int check_stop(struct passage *passage, unsigned *silent, struct err *err)
{
    uint64_t now_ns = clock_now_ns();

    if (!signals_stop_asked())
        return 0;
    if (!passage->stopped_ns)
        passage->stopped_ns = now_ns;
    if (++*silent == STOP_SLICES)
        return err_set(err, ERR_STOPPED, "%s: interrupted while the server did not %s",
                       passage->what,
                       is_answer(passage) ? "answer" : "read what it is asked");
    if (now_ns - passage->stopped_ns > STOP_NS && !mutant("dribble-unheard"))
        return err_set(err, ERR_STOPPED, "%s: interrupted while the server was still %s",
                       passage->what,
                       is_answer(passage) ? "answering" : "reading what it is asked");
    return 0;
}

/* A server that says a little now and then hangs as well. One that has much to say over a
 * slow line gets the time for it. */
static int check_pace(const struct ask *ask, const struct passage *passage,
                      struct err *err)
{
    uint64_t most_ns = connection_most_ns(ask->patience_ns, passage->bytes);

    if (passage->waited_ns <= most_ns || mutant("dribble-unending"))
        return 0;
    return err_set(
        err, -ETIMEDOUT,
        "%s: after %.0f s the server has not %s in full; that may take %.0f s, "
        "and 1 s more for each %u KiB, of which it %s %zu: it hangs, or the "
        "line is too slow for --count",
        passage->what, ns_to_s((double)passage->waited_ns),
        is_answer(passage) ? "answered" : "read what it is asked",
        ns_to_s((double)ask->patience_ns), CONNECTION_BYTES_PER_S >> 10,
        is_answer(passage) ? "sent" : "was sent", passage->bytes >> 10);
}

/* Waits until the server gives or takes bytes. Time in which this process was stopped is
 * not the server's. */
static int wait_server(struct ask *ask, struct passage *passage, struct err *err)
{
    struct pollfd server = { ask->connection->fd, passage->event, 0 };
    unsigned silent = 0;

    for (int left = TARGET_TIMEOUT_S * 1000 / SLICE_MS; left > 0; left--) {
        uint64_t start_ns = clock_now_ns(), passed_ns;
        bool ready = is_answer(passage) && tls_has_more(ask->connection);

        ready = ready || poll(&server, 1, SLICE_MS) > 0;
        passed_ns = clock_now_ns() - start_ns;
        passage->waited_ns +=
            passed_ns < SLICE_MS * NSEC_PER_MSEC ? passed_ns : SLICE_MS * NSEC_PER_MSEC;
        if (ready)
            silent = 0;
        if (check_stop(passage, &silent, err) < 0)
            return err->code;
        if (ready)
            return 0;
    }
    return target_silent(passage->what, err);
}

/* What hiredis has not sent it moves to the front, each time; so it gets a piece only. */
static int send_piece(struct ask *ask, const char *bytes, size_t length, struct err *err)
{
    struct passage passage = { .what = "send", .event = POLLOUT, .bytes = length };
    int done = 0;

    if (redisAppendFormattedCommand(ask->connection, bytes, length) != REDIS_OK)
        return err_set(err, -ENOMEM, "put questions to the server: out of memory");
    while (redisBufferWrite(ask->connection, &done) == REDIS_OK) {
        if (done)
            return 0;
        if (check_pace(ask, &passage, err) < 0 || wait_server(ask, &passage, err) < 0)
            return err->code;
    }
    return target_lost(ask->connection, "send", err);
}

int ask_send(struct ask *ask, struct err *err)
{
    size_t length = ask->questions.length;

    ask->questions.length = 0;
    for (size_t at = 0; at < length; at += PIECE) {
        size_t left = length - at;

        if (send_piece(ask, ask->questions.bytes + at, left < PIECE ? left : PIECE, err) <
            0)
            return err->code;
    }
    return 0;
}

int ask_send_much(struct ask *ask, struct err *err)
{
    if (ask->questions.length <= MUCH)
        return 0;
    if (ask_send(ask, err) < 0)
        return err->code;
    buffer_release(&ask->questions);
    return 0;
}

int ask_reply(struct ask *ask, enum question question, redisReply **ret, struct err *err)
{
    redisReader *reader = ask->connection->reader;
    struct passage passage = { .what = questions[question].name, .event = POLLIN };
    void *answer = NULL;
    redisReply *reply;

    elements_left = ELEMENTS_MOST;
    while (redisGetReplyFromReader(ask->connection, &answer) == REDIS_OK && !answer) {
        size_t had = reader->len;

        if (passage.bytes > BYTES_MOST)
            return err_set(
                err, -EMSGSIZE,
                "%s: the answer has more than %u MiB: it is none of a Redis, or "
                "--count is too large",
                questions[question].name, BYTES_MOST >> 20);
        if (check_pace(ask, &passage, err) < 0 || wait_server(ask, &passage, err) < 0)
            return err->code;
        if (redisBufferRead(ask->connection) != REDIS_OK)
            break;
        passage.bytes += reader->len > had ? reader->len - had : 0;
    }
    if (!answer)
        return target_lost(ask->connection, questions[question].name, err);
    reply = answer;
    if (questions[question].types && reply->type != REDIS_REPLY_ERROR &&
        !(questions[question].types >> reply->type & 1)) {
        reply_free(reply);
        return refuse_answer(question, err);
    }
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
    if (*ret < (question == ASK_PTTL ? PTTL_GONE : 0) &&
        reply->type == REDIS_REPLY_INTEGER)
        return refuse_answer(question, err);
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
