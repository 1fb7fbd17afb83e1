/* scan.c - see scan.h. */
#include "audit/scan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/ask.h"
#include "audit/found.h"
#include "audit/grouping.h"
#include "audit/second_look.h"
#include "audit/walk.h"
#include "base/clock.h"
#include "base/mem.h"
#include "redis/connection.h"
#include "redis/resp.h"

#define PTTL_GONE (-2)
#define SAMPLE_NAME_BYTES (1u << 20) /* longer names are not sent three times more */
#define COUNT_LEAST 10               /* keys of a batch, however slow the server is */
#define PAUSE_SLICE_S 0.1
#define HAS_NO_TOUCH 702 /* Redis and Valkey from 7.2 on: CLIENT NO-TOUCH */

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

static void batch_release(struct batch *batch)
{
    reply_free(batch->scan);
    free(batch->facts);
    free(batch->chosen);
    *batch = (struct batch){ .scan = NULL };
}

static struct str key_at(const struct batch *batch, size_t i)
{
    return resp_text(batch->scan->element[1]->element[i]);
}

/* ---- one batch ---- */

static int notice_circle(struct scan *scan, const struct batch *batch, struct err *err)
{
    struct walk_step step = { .mark = batch->cursor,
                              .asked = scan->count,
                              .shown = batch->count,
                              .all = info_sum(&scan->audit->info, (int)scan->db).keys,
                              .command = "SCAN",
                              .what = "keys" };

    return batch->cursor ? walk_on(&scan->walk, &step, err) : 0;
}

static int take_scan(struct scan *scan, struct batch *ret, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    const redisReply *keys;

    if (ask_answer(&scan->ask, ASK_SCAN, &reply, err) < 0)
        return err->code;
    if (!ask_is_scan(reply))
        return err_set(err, -EPROTO, "SCAN: the reply is none of SCAN");
    keys = reply->element[1];
    *ret = (struct batch){
        .count = keys->elements,
        .facts = MEM_ARRAY(struct fact, keys->elements + 1),
        .chosen = MEM_ARRAY(size_t, keys->elements + 1),
        .cursor = strtoull(reply->element[0]->str, NULL, 10),
    };
    ret->scan = TAKE_PTR(reply);
    return notice_circle(scan, ret, err);
}

static int ask_about(struct scan *scan, struct err *err)
{
    for (size_t i = 0; i < scan->fresh.count; i++) {
        ask_key(&scan->ask, ASK_TYPE, key_at(&scan->fresh, i));
        if (ask_send_much(&scan->ask, err) < 0)
            return err->code;
        ask_key(&scan->ask, ASK_PTTL, key_at(&scan->fresh, i));
        if (ask_send_much(&scan->ask, err) < 0)
            return err->code;
    }
    for (size_t i = 0; i < scan->learned.chosen_count; i++) {
        struct str key = key_at(&scan->learned, scan->learned.chosen[i]);

        ask_weight(&scan->ask, key);
        if (ask_send_much(&scan->ask, err) < 0)
            return err->code;
    }
    return 0;
}

static int take_fact(struct scan *scan, struct fact *ret, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    const char *wanted = scan->options->type;
    struct str type;

    if (ask_answer(&scan->ask, ASK_TYPE, &reply, err) < 0 ||
        ask_number(&scan->ask, ASK_PTTL, &ret->ttl_ms, err) < 0)
        return err->code;
    type = resp_text(reply);
    ret->type = key_type_of(type);
    ret->there = ret->ttl_ms != PTTL_GONE && !str_is_word(type, "none");
    if (!ret->there) {
        scan->audit->vanished++;
    } else if (wanted && !str_is_word(type, wanted)) {
        scan->audit->retyped++;
        ret->there = false;
    }
    return 0;
}

static int take_facts(struct scan *scan, struct err *err)
{
    for (size_t i = 0; i < scan->fresh.count; i++)
        if (take_fact(scan, &scan->fresh.facts[i], err) < 0)
            return err->code;
    return 0;
}

static bool is_watched(const struct scan *scan, struct str key)
{
    return scan->options->vitals && vitals_match(scan->options->vitals, key);
}

/* Has this audit read what is in the key, and so reset its idle time? */
static bool was_read(const struct scan *scan, struct str key)
{
    const struct audit *audit = scan->audit;

    for (size_t i = 0; i < audit->set_count && !scan->untouched; i++)
        if (audit->sets[i].db == scan->db && members_has_read(&audit->sets[i], key))
            return true;
    return false;
}

