/* audit_prometheus.c - an audit for Prometheus, in its text format: for a file that the
 * textfile collector reads. Groups are labels, so only those that leak, or may, are in
 * it, and as many of the largest as the style says. */
#include "audit/rounds.h"
#include "audit/vitals.h"
#include "base/clock.h"
#include "base/mem.h"
#include "report/writers.h"
#include "stats/durations.h"

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
    return (double)audit_sum(audit).leaking_groups;
}
static double sets_of(const struct audit *audit)
{
    return (double)audit_sum(audit).leaking_sets;
}
static double unsure_of(const struct audit *audit)
{
    return (double)audit_sum(audit).unsure_groups;
}
static double unsure_sets_of(const struct audit *audit)
{
    return (double)audit_sum(audit).unsure_sets;
}
static double unseen_of(const struct audit *audit)
{
    return (double)audit_sum(audit).unseen;
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
static double group_unsure_of(const struct audit_group *group)
{
    return group->unsure;
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
    { "unsure_groups",
      "Groups that may leak: of keys without an expiry not all could be looked at again.",
      unsure_of },
    { "unsure_sets", "Sets that may have such members: not all could be looked at again.",
      unsure_sets_of },
    { "unseen", "Keys and members that must be somewhere, and of which nothing is known.",
      unseen_of },
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
    { "group_unsure", "1 if the group may leak.", group_unsure_of },
    { "group_memory_bytes", "Memory of its keys, from a sample.", group_memory_of },
};

static void write_typed(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out,
            "# HELP afterkill_audit_%s %s\n"
            "# TYPE afterkill_audit_%s %s\n",
            name, help, name, type);
}

static void write_head(FILE *out, const char *name, const char *help)
{
    write_typed(out, name, "gauge", help);
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

/* ---- an audit that goes on ---- */

static double rounds_of(const struct audit *audit)
{
    return (double)audit->rounds->count;
}
static double leaked_of(const struct audit *audit)
{
    return (double)rounds_leaked(audit->rounds);
}
static double arrived_of(const struct audit *audit)
{
    return audit->rounds->arrived.sum;
}
static double blocked_of(const struct audit *audit)
{
    return (double)audit->info.blocked;
}
static double slow_of(const struct audit *audit)
{
    return audit->vitals->slow_refused ? -1 : (double)audit->vitals->slow_total;
}
static double longest_of(const struct audit *audit)
{
    return audit->vitals->slow_refused ? -1 : (double)audit->vitals->slow.most_us / 1e6;
}
static double restarts_of(const struct audit *audit)
{
    return (double)audit->vitals->restarts;
}

static const struct {
    const char *name, *type, *help;
    double (*value)(const struct audit *audit);
} of_rounds[] = {
    { "rounds_total", "counter", "Rounds of --watch.", rounds_of },
    { "leaked", "gauge", "Keys that leaked, and members without theirs.", leaked_of },
    { "leaked_total", "counter", "What has leaked since the first round.", arrived_of },
    { "blocked_clients", "gauge", "Clients that wait in a command.", blocked_of },
    { "slow_commands_total", "counter",
      "Commands that the server took down as slow since the first round.", slow_of },
    { "slow_command_seconds", "gauge",
      "The longest of those of the last round; 0: there were none.", longest_of },
    { "server_restarts_total", "counter",
      "How often the server had started again, or was another one.", restarts_of },
};

static const double quantiles[] = { 0.5, 0.99 };

static void write_trips(FILE *out, const struct audit *audit)
{
    if (!audit->trip_count)
        return;
    write_head(out, "round_trip_seconds", "Round trips of batches, of the last round.");
    for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
        fprintf(out, "afterkill_audit_round_trip_seconds{quantile=\"%g\"} %.9g\n",
                quantiles[i],
                ns_to_s(durations_quantile(audit->trips_ns, audit->trip_count,
                                           quantiles[i])));
}

static void write_labelled(FILE *out, const char *name, const char *label,
                           const char *text, double value)
{
    fprintf(out, "afterkill_audit_%s{%s=\"", name, label);
    write_escaped(out, text);
    fprintf(out, "\"} %.15g\n", value);
}

static void write_command(FILE *out, const struct vitals *vitals)
{
    write_typed(out, "command_calls_total", "counter",
                "Calls of a command, whatever its keys were, as the server counts them.");
    write_labelled(out, "command_calls_total", "command", vitals->name,
                   (double)vitals->now.calls);
    write_typed(out, "command_seconds_total", "counter", "How long they took.");
    write_labelled(out, "command_seconds_total", "command", vitals->name,
                   (double)vitals->now.usec / 1e6);
    write_typed(out, "command_failures_total", "counter",
                "Those of them that failed, or were refused.");
    write_labelled(out, "command_failures_total", "command", vitals->name,
                   (double)(vitals->now.failed + vitals->now.rejected));
    if (!latencies_bound_us(&vitals->taken, 1))
        return;
    write_head(out, "command_at_most_seconds",
               "So many of those since the round before took no longer, by the bounds of "
               "the server's histogram.");
    for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++) {
        fputs("afterkill_audit_command_at_most_seconds{command=\"", out);
        write_escaped(out, vitals->name);
        fprintf(out, "\",quantile=\"%g\"} %.9g\n", quantiles[i],
                (double)latencies_bound_us(&vitals->taken, quantiles[i]) / 1e6);
    }
}

static void write_watched(FILE *out, const char *name, const char *help, const char *glob,
                          uint64_t value)
{
    write_head(out, name, help);
    write_labelled(out, name, "pattern", glob, (double)value);
}

static void write_vitals(FILE *out, const struct audit *audit)
{
    const struct vitals *vitals = audit->vitals;
    const struct watched_keys *watched = &audit->watched;

    for (size_t i = 0; i < ARRAY_SIZE(of_rounds); i++) {
        double value = of_rounds[i].value(audit);

        if (value < 0)
            continue;
        write_typed(out, of_rounds[i].name, of_rounds[i].type, of_rounds[i].help);
        fprintf(out, "afterkill_audit_%s %.15g\n", of_rounds[i].name, value);
    }
    write_trips(out, audit);
    if (*vitals->name)
        write_command(out, vitals);
    if (!vitals->keys.count)
        return;
    write_watched(out, "watched_keys", "Keys of the pattern of --command.",
                  vitals->keys.globs[0], watched->keys);
    write_watched(out, "watched_keys_without_expiry", "Those of them that never expire.",
                  vitals->keys.globs[0], watched->persistent);
    write_watched(out, "watched_keys_asked",
                  "Those of them that were asked how long they were idle.",
                  vitals->keys.globs[0], watched->asked);
    write_watched(out, "watched_keys_used",
                  "Those of these that were used since the round before.",
                  vitals->keys.globs[0], watched->used);
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

            if (value >= 0 &&
                (group->leaks || group->unsure || !style.rows || k < style.rows))
                write_group(out, of_groups[i].name, group, value);
        }
    }
    if (audit->rounds && audit->vitals)
        write_vitals(out, audit);
}
