/* grouping.c - see grouping.h. */
#include "audit/grouping.h"

#include <stdlib.h>

#include "base/mem.h"

struct grouping grouping_of(const struct rules *rules)
{
    return (struct grouping){ rules, learner_new(&group_blocks),
                              mem_alloc((rules->count + 1) * sizeof(struct group)) };
}

void grouping_release(struct grouping *grouping)
{
    learner_free(grouping->learner);
    for (size_t i = 0; grouping->of_rules && i < grouping->rules->count; i++)
        group_release(&grouping->of_rules[i]);
    free(grouping->of_rules);
    *grouping = GROUPING_NULL;
}

static struct group *of_rule(struct grouping *grouping, struct str key)
{
    const struct rule *rule = rules_match(grouping->rules, key);

    return rule ? &grouping->of_rules[rule - grouping->rules->items] : NULL;
}

struct group *grouping_add(struct grouping *grouping, struct str key)
{
    struct group *group = of_rule(grouping, key);

    return group ? group : learner_add(grouping->learner, key);
}

struct group *grouping_find(struct grouping *grouping, struct str key)
{
    struct group *group = of_rule(grouping, key);

    return group ? group : learner_find(grouping->learner, key);
}

/* Takes a group with what it owns. */
static struct audit_group *take(struct audit *audit, unsigned db, const char *pattern,
                                const char *glob, struct group *keys)
{
    struct audit_group *group;

    audit->groups =
        mem_grow(audit->groups, audit->group_count + 1, sizeof(*audit->groups));
    group = &audit->groups[audit->group_count++];
    *group = (struct audit_group){
        .db = db, .pattern = mem_strdup(pattern), .glob = mem_strdup(glob), .keys = *keys
    };
    *keys = (struct group){ .keys = 0 };
    return group;
}

struct collecting {
    struct audit *audit;
    unsigned db;
};

static void take_learned(void *context, const struct learned *learned)
{
    const struct collecting *to = context;

    take(to->audit, to->db, learned->pattern, learned->glob, learned->block)->crowded =
        learned->crowded;
}

void grouping_collect(struct grouping *grouping, unsigned db, struct audit *audit)
{
    learner_settle(grouping->learner);
    learner_each(grouping->learner, take_learned, &(struct collecting){ audit, db });
    for (size_t i = 0; i < grouping->rules->count; i++) {
        const struct rule *rule = &grouping->rules->items[i];
        struct group *keys = &grouping->of_rules[i];

        if (keys->keys)
            take(audit, db, rule->glob.globs[0], rule->glob.globs[0], keys)->rule = rule;
    }
}
