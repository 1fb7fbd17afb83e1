/* audit_words.c - see audit_words.h. */
#include "report/audit_words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define SHOWN_COLUMNS 120 /* of a pattern, or a name that a rule gives */

const char *audit_size(char text[AUDIT_AMOUNT], double bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    size_t unit = 0;

    while (bytes >= 999.5 && unit + 1 < ARRAY_SIZE(units)) {
        bytes /= 1000;
        unit++;
    }
    if (bytes < 0)
        snprintf(text, AUDIT_AMOUNT, "-");
    else
        snprintf(text, AUDIT_AMOUNT, "%.*f %s", unit && bytes < 9.95 ? 1 : 0, bytes,
                 units[unit]);
    return text;
}

const char *audit_time(char text[AUDIT_AMOUNT], int64_t seconds)
{
    static const struct {
        int64_t least, unit;
        const char *name;
    } units[] = {
        { 2 * 86400, 86400, "days" },
        { 2 * 3600, 3600, "h" },
        { 120, 60, "min" },
        { 0, 1, "s" },
    };
    size_t i = 0;

    if (seconds < 0) {
        snprintf(text, AUDIT_AMOUNT, "-");
        return text;
    }
    while (seconds < units[i].least)
        i++;
    snprintf(text, AUDIT_AMOUNT, "%" PRId64 " %s", seconds / units[i].unit,
             units[i].name);
    return text;
}

const char *audit_types(char *text, size_t size, const struct group *keys)
{
    size_t used = 0;

    text[0] = '\0';
    for (enum key_type type = 0; type < KEY_TYPES; type++)
        if (keys->types[type] && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "+" : "",
                                     key_type_name(type));
    return text;
}

char *audit_shown(const char *text)
{
    char *shown;
    FILE *out = mem_stream(&shown);

    str_print_text(out, *text ? str_of(text) : STR("\"\""), SHOWN_COLUMNS);
    fclose(out);
    return shown;
}

/* What a rule says of the group. */
static void write_rule(FILE *out, const struct audit_group *group)
{
    CLEANUP(mem_freep) char *system = NULL;
    char within[AUDIT_AMOUNT];

    if (!group->rule)
        return;
    system = audit_shown(group->rule->system);
    fprintf(out, " These are keys of %s, and %s expire", system,
            group->rule->if_others ? "should" : "must");
    if (group->rule->within_s >= 0)
        fprintf(out, " within %s", audit_time(within, group->rule->within_s));
    fputs(group->late ? ": one does so too late." : ".", out);
}

static void write_times(FILE *out, const struct audit_group *group)
{
    const struct group *keys = &group->keys;
    char most[AUDIT_AMOUNT];

    fprintf(out, "%" PRIu64 " of %" PRIu64 " keys never expire", keys->persistent,
            keys->keys);
    if (group_expiring(keys))
        fprintf(out, "; the others have at most %s left",
                audit_time(most, (keys->ttl_most_ms + 999) / 1000));
    fputc('.', out);
}

/* If it depends on them: why some were not looked at again. */
static void write_unlooked(FILE *out, const struct audit_group *group)
{
    uint64_t too_long = group->keys.drawn.too_long, others;

    if (!group->unsure)
        return;
    others = audit_unlooked(group) - too_long;
    if (too_long == group->keys.persistent)
        fputs(" Their names are too long to be looked at again.", out);
    else if (too_long)
        fprintf(out, " Of %" PRIu64 " the names are too long to be looked at again.",
                too_long);
    if (others)
        fprintf(out,
                " They are too many for all of them to be looked at again: %" PRIu64
                " were not.",
                others);
}

char *audit_found(const struct audit_group *group)
{
    char *text;
    FILE *out = mem_stream(&text);

    write_times(out, group);
    write_rule(out, group);
    write_unlooked(out, group);
    if (group->keys.drawn.count)
        fprintf(out, " Without an expiry when looked at again, %zu of %zu%s",
                group->suspect_count, group->keys.drawn.count,
                group->suspect_count ? "" : ".");
    fclose(out);
    return text;
}

