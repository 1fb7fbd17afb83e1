/* audit_prometheus.c - an audit for Prometheus, in its text format: for a file that the
 * textfile collector reads. Groups are labels, so only those that leak are in it, and as
 * many of the largest as the style says. */
#include "audit/audit.h"
#include "base/mem.h"
#include "report/writers.h"

/* What is told of the whole, and of each group. A value below 0 is not known, and left
 * out. */
static double keys_of(const struct audit *audit)
{
    return (double)audit->keys;
}
static double persistent_of(const struct audit *audit)
{
    return (double)audit->persistent;
}
static double leaking_of(const struct audit *audit)
{
    return (double)audit_leaking(audit);
}
static double sets_of(const struct audit *audit)
{
    return (double)audit_leaking_sets(audit);
}
static double whole_of(const struct audit *audit)
{
    return !audit->rest.is;
}
static double seconds_of(const struct audit *audit)
{
    return audit->seconds;
}
static double group_keys_of(const struct audit_group *group)
{
    return (double)group->keys.keys;
}
static double group_persistent_of(const struct audit_group *group)
{
    return (double)group->keys.persistent;
}
static double group_leaks_of(const struct audit_group *group)
{
    return group->leaks;
}
static double group_memory_of(const struct audit_group *group)
{
    return group_memory(&group->keys);
}

static const struct {
    const char *name, *help;
    double (*value)(const struct audit *audit);
} totals[] = {
    { "keys", "Keys that were looked at.", keys_of },
    { "keys_without_expiry", "Those of them that never expire.", persistent_of },
    { "leaking_groups", "Groups with keys that never expire, and should.", leaking_of },
    { "leaking_sets", "Sets with members whose keys are gone.", sets_of },
    { "complete", "1 if all keys were looked at.", whole_of },
    { "duration_seconds", "How long it took.", seconds_of },
};

static const struct {
    const char *name, *help;
    double (*value)(const struct audit_group *group);
} of_groups[] = {
    { "group_keys", "Keys of a group.", group_keys_of },
    { "group_keys_without_expiry", "Those of them that never expire.",
      group_persistent_of },
    { "group_leaks", "1 if the group leaks.", group_leaks_of },
    { "group_memory_bytes", "Memory of its keys, from a sample.", group_memory_of },
};

static void write_head(FILE *out, const char *name, const char *help)
{
    fprintf(out,
            "# HELP afterkill_audit_%s %s\n"
            "# TYPE afterkill_audit_%s gauge\n",
            name, help, name);
}

/* The value of a label. */
static void write_escaped(FILE *out, const char *text)
{
    for (; *text; text++)
        if (*text == '\n')
            fputs("\\n", out);
        else
            fprintf(out, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
}

static void write_label(FILE *out, const char *name, const char *text)
{
    fprintf(out, ",%s=\"", name);
    write_escaped(out, text);
    fputc('"', out);
}

/* A rule's glob and a learned pattern may be the same text. */
static void write_group(FILE *out, const char *name, const struct audit_group *group,
                        double value)
{
    fprintf(out, "afterkill_audit_%s{db=\"%u\"", name, group->db);
    write_label(out, "pattern", group->pattern);
    if (group->rule)
        write_label(out, "rule", group->rule->system);
    fprintf(out, "} %.15g\n", value);
}

void audit_prometheus(FILE *out, const struct audit *audit, struct report_style style)
{
    for (size_t i = 0; i < ARRAY_SIZE(totals); i++) {
        write_head(out, totals[i].name, totals[i].help);
        fprintf(out, "afterkill_audit_%s %.15g\n", totals[i].name,
                totals[i].value(audit));
    }
    for (size_t i = 0; i < ARRAY_SIZE(of_groups); i++) {
        write_head(out, of_groups[i].name, of_groups[i].help);
        for (size_t k = 0; k < audit->group_count; k++) {
            const struct audit_group *group = &audit->groups[k];
            double value = of_groups[i].value(group);

            if (value >= 0 && (group->leaks || !style.rows || k < style.rows))
                write_group(out, of_groups[i].name, group, value);
        }
    }
}
