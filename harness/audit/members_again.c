/* members_again.c - the second look at members (members.h), when all keys have been seen:
 * who was only between two places, or two commands, is well by now. */
#include "audit/member.h"
#include "base/mutant.h"

#define LOOKS_MOST 3 /* at what becomes something else meanwhile */

enum look { LOOK_WELL, LOOK_LOST, LOOK_UNTOLD };

/* Is it in no place, or in too many, although it is there? What moves from one place to
 * another is in both or in neither only if that is no transaction: all questions are in
 * one write. A place that has become something else is asked again. */
static int look_closely(struct ask *ask, struct members *members, struct str member,
                        enum look *ret, struct err *err)
{
    *ret = LOOK_UNTOLD;
    for (unsigned looks = 0; looks < LOOKS_MOST; looks++) {
        bool is_there = false, is_told = false, is_known = false, is_wrong;
        unsigned places = 0, keys = 0;

        member_ask_key(ask, members, member);
        member_ask(ask, members, member);
        places_ask_all(ask, &members->places, member);
        if (ask_send(ask, err) < 0 || member_take_key(ask, members, &keys, err) < 0 ||
            member_take(ask, members, &is_there, &is_told, err) < 0 ||
            places_take_all(ask, &members->places, &places, &is_known, err) < 0)
            return err->code;
        places += keys;
        is_wrong = !places || (places > 1 && members->rule->one_of);
        if (!is_told && is_wrong)
            break; /* its own list will not be shorter the next time */
        if (!is_known && !mutant("places-unsure"))
            continue;
        *ret = is_there && is_wrong ? LOOK_LOST : LOOK_WELL;
        return 0;
    }
    return 0;
}

static int look_at_found(struct ask *ask, struct members *members, struct wrong *wrong,
                         struct err *err)
{
    for (size_t i = 0; i < wrong->drawn.count; i++) {
        enum look look;

        if (look_closely(ask, members, group_name_str(wrong->drawn.names[i]), &look,
                         err) < 0)
            return err->code;
        wrong->is_lost[i] = look == LOOK_LOST;
        wrong->lost += look == LOOK_LOST;
        members->untold += look == LOOK_UNTOLD;
    }
    return 0;
}

static int look_at_newcomers(struct ask *ask, struct members *members, struct err *err)
{
    struct newcomers *newcomers = members->newcomers;

    for (size_t i = 0; newcomers && i < newcomers->drawn.count; i++) {
        enum look look;

        if (look_closely(ask, members, group_name_str(newcomers->drawn.names[i]), &look,
                         err) < 0)
            return err->code;
        newcomers->left += look == LOOK_LOST;
    }
    return 0;
}

int members_look_again(struct ask *ask, struct members *members, struct err *err)
{
    if ((members_looked_again(members) && places_find(ask, &members->places, err) < 0) ||
        look_at_found(ask, members, &members->alone, err) < 0 ||
        look_at_found(ask, members, &members->several, err) < 0)
        return err->code;
    return look_at_newcomers(ask, members, err);
}

void members_leave(struct members *members)
{
    members->untold += members_looked_again(members);
    drawn_forget(&members->alone.drawn);
    drawn_forget(&members->several.drawn);
}
