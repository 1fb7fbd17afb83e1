/* audit_json.c - an audit as JSON: all groups, and all suspects whose names are kept. */
#include "audit/audit.h"

#include "base/mem.h"
#include "redis/quote.h"
#include "report/audit_words.h"
#include "report/json_put.h"
#include "report/parts.h"
#include "report/writers.h"

static void put_known(json_t *object, const char *key, int64_t number)
{
    json_put(object, key, number < 0 ? json_null() : json_integer(number));
}

/* A name may be any bytes: in the quotes of redis-cli. */
static char *name_text(struct group_name name)
{
    char *text;
    FILE *out = mem_stream(&text);

    quote_print(out, group_name_str(name), true);
    fclose(out);
    return text;
}

static json_t *types_of(const struct group *keys)
{
    json_t *object = json_object();

    for (enum key_type type = 0; type < KEY_TYPES; type++)
        if (keys->types[type])
            json_put_whole(object, key_type_name(type), keys->types[type]);
    return object;
}

/* An array for each element, as its type has them. */
static json_t *elements_of(const struct glimpse *glimpse)
{
    json_t *array = json_array();

    for (size_t i = 0; i < glimpse->count; i++) {
        const struct element *element = &glimpse->elements[i];
        json_t *words = json_array();

        for (size_t k = 0; k < element->count; k++)
            json_array_append_new(words, json_string(element->words[k]));
        json_array_append_new(array, words);
    }
    return array;
}

