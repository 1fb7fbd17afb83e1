/* scanning.h - what the parts of a scan (scan.h) have in common: scan.c goes through the
 * databases, scan_batch.c looks at the keys of one batch, scan_sets.c at the sets whose
 * members stand for something. */
#pragma once

#include "audit/ask.h"
#include "audit/found.h"
#include "audit/grouping.h"
#include "audit/scan.h"
#include "audit/walk.h"

/* What is known of a key. */
struct fact {
    enum key_type type;
    bool there;     /* it was when TYPE and PTTL came, and is of the type asked for */
    int64_t ttl_ms; /* as PTTL has it */
};

/* The keys that one SCAN gave. */
struct batch {
    redisReply *scan;   /* owned, with the names; NULL: there is no batch */
    uint64_t cursor;    /* behind it */
    size_t count;       /* of keys */
    struct fact *facts; /* owned, as many */
    size_t *chosen;     /* of the keys, for the sample; owned */
    size_t chosen_count;
};

/* Batches go from one stage to the next with each write. */
struct scan {
    struct ask ask;
    const struct scan_options *options;
    const struct scan_watch *watch;
    struct audit *audit;
    struct grouping grouping; /* of the keys of the database that is scanned */
    struct found found;       /* of these, what rules with stars are about */
    unsigned db;
    uint64_t count;       /* keys of the next batch */
    uint64_t shown;       /* keys that SCAN gave */
    bool untouched;       /* what is read stays as idle as it was */
    struct walk walk;     /* of this database */
    struct batch fresh;   /* nothing was asked about its keys */
    struct batch known;   /* facts have come */
    struct batch learned; /* its keys are in groups, and a sample is chosen */
};

/* Seconds between the two looks at those who are new. Of a small server both would be
 * within milliseconds, and who is between two commands would be so at both. */
#define NEW_FOR_S 0.25

/* ---- pace (scan.c) ---- */

/* Has nobody asked for an end? If somebody has, notes where what is left begins, unless
 * that was before. */
bool scan_is_wanted(struct scan *scan, unsigned db, uint64_t cursor);
bool scan_is_paced(const struct scan_options *options);
/* Pauses as long as the options say, and makes smaller batches for a server that is slow,
 * and larger ones again when it is not. */
void scan_adapt(struct scan *scan, double seconds);
void scan_pause(const struct scan *scan, double seconds);

/* ---- a batch (scan_batch.c) ---- */

void batch_release(struct batch *batch);
/* The answer to a SCAN; the others in the order in which they are asked for. */
int scan_take(struct scan *scan, struct batch *ret, struct err *err);
int scan_ask_about(struct scan *scan, struct err *err);
int scan_take_facts(struct scan *scan, struct err *err);
int scan_take_sample(struct scan *scan, struct err *err);
/* Puts keys into groups, and chooses those of the sample. */
void scan_learn(struct scan *scan);
/* Has this audit read what is in the key, and so reset its idle time? */
bool scan_was_read(const struct scan *scan, struct str key);
/* What has a part of the keys only has a part of those that members stand for. */
bool scan_minds_sets(const struct scan *scan);

/* ---- sets (scan_sets.c) ---- */

/* Those of rules without stars; before the keys are looked at. */
int scan_sets(struct scan *scan, struct err *err);
/* Those that were found among the keys. Who has not seen all keys has not seen all
 * places. */
int scan_found(struct scan *scan, struct err *err);
int scan_sets_again(struct scan *scan, struct err *err);