/* By whether only what stays was asked for, and whether it is more than one key. */
static const char *const news[2][2] = {
    { "was not there before", "were not there before" },
    { "outlives every expiry, and did not before",
      "outlive every expiry, and did not before" },
};

const char *audit_news(const struct audit *audit)
{
    return news[audit->after_time][audit->since.count != 1];
}

static char *since_verdict(const struct audit *audit)
{
    size_t count = audit->since.count;

    return count ? mem_printf("%zu key%s %s.", count, count == 1 ? "" : "s",
                              audit_news(audit))
                 : mem_printf("No key is new%s.",
                              audit->after_time ? " that outlives every expiry" : "");
}

char *audit_rest(const struct audit *audit)
{
    if (!audit->rest.is)
        return NULL;
    return mem_printf("%s; to go on: --db %u --cursor %" PRIu64,
                      audit->interrupted ? "Interrupted" : "Ended at --limit",
                      audit->rest.db, audit->rest.cursor);
}

/* "have no key of their name, which those of Sidekiq must have" */
static void write_needs(FILE *out, const struct rule *rule, const char *system)
{
    CLEANUP(mem_freep) char *needs = audit_shown(rule->needs);

    fprintf(out, "have no key %s, which those of %s must have",
            strcmp(needs, "*") == 0 ? "of their name" : needs, system);
}

/* "are in none of a, b, where those of shop must be" */
static void write_places(FILE *out, const struct rule *rule, const char *system)
{
    fputs(rule->places.count > 1 ? "are in none of " : "are not in ", out);
    for (size_t i = 0; i < rule->places.count; i++) {
        CLEANUP(mem_freep) char *place = audit_shown(rule->places.globs[i]);

        fprintf(out, "%s%s", i ? ", " : "", place);
    }
    if (rule->needs) {
        CLEANUP(mem_freep) char *needs = audit_shown(rule->needs);

        fprintf(out, ", and have no key %s", needs);
    }
    fprintf(out, ", where those of %s must be", system);
}

char *audit_members_name(const struct members *members)
{
    char *text;
    FILE *out = mem_stream(&text);

    str_print_text(out, group_name_str(members->key), SHOWN_COLUMNS);
    fclose(out);
    return text;
}

char *audit_members_found(const struct members *members)
{
    CLEANUP(mem_freep) char *system = audit_shown(members->rule->system);
    size_t lost = members_lost(members), again = members_looked_again(members);
    char *text;
    FILE *out = mem_stream(&text);

    fprintf(out, "%" PRIu64 " of %" PRIu64 " %s ", members->alone.count, members->count,
            members->rule->of_keys ? "keys" : "members");
    (members->rule->places.count ? write_places : write_needs)(out, members->rule,
                                                               system);
    if (members->several.count && (members->several.lost || !lost))
        fprintf(out, "; %" PRIu64 "%s there more than once", members->several.count,
                members->several.count == 1 ? " is" : " are");
    fputc('.', out);
    if (members_unsure(members))
        fprintf(out, " Of %" PRIu64 " it is not known whether they still are.",
                members_unlooked(members));
    if (again)
        fprintf(out, " Still so when looked at again, %zu of %zu%s", lost, again,
                lost ? "" : ".");
    fclose(out);
    return text;
}

/* "2 groups leak: 4 keys never expire, and should." Who has an expiry by the second look
 * is not among them; if that is so of some, then perhaps of those that it was not at. */
static void write_leaking(FILE *out, const struct audit *audit, uint64_t leaking)
{
    uint64_t suspects = 0, late = 0;
    bool fewer = false;

    for (size_t i = 0; i < leaking; i++) {
        const struct audit_group *group = &audit->groups[i];
        uint64_t unlooked = audit_unlooked(group);

        suspects += group->suspect_count + unlooked;
        fewer |= unlooked && group->suspect_count < audit_looked_again(group);
        late += group->late;
    }
    fprintf(out, "%" PRIu64 " group%s", leaking, leaking == 1 ? " leaks" : "s leak");
    if (suspects)
        fprintf(out, ": %s%" PRIu64 " key%s never expire%s, and should",
                fewer ? "up to " : "", suspects, suspects == 1 ? "" : "s",
                suspects == 1 ? "s" : "");
    if (late)
        fprintf(out, "%s keys of %" PRIu64 " expire later than they must",
                suspects ? ";" : ":", late);
    fputc('.', out);
}

