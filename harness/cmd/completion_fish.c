/* completion_fish.c - see completion.h. */
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/completion.h"

static const char beginning[] =
    "# fish completion for afterkill, made from its tables of options.\n"
    "\n"
    "function __afterkill_scenarios\n"
    "    afterkill " COMPLETION_NAMES "\n"
    "end\n"
    "\n"
    "complete -c afterkill -f\n"
    "complete -c afterkill -n __fish_use_subcommand -s h -l help -d 'Give help'\n"
    "complete -c afterkill -n __fish_use_subcommand -s V -l version -d 'Print the "
    "version'\n";

/* As one word of fish's. */
static void put_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('\'', out);
}

/* " -a '..'", and whether files are offered too. */
static void put_place(FILE *out, const struct candidates *candidates)
{
    bool any = *candidates->words || candidates->commands || candidates->scenarios ||
               candidates->directories;

    if (candidates->files)
        fputs(" -F", out);
    if (!any)
        return;
    if (candidates->list) {
        fprintf(out,
                " -a '(__fish_complete_list , \"string split \\\" \\\" \\\"%s\\\"\")'",
                candidates->words);
        return;
    }
    fprintf(out, " -a '%s", candidates->words);
    if (candidates->commands)
        fputc(' ', out), completion_commands(out);
    if (candidates->scenarios)
        fputs(" (__afterkill_scenarios)", out);
    if (candidates->directories)
        fputs(" (__fish_complete_directories)", out);
    fputc('\'', out);
}

static void put_begin(FILE *out, const struct subcommand *command)
{
    fprintf(out, "complete -c afterkill -n '__fish_seen_subcommand_from %s'",
            command->name);
}

static void put_option(FILE *out, const struct subcommand *command,
                       const struct cmd_option *option)
{
    CLEANUP(mem_freep) char *brief = completion_brief(option_about(option));
    struct candidates candidates = candidates_of(option_place(option));

    put_begin(out, command);
    if (option->letter)
        fprintf(out, " -s %c", option->letter);
    fprintf(out, " -l %s", option->name);
    if (option->value)
        fputs(candidates.files ? " -r" : " -x", out);
    put_place(out, &candidates);
    candidates_release(&candidates);
    fputs(" -d ", out);
    put_quoted(out, brief);
    fputc('\n', out);
}

void completion_fish(FILE *out)
{
    const struct subcommand *command;

    fputs(beginning, out);
    for (size_t i = 0; (command = subcommand_at(i)); i++) {
        fprintf(out, "complete -c afterkill -n __fish_use_subcommand -a %s -d ",
                command->name);
        put_quoted(out, command->about);
        fputc('\n', out);
    }
    for (size_t i = 0; (command = subcommand_at(i)); i++) {
        struct candidates candidates = candidates_of(command->line->operands_doc);

        put_begin(out, command);
        put_place(out, &candidates);
        candidates_release(&candidates);
        fputc('\n', out);
        completion_options(out, command, put_option);
        put_begin(out, command);
        fprintf(out, "%s -l help -d 'Give this help'\n",
                options_have_letter(command->line, 'h') ? "" : " -s h");
    }
}
