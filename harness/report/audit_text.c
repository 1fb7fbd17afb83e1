/* audit_text.c - an audit for people: the groups that leak with their suspects, a table
 * of the largest groups, and what that comes to. */
#include <inttypes.h>
#include <string.h>

#include "audit/audit.h"
#include "base/mem.h"
#include "redis/quote.h"
#include "report/audit_words.h"
#include "report/words.h"
#include "report/writers.h"

#define RED "\033[31m"
#define SUSPECTS 5 /* of a group that are shown; JSON has all that are kept */

/* A pattern may hold anything that is text, or nothing. */
static void show_pattern(char *text, size_t size, const struct audit_group *group)
{
    CLEANUP(mem_freep) char *shown = NULL;
    FILE *out = mem_stream(&shown);

    str_print_text(out, *group->pattern ? str_of(group->pattern) : STR("\"\""), size - 8);
    fclose(out);
    snprintf(text, size, "%s%s", shown, group->crowded ? " (1)" : "");
}

static void write_title(FILE *out, const struct audit *audit)
{
    fprintf(out, "%s   %s%s%s   %" PRIu64 " key%s looked at in %.1f s\n", audit->target,
            audit->info.server, strcmp(audit->info.role, "slave") == 0 ? ", replica" : "",
            audit->info.cluster ? ", node of a cluster" : "", audit->keys,
            audit->keys == 1 ? "" : "s", audit->seconds);
    for (size_t i = 0; i < audit->info.db_count; i++) {
        const struct info_db *db = &audit->info.dbs[i];

        fprintf(out,
                "db %u: %" PRIu64 " key%s by INFO, %" PRIu64 " of them without an "
                "expiry\n",
                db->db, db->keys, db->keys == 1 ? "" : "s",
                db->keys > db->expires ? db->keys - db->expires : 0);
    }
    fputc('\n', out);
}

static void write_groups(FILE *out, const struct audit *audit, struct report_style style)
{
    struct table table = { .columns = 0 };
    bool several = audit->info.db_count > 1;
    size_t shown =
        style.rows && style.rows < audit->group_count ? style.rows : audit->group_count;
    size_t pattern = table_column(&table, "", "group of keys", false);
    size_t db = several ? table_column(&table, "", "db", true) : 0;
    size_t keys = table_column(&table, "", "keys", true);
    size_t persistent = table_column(&table, "never", "expire", true);
    size_t share = table_column(&table, "", "share", true);
    size_t types = table_column(&table, "", "type", false);
    size_t idle = table_column(&table, "half idle", "less than", true);
    size_t memory = table_column(&table, "", "memory", true);

    for (size_t i = 0; i < shown; i++) {
        const struct audit_group *group = &audit->groups[i];
        char text[TABLE_CELL], amount[AUDIT_AMOUNT];

        table_row(&table);
        show_pattern(text, sizeof(text), group);
        table_set(&table, pattern, "%s", text);
        if (several)
            table_set(&table, db, "%u", group->db);
        table_set(&table, keys, "%" PRIu64, group->keys.keys);
        table_set(&table, persistent, "%" PRIu64, group->keys.persistent);
        table_set(
            &table, share, "%s",
            words_percent(text, sizeof(text),
                          (double)group->keys.persistent / (double)group->keys.keys));
        table_set(&table, types, "%s", audit_types(text, sizeof(text), &group->keys));
        table_set(&table, idle, "%s", audit_time(amount, group_idle_s(&group->keys)));
        table_set(&table, memory, "%s", audit_size(amount, group_memory(&group->keys)));
        if (group->leaks)
            table_color(&table, pattern, RED);
    }
    table_write(out, &table, style);
    if (shown < audit->group_count)
        fprintf(out, "%zu more groups: --top.\n", audit->group_count - shown);
}

static void write_suspect(FILE *out, const struct suspect *suspect)
{
    char idle[AUDIT_AMOUNT], bytes[AUDIT_AMOUNT];

    fputs("    ", out);
    quote_print(out, group_name_str(suspect->name), true);
    fprintf(out, "   %s, %s", key_type_name(suspect->type),
            audit_size(bytes, (double)suspect->weight.bytes));
    if (suspect->weight.idle_s >= 0)
        fprintf(out, ", idle for %s", audit_time(idle, suspect->weight.idle_s));
    fputc('\n', out);
    for (size_t i = 0; i < suspect->glimpse.count; i++) {
        fputs("        ", out);
        audit_element(out, &suspect->glimpse.elements[i]);
        fputc('\n', out);
    }
}

/* How to find the keys that are not shown. */
static void write_more(FILE *out, const struct audit_group *group, size_t shown)
{
    fputs("    ", out);
    if (shown)
        fprintf(out, "and %" PRIu64 " more; ", group->keys.persistent - shown);
    fputs("the group's keys: SCAN 0 MATCH ", out);
    quote_print(out, str_of(group->glob), false);
    fputc('\n', out);
}