static json_t *suspects_of(const struct audit_group *group)
{
    json_t *array = json_array();

    for (size_t i = 0; i < group->suspect_count; i++) {
        const struct suspect *suspect = &group->suspects[i];
        CLEANUP(mem_freep) char *name = name_text(suspect->name);
        json_t *object = json_object();

        json_put_text(object, "key", name);
        json_put_text(object, "type", key_type_name(suspect->type));
        put_known(object, "bytes", suspect->weight.bytes);
        put_known(object, "idle_s", suspect->weight.idle_s);
        if (suspect->glimpse.count)
            json_put(object, "first", elements_of(&suspect->glimpse));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *group_of(const struct audit_group *group)
{
    const struct group *keys = &group->keys;
    double memory = group_memory(keys);
    json_t *object = json_object();

    json_put_whole(object, "db", group->db);
    json_put_text(object, "pattern", group->pattern);
    json_put_text(object, "match", group->glob);
    json_put_flag(object, "crowded", group->crowded);
    json_put_flag(object, "leaks", group->leaks);
    json_put_text(object, "rule", group->rule ? group->rule->system : NULL);
    json_put_flag(object, "late", group->late);
    json_put_whole(object, "keys", keys->keys);
    json_put_whole(object, "without_expiry", keys->persistent);
    put_known(object, "ttl_most_ms", group_expiring(keys) ? keys->ttl_most_ms : -1);
    json_put(object, "types", types_of(keys));
    put_known(object, "memory_bytes", memory < 0 ? -1 : (int64_t)memory);
    put_known(object, "half_idle_below_s", group_idle_s(keys));
    json_put_whole(object, "sample", keys->weighed);
    json_put_whole(object, "looked_at_again", audit_looked_again(group));
    json_put_whole(object, "unlooked", audit_unlooked(group));
    json_put_flag(object, "unsure", group->unsure);
    json_put(object, "suspects", suspects_of(group));
    return object;
}

/* Names of places, which have no blanks in them, with blanks between; NULL: there are
 * none. The caller frees it. */
static char *places_text(const struct rule *rule)
{
    char *text;
    FILE *out;

    if (!rule->places.count)
        return NULL;
    out = mem_stream(&text);
    for (size_t i = 0; i < rule->places.count; i++)
        fprintf(out, "%s%s", i ? " " : "", rule->places.globs[i]);
    fclose(out);
    return text;
}

static json_t *set_of(const struct members *members)
{
    json_t *object = json_object(), *names = json_array();
    CLEANUP(mem_freep) char *key = name_text(members->key);
    CLEANUP(mem_freep) char *places = places_text(members->rule);

    for (size_t i = 0; i < members_lost(members); i++) {
        struct buffer name = members_lost_name(members, i);
        CLEANUP(mem_freep)
        char *text = name_text((struct group_name){ name.bytes, name.length });

        json_array_append_new(names, json_string(text));
        buffer_release(&name);
    }
    json_put_whole(object, "db", members->db);
    json_put_text(object, "key", key);
    json_put_text(object, "type",
                  members->rule->of_keys ? NULL : key_type_name(members->type));
    json_put_text(object, "rule", members->rule->system);
    json_put_text(object, "needs", members->rule->needs);
    json_put_text(object, "in", places);
    json_put_flag(object, "one_of", members->rule->one_of);
    json_put_flag(object, "leaks", members_lost(members) > 0);
    json_put_flag(object, "unsure", members_unsure(members));
    json_put_flag(object, "complete", members_complete(members));
    json_put_whole(object, "members", members->count);
    json_put_whole(object, "unseen", members->unseen);
    json_put_whole(object, "without_key", members->alone.count);
    json_put_whole(object, "several", members->several.count);
    json_put_whole(object, "looked_at_again", members_looked_again(members));
    json_put_whole(object, "unlooked", members_unlooked(members));
    json_put_whole(object, "moving", members_moving(members));
    json_put(object, "suspects", names);
    return object;
}

static json_t *databases_of(const struct info *info)
{
    json_t *array = json_array();

    for (size_t i = 0; i < info->db_count; i++) {
        json_t *object = json_object();

        json_put_whole(object, "db", info->dbs[i].db);
        json_put_whole(object, "keys", info->dbs[i].keys);
        json_put_whole(object, "with_expiry", info->dbs[i].expires);
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *since_of(const struct audit *audit)
{
    json_t *object = json_object(), *keys = json_array();

    for (size_t i = 0; i < audit->since.count; i++) {
        struct inventory_line line;
        json_t *key = json_object();

        inventory_parse(audit->since.lines[i], &line);
        json_put_whole(key, "db", line.db);
        json_put_text(key, "key", line.name);
        json_put_flag(key, "expires", !line.stays);
        json_array_append_new(keys, key);
    }
    json_put_flag(object, "after_time", audit->after_time);
    json_put(object, "keys", keys);
    return object;
}

void audit_json(FILE *out, const struct audit *audit, struct report_style style)
{
    json_t *document = json_put_document(), *groups = json_array(), *rest = json_null(),
           *sets = json_array();
    CLEANUP(mem_freep) char *line = audit_verdict(audit);
    struct audit_sum sum = audit_sum(audit);

    for (size_t i = 0; i < audit->group_count; i++)
        json_array_append_new(groups, group_of(&audit->groups[i]));
    for (size_t i = 0; i < audit->set_count; i++)
        json_array_append_new(sets, set_of(&audit->sets[i]));
    if (audit->rest.is) {
        rest = json_object();
        json_put_whole(rest, "db", audit->rest.db);
        json_put_whole(rest, "cursor", audit->rest.cursor);
    }
    json_put_text(document, "target", audit->target);
    json_put_text(document, "server", audit->info.server);
    json_put_text(document, "role", audit->info.role);
    json_put_flag(document, "cluster", audit->info.cluster);
    json_put(document, "databases", databases_of(&audit->info));
    json_put_whole(document, "keys", audit->keys);
    json_put_whole(document, "without_expiry", audit->persistent);
    json_put_whole(document, "vanished", audit->vanished);
    json_put_whole(document, "retyped", audit->retyped);
    json_put_flag(document, "interrupted", audit->interrupted);
    json_put(document, "rest", rest);
    json_put_real(document, "seconds", audit->seconds);
    json_put_whole(document, "leaking_groups", sum.leaking_groups);
    json_put_whole(document, "unsure_groups", sum.unsure_groups);
    json_put_whole(document, "leaking_sets", sum.leaking_sets);
    json_put_whole(document, "unsure_sets", sum.unsure_sets);
    json_put_whole(document, "unseen", sum.unseen);
    json_put_text(document, "verdict", exit_status_name(audit_status(audit)));
    json_put_text(document, "verdict_line", line);
    json_put(document, "groups", groups);
    json_put(document, "sets", sets);
    if (audit->has_since)
        json_put(document, "since", since_of(audit));
    if (audit->rounds && audit->vitals)
        json_put(document, "watch", audit_watch_json(audit));
    if (style.line)
        json_put_line(out, document);
    else
        json_put_end(out, document);
}
