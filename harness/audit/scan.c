/* scan.c - see scan.h: the databases one after the other, and the batches of each. */
#include "audit/scan.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "audit/scanning.h"
#include "audit/second_look.h"
#include "base/clock.h"
#include "base/mem.h"
#include "redis/connection.h"
#include "redis/resp.h"

#define COUNT_LEAST 10 /* keys of a batch, however slow the server is */
#define PAUSE_SLICE_S 0.1
#define HAS_NO_TOUCH 702 /* Redis and Valkey from 7.2 on: CLIENT NO-TOUCH */

/* ---- pace ---- */

void scan_pause(const struct scan *scan, double seconds)
{
    for (double left = seconds; left > 0; left -= PAUSE_SLICE_S) {
        double slice = left < PAUSE_SLICE_S ? left : PAUSE_SLICE_S;
        struct timespec time = ns_to_timespec((uint64_t)(slice * NSEC_PER_SEC));

        nanosleep(&time, NULL);
        if (scan->watch->look(scan->watch->context, scan->audit))
            return;
    }
}

void scan_adapt(struct scan *scan, double seconds)
{
    const struct scan_options *options = scan->options;

    if (options->pause_s > 0)
        scan_pause(scan, options->pause_s);
    if (!(options->latency_s > 0))
        return;
    if (seconds > options->latency_s) {
        scan->count = scan->count / 2 > COUNT_LEAST ? scan->count / 2 : COUNT_LEAST;
        scan_pause(scan, seconds);
    } else {
        scan->count += scan->count / 4 + 1;
        if (scan->count > options->count)
            scan->count = options->count;
    }
}

/* ---- a database ---- */

bool scan_is_wanted(struct scan *scan, unsigned db, uint64_t cursor)
{
    struct audit *audit = scan->audit;

    audit->interrupted = scan->watch->look(scan->watch->context, audit);
    if (audit->interrupted && !audit->rest.is)
        audit->rest = (struct audit_rest){ true, db, cursor };
    return !audit->interrupted;
}

/* May more keys be looked at? If those that are left are for another time, notes where
 * they begin. */
static bool has_time(struct scan *scan, unsigned db, uint64_t cursor)
{
    uint64_t limit = scan->options->limit;

    if (!scan_is_wanted(scan, db, cursor))
        return false;
    if (!limit || scan->shown < limit)
        return true;
    scan->audit->rest = (struct audit_rest){ true, db, cursor };
    return false;
}

/* Does the next SCAN still have to be sent? */
static bool goes_on(struct scan *scan)
{
    return scan->fresh.scan && scan->fresh.cursor &&
           has_time(scan, scan->db, scan->fresh.cursor);
}

bool scan_is_paced(const struct scan_options *options)
{
    return options->latency_s > 0 || options->pause_s > 0 || options->timed;
}

static int take_answers(struct scan *scan, bool more, struct batch *ret_next,
                        struct err *err)
{
    if (scan_take_facts(scan, err) < 0 || scan_take_sample(scan, err) < 0)
        return err->code;
    if (more && scan_take(scan, ret_next, err) < 0)
        return err->code;
    scan->shown += ret_next->count;
    return 0;
}

static void note_trip(struct audit *audit, uint64_t trip_ns)
{
    audit->trips_ns =
        mem_grow(audit->trips_ns, audit->trip_count + 1, sizeof(*audit->trips_ns));
    audit->trips_ns[audit->trip_count++] = trip_ns;
}

/* One write, and all that it asks. What is known already is put into groups while the
 * server is at work, or before that if its pace is watched. */
static int step(struct scan *scan, struct err *err)
{
    bool more = goes_on(scan), paced = scan_is_paced(scan->options);
    struct batch next = { .scan = NULL };
    uint64_t start_ns, trip_ns;

    if (scan_ask_about(scan, err) < 0)
        return err->code;
    if (more)
        ask_scan(&scan->ask, scan->fresh.cursor, scan->options->pattern, scan->count,
                 scan->options->type);
    if (paced)
        scan_learn(scan);
    start_ns = clock_now_ns();
    if (ask_send(&scan->ask, err) < 0)
        return err->code;
    if (!paced)
        scan_learn(scan);
    if (take_answers(scan, more, &next, err) < 0) {
        batch_release(&next);
        return err->code;
    }
    trip_ns = clock_now_ns() - start_ns;
    batch_release(&scan->learned);
    scan->learned = scan->known;
    scan->known = scan->fresh;
    scan->fresh = next;
    if (scan->options->timed && (more || scan->known.scan))
        note_trip(scan->audit, trip_ns);
    if (paced && more)
        scan_adapt(scan, ns_to_s((double)trip_ns));
    return 0;
}

/* Are there suspects that are new, among the groups from there on? */
static bool has_new(const struct audit *audit, size_t first)
{
    for (size_t i = first; i < audit->group_count; i++)
        if (audit->groups[i].keys.newcomers && audit_is_suspect(&audit->groups[i]))
            return true;
    return false;
}