static void write_no_leak(FILE *out, const struct audit *audit)
{
    if (audit->keys)
        fprintf(out, "No leak%s: where most keys of a group expire, or must, all do.",
                audit->rest.is ? " so far" : " found");
    else
        fprintf(out, "No keys were looked at%s, so nothing is known of leaks.",
                audit->rest.is ? " so far" : "");
}

/* What rules are about, and nobody has looked at. */
static void write_unseen(FILE *out, const struct audit_sum *sum)
{
    uint64_t unseen = sum->unseen;

    if (unseen)
        fprintf(out,
                " Of %" PRIu64 " key%s or member%s that must be somewhere nothing is "
                "known: there are too many, or a list or a name is too long.",
                unseen, unseen == 1 ? "" : "s", unseen == 1 ? "" : "s");
    if (sum->moving)
        fprintf(out,
                " %" PRIu64 " more were in two places while these were read, as is "
                "whoever moves, and were not looked at again.",
                sum->moving);
}

/* Is a member lost for not being in a place? */
static bool any_in(const struct audit *audit)
{
    for (size_t i = 0; i < audit->set_count; i++)
        if (members_lost(&audit->sets[i]) && audit->sets[i].rule->places.count)
            return true;
    return false;
}

char *audit_verdict(const struct audit *audit)
{
    struct audit_sum sum = audit_sum(audit);
    uint64_t leaking = sum.leaking_groups, sets = sum.leaking_sets;
    uint64_t unsure = sum.unsure_groups, unsure_sets = sum.unsure_sets;
    char *text;
    FILE *out;

    if (audit->has_since)
        return since_verdict(audit);
    out = mem_stream(&text);
    if (!leaking && !sets && !unsure && !unsure_sets)
        write_no_leak(out, audit);
    if (leaking)
        write_leaking(out, audit, leaking);
    if (sets)
        fprintf(out,
                any_in(audit) ? "%s%" PRIu64 " set%s members without what they need."
                              : "%s%" PRIu64 " set%s members whose keys are gone.",
                leaking ? " " : "", sets, sets == 1 ? " has" : "s have");
    if (unsure)
        fprintf(out,
                "%s%" PRIu64 " group%s leak: of keys without an expiry not all could be "
                "looked at again.",
                leaking || sets ? " " : "", unsure, unsure == 1 ? " may" : "s may");
    if (unsure_sets)
        fprintf(out,
                "%s%" PRIu64 " set%s may have members without what they need: not all "
                "could be looked at again.",
                leaking || sets || unsure ? " " : "", unsure_sets,
                unsure_sets == 1 ? "" : "s");
    write_unseen(out, &sum);
    fclose(out);
    return text;
}

enum exit_status audit_status(const struct audit *audit)
{
    struct audit_sum sum = audit_sum(audit);

    if (audit->interrupted)
        return EXIT_INTERRUPTED;
    if (audit->has_since)
        return audit->since.count ? EXIT_FAIL : EXIT_PASS;
    if (sum.leaking_groups || sum.leaking_sets)
        return EXIT_FAIL;
    if (sum.unsure_groups || sum.unsure_sets || sum.unseen)
        return EXIT_INCONCLUSIVE;
    return audit->keys ? EXIT_PASS : EXIT_NOTHING_RAN;
}

void audit_element(FILE *out, const struct element *element)
{
    for (size_t i = 0; i < element->count; i++)
        fprintf(out, "%s%s", i ? " " : "", element->words[i]);
}

void audit_elements(FILE *out, const struct glimpse *glimpse)
{
    for (size_t i = 0; i < glimpse->count; i++) {
        fputs(i ? "; " : " (", out);
        audit_element(out, &glimpse->elements[i]);
    }
    fputs(glimpse->count ? ")" : "", out);
}
