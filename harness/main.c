/* main.c - parse, run, map to an exit status. The only place that prints errors. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cmd/cmd.h"

static void help(FILE *out)
{
    const struct subcommand *command;

    fputs("Usage: afterkill COMMAND [OPTION...]\n"
          "What does kill -9 leave in your Redis?\n\n",
          out);
    for (size_t i = 0; (command = subcommand_at(i)); i++)
        fprintf(out, "  %-8s %-13s %s\n", command->name, command->usage, command->about);
    fputs("\n"
          "afterkill COMMAND --help tells more; afterkill --version tells which one this "
          "is.\n"
          "Start with: afterkill run sidekiq_busy\n"
          "Exit status: 0 pass, 1 fail, 2 usage or scenario, 3 inconclusive, "
          "4 infrastructure or\n"
          "unexplained states, 5 nothing ran, 130 interrupted.\n",
          out);
}

static int usage(const char *word)
{
    const char *nearest = NULL;
    size_t count = 0;

    while (subcommand_at(count))
        count++;
    if (word)
        nearest = str_nearest(word, count, subcommand_name, NULL);
    if (nearest)
        fprintf(stderr, "afterkill: there is no command '%s'; did you mean '%s'?\n", word,
                nearest);
    else if (word)
        fprintf(stderr, "afterkill: there is no command '%s'; see afterkill --help\n",
                word);
    else
        help(stderr);
    return EXIT_USAGE;
}

static const struct {
    int code;
    enum exit_status status;
} statuses[] = {
    { ERR_USAGE, EXIT_USAGE },
    { ERR_STOPPED, EXIT_INTERRUPTED },
};

static int report_error(const struct err *err)
{
    fprintf(stderr, "afterkill: %s\n", err->msg);
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
    fprintf(stderr, "afterkill: write to standard output: %s\n", strerror(errno));
    return EXIT_INFRASTRUCTURE;
}

int main(int argc, char **argv)
{
    enum exit_status status = EXIT_PASS;
    const struct subcommand *command;
    struct err err = ERR_NULL;
    char *name;

    argp_err_exit_status = EXIT_USAGE;
    if (argc < 2)
        return (int)usage(NULL);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        help(stdout);
        return finish(EXIT_PASS);
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        puts("afterkill " VERSION);
        return finish(EXIT_PASS);
    }
    command = subcommand_by_name(argv[1]);
    if (!command)
        return usage(argv[1]);
    name = mem_printf("afterkill %s", command->name);
    argv[1] = name;
    if (command->run(argc - 1, argv + 1, &status, &err) < 0)
        status = (enum exit_status)report_error(&err);
    else
        status = (enum exit_status)finish(status);
    free(name);
    return (int)status;
}