/* Servers count idle time in whole seconds. */
static void add_use(struct scan *scan, const struct weight *weight)
{
    struct watched_keys *watched = &scan->audit->watched;

    if (weight->idle_s < 0)
        return;
    watched->asked++;
    watched->used += (double)weight->idle_s < scan->options->vitals->seconds;
}

static int take_sample(struct scan *scan, struct err *err)
{
    for (size_t i = 0; i < scan->learned.chosen_count; i++) {
        struct str key = key_at(&scan->learned, scan->learned.chosen[i]);
        struct group *group = grouping_find(&scan->grouping, key);
        struct weight weight;

        if (ask_take_weight(&scan->ask, &weight, err) < 0)
            return err->code;
        if (was_read(scan, key))
            weight.idle_s = -1;
        if (group && weight.bytes >= 0)
            group_add_bytes(group, (uint64_t)weight.bytes);
        if (group && weight.idle_s >= 0)
            group_add_idle(group, (uint64_t)weight.idle_s);
        if (is_watched(scan, key))
            add_use(scan, &weight);
    }
    return 0;
}

/* Is the key, which is watched, one of the sample? Counts it. */
static bool count_watched(struct watched_keys *watched, const struct fact *fact)
{
    watched->keys++;
    watched->persistent += fact->ttl_ms < 0;
    return watched->keys <= GROUP_SAMPLE;
}

/* What has a part of the keys only has a part of those that members stand for. */
static bool minds_sets(const struct scan *scan)
{
    return !scan->audit->filtered && !scan->options->keys_alone;
}

static void note_fresh(struct scan *scan, struct group *group, struct str key)
{
    struct fresh *fresh = scan->options->fresh;

    if (fresh)
        group_add_fresh(group, key, fresh_add(fresh, scan->db, STR(""), key));
}

/* Puts keys into groups, and chooses those of the sample. */
static void learn(struct scan *scan)
{
    struct batch *batch = &scan->known;

    for (size_t i = 0; i < batch->count; i++) {
        const struct fact *fact = &batch->facts[i];
        struct group *group;
        bool watched;

        if (!fact->there)
            continue;
        watched = is_watched(scan, key_at(batch, i)) &&
                  count_watched(&scan->audit->watched, fact);
        group = grouping_add(&scan->grouping, key_at(batch, i));
        group_add(group, key_at(batch, i), fact->type, fact->ttl_ms);
        if (fact->ttl_ms < 0)
            note_fresh(scan, group, key_at(batch, i));
        if ((watched || group->asked < GROUP_SAMPLE) &&
            key_at(batch, i).length <= SAMPLE_NAME_BYTES) {
            group->asked++;
            batch->chosen[batch->chosen_count++] = i;
        }
        if (minds_sets(scan))
            found_add(&scan->found, key_at(batch, i), fact->type, fact->ttl_ms);
        scan->audit->keys++;
        scan->audit->persistent += fact->ttl_ms < 0;
        if (scan->watch->inventory)
            inventory_add(scan->watch->inventory, scan->db, key_at(batch, i),
                          fact->ttl_ms < 0);
    }
}

/* ---- pace ---- */

static void pause_for(const struct scan *scan, double seconds)
{
    for (double left = seconds; left > 0; left -= PAUSE_SLICE_S) {
        double slice = left < PAUSE_SLICE_S ? left : PAUSE_SLICE_S;
        struct timespec time = ns_to_timespec((uint64_t)(slice * NSEC_PER_SEC));

        nanosleep(&time, NULL);
        if (scan->watch->look(scan->watch->context, scan->audit))
            return;
    }
}

/* Smaller batches for a server that is slow, and larger ones again when it is not. */
static void adapt(struct scan *scan, double seconds)
{
    const struct scan_options *options = scan->options;

    if (options->pause_s > 0)
        pause_for(scan, options->pause_s);
    if (!(options->latency_s > 0))
        return;
    if (seconds > options->latency_s) {
        scan->count = scan->count / 2 > COUNT_LEAST ? scan->count / 2 : COUNT_LEAST;
        pause_for(scan, seconds);
    } else {
        scan->count += scan->count / 4 + 1;
        if (scan->count > options->count)
            scan->count = options->count;
    }
}

/* ---- a database ---- */

/* Has nobody asked for an end? If somebody has, notes where what is left begins, unless
 * that was before. */
static bool is_wanted(struct scan *scan, unsigned db, uint64_t cursor)
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

    if (!is_wanted(scan, db, cursor))
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

static bool is_paced(const struct scan_options *options)
{
    return options->latency_s > 0 || options->pause_s > 0 || options->timed;
}

