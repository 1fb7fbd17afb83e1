/* completion_zsh.c - see completion.h. A function for compinit, by _arguments. */
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/completion.h"

static const char beginning[] =
    "#compdef afterkill\n"
    "# zsh completion for afterkill, made from its tables of options.\n"
    "\n"
    "_afterkill_scenarios()\n"
    "{\n"
    "    local -a names\n"
    "    names=(${(f)\"$(_call_program scenarios afterkill " COMPLETION_NAMES ")\"})\n"
    "    compadd -a names\n"
    "}\n"
    "\n"
    "_afterkill_commands()\n"
    "{\n"
    "    local -a commands\n"
    "    commands=(\n";

static const char middle[] =
    "    )\n"
    "    _describe command commands\n"
    "}\n"
    "\n"
    "_afterkill()\n"
    "{\n"
    "    local context curcontext=$curcontext state line\n"
    "    typeset -A opt_args\n"
    "\n"
    "    _arguments -C '(- *)'{-h,--help}'[Give help]' \\\n"
    "        '(- *)'{-V,--version}'[Print the version]' \\\n"
    "        '1:command:_afterkill_commands' '*::argument:->arguments' && return\n"
    "    [[ $state == arguments ]] || return\n"
    "    case $words[1] in\n";

static const char end[] = "    esac\n"
                          "}\n"
                          "\n"
                          "_afterkill \"$@\"\n";

/* Inside of single quotes, where some characters mean something to _arguments. */
static void put_text(FILE *out, const char *text)
{
    for (; *text; text++)
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", *text))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
}

/* ":PLACE:what can stand there". */
static void put_place(FILE *out, const char *place)
{
    struct candidates candidates = candidates_of(place);
    const char *name = strchr(place, '\n') ? "argument" : place;

    fputc(':', out);
    put_text(out, name);
    fputc(':', out);
    if (candidates.list)
        fprintf(out, "_sequence compadd - %s", candidates.words);
    else if (candidates.scenarios && candidates.files)
        fputs("{ _afterkill_scenarios; _files -g \"*.lua\" }", out);
    else if (candidates.scenarios)
        fputs("_afterkill_scenarios", out);
    else if (candidates.commands)
        fprintf(out, "{ _afterkill_commands; compadd - %s }", candidates.words);
    else if (candidates.files && *candidates.words)
        fprintf(out, "{ compadd - %s; _files }", candidates.words);
    else if (candidates.files || candidates.directories)
        fputs(candidates.files ? "_files" : "_directories", out);
    else if (*candidates.words)
        fprintf(out, "(%s)", candidates.words);
    else
        fputc(' ', out);
    candidates_release(&candidates);
}

static void put_option(FILE *out, const struct subcommand *command,
                       const struct cmd_option *option)
{
    CLEANUP(mem_freep) char *brief = completion_brief(option_about(option));
    const char *equals = option->value ? "=" : "";

    (void)command;
    if (option->letter)
        fprintf(out, "            '*'{-%c%s,--%s%s}'[", option->letter,
                option->value ? "+" : "", option->name, equals);
    else
        fprintf(out, "            '*--%s%s[", option->name, equals);
    put_text(out, brief);
    fputc(']', out);
    if (option->value)
        put_place(out, option_place(option));
    fputs("' \\\n", out);
}

void completion_zsh(FILE *out)
{
    const struct subcommand *command;

    fputs(beginning, out);
    for (size_t i = 0; (command = subcommand_at(i)); i++) {
        fprintf(out, "        '%s:", command->name);
        put_text(out, command->about);
        fputs("'\n", out);
    }
    fputs(middle, out);
    for (size_t i = 0; (command = subcommand_at(i)); i++) {
        fprintf(out, "    %s)\n        _arguments -S \\\n", command->name);
        completion_options(out, command, put_option);
        fputs("            '(- *)'{-h,--help}'[Give this help]' '*", out);
        put_place(out, command->line->operands_doc);
        fputs("' ;;\n", out);
    }
    fputs(end, out);
}
