/* audit_sheet.c - an audit as a sheet: a row and a case per group; of what is new since
 * an inventory, a row and a case per key. To add a column, add a row to its table.
 *
 * A group passes if its keys expire as they should. Where nothing can be said, as no key
 * expires or only few do, its case is skipped. */
#include "audit/audit.h"
#include "base/mem.h"
#include "redis/quote.h"
#include "report/audit_words.h"
#include "report/sheets.h"
#include "report/table.h"

#define SUSPECTS 3 /* whose names are told with a case */

static void put_db(struct cell *cell, const struct audit_group *group)
{
    cell_whole(cell, group->db);
}

static void put_pattern(struct cell *cell, const struct audit_group *group)
{
    cell_text(cell, group->pattern);
}

static void put_leaks(struct cell *cell, const struct audit_group *group)
{
    cell_flag(cell, group->leaks);
}

static void put_keys(struct cell *cell, const struct audit_group *group)
{
    cell_whole(cell, group->keys.keys);
}

static void put_persistent(struct cell *cell, const struct audit_group *group)
{
    cell_whole(cell, group->keys.persistent);
}

static void put_longest(struct cell *cell, const struct audit_group *group)
{
    if (group_expiring(&group->keys))
        cell_lasts(cell, group->keys.ttl_most_ms);
}

static void put_rule(struct cell *cell, const struct audit_group *group)
{
    if (group->rule)
        cell_text(cell, group->rule->system);
}

static void put_late(struct cell *cell, const struct audit_group *group)
{
    cell_flag(cell, group->late);
}

static void put_types(struct cell *cell, const struct audit_group *group)
{
    char text[TABLE_CELL];

    cell_text(cell, audit_types(text, sizeof(text), &group->keys));
}

static void put_memory(struct cell *cell, const struct audit_group *group)
{
    double bytes = group_memory(&group->keys);

    if (bytes >= 0)
        cell_whole(cell, (uint64_t)bytes);
}

static void put_idle(struct cell *cell, const struct audit_group *group)
{
    int64_t idle_s = group_idle_s(&group->keys);

    if (idle_s >= 0)
        cell_lasts(cell, idle_s * 1000);
}

static void put_sample(struct cell *cell, const struct audit_group *group)
{
    cell_whole(cell, group->keys.weighed);
}

static void put_again(struct cell *cell, const struct audit_group *group)
{
    cell_whole(cell, audit_looked_again(group));
}

static void put_suspects(struct cell *cell, const struct audit_group *group)
{
    cell_whole(cell, group->suspect_count);
}

static void put_unsure(struct cell *cell, const struct audit_group *group)
{
    cell_flag(cell, group->unsure);
}

static void put_unlooked(struct cell *cell, const struct audit_group *group)
{
    cell_whole(cell, audit_unlooked(group));
}

static void put_crowded(struct cell *cell, const struct audit_group *group)
{
    cell_flag(cell, group->crowded);
}

static const struct {
    struct column column;
    void (*put)(struct cell *cell, const struct audit_group *group);
} columns[] = {
    { { "db", "db", CELL_WHOLE }, put_db },
    { { "pattern", "group of keys", CELL_NAME }, put_pattern },
    { { "leaks", "leaks", CELL_FLAG }, put_leaks },
    { { "keys", "keys", CELL_WHOLE }, put_keys },
    { { "without_expiry", "never expire", CELL_WHOLE }, put_persistent },
    { { "ttl_most", "the others within", CELL_LASTS }, put_longest },
    { { "rule", "must expire as keys of", CELL_NAME }, put_rule },
    { { "late", NULL, CELL_FLAG }, put_late },
    { { "types", "type", CELL_TEXT }, put_types },
    { { "memory_bytes", "bytes of memory", CELL_WHOLE }, put_memory },
    { { "half_idle_below", "half idle less than", CELL_LASTS }, put_idle },
    { { "sample", NULL, CELL_WHOLE }, put_sample },
    { { "looked_at_again", NULL, CELL_WHOLE }, put_again },
    { { "suspects", NULL, CELL_WHOLE }, put_suspects },
    { { "crowded", NULL, CELL_FLAG }, put_crowded },
    { { "unsure", NULL, CELL_FLAG }, put_unsure },
    { { "unlooked", NULL, CELL_WHOLE }, put_unlooked },
};

static enum case_outcome outcome_of(const struct audit_group *group)
{
    if (group->leaks)
        return CASE_FAILED;
    if (group->unsure)
        return CASE_SKIPPED;
    if (group->rule && audit_is_suspect(group))
        return CASE_PASSED;
    return group_expiring(&group->keys) > group->keys.persistent ? CASE_PASSED
                                                                 : CASE_SKIPPED;
}

/* What was found, and the first names behind it. */
struct telling {
    FILE *out;
    char *text;
    size_t count; /* of names */
};

static void tell_begin(struct telling *telling, const char *found)
{
    telling->count = 0;
    telling->out = mem_stream(&telling->text);
    fputs(found, telling->out);
}

/* With what is in the key, if that was read; NULL: it is no key. */
static void tell_name(struct telling *telling, struct str name,
                      const struct glimpse *glimpse)
{
    if (telling->count < SUSPECTS) {
        fputs(telling->count ? ", " : ": ", telling->out);
        quote_print(telling->out, name, true);
        if (glimpse)
            audit_elements(telling->out, glimpse);
    }
    telling->count++;
}

