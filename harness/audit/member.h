/* member.h - questions about one of the members (members.h), and their answers, in the
 * same order. */
#pragma once

#include "audit/members.h"

/* Whether the key of a member is there, if it needs one. A key that another node has is
 * not known to be gone. `count` has one more then. */
void member_ask_key(struct ask *ask, const struct members *members, struct str member);
int member_take_key(struct ask *ask, const struct members *members, unsigned *count,
                    struct err *err);
/* And which places have it, lists not counted. */
void member_ask_needed(struct ask *ask, const struct members *members, struct str member);
int member_take_needed(struct ask *ask, const struct members *members, unsigned *ret,
                       struct err *err);
/* Whether it is still there: a member, or a key. `ret_is_known`: false if the list is too
 * long to say. */
void member_ask(struct ask *ask, const struct members *members, struct str member);
int member_take(struct ask *ask, const struct members *members, bool *ret_is_there,
                bool *ret_is_known, struct err *err);
