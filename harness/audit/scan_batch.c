/* scan_batch.c - the keys of one batch: asked about, answered, put into groups. */
#include <stdlib.h>

#include "audit/scanning.h"
#include "base/mem.h"
#include "redis/connection.h"
#include "redis/resp.h"

#define PTTL_GONE (-2)
#define SAMPLE_NAME_BYTES (1u << 20) /* longer names are not sent three times more */

void batch_release(struct batch *batch)
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

int scan_take(struct scan *scan, struct batch *ret, struct err *err)
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

int scan_ask_about(struct scan *scan, struct err *err)
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

int scan_take_facts(struct scan *scan, struct err *err)
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

bool scan_was_read(const struct scan *scan, struct str key)
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

int scan_take_sample(struct scan *scan, struct err *err)
{
    for (size_t i = 0; i < scan->learned.chosen_count; i++) {
        struct str key = key_at(&scan->learned, scan->learned.chosen[i]);
        struct group *group = grouping_find(&scan->grouping, key);
        struct weight weight;

        if (ask_take_weight(&scan->ask, &weight, err) < 0)
            return err->code;
        if (scan_was_read(scan, key))
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

bool scan_minds_sets(const struct scan *scan)
{
    return !scan->audit->filtered && !scan->options->keys_alone;
}

static void note_fresh(struct scan *scan, struct group *group, struct str key)
{
    struct fresh *fresh = scan->options->fresh;

    if (fresh)
        group_add_fresh(group, key, fresh_add(fresh, scan->db, STR(""), key));
}

void scan_learn(struct scan *scan)
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
        if (scan_minds_sets(scan))
            found_add(&scan->found, key_at(batch, i), fact->type, fact->ttl_ms);
        scan->audit->keys++;
        scan->audit->persistent += fact->ttl_ms < 0;
        if (scan->watch->inventory)
            inventory_add(scan->watch->inventory, scan->db, key_at(batch, i),
                          fact->ttl_ms < 0);
    }
}
