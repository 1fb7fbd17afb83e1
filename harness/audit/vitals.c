/* vitals.c - see vitals.h. */
#include "audit/vitals.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/info.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "redis/connection.h"
#include "redis/resp.h"

int vitals_choose(struct vitals *vitals, const char *text, struct err *err)
{
    size_t length = strcspn(text, " \t");
    const char *glob = text + length + strspn(text + length, " \t");

    if (!length || length >= sizeof(vitals->name) || strcspn(text, "\r\n:=") < length)
        return err_set(err, ERR_USAGE,
                       "--command: expected the name of a command and, perhaps, a "
                       "pattern of its keys, as in 'HSET *:work'");
    for (size_t i = 0; i < length; i++)
        vitals->name[i] = (char)tolower((unsigned char)text[i]);
    vitals->name[length] = '\0';
    if (!*glob)
        return 0;
    vitals->keys = (struct patterns){ MEM_ARRAY(char *, 1), 1 };
    vitals->keys.globs[0] = mem_strdup(glob);
    return 0;
}

void vitals_release(struct vitals *vitals)
{
    patterns_release(&vitals->keys);
    free(vitals->slow_refused);
    free(vitals->latency_refused);
    *vitals = VITALS_NULL;
}

bool vitals_match(const struct vitals *vitals, struct str key)
{
    return vitals->keys.count && patterns_match(&vitals->keys, key);
}

/* ---- counters ---- */

