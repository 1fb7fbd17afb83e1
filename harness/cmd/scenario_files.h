/* scenario_files.h - where scenarios are, and which file an operand means. */
#pragma once

#include <stddef.h>

#include "base/err.h"

/* Where scenarios are: $AFTERKILL_SCENARIOS, else the source tree's if the program was
 * built in one and runs from there, else the installed ones. The caller frees it. */
char *scenario_files_directory(void);

/* The file that an operand means: a path, or the bare name of a scenario in the directory
 * above. */
int scenario_files_path(const char *operand, char **ret, struct err *err);

/* The names (without .lua) of the scenarios in the directory, sorted. It is an error if
 * there are none. */
int scenario_files_known(const char *directory, char ***ret, size_t *ret_count,
                         struct err *err);
void scenario_files_free(char **names, size_t count);
