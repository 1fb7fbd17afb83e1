/* program_line.h - afterkill run -- COMMAND..: a program that stands on the command line,
 * as the scenario that it is; and what can be asked of runs that have programs in them.
 */
#pragma once

#include "base/err.h"
#include "plan/request.h"
#include "scenario/scenario.h"

/* Where the command begins: behind "--", where there may be nothing; 0: there is none. */
int program_line_find(int argc, char **argv);

/* Lets standard input be a scenario of one strategy, which is the command: nothing was
 * there before, all that it does is the operation, and survivors are time. */
int program_line_hold(char *const *command, struct err *err);

/* What a run of it is called: the program's file name, made printable: one that
 * outline_is_name(). The caller frees it. */
char *program_line_name(char *const *command);

/* An error of that scenario, whose file and lines nobody has written, names the command
 * in their place. */
void program_line_explain(char *const *command, struct err *err);

/* Programs are not killed at random instants yet, nor their bytes counted: what is asked
 * for becomes their census. ERR_USAGE if more was asked for than that (`trials_given`: by
 * a number of trials). */
int program_line_limit(const struct scenario *scenario, bool trials_given,
                       struct request *request, struct err *err);
