/* one_line.h - a whole update as it was sent, in the notation (scenario/notation.h), so
 * that it can be tried on its own. */
#pragma once

#include "redis/recording.h"

/* Commands that were sent before their predecessor was answered stand behind a ;, whether
 * they left in the same write or in one of their own; MULTI .. EXEC of such commands is
 * [..]. The caller frees *ret, which is NULL if the update sends nothing, or more bytes
 * than somebody would copy. */
int one_line_of(const struct recording *recording, char **ret, struct err *err);
