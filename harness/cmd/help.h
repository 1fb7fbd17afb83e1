/* help.h - what afterkill says of itself, from the table of commands. */
#pragma once

#include <stdio.h>

#include "base/err.h"

void help_write(FILE *out); /* all commands, in their groups */

/* There is no such command: ERR_USAGE with those that there are, and the nearest. */
int help_unknown(const char *word, struct err *err);
