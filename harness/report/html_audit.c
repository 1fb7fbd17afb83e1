/* html_audit.c - an audit as a page: what leaks with the names of suspects, and all
 * groups; or what is new since an inventory. */
#include <inttypes.h>

#include "audit/audit.h"
#include "base/mem.h"
#include "redis/quote.h"
#include "report/audit_words.h"
#include "report/html.h"
#include "report/svg.h"
#include "report/table.h"
#include "report/words.h"
#include "report/writers.h"

static void write_head(FILE *out, const char *name, unsigned db)
{
    CLEANUP(mem_freep) char *shown = audit_shown(name);

    fputs("<h3>", out);
    html_say(out, "%s, db %u", shown, db);
    fputs("</h3>\n", out);
}

static void write_found(FILE *out, const char *found, bool names)
{
    fputs("<p>", out);
    html_say(out, "%s%s", found, names ? ":" : "");
    fputs("</p>\n", out);
}

/* With what is in the key, if that was read; NULL: it is no key. */
static void write_name(FILE *out, struct str name, const struct glimpse *glimpse)
{
    CLEANUP(mem_freep) char *text = NULL;
    FILE *memory = mem_stream(&text);

    quote_print(memory, name, true);
    if (glimpse)
        audit_elements(memory, glimpse);
    fclose(memory);
    fputs("<li><code>", out);
    html_text(out, text);
    fputs("</code></li>\n", out);
}

static void write_group(FILE *out, const struct audit_group *group)
{
    CLEANUP(mem_freep) char *found = audit_found(group);

    write_head(out, group->pattern, group->db);
    write_found(out, found, group->suspect_count);
    if (!group->suspect_count)
        return;
    fputs("<ul>\n", out);
    for (size_t i = 0; i < group->suspect_count; i++)
        write_name(out, group_name_str(group->suspects[i].name),
                   &group->suspects[i].glimpse);
    fputs("</ul>\n", out);
}

static void write_set(FILE *out, const struct members *members)
{
    CLEANUP(mem_freep) char *found = audit_members_found(members);
    CLEANUP(mem_freep) char *key = audit_members_name(members);

    write_head(out, key, members->db);
    write_found(out, found, members_lost(members) > 0);
    fputs("<ul>\n", out);
    for (size_t i = 0; i < members_lost(members); i++) {
        struct buffer name = members_lost_name(members, i);

        write_name(out, buffer_str(&name), NULL);
        buffer_release(&name);
    }
    fputs("</ul>\n", out);
}

static void write_leaks(FILE *out, const void *document)
{
    const struct audit *audit = document;
    struct audit_sum sum = audit_sum(audit);
    size_t leaking = sum.leaking_groups + sum.unsure_groups;

    for (size_t i = 0; i < leaking; i++)
        write_group(out, &audit->groups[i]);
    for (size_t i = 0; i < audit->set_count; i++)
        if (members_lost(&audit->sets[i]) || members_unsure(&audit->sets[i]))
            write_set(out, &audit->sets[i]);
    if (!leaking && !sum.leaking_sets && !sum.unsure_sets)
        svg_none(out, audit->keys ? "No leak was found." : "No keys were looked at.");
}

static void write_groups(FILE *out, const void *document)
{
    static const char *const heads[] = { "group of keys",       "db",     "keys",
                                         "never expire",        "share",  "type",
                                         "half idle less than", "memory", NULL };
    const struct audit *audit = document;
    struct html_table table = html_table_begin(out, "all groups of keys", heads);

    for (size_t i = 0; i < audit->group_count; i++) {
        const struct audit_group *group = &audit->groups[i];
        const struct group *keys = &group->keys;
        CLEANUP(mem_freep) char *pattern = audit_shown(group->pattern);
        char text[TABLE_CELL], amount[AUDIT_AMOUNT];

        html_row(&table);
        html_cell(&table, "%s", pattern);
        html_cell(&table, "%u", group->db);
        html_cell(&table, "%" PRIu64, keys->keys);
        if (group->leaks)
            html_cell_of(&table, "bad", "%" PRIu64, keys->persistent);
        else
            html_cell(&table, "%" PRIu64, keys->persistent);
        html_cell(&table, "%s",
                  words_percent(text, sizeof(text),
                                (double)keys->persistent / (double)keys->keys));
        html_cell(&table, "%s", audit_types(text, sizeof(text), keys));
        html_cell(&table, "%s", audit_time(amount, group_idle_s(keys)));
        html_cell(&table, "%s", audit_size(amount, group_memory(keys)));
    }
    html_table_end(&table);
}

static void write_new(FILE *out, const void *document)
{
    static const char *const heads[] = { "key", "db", "expires", NULL };
    const struct audit *audit = document;
    struct html_table table;

    if (!audit->since.count) {
        svg_none(out, "No key is new.");
        return;
    }
    table = html_table_begin(out, "keys that are new", heads);
    for (size_t i = 0; i < audit->since.count; i++) {
        struct inventory_line line;

        inventory_parse(audit->since.lines[i], &line);
        html_row(&table);
        html_cell(&table, "%s", line.name);
        html_cell(&table, "%lu", line.db);
        html_cell(&table, "%s", line.stays ? "no" : "yes");
    }
    html_table_end(&table);
}

static const struct html_section of_groups[] = {
    { "leaks", "What leaks", write_leaks },
    { "groups", "All groups", write_groups },
};
static const struct html_section of_new[] = {
    { "new", "What is new", write_new },
};

void audit_html(FILE *out, const struct audit *audit, struct report_style style)
{
    CLEANUP(mem_freep) char *verdict = audit_verdict(audit), *rest = audit_rest(audit);

    (void)style;
    html_begin(out, "Audit");
    fputs("<header><h1>What has leaked already</h1>\n<p>", out);
    html_say(out, "%s%s%s%s", verdict, rest ? " " : "", rest ? rest : "",
             rest ? "." : "");
    fputs("</p>\n<p class=\"dim\">", out);
    html_say(out, "%s, %s, %" PRIu64 " keys looked at in %.1f s", audit->target,
             audit->info.server, audit->keys, audit->seconds);
    fputs("</p>\n</header>\n", out);
    if (audit->has_since)
        html_sections(out, of_new, ARRAY_SIZE(of_new), audit);
    else
        html_sections(out, of_groups, ARRAY_SIZE(of_groups), audit);
    html_end(out);
}
