/* completion.h - what shells offer behind `afterkill`, as scripts of theirs: commands,
 * options, values, scenarios, files and directories. They are made from the tables of
 * options when afterkill is built; only the names of scenarios are asked for when
 * somebody types (`afterkill list`). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Writes the script for "bash", "zsh" or "fish"; false if it is none of these. */
bool completion_write(FILE *out, const char *shell);

/* ---- what the three have in common ---- */

/* What can stand in a place, as --help calls it: "text|json", "DIR", "SCENARIO". */
struct candidates {
    char *words; /* owned; with a blank between; "" if there are none */
    bool scenarios, commands, files, directories;
    bool list; /* several of the words, with a comma between */
};
/* `place` may be NULL: nothing can. */
struct candidates candidates_of(const char *place);
void candidates_release(struct candidates *candidates);

/* The first part of what --help says of something: as much as fits beside it. The caller
 * frees it. */
char *completion_brief(const char *about);

/* Writes the names of all commands, with a blank between. */
void completion_commands(FILE *out);

/* Calls `each` for all options of a command, with those that several commands have. */
struct subcommand;
struct cmd_option;
void completion_options(FILE *out, const struct subcommand *command,
                        void (*each)(FILE *out, const struct subcommand *command,
                                     const struct cmd_option *option));

void completion_bash(FILE *out);
void completion_zsh(FILE *out);
void completion_fish(FILE *out);

/* What prints the names of all scenarios, a line each, behind the name of the program: of
 * such that mean nothing to a shell, for some expand what is offered. */
#define COMPLETION_NAMES                                                                 \
    "list 2>/dev/null | sed -n 's/^\\([A-Za-z0-9_./-]\\{1,\\}\\)\\( "                    \
    ".*\\)\\{0,1\\}$/\\1/p'"
