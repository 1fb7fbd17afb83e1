/* cmd.h - the subcommands. Adding one is adding a row to the table in cmd.c; --help, the
 * list of commands, the manual page and what shells complete come from it. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "cmd/options.h"
#include "result/exit_status.h"

struct subcommand {
    const char *name;
    const char *group; /* its heading in the list of commands; NULL: it is not in it */
    const char *usage; /* its operands */
    const char *about;
    const struct command_line *line; /* its options and operands */
    /* argv[0] is the command. *ret_status is the process's exit status, valid if 0 is
     * returned. */
    int (*run)(int argc, char **argv, enum exit_status *ret_status, struct err *err);
};

const struct subcommand *subcommand_by_name(const char *name); /* NULL if there is none */
const struct subcommand *subcommand_at(size_t index);          /* NULL past the end */
const char *subcommand_name(const void *ignored, size_t index); /* for str_nearest() */

extern const struct command_line run_line, try_line, replay_line, report_line,
    compare_line, baseline_line, merge_line, check_line, audit_line, new_line, help_line,
    list_line;

int cmd_run(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_try(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_replay(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_report(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_compare(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_baseline(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_merge(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_check(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_audit(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_new(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_help(int argc, char **argv, enum exit_status *ret_status, struct err *err);
int cmd_list(int argc, char **argv, enum exit_status *ret_status, struct err *err);
