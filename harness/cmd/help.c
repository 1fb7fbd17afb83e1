/* help.c - afterkill help: the commands, one of them, or the words that are ours. */
#include "cmd/help.h"

#include <string.h>

#include "base/mem.h"
#include "base/redact.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/options.h"

#define WORDS "words"

/* What other programs have no word for, or use in another sense. */
static const struct {
    const char *word, *meaning;
} words[] = {
    { "census",
      "every crash point of a strategy, tried once each; nothing is left to chance" },
    { "control", "an update that nobody interrupts: what it leaves counts as right" },
    { "crash point",
      "a place where an update can be cut off: between two commands, or at a byte" },
    { "gap", "right after a death: nothing wrong is there, but something is missing" },
    { "harm",
      "what is still wrong when keys have expired and survivors have cleaned up" },
    { "lane",
      "one CPU with a redis-server of its own, on which one trial follows another" },
    { "passing",
      "harm that ends by itself soon enough to be tolerated: shown, not counted" },
    { "residue", "what a worker that was killed leaves in Redis" },
    { "torn", "right after a death: part of the old state and part of the new" },
    { "trial", "one worker, one death, one look at what is left, one verdict" },
};

/* And what harm is called. */
static const struct {
    const char *word, *meaning;
} harms[] = {
    { "leaked", "something stays that nobody will ever remove" },
    { "duplicated", "there is more of it than there should be" },
    { "lost", "something is gone that should be there in either case" },
    { "mixed", "part is old and part is new, and it stays so" },
    { "stuck", "the operation cannot be done again, or survivors cannot clean up" },
    { "broken", "what the scenario says must hold (`invariants`) does not" },
};

static const struct {
    const char *command, *about;
} examples[] = {
    { "afterkill run sidekiq_busy", "a well-known bug, and what cures it" },
    { "afterkill replay", "where the first harm of that run comes from" },
    { "afterkill new crash/mylock", "a scenario to put your own update into" },
};

static void write_commands(FILE *out)
{
    const struct subcommand *command;
    const char *group = "";

    for (size_t i = 0; (command = subcommand_at(i)); i++) {
        if (!command->group)
            continue;
        if (strcmp(group, command->group) != 0)
            fprintf(out, "%s\n", command->group);
        group = command->group;
        fprintf(out, "  %-8s  %-14s  %s\n", command->name, command->usage,
                command->about);
    }
}

void help_write(FILE *out)
{
    fputs("Usage: afterkill COMMAND [OPTION...]\n"
          "What does kill -9 leave in your Redis?\n\n",
          out);
    write_commands(out);
    fputs("\nExamples:\n", out);
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
        fprintf(out, "  %-28s  %s\n", examples[i].command, examples[i].about);
    fputs("\n"
          "afterkill help COMMAND (or COMMAND --help) tells more, afterkill help " WORDS
          " what\n"
          "\"census\" and the like mean, afterkill --version which version this is.\n"
          "Exit status: 0 pass, 1 fail, 2 usage or scenario, 3 inconclusive, "
          "4 infrastructure or\n"
          "unexplained states, 5 nothing ran, 130 interrupted.\n",
          out);
}

static void write_words(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        printf("%-11s  %s\n", words[i].word, words[i].meaning);
    fputs("\nHarm is called:\n", stdout);
    for (size_t i = 0; i < ARRAY_SIZE(harms); i++)
        printf("%-11s  %s\n", harms[i].word, harms[i].meaning);
}

int help_unknown(const char *word, struct err *err)
{
    CLEANUP(mem_freep) char *offer = NULL, *shown = redact_urls(word);
    size_t count = 0;

    while (subcommand_at(count))
        count++;
    offer = str_offer(word, count, subcommand_name, NULL);
    return err_set(err, ERR_USAGE,
                   "there is no command '%.100s'; %s (see afterkill --help)", shown,
                   offer);
}

static int check(void *parsed, struct err *err)
{
    const struct operands *operands = parsed;

    return operands->count > 1 ? err_set(err, ERR_USAGE, "more than one command: '%s'",
                                         operands->items[1])
                               : 0;
}

const struct command_line help_line = {
    .check = check,
    .operands_doc = "[COMMAND|" WORDS "]",
    .about = "Tell what a command does, or what the words of reports mean.",
};

int cmd_help(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    static char option[] = "--help";
    struct operands operands = { NULL, 0 };
    CLEANUP(mem_freep) char *name = NULL;
    const struct subcommand *command;
    const char *about;

    options_parse(&help_line, argc, argv, &operands);
    *ret_status = EXIT_PASS;
    about = operands.count ? operands.items[0] : NULL;
    command = about ? subcommand_by_name(about) : NULL;
    if (command) {
        name = mem_printf("afterkill %s", command->name);
        return command->run(2, (char *[]){ name, option, NULL }, ret_status, err);
    }
    if (about && strcmp(about, WORDS) != 0)
        return help_unknown(about, err);
    if (about)
        write_words();
    else
        help_write(stdout);
    return 0;
}
