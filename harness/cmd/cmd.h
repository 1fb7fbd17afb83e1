/* cmd.h - the subcommands. Adding one is adding a row to the table in cmd.c; --help and
 * the list of commands come from it. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "result/exit_status.h"

struct subcommand {
    const char *name;
    const char *usage; /* its operands */
    const char *about;
    /* argv[0] is the command. *ret_status is the process's exit status, valid if 0 is
     * returned. */
    int (*run)(int argc, char **argv, enum exit_status *ret_status, struct err *err);
};

const struct subcommand *command_by_name(const char *name);  /* NULL if there is none */
const struct subcommand *command_at(size_t index);           /* NULL past the end */
const char *command_name(const void *ignored, size_t index); /* for str_nearest() */

int cmd_run(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_replay(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_report(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_compare(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_baseline(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_merge(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_check(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_new(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_list(int argc, char **argv, enum exit_status *ret_status, struct err *err);

/* Where scenarios are: $AFTERKILL_SCENARIOS, else the source tree's if the program was
 * built in one and runs from there, else the installed ones. The caller frees it. */
char *scenario_directory(void);

/* The file that an operand means: a path, or the bare name of a scenario in the directory
 * above. */
int scenario_path(const char *operand, char **ret, struct err *err);

/* Names (without .lua) of the scenarios in the directory, sorted; the caller frees all.
 */
size_t scenario_names(const char *directory, char ***ret);
/* The same, but it is an error if there are none. */
int scenario_names_known(const char *directory, char ***ret, size_t *ret_count,
                         struct err *err);
void scenario_names_free(char **names, size_t count);
