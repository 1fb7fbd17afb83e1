/* main.c - parse, run, map to an exit status. The only place that prints errors. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/redact.h"
#include "base/signals.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/version.h"

static const struct {
    int code;
    enum exit_status status;
} statuses[] = {
    { ERR_USAGE, EXIT_USAGE },
    { ERR_STOPPED, EXIT_INTERRUPTED },
    { ERR_LACKING, EXIT_NOTHING_RAN },
};

static int report_error(const struct err *err)
{
    CLEANUP(mem_freep) char *message = redact_urls(err->msg);

    fputs("afterkill: ", stderr);
    str_print_lines(stderr, message, "    ");
    fputc('\n', stderr);
    for (size_t i = 0; i < ARRAY_SIZE(statuses); i++)
        if (statuses[i].code == err->code)
            return (int)statuses[i].status;
    return EXIT_INFRASTRUCTURE;
}

/* What was printed must have arrived. */
static int finish(enum exit_status status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return (int)status;
    fprintf(stderr, "afterkill: write to standard output: %s\n", err_words(errno));
    return EXIT_INFRASTRUCTURE;
}

int main(int argc, char **argv)
{
    enum exit_status status = EXIT_PASS;
    const struct subcommand *command;
    struct err err = ERR_NULL;
    char *name;

    file_hold_standard();
    redact_command_line(argc, argv);
    argp_err_exit_status = EXIT_USAGE;
    signals_end_at_pipe();
    signals_fail_at_limit();
    if (argc < 2) {
        help_write(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help_write(stdout);
        return finish(EXIT_PASS);
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        version_write(stdout);
        return finish(EXIT_PASS);
    }
    command = subcommand_by_name(argv[1]);
    if (!command) {
        help_unknown(argv[1], &err);
        return report_error(&err);
    }
    if (process_check_stack(&err) < 0) {
        static char buffer[BUFSIZ]; /* else printf takes one from the stack */

        setvbuf(stderr, buffer, _IOFBF, sizeof(buffer));
        return report_error(&err);
    }
    name = mem_printf("afterkill %s", command->name);
    argv[1] = name;
    if (command->run(argc - 1, argv + 1, &status, &err) < 0)
        status = (enum exit_status)report_error(&err);
    else
        status = (enum exit_status)finish(status);
    free(name);
    return (int)status;
}