static int take_answers(struct scan *scan, bool more, struct batch *ret_next,
                        struct err *err)
{
    if (take_facts(scan, err) < 0 || take_sample(scan, err) < 0)
        return err->code;
    if (more && take_scan(scan, ret_next, err) < 0)
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
    bool more = goes_on(scan), paced = is_paced(scan->options);
    struct batch next = { .scan = NULL };
    uint64_t start_ns, trip_ns;

    if (ask_about(scan, err) < 0)
        return err->code;
    if (more)
        ask_scan(&scan->ask, scan->fresh.cursor, scan->options->pattern, scan->count,
                 scan->options->type);
    if (paced)
        learn(scan);
    start_ns = clock_now_ns();
    if (ask_send(&scan->ask, err) < 0)
        return err->code;
    if (!paced)
        learn(scan);
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
        adapt(scan, ns_to_s((double)trip_ns));
    return 0;
}

static int conclude(struct scan *scan, struct err *err)
{
    size_t first = scan->audit->group_count;

    grouping_collect(&scan->grouping, scan->db, scan->audit);
    for (size_t i = first; i < scan->audit->group_count; i++) {
        struct audit_group *group = &scan->audit->groups[i];

        if (second_look(&scan->ask, group, err) < 0)
            return err->code;
        for (size_t k = 0; k < group->suspect_count; k++)
            if (was_read(scan, group_name_str(group->suspects[k].name)))
                group->suspects[k].weight.idle_s = -1;
        if (scan->options->elements &&
            second_look_inside(&scan->ask, group, scan->options->elements, err) < 0)
            return err->code;
    }
    return 0;
}

/* ---- sets whose members stand for keys ---- */

static int look_at_members(struct scan *scan, struct members members, struct err *err)
{
    struct audit *audit = scan->audit;
    struct members *kept;

    audit->sets = mem_grow(audit->sets, audit->set_count + 1, sizeof(*audit->sets));
    kept = &audit->sets[audit->set_count++];
    *kept = members;
    kept->fresh = scan->options->fresh;
    while (!kept->done && is_wanted(scan, scan->db, 0)) {
        uint64_t start_ns = clock_now_ns();

        if (members_step(&scan->ask, kept, scan->count, err) < 0)
            return err->code;
        if (is_paced(scan->options) && !kept->done)
            adapt(scan, ns_to_s((double)(clock_now_ns() - start_ns)));
    }
    if (kept->begun && (kept->rule->of_keys || kept->type != KEY_OTHER))
        return 0;
    members_release(kept);
    audit->set_count--;
    return 0;
}

static int look_at_sets(struct scan *scan, struct err *err)
{
    const struct rules *rules = scan->options->rules;

    for (size_t i = 0; i < rules->count && minds_sets(scan); i++) {
        const struct rule *rule = &rules->items[i];

        if (scan->audit->interrupted)
            return 0;
        if (rule->key && !rule_has_stars(rule) &&
            look_at_members(scan, members_of(rule, scan->db), err) < 0)
            return err->code;
    }
    return 0;
}

/* And who has not seen all keys has not seen all places. */
static int look_at_found(struct scan *scan, struct err *err)
{
    struct found *found = &scan->found;

    found_settle(found);
    for (size_t i = 0; i < found->count; i++) {
        struct found_rule *of = &found->rules[i];

        while (of->count && !scan->audit->rest.is)
            if (look_at_members(scan, of->items[--of->count], err) < 0)
                return err->code;
    }
    return 0;
}

/* Waits until what was found has been so for as long as its rule says. False: somebody
 * asks for an end. */
static bool is_time(struct scan *scan, const struct members *members)
{
    double seconds = (double)members->rule->for_s -
                     ns_to_s((double)(clock_now_ns() - members->since_ns));

    if (!members_looked_again(members) || seconds <= 0)
        return true;
    pause_for(scan, seconds);
    return is_wanted(scan, scan->db, 0);
}

static int look_at_sets_again(struct scan *scan, struct err *err)
{
    for (size_t i = 0; i < scan->audit->set_count; i++) {
        struct members *members = &scan->audit->sets[i];

        if (members->db != scan->db)
            continue;
        if (!is_time(scan, members))
            members_leave(members);
        else if (members_look_again(&scan->ask, members, err) < 0)
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
    if (ask_send(&scan->ask, err) < 0 || take_scan(scan, &scan->fresh, err) < 0)
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
    if ((look_at_sets(scan, err) < 0 || scan_keys(scan, cursor, err) < 0 ||
         look_at_found(scan, err) < 0 || look_at_sets_again(scan, err) < 0) &&
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
