/* scan_sets.c - sets whose members stand for something, and keys that must be somewhere
 * (members.h): looked at in steps, among the batches of a scan, and again at its end. */
#include "audit/scanning.h"
#include "base/clock.h"
#include "base/mem.h"

static int look_at_members(struct scan *scan, struct members members, struct err *err)
{
    struct audit *audit = scan->audit;
    struct members *kept;

    audit->sets = mem_grow(audit->sets, audit->set_count + 1, sizeof(*audit->sets));
    kept = &audit->sets[audit->set_count++];
    *kept = members;
    kept->fresh = scan->options->fresh;
    while (!kept->done && scan_is_wanted(scan, scan->db, 0)) {
        uint64_t start_ns = clock_now_ns();

        if (members_step(&scan->ask, kept, scan->count, err) < 0)
            return err->code;
        if (scan_is_paced(scan->options) && !kept->done)
            scan_adapt(scan, ns_to_s((double)(clock_now_ns() - start_ns)));
    }
    if (kept->begun && (kept->rule->of_keys || kept->type != KEY_OTHER))
        return 0;
    members_release(kept);
    audit->set_count--;
    return 0;
}

int scan_sets(struct scan *scan, struct err *err)
{
    const struct rules *rules = scan->options->rules;

    for (size_t i = 0; i < rules->count && scan_minds_sets(scan); i++) {
        const struct rule *rule = &rules->items[i];

        if (scan->audit->interrupted)
            return 0;
        if (rule->key && !rule_has_stars(rule) &&
            look_at_members(scan, members_of(rule, scan->db), err) < 0)
            return err->code;
    }
    return 0;
}

int scan_found(struct scan *scan, struct err *err)
{
    struct found *found = &scan->found;

    found_settle(found);
    for (size_t i = 0; i < found->count; i++) {
        struct found_rule *of = &found->rules[i];

        while (of->count && !scan->audit->rest.is)
            if (look_at_members(scan, of->items[--of->count], err) < 0)
                return err->code;
    }
    return 0;
}

/* Waits until what was found has been so for as long as its rule says. False: somebody
 * asks for an end. */
static bool is_time(struct scan *scan, const struct members *members)
{
    double least = members->newcomers ? NEW_FOR_S : 0,
           wanted = (double)members->rule->for_s;
    double seconds = (wanted > least ? wanted : least) -
                     ns_to_s((double)(clock_now_ns() - members->since_ns));

    if (!members_looked_again(members) || seconds <= 0)
        return true;
    scan_pause(scan, seconds);
    return scan_is_wanted(scan, scan->db, 0);
}

int scan_sets_again(struct scan *scan, struct err *err)
{
    for (size_t i = 0; i < scan->audit->set_count; i++) {
        struct members *members = &scan->audit->sets[i];

        if (members->db != scan->db)
            continue;
        if (!is_time(scan, members))
            members_leave(members);
        else if (members_look_again(&scan->ask, members, err) < 0)
            return err->code;
    }
    return 0;
}
