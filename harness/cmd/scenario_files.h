/* scenario_files.h - where scenarios are, which file an operand means, and what one is
 * loaded with. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "plan/request.h"
#include "scenario/parameters.h"

/* Where scenarios are: $AFTERKILL_SCENARIOS, else the source tree's if the program was
 * built in one and runs from there, else the installed ones. The caller frees it. */
char *scenario_files_directory(void);

/* The file that an operand means: a path, or the bare name of a scenario in the directory
 * above, or "-": standard input, which can be read more than once from then on. */
#define SCENARIO_STDIN "/dev/stdin"
int scenario_files_path(const char *operand, char **ret, struct err *err);

/* What a scenario is loaded with, as a request says; borrows from it. */
struct parameter_settings scenario_files_settings(const struct request *request);

/* The names (without .lua) of the scenarios in the directory, sorted. It is an error if
 * there are none. */
int scenario_files_known(const char *directory, char ***ret, size_t *ret_count,
                         struct err *err);
void scenario_files_free(char **names, size_t count);
