/* second_look.h - the suspects of a group, looked at when all keys have been seen.
 *
 * A key that was between two commands of somebody's update the first time has its expiry
 * now, or is gone, and is no suspect. Of the others it is asked how old and how big they
 * are. */
#pragma once

#include "audit/ask.h"
#include "audit/audit.h"

/* Sets the group's suspects, if it is mixed or of a rule, and whether it leaks. */
int second_look(struct ask *ask, struct audit_group *group, struct err *err);
/* And reads the first of what its suspects have, so many elements of each. */
int second_look_inside(struct ask *ask, struct audit_group *group, uint64_t elements,
                       struct err *err);
