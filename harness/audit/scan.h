/* scan.h - all keys of a live server, looked at once: SCAN, and of each key TYPE and
 * PTTL, of some MEMORY USAGE, OBJECT IDLETIME and OBJECT REFCOUNT.
 *
 * What is asked goes out in batches, and while the server answers one, what was learned
 * from the last is put into groups. At the end the suspects are looked at once more: a
 * key that was between its HSET and its EXPIRE the first time has its expiry by then.
 *
 * SCAN shows each key that is there all the time at least once, perhaps twice; of keys
 * that come and go meanwhile, some. Nothing is written, but on a primary SCAN removes
 * keys whose time has come, as every look at them does. */
#pragma once

#include "audit/audit.h"
#include "audit/fresh.h"
#include "audit/inventory.h"
#include "audit/target.h"
#include "audit/vitals.h"

struct scan_options {
    const char *pattern;       /* a glob; NULL: all keys */
    const char *type;          /* NULL: any */
    int db;                    /* -1: all */
    uint64_t count;            /* keys of a batch, about */
    uint64_t limit;            /* of keys, about; 0: none */
    uint64_t cursor;           /* to go on with, in `db` */
    const struct rules *rules; /* borrowed; they outlive the audit */
    uint64_t elements;         /* of suspects, to be read; 0: none */
    double pause_s;            /* between batches */
    struct fresh *fresh;       /* learns who is new; borrowed; NULL: nobody asks */
    struct vitals *vitals;     /* asked for; borrowed; NULL: they are not */
    bool timed;                /* note the round trip of each batch */
    bool keys_alone;           /* whatever rules say of members and places */
    double latency_s; /* a batch should not take longer; 0: as long as it takes */
};

/* What to do after each batch; returns true to end the audit, which then has a rest. */
struct scan_watch {
    bool (*look)(void *context, const struct audit *audit);
    struct inventory
        *inventory; /* gets all keys that are seen; NULL: nobody wants them */
    void *context;
};

/* Fills `ret`, which is the caller's to release whatever is returned. */
int scan_run(redisContext *connection, const struct target *target,
             const struct scan_options *options, const struct scan_watch *watch,
             struct audit *ret, struct err *err);
