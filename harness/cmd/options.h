/* options.h - tables of options.
 *
 * A subcommand has a table with a row for each of its options: what --help says of it,
 * how its value is taken, and where in the subcommand's own struct it goes. What is not
 * understood ends the program as argp does: status 2, with the option and what was
 * expected. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "report/format.h"

#define LANES_MOST 256

struct cmd_option {
    const char *name;
    const char *value; /* what --help calls it; NULL: the option is a flag */
    const char *about; /* NULL: of OPTION_FORMAT */
    int group;         /* in --help, those of a group stand together */
    /* Takes the text to its target. An error is a message for the user. */
    int (*take)(const struct cmd_option *option, void *target, const char *text,
                struct err *err);
    size_t at;              /* of the target in the subcommand's struct */
    double above, below;    /* of a real number, which lies strictly between */
    uint64_t least, most;   /* of a whole number */
    char letter;            /* its short form; 0: it has none */
    enum document document; /* of OPTION_FORMAT */
};

/* The row of --format, whose target is a const struct format *: of those that there are
 * of a document, in the words of all commands. */
#define OPTION_FORMAT(of, in_group, target)                                              \
    {                                                                                    \
        .name = "format", .value = "FORMAT", .group = (in_group), .take = option_format, \
        .at = (target), .document = (of)                                                 \
    }

/* What --help says of it, and what may stand as its value: words (text|json|csv) or the
 * name of something; NULL: it is a flag. Both hold until the next call. */
const char *option_about(const struct cmd_option *option);
const char *option_place(const struct cmd_option *option);

int option_flag(const struct cmd_option *option, void *target, const char *text,
                struct err *err); /* bool */
int option_text(const struct cmd_option *option, void *target, const char *text,
                struct err *err); /* const char *, borrowed from argv */
int option_directory(const struct cmd_option *option, void *target, const char *text,
                     struct err *err); /* the same, and not empty */
int option_file(const struct cmd_option *option, void *target, const char *text,
                struct err *err); /* so is this */
int option_whole(const struct cmd_option *option, void *target, const char *text,
                 struct err *err); /* uint64_t */
int option_real(const struct cmd_option *option, void *target, const char *text,
                struct err *err); /* double */
int option_share(const struct cmd_option *option, void *target, const char *text,
                 struct err *err); /* double, or "0.1%" */
int option_seconds(const struct cmd_option *option, void *target, const char *text,
                   struct err *err); /* double, or "500ms" */
int option_format(const struct cmd_option *option, void *target, const char *text,
                  struct err *err); /* const struct format * */
int option_word(const struct cmd_option *option, void *target, const char *text,
                struct err *err); /* const char *, one of those in `value` */

/* Warns on standard error of more lanes than this process has CPUs: they take turns then,
 * and times are of that. */
void option_lanes_warn(uint64_t lanes);

/* Is standard output to be coloured? `color` is "auto", "always" or "never". */
bool option_color_wanted(const char *color);
/* What afterkill is called here, for commands to be copied. */
const char *option_program(void);
/* The style of documents on standard output: as wide as the terminal that it is, and with
 * the name under which afterkill was called. */
struct report_style option_style(const char *color);

/* What is no option; borrowed from argv. */
struct operands {
    char **items;
    size_t count;
};

/* A subcommand's line. */
struct command_line {
    const struct cmd_option *options; /* ends with a row without a name; NULL: none */
    const char *operands_doc, *about; /* for --help; see argp */
    size_t operands_at;               /* of a struct operands */
    /* Looks at everything when it has been taken; an error is a message for the user.
     * NULL: there is nothing to look at. */
    int (*check)(void *options, struct err *err);
    /* More options that several lines have, under a heading in --help. NULL: none. */
    const struct command_line *more;
    const char *more_title;
    int more_group;
    size_t more_at; /* of their struct */
};

/* Does an option of the command have this letter? */
bool options_have_letter(const struct command_line *line, char letter);

/* Parses a command line into the subcommand's struct, which holds the defaults. Ends the
 * program if it is not understood, or asks for help. */
void options_parse(const struct command_line *line, int argc, char **argv, void *options);
