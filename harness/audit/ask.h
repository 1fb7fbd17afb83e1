/* ask.h - questions to a server, in one write, and their answers in turn.
 *
 * Only these are ever sent; none of them changes data, and none but SCAN and LPOS takes
 * longer for larger keys than a few microseconds. LPOS looks at so many elements, and no
 * more. */
#pragma once

#include <hiredis/hiredis.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum question {
    ASK_INFO,
    ASK_SELECT,
    ASK_NO_TOUCH,
    ASK_SCAN,
    ASK_TYPE,
    ASK_PTTL,
    ASK_MEMORY,
    ASK_IDLE,
    ASK_SHARED,
    ASK_SSCAN,
    ASK_ZSCAN,
    ASK_SISMEMBER,
    ASK_ZSCORE,
    ASK_HEXISTS,
    ASK_LPOS,
    ASK_LLEN,
    ASK_SLOWLOG,
    ASK_COMMANDSTATS,
    ASK_HISTOGRAM,
    ASK_GETRANGE,
    ASK_LRANGE,
    ASK_ZRANGE,
    ASK_XRANGE,
    ASK_HSCAN,
    QUESTIONS
};

struct ask {
    redisContext *connection; /* borrowed */
    struct buffer questions;  /* not yet sent */
    uint64_t patience_ns;     /* for an answer, which gets more if it is long */
};

/* From here on the connection does not block. An answer is waited for as long as
 * target.h says, and longer if it is long (connection_most_ns()). When somebody asks for
 * an end (base/signals.h) each answer has three seconds, and a server that says nothing
 * one. */
struct ask ask_of(redisContext *connection);
void ask_release(struct ask *ask);

/* Questions about a key. */
void ask_key(struct ask *ask, enum question question, struct str key);
void ask_info(struct ask *ask);
void ask_select(struct ask *ask, unsigned db);
/* That what this connection reads is not used by it, in the server's eyes. */
void ask_no_touch(struct ask *ask);
/* Any of the globs may be NULL, and the type. */
void ask_scan(struct ask *ask, uint64_t cursor, const char *glob, uint64_t count,
              const char *type);

/* The latest slow commands, so many; what the server counts of all commands, and how long
 * those of one name took. */
void ask_slow(struct ask *ask, uint64_t count);
void ask_calls(struct ask *ask, const char *name);

/* Members of a set, about so many; and whether it has one. */
void ask_members(struct ask *ask, enum question scan, struct str key, uint64_t cursor,
                 uint64_t count);
void ask_member(struct ask *ask, enum question find, struct str key, struct str member);
/* Elements of a list, so many from a place on; where it has one, twice at most, among the
 * first so many. */
void ask_list(struct ask *ask, struct str key, uint64_t from, uint64_t count);
void ask_in_list(struct ask *ask, struct str key, struct str element, uint64_t most);

/* The first of what a string, a list, a sorted set (with scores) or a stream has, so many
 * bytes or elements. These, and those of members, reset the key's idle time unless
 * ask_no_touch() has been granted; all others leave it alone. */
void ask_first(struct ask *ask, enum question question, struct str key, uint64_t count);
/* What the question is called. */
const char *ask_name(enum question question);

/* How big a key is, and since when nobody used it. */
struct weight {
    int64_t bytes;  /* in memory; -1: the server does not say */
    int64_t idle_s; /* -1: it does not say, or says it of other keys, too */
};
void ask_weight(struct ask *ask, struct str key);
int ask_take_weight(struct ask *ask, struct weight *ret, struct err *err);

int ask_send(struct ask *ask, struct err *err);
/* The same if there is much to be sent: names may have half a gigabyte each. */
int ask_send_much(struct ask *ask, struct err *err);
/* The next answer, which may be an error reply. Free it with reply_free(). */
int ask_reply(struct ask *ask, enum question question, redisReply **ret, struct err *err);
/* The next answer; an error reply is an error. Free it with reply_free(). */
int ask_answer(struct ask *ask, enum question question, redisReply **ret,
               struct err *err);
/* Is it what SCAN and those like it reply with: a cursor, and a list of strings? */
bool ask_is_scan(const redisReply *reply);
/* The next answer if it is a number; -1 if the key is not there any more or, of ASK_IDLE
 * and ASK_MEMORY, the server does not say. */
int ask_number(struct ask *ask, enum question question, int64_t *ret, struct err *err);