static int conclude(struct scan *scan, struct err *err)
{
    size_t first = scan->audit->group_count;

    grouping_collect(&scan->grouping, scan->db, scan->audit);
    if (has_new(scan->audit, first))
        scan_pause(scan, NEW_FOR_S);
    for (size_t i = first; i < scan->audit->group_count; i++) {
        struct audit_group *group = &scan->audit->groups[i];

        if (second_look(&scan->ask, group, err) < 0)
            return err->code;
        for (size_t k = 0; k < group->suspect_count; k++)
            if (scan_was_read(scan, group_name_str(group->suspects[k].name)))
                group->suspects[k].weight.idle_s = -1;
        if (scan->options->elements &&
            second_look_inside(&scan->ask, group, scan->options->elements, err) < 0)
            return err->code;
    }
    return 0;
}

static int scan_keys(struct scan *scan, uint64_t cursor, struct err *err)
{
    if (scan->audit->interrupted) /* while it looked at sets */
        return 0;
    ask_scan(&scan->ask, cursor, scan->options->pattern, scan->count,
             scan->options->type);
    if (ask_send(&scan->ask, err) < 0 || scan_take(scan, &scan->fresh, err) < 0)
        return err->code;
    scan->shown += scan->fresh.count;
    while (scan->fresh.scan || scan->known.scan || scan->learned.scan)
        if (step(scan, err) < 0 || found_narrow(&scan->found, &scan->ask, err) < 0)
            return err->code;
    return conclude(scan, err);
}

static int choose(struct scan *scan, unsigned db, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (db == scan->db)
        return 0;
    scan->db = db;
    ask_select(&scan->ask, db);
    if (ask_send(&scan->ask, err) < 0)
        return err->code;
    return ask_answer(&scan->ask, ASK_SELECT, &reply, err);
}

static int scan_db(struct scan *scan, unsigned db, struct err *err)
{
    uint64_t cursor = scan->options->db == (int)db ? scan->options->cursor : 0;

    if (choose(scan, db, err) < 0)
        return err->code;
    scan->grouping = grouping_of(scan->options->rules);
    scan->found = found_of(scan->options->rules, db, scan->options->fresh);
    scan->walk = (struct walk){ .steps = 0 };
    if ((scan_sets(scan, err) < 0 || scan_keys(scan, cursor, err) < 0 ||
         scan_found(scan, err) < 0 || scan_sets_again(scan, err) < 0) &&
        scan->audit->keys)
        err_wrap(err, "db %u, after %" PRIu64 " keys", db, scan->audit->keys);
    grouping_release(&scan->grouping);
    found_release(&scan->found);
    batch_release(&scan->fresh);
    batch_release(&scan->known);
    batch_release(&scan->learned);
    return err->code;
}

/* ---- all of it ---- */

/* A user who may not ask for that resets what he reads, as on servers that do not have
 * it. */
static int spare_idle_times(struct scan *scan, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (scan->audit->info.version < HAS_NO_TOUCH)
        return 0;
    ask_no_touch(&scan->ask);
    if (ask_send(&scan->ask, err) < 0 ||
        ask_reply(&scan->ask, ASK_NO_TOUCH, &reply, err) < 0)
        return err->code;
    scan->untouched = reply->type == REDIS_REPLY_STATUS;
    return 0;
}

static int ask_itself(struct scan *scan, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct info *info = &scan->audit->info;

    ask_info(&scan->ask);
    if (ask_send(&scan->ask, err) < 0 ||
        ask_answer(&scan->ask, ASK_INFO, &reply, err) < 0)
        return err->code;
    *info = info_parse(resp_text(reply));
    if (info->loading)
        return target_refused("INFO", "LOADING loading:1", err);
    if (spare_idle_times(scan, err) < 0)
        return err->code;
    return scan->options->vitals ? vitals_take(scan->options->vitals, &scan->ask,
                                               info->run_id, clock_now_ns(), err)
                                 : 0;
}

static int scan_all(struct scan *scan, struct err *err)
{
    const struct scan_options *options = scan->options;
    struct audit *audit = scan->audit;

    if (ask_itself(scan, err) < 0)
        return err->code;
    if (!audit->filtered)
        audit->expected = info_sum(&audit->info, options->db).keys;
    if (options->db >= 0) /* even if it is empty: perhaps it does not exist */
        return scan_db(scan, (unsigned)options->db, err);
    for (size_t i = 0; i < audit->info.db_count && !audit->rest.is; i++) {
        unsigned db = audit->info.dbs[i].db;

        if ((!i || has_time(scan, db, 0)) && scan_db(scan, db, err) < 0)
            return err->code;
    }
    return 0;
}

int scan_run(redisContext *connection, const struct target *target,
             const struct scan_options *options, const struct scan_watch *watch,
             struct audit *ret, struct err *err)
{
    struct scan scan = { .ask = ask_of(connection),
                         .options = options,
                         .watch = watch,
                         .audit = ret,
                         .count = options->count };
    uint64_t start_ns = clock_now_ns();
    char name[TARGET_TEXT];

    *ret = (struct audit){ .target = mem_strdup(target_name(target, name)),
                           .filtered =
                               options->pattern || options->type || options->cursor };
    if (scan_all(&scan, err) < 0)
        err_wrap(err, "audit %s", name);
    ask_release(&scan.ask);
    audit_sort(ret);
    ret->fresh_weight = options->fresh ? fresh_weight(options->fresh) : 0;
    ret->seconds = ns_to_s((double)(clock_now_ns() - start_ns));
    return err->code;
}
