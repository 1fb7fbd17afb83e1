/* audit.c - see audit.h. */
#include "audit/audit.h"

#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_weight(const void *a, const void *b)
{
    const struct audit_group *x = a, *y = b;
    int order = compare(y->leaks, x->leaks);

    if (!order)
        order = compare(y->unsure, x->unsure);
    if (!order && (x->leaks || x->unsure))
        order = compare(y->keys.persistent, x->keys.persistent);
    if (!order)
        order = compare(y->keys.keys, x->keys.keys);
    if (!order)
        order = compare(x->db, y->db);
    return order ? order : strcmp(x->pattern, y->pattern);
}

void audit_sort(struct audit *audit)
{
    if (audit->group_count)
        qsort(audit->groups, audit->group_count, sizeof(*audit->groups), by_weight);
}

bool audit_is_suspect(const struct audit_group *group)
{
    const struct rule *rule = group->rule;

    if (!rule)
        return group_is_mixed(&group->keys);
    return !rule->if_others || group_expiring(&group->keys) || mutant("alone-suspect");
}

size_t audit_looked_again(const struct audit_group *group)
{
    return audit_is_suspect(group) ? group->keys.drawn.count : 0;
}

uint64_t audit_unlooked(const struct audit_group *group)
{
    return audit_is_suspect(group) ? group->keys.persistent - group->keys.drawn.count : 0;
}

struct audit_sum audit_sum(const struct audit *audit)
{
    struct audit_sum sum = { .unseen = 0 };

    for (size_t i = 0; i < audit->group_count; i++) {
        sum.leaking_groups += audit->groups[i].leaks;
        sum.unsure_groups += audit->groups[i].unsure;
    }
    for (size_t i = 0; i < audit->set_count; i++) {
        const struct members *members = &audit->sets[i];

        sum.leaking_sets += members_lost(members) > 0;
        sum.unsure_sets += members_unsure(members);
        sum.unseen += members->unseen;
        sum.moving += members_moving(members);
    }
    return sum;
}

void audit_release(struct audit *audit)
{
    for (size_t i = 0; i < audit->set_count; i++)
        members_release(&audit->sets[i]);
    free(audit->sets);
    free(audit->trips_ns);
    for (size_t i = 0; i < audit->group_count; i++) {
        for (size_t k = 0; k < audit->groups[i].suspect_count; k++)
            glimpse_release(&audit->groups[i].suspects[k].glimpse);
        group_release(&audit->groups[i].keys);
        free(audit->groups[i].pattern);
        free(audit->groups[i].glob);
    }
    free(audit->groups);
    free(audit->target);
    info_release(&audit->info);
    inventory_release(&audit->since);
    *audit = (struct audit){ .groups = NULL };
}
