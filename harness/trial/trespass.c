/* trespass.c - see trespass.h. */
#include "trial/trespass.h"

#include "base/mutant.h"
#include "redis/fence.h"
#include "scenario/refusal.h"

int trespass_check(struct judge *judge, const char *what, struct err *err)
{
    struct trespass trespass;
    const char *command = trespass.command;
    const struct refusal *refusal;
    int code;

    if (mutant("trespass-unseen"))
        return 0;
    code = fence_look(judge->keeper.connection, judge->keeper.names, &trespass, err);
    if (code < 0)
        return code;
    refusal = refusal_of(false, 1, &command);
    if (command[0] && judge->scenario->programs.any)
        return err_set(err, ERR_REFUSED,
                       "%s: it sent %s, which is refused: programs are kept in database "
                       "0, alone of which is looked at what they leave, and may not "
                       "empty others; point them to database 0, and let FLUSHALL be "
                       "FLUSHDB",
                       what, command);
    if (command[0])
        return err_set(err, ERR_REFUSED, "%s: a script sent %s, which is refused: %s",
                       what, command, refusal ? refusal->reason : "it leaves database 0");
    if (trespass.database >= 0)
        return err_set(err, ERR_REFUSED,
                       "%s writes to database %d; only database 0 is looked at", what,
                       trespass.database);
    return 0;
}

int trespass_check_kept(struct judge *judge, const struct kept *kept,
                        const struct snapshot *old, struct err *err)
{
    CLEANUP(snapshot_release) struct snapshot now = SNAPSHOT_NULL;
    char difference[EXAMPLE_TEXT];
    int code = keeper_restore(&judge->keeper, kept, err);

    if (code == 0)
        code = snapshot_take(&judge->observer, 0, &now, err);
    if (code < 0)
        return code;
    state_sort(&now.state);
    if (!state_difference(&old->state, &now.state, difference, sizeof(difference)) ||
        mutant("kept-unchecked"))
        return 0;
    return err_set(err, ERR_REFUSED,
                   "%s: the old state that is kept for all strategies has changed (%s); "
                   "something in the scenario reaches other databases than 0",
                   judge->scenario->outline.path, difference);
}