static void write_leak(FILE *out, const struct audit_group *group,
                       struct report_style style)
{
    const struct group *keys = &group->keys;
    char pattern[TABLE_CELL];
    CLEANUP(mem_freep) char *found = audit_found(group), *text = NULL;
    size_t shown = group->suspect_count < SUSPECTS ? group->suspect_count : SUSPECTS;

    show_pattern(pattern, sizeof(pattern), group);
    text = mem_printf("%s, db %u: %s%s", pattern, group->db, found, shown ? ":" : "");
    words_wrapped(out, style, text);
    for (size_t i = 0; i < shown; i++)
        write_suspect(out, &group->suspects[i]);
    if (shown < keys->persistent && (shown || group->unsure))
        write_more(out, group, shown);
    fputc('\n', out);
}

static void write_set(FILE *out, const struct members *members, struct report_style style)
{
    CLEANUP(mem_freep) char *found = audit_members_found(members), *text = NULL;
    CLEANUP(mem_freep) char *key = audit_members_name(members);
    size_t shown = members_lost(members) < SUSPECTS ? members_lost(members) : SUSPECTS;

    text = mem_printf("%s, db %u: %s%s", key, members->db, found, shown ? ":" : "");
    words_wrapped(out, style, text);
    for (size_t i = 0; i < shown; i++) {
        struct buffer name = members_lost_name(members, i);

        fputs("    ", out);
        quote_print(out, buffer_str(&name), true);
        fputc('\n', out);
        buffer_release(&name);
    }
    fputc('\n', out);
}

/* Keys that never expire, in groups none of whose keys do. */
static void sum_up_kept(const struct audit *audit, uint64_t *ret_groups,
                        uint64_t *ret_keys)
{
    *ret_groups = *ret_keys = 0;
    for (size_t i = 0; i < audit->group_count; i++)
        if (!group_expiring(&audit->groups[i].keys) && !audit->groups[i].leaks) {
            ++*ret_groups;
            *ret_keys += audit->groups[i].keys.keys;
        }
}

static void write_notes(FILE *out, const struct audit *audit, struct report_style style)
{
    uint64_t groups, keys;
    bool crowded = false;
    CLEANUP(mem_freep) char *kept = NULL, *rest = audit_rest(audit);

    for (size_t i = 0; i < audit->group_count; i++)
        crowded |= audit->groups[i].crowded;
    if (crowded)
        words_wrapped(out, style,
                      "(1) There are more kinds of names here than can be told apart: "
                      "they are counted as one group.");
    sum_up_kept(audit, &groups, &keys);
    kept = mem_printf("Of %" PRIu64 " group%s no key expires, which is taken to be meant "
                      "so: %" PRIu64 " key%s.",
                      groups, groups == 1 ? "" : "s", keys, keys == 1 ? "" : "s");
    if (groups)
        words_wrapped(out, style, kept);
    if (audit->vanished)
        fprintf(out, "%" PRIu64 " key%s gone before anything could be asked about it.\n",
                audit->vanished, audit->vanished == 1 ? " was" : "s were");
    if (audit->retyped)
        fprintf(out, "%" PRIu64 " key%s had become of another type meanwhile.\n",
                audit->retyped, audit->retyped == 1 ? "" : "s");
    if (audit->info.cluster)
        words_wrapped(out, style,
                      "This is one node of a cluster; the other primaries have the other "
                      "keys: 'redis-cli cluster nodes' lists them.");
    if (rest)
        fprintf(out, "%s\n", rest);
}

/* What is new, and nothing else: that was asked for. */
static void write_since(FILE *out, const struct audit *audit, struct report_style style)
{
    size_t count = audit->since.count;
    size_t shown = style.rows && style.rows < count ? style.rows : count;

    if (!count) {
        CLEANUP(mem_freep) char *none = audit_verdict(audit);

        fprintf(out, "%s\n", none);
        return;
    }
    fprintf(out, "%zu key%s %s:\n", count, count == 1 ? "" : "s", audit_news(audit));
    for (size_t i = 0; i < shown; i++) {
        struct inventory_line line;

        inventory_parse(audit->since.lines[i], &line);
        fprintf(out, "    db %lu: %s%s\n", line.db, line.name,
                line.stays ? "" : "   (expires)");
    }
    if (shown < count)
        fprintf(out, "    and %zu more: --top\n", count - shown);
}

void audit_text(FILE *out, const struct audit *audit, struct report_style style)
{
    struct audit_sum sum = audit_sum(audit);
    size_t leaking = sum.leaking_groups + sum.unsure_groups;
    CLEANUP(mem_freep) char *verdict = audit_verdict(audit);

    write_title(out, audit);
    if (audit->has_since) {
        write_since(out, audit, style);
        return;
    }
    if (audit->group_count)
        write_groups(out, audit, style);
    for (size_t i = 0; i < leaking && (!style.rows || i < style.rows); i++)
        write_leak(out, &audit->groups[i], style);
    for (size_t i = 0; i < audit->set_count; i++)
        if (members_lost(&audit->sets[i]) || members_unsure(&audit->sets[i]))
            write_set(out, &audit->sets[i], style);
    write_notes(out, audit, style);
    words_wrapped(out, style, verdict);
}
