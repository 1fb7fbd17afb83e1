/* one_line.h - a whole update as it was sent, in the notation (scenario/notation.h), so
 * that it can be tried on its own. */
#pragma once

#include <stdio.h>

#include "redis/recording.h"

/* Writes a line of `program` (NULL: afterkill) that is there to be copied. Commands that
 * were sent before their predecessor was answered stand behind a ;, whether they left in
 * the same write or in one of their own; MULTI .. EXEC of such commands is [..]. Nothing
 * if the update sends nothing, or more bytes than somebody would copy. */
int one_line_write(FILE *out, const struct recording *recording, const char *program,
                   struct err *err);
