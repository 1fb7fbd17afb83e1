/* vitals.h - how a server fares between two rounds of an audit that goes on: the commands
 * of one name, by its own counters, and what it took down as slow.
 *
 * A server counts commands by their names, whatever keys they have. Of those of a pattern
 * there is only what reading shows: how many keys there are, who of them was used since
 * the round before, by whatever command, and which slow commands were about them. */
#pragma once

#include "audit/ask.h"
#include "redis/glob.h"

#define VITALS_BUCKETS 64
#define VITALS_SLOW 128 /* slow commands that are read in one round */
#define VITALS_NAME 64  /* of a command */

/* How long commands took: so many no longer than each bound. */
struct latencies {
    uint64_t bound_us[VITALS_BUCKETS];
    uint64_t count[VITALS_BUCKETS]; /* with those of all buckets before */
    size_t buckets;                 /* 0: the server does not say */
};

/* As the server counts since it started, or somebody reset it. */
struct calls {
    uint64_t calls, usec;
    uint64_t rejected, failed;
};

struct slow {
    uint64_t count; /* commands that were taken down */
    uint64_t about; /* those of the watched name whose first word is such a key; of those
                     * that were read */
    uint64_t most_us;
    char most[VITALS_NAME]; /* the name of the longest */
};

struct vitals {
    char name[VITALS_NAME]; /* of the watched command, in small letters; "": none */
    struct patterns keys;   /* of its keys; none: whatever they are */
    uint64_t rounds;
    uint64_t last_ns;                  /* when they were asked for */
    double seconds;                    /* since the round before; 0: there is none */
    struct calls now;                  /* since the server started */
    struct calls more;                 /* since the round before */
    struct latencies latencies, taken; /* likewise */
    bool reset;        /* counters are lower than they were: somebody reset them */
    char run_id[48];   /* as INFO has it */
    bool restarted;    /* this is another server than the round before, or it has started
                        * again: what counts "since the round before" is not known */
    uint64_t restarts; /* how often it was so */
    struct slow slow;  /* since the round before */
    uint64_t slow_total;                  /* since the first one */
    int64_t slow_id;                      /* of the latest; -1: there was none */
    bool slow_known;                      /* somebody has read it: what is newer is new */
    bool calls_known, latencies_known;    /* likewise, in the round before */
    char *slow_refused, *latency_refused; /* what the server says when asked; owned;
                                           * NULL: it answers */
};
#define VITALS_NULL ((struct vitals){ .slow_id = -1 })

/* "HSET", or "HSET *:work": a command, and perhaps a pattern of its keys. */
int vitals_choose(struct vitals *vitals, const char *text, struct err *err);
/* Asks how it fares, in the course of a round, a server of this run id. What the server
 * refuses is not known, and no error. */
int vitals_take(struct vitals *vitals, struct ask *ask, const char *run_id,
                uint64_t now_ns, struct err *err);
void vitals_release(struct vitals *vitals); /* may be called twice */

/* Is it a key of the pattern that is watched? */
bool vitals_match(const struct vitals *vitals, struct str key);

/* So many of the commands, by share, took no longer; 0: not known. */
uint64_t latencies_bound_us(const struct latencies *latencies, double share);

/* Its parts: whether it is the server of the round before; what SLOWLOG GET replies with;
 * what INFO commandstats and LATENCY HISTOGRAM do, which is NULL if it is refused; a line
 * of the former, all of the latter, and what is in the second that was not in the
 * first. */
void vitals_meet(struct vitals *vitals, const char *run_id);
void vitals_take_calls(struct vitals *vitals, struct calls calls,
                       const redisReply *histogram);
void vitals_take_slow(struct vitals *vitals, const redisReply *list);
struct calls calls_parse(struct str info, const char *name);
struct calls calls_since(const struct calls *before, const struct calls *now);
struct latencies latencies_of(const redisReply *reply);
struct latencies latencies_since(const struct latencies *before,
                                 const struct latencies *now);
