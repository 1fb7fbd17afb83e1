/* strategies.h - which strategies --strategy names. */
#pragma once

#include "base/err.h"
#include "scenario/outline.h"

/* The list is "A,B", each a name or a pattern ("multi*"), of which one that matches
 * nothing is ERR_USAGE; NULL: all. Each strategy stands once in `ret`, which has room for
 * all, in the order of the list. */
int strategies_choose(const struct outline *scenario, const char *list, size_t *ret,
                      size_t *ret_count, struct err *err);