static uint64_t field_of(const char *line, const char *name)
{
    const char *at = strstr(line, name);

    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* "calls=2,usec=21,usec_per_call=10.50,rejected_calls=0,failed_calls=0" */
struct calls calls_parse(struct str info, const char *name)
{
    CLEANUP(mem_freep) char *field = mem_printf("cmdstat_%s", name);
    struct str value = info_value(info, field);
    CLEANUP(mem_freep) char *line = strndup(value.bytes, value.length);

    return (struct calls){
        .calls = field_of(line, "calls="),
        .usec = field_of(line, ",usec="),
        .rejected = field_of(line, ",rejected_calls="),
        .failed = field_of(line, ",failed_calls="),
    };
}

struct calls calls_since(const struct calls *before, const struct calls *now)
{
    if (mutant("calls-since-start"))
        return *now;
    return (struct calls){
        .calls = now->calls - before->calls,
        .usec = now->usec - before->usec,
        .rejected = now->rejected - before->rejected,
        .failed = now->failed - before->failed,
    };
}

static bool is_lower(const struct calls *now, const struct calls *before)
{
    return now->calls < before->calls || now->usec < before->usec ||
           now->rejected < before->rejected || now->failed < before->failed;
}

/* ---- histograms ---- */

static bool is_list(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY;
}

/* NAME, [calls, N, histogram_usec, [BOUND, COUNT, ..]] */
struct latencies latencies_of(const redisReply *reply)
{
    struct latencies latencies = { .buckets = 0 };
    const redisReply *list;

    if (!is_list(reply) || reply->elements != 2 || !is_list(reply->element[1]) ||
        reply->element[1]->elements != 4 || !is_list(reply->element[1]->element[3]))
        return latencies;
    list = reply->element[1]->element[3];
    for (size_t i = 0; i + 1 < list->elements && latencies.buckets < VITALS_BUCKETS;
         i += 2) {
        const redisReply *bound = list->element[i], *count = list->element[i + 1];

        if (bound->type != REDIS_REPLY_INTEGER || count->type != REDIS_REPLY_INTEGER ||
            bound->integer < 0 || count->integer < 0)
            return (struct latencies){ .buckets = 0 };
        latencies.bound_us[latencies.buckets] = (uint64_t)bound->integer;
        latencies.count[latencies.buckets++] = (uint64_t)count->integer;
    }
    return latencies;
}

/* Those that took no longer than the bound. The server leaves out buckets that nobody is
 * in. */
static uint64_t within(const struct latencies *latencies, uint64_t bound_us)
{
    uint64_t count = 0;

    for (size_t i = 0; i < latencies->buckets && latencies->bound_us[i] <= bound_us; i++)
        count = latencies->count[i];
    return count;
}

struct latencies latencies_since(const struct latencies *before,
                                 const struct latencies *now)
{
    struct latencies since = *now;

    for (size_t i = 0; i < since.buckets; i++) {
        uint64_t had = within(before, since.bound_us[i]);

        if (had > since.count[i])
            return (struct latencies){ .buckets = 0 };
        since.count[i] -= had;
    }
    return since;
}

uint64_t latencies_bound_us(const struct latencies *latencies, double share)
{
    uint64_t all = latencies->buckets ? latencies->count[latencies->buckets - 1] : 0;

    for (size_t i = 0; i < latencies->buckets && all; i++)
        if ((double)latencies->count[i] >= share * (double)all)
            return latencies->bound_us[i];
    return 0;
}

/* ---- what is slow ---- */

static int64_t whole_at(const redisReply *list, size_t i)
{
    return i < list->elements && list->element[i]->type == REDIS_REPLY_INTEGER
               ? list->element[i]->integer
               : -1;
}

/* An entry: id, time, microseconds, [words], .. */
static void add_slow(struct vitals *vitals, const redisReply *entry)
{
    struct slow *slow = &vitals->slow;
    int64_t us = whole_at(entry, 2);
    const redisReply *words = entry->elements > 3 ? entry->element[3] : NULL;
    struct str name, key;

    if (us < 0 || !words || !is_list(words) || !words->elements)
        return;
    name = resp_text(words->element[0]);
    key = words->elements > 1 ? resp_text(words->element[1]) : STR("");
    slow->about += str_is_word(name, vitals->name) && vitals_match(vitals, key);
    if ((uint64_t)us < slow->most_us)
        return;
    slow->most_us = (uint64_t)us;
    snprintf(slow->most, sizeof(slow->most), "%.*s", (int)name.length, name.bytes);
}

/* Entries are numbered; the latest comes first. A server that was started again begins
 * with 0. Where the log was empty, it may have been emptied, and all that is in it now is
 * new, whatever its number. */
void vitals_take_slow(struct vitals *vitals, const redisReply *list)
{
    int64_t last = vitals->slow_id, newest = -1;
    bool known = vitals->slow_known;

    vitals->slow = (struct slow){ .count = 0 };
    if (!is_list(list))
        return;
    vitals->slow_known = true;
    if (list->elements && is_list(list->element[0]))
        newest = whole_at(list->element[0], 0);
    if (newest < 0) /* somebody has emptied it; numbers go on */
        return;
    vitals->slow_id = newest;
    if (!known || mutant("slow-unread"))
        return;
    if (newest < last)
        vitals->slow.count = (uint64_t)newest + 1;
    else
        vitals->slow.count = last < 0 ? list->elements : (uint64_t)(newest - last);
    vitals->slow_total += vitals->slow.count;
    for (size_t i = 0; i < list->elements; i++)
        if (is_list(list->element[i]) &&
            (newest < last || whole_at(list->element[i], 0) > last))
            add_slow(vitals, list->element[i]);
}

/* ---- one round after the other ---- */

void vitals_meet(struct vitals *vitals, const char *run_id)
{
    vitals->restarted = vitals->rounds && strcmp(vitals->run_id, run_id) != 0;
    snprintf(vitals->run_id, sizeof(vitals->run_id), "%s", run_id);
    if (!vitals->restarted)
        return;
    vitals->restarts++;
    vitals->slow_id = -1;
    vitals->slow_known = vitals->calls_known = vitals->latencies_known = false;
}

void vitals_take_calls(struct vitals *vitals, struct calls calls,
                       const redisReply *histogram)
{
    static const struct calls none = { .calls = 0 };
    static const struct latencies empty = { .buckets = 0 };
    struct latencies latencies = histogram ? latencies_of(histogram) : empty;

    vitals->reset = vitals->calls_known && is_lower(&calls, &vitals->now);
    vitals->more = !vitals->calls_known
                       ? none
                       : calls_since(vitals->reset ? &none : &vitals->now, &calls);
    vitals->taken =
        !vitals->latencies_known
            ? empty
            : latencies_since(vitals->reset ? &empty : &vitals->latencies, &latencies);
    vitals->now = calls;
    vitals->latencies = latencies;
    vitals->calls_known = true;
    vitals->latencies_known = histogram;
}

/* ---- asking ---- */

/* What the server refuses once, it is asked again all the same: users change. */
static int take_optional(struct ask *ask, enum question question, char **refused,
                         redisReply **ret, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (ask_reply(ask, question, &reply, err) < 0)
        return err->code;
    free(*refused);
    *refused = reply->type == REDIS_REPLY_ERROR ? mem_strdup(reply->str) : NULL;
    *ret = *refused ? NULL : TAKE_PTR(reply);
    return 0;
}

static int take_slow_log(struct vitals *vitals, struct ask *ask, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (take_optional(ask, ASK_SLOWLOG, &vitals->slow_refused, &reply, err) < 0)
        return err->code;
    vitals->slow = (struct slow){ .count = 0 };
    if (reply)
        vitals_take_slow(vitals, reply);
    return 0;
}

static int take_calls(struct vitals *vitals, struct ask *ask, struct err *err)
{
    CLEANUP(reply_freep) redisReply *stats = NULL, *histogram = NULL;

    if (ask_answer(ask, ASK_COMMANDSTATS, &stats, err) < 0 ||
        take_optional(ask, ASK_HISTOGRAM, &vitals->latency_refused, &histogram, err) < 0)
        return err->code;
    vitals_take_calls(vitals, calls_parse(resp_text(stats), vitals->name), histogram);
    return 0;
}

int vitals_take(struct vitals *vitals, struct ask *ask, const char *run_id,
                uint64_t now_ns, struct err *err)
{
    vitals_meet(vitals, run_id);
    ask_slow(ask, VITALS_SLOW);
    if (*vitals->name)
        ask_calls(ask, vitals->name);
    if (ask_send(ask, err) < 0 || take_slow_log(vitals, ask, err) < 0 ||
        (*vitals->name && take_calls(vitals, ask, err) < 0))
        return err->code;
    vitals->seconds = vitals->rounds && !vitals->restarted
                          ? ns_to_s((double)(now_ns - vitals->last_ns))
                          : 0;
    vitals->rounds++;
    vitals->last_ns = now_ns;
    return 0;
}
