/* untested.c - see untested.h. */
#include "result/untested.h"

#include "base/mutant.h"
#include "result/tally.h"

/* Does every crash point leave the old state, as the first one does, which is before any
 * command? If a function of the scenario's can tell it apart, it is another state all the
 * same. */
static bool is_untested(const struct finding *finding)
{
    const struct point *points = finding->points;

    if (!tally_census_complete(finding) || mutant("nothing-tested"))
        return false;
    for (uint64_t k = 1; k < finding_points(finding); k++)
        if (!points[k].alike || !verdict_equal(&points[k].verdict, &points[0].verdict))
            return false;
    return true;
}

static bool changes_something(const struct command *command)
{
    return !(command->flags & (COMMAND_READS | COMMAND_CONTROL));
}

/* Is there no crash point between the first of its changes and the last? */
static bool is_one_piece(const struct finding *finding)
{
    bool queues = false, queued = false;
    uint64_t pieces = 0;

    for (uint64_t k = 0; k < finding->commands; k++) {
        const struct command *command = finding->sent[k];

        if (command_has(command, COMMAND_BEGINS))
            queues = true, queued = false;
        else if (command_has(command, COMMAND_ENDS))
            pieces += queued, queues = queued = false;
        else if (queues)
            queued |= changes_something(command);
        else
            pieces += changes_something(command);
    }
    return pieces <= 1;
}

/* Which of the keys that it may have changed is ignored, if all of them are? NULL: not
 * all, or there are none, or nobody knows (as of fields). */
static const char *find_ignored(const struct finding *finding,
                                const struct ignored *ignore)
{
    const char *ignored = NULL;

    for (uint64_t k = 0; k < finding->commands; k++) {
        const struct command *command = finding->sent[k];

        if (!changes_something(command))
            continue;
        /* One without a key may have changed any, such as the one nobody thinks of. */
        if (!ignored_key(ignore, command->key_hash ? str_of(command->key) : STR("\n")))
            return NULL;
        ignored = command->key_hash ? command->key : "any";
    }
    return ignored;
}

static int check_one(const struct result *result, const struct finding *finding,
                     const struct ignored *ignore, struct err *err)
{
    const char *ignored = find_ignored(finding, ignore);
    char why[256];

    if (ignored)
        snprintf(why, sizeof(why),
                 "nothing is left that counts: the keys that it writes are all in "
                 "`ignore` (%s); name fewer keys there",
                 ignored);
    else if (!is_one_piece(finding))
        snprintf(why, sizeof(why),
                 "none of its %llu crash points leaves anything but the old state, "
                 "expiries included%s; let `before` leave something else than the update",
                 (unsigned long long)finding_points(finding),
                 ignore->keys.count + ignore->fields.count
                     ? ", and what is in `ignore` does not count"
                     : "");
    else
        return 0;
    return err_set(err, ERR_USAGE,
                   "%s: strategy '%s': nothing was tested: %s, or say noop = true if "
                   "that is meant",
                   result->scenario->path, finding->strategy->name, why);
}

int untested_check(const struct result *result, const struct ignored *ignore,
                   struct err *err)
{
    int code = 0;

    result_foreach (finding, result)
        if (code == 0 && is_untested(finding) && !finding->strategy->noop)
            code = check_one(result, finding, ignore, err);
    return code;
}