static char *tell_end(struct telling *telling)
{
    if (telling->count)
        fputs(telling->count > SUSPECTS ? ", .." : ".", telling->out);
    fclose(telling->out);
    return telling->text;
}

static char *message_of(const struct audit_group *group)
{
    CLEANUP(mem_freep) char *found = audit_found(group);
    struct telling telling;

    tell_begin(&telling, found);
    for (size_t i = 0; i < group->suspect_count; i++)
        tell_name(&telling, group_name_str(group->suspects[i].name),
                  &group->suspects[i].glimpse);
    return tell_end(&telling);
}

static char *advice_of(const struct audit_group *group)
{
    char *text;
    FILE *out = mem_stream(&text);

    fputs("The group's keys: SCAN 0 MATCH ", out);
    quote_print(out, str_of(group->glob), false);
    fprintf(out, ", in db %u.", group->db);
    fclose(out);
    return text;
}

static char *message_of_set(const struct members *members)
{
    CLEANUP(mem_freep) char *found = audit_members_found(members);
    struct telling telling;

    tell_begin(&telling, found);
    for (size_t i = 0; i < members_lost(members); i++) {
        struct buffer name = members_lost_name(members, i);

        tell_name(&telling, buffer_str(&name), NULL);
        buffer_release(&name);
    }
    return tell_end(&telling);
}

static void add_group(struct sheet *sheet, const char *target,
                      const struct audit_group *group)
{
    CLEANUP(mem_freep) char *pattern = audit_shown(group->pattern);
    struct cell *cells = sheet_row(sheet);
    struct sheet_case *item = sheet_case(sheet, outcome_of(group), target);

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
        columns[i].put(&cells[i], group);
    item->name = mem_printf("db %u, %s", group->db, pattern);
    if (item->outcome == CASE_SKIPPED)
        item->message = mem_strdup(
            group->unsure ? "of keys without an expiry not all could be looked at again"
            : group_expiring(&group->keys) ? "too few of its keys expire to tell"
                                           : "no key of it expires, which is taken to be "
                                             "meant so");
    if (!group->leaks)
        return;
    item->type = "leak";
    item->message = message_of(group);
    item->advice = advice_of(group);
}

static enum case_outcome outcome_of_set(const struct members *members)
{
    if (members_lost(members))
        return CASE_FAILED;
    return members_unsure(members) || !members_complete(members) ? CASE_SKIPPED
                                                                 : CASE_PASSED;
}

/* It is no group of keys, and has a case, but no row. */
static void add_set(struct sheet *sheet, const char *target,
                    const struct members *members)
{
    CLEANUP(mem_freep) char *key = audit_members_name(members);
    struct sheet_case *item = sheet_case(sheet, outcome_of_set(members), target);

    item->name = mem_printf("db %u, %s %s", members->db,
                            members->rule->of_keys ? "places of" : "members of", key);
    if (members_lost(members) || members_unsure(members))
        item->message = message_of_set(members);
    else if (item->outcome == CASE_SKIPPED)
        item->message = mem_strdup("not all of them could be looked at");
    if (members_lost(members))
        item->type = "leak";
}

static const struct column new_columns[] = {
    { "db", "db", CELL_WHOLE },
    { "key", "new key", CELL_NAME },
    { "expires", "expires", CELL_FLAG },
};

static void add_new(struct sheet *sheet, const struct audit *audit, const char *line)
{
    struct sheet_case *item = sheet_case(sheet, CASE_FAILED, audit->target);
    struct cell *cells = sheet_row(sheet);
    struct inventory_line key;

    inventory_parse(line, &key);
    cell_whole(&cells[0], key.db);
    cell_text(&cells[1], key.name);
    cell_flag(&cells[2], !key.stays);
    item->type = "new key";
    item->name = mem_printf("db %lu, %s", key.db, key.name);
    item->message =
        mem_strdup(audit->after_time ? "It outlives every expiry, and did not before."
                                     : "It was not there before.");
}

/* Of all of it, or of as much as was looked at. */
static char *verdict_of(const struct audit *audit)
{
    CLEANUP(mem_freep) char *verdict = audit_verdict(audit), *rest = audit_rest(audit);

    return rest ? mem_printf("%s %s.", verdict, rest) : TAKE_PTR(verdict);
}

void audit_sheet(struct sheet *ret, const struct audit *audit, struct report_style style)
{
    (void)style;
    *ret = (struct sheet){
        .what = "audit",
        .title = mem_strdup(audit->target),
        .verdict = verdict_of(audit),
        .status = audit_status(audit),
        .seconds = audit->seconds,
    };
    for (size_t i = 0; !audit->has_since && i < ARRAY_SIZE(columns); i++)
        sheet_column(ret, &columns[i].column);
    for (size_t i = 0; audit->has_since && i < ARRAY_SIZE(new_columns); i++)
        sheet_column(ret, &new_columns[i]);
    for (size_t i = 0; !audit->has_since && i < audit->group_count; i++)
        add_group(ret, audit->target, &audit->groups[i]);
    for (size_t i = 0; !audit->has_since && i < audit->set_count; i++)
        add_set(ret, audit->target, &audit->sets[i]);
    for (size_t i = 0; i < audit->since.count; i++)
        add_new(ret, audit, audit->since.lines[i]);
    sheet_end(ret);
}
