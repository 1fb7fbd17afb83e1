/* completion_bash.c - see completion.h. Only what bash itself has is used, so that the
 * script works without the package bash-completion, too. */
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/completion.h"

/* What is sourced: the table in the middle sets `words`, and `actions` of compgen. */
static const char beginning[] =
    "# bash completion for afterkill, made from its tables of options.\n"
    "\n"
    "_afterkill_scenarios()\n"
    "{\n"
    "    \"${COMP_WORDS[0]}\" " COMPLETION_NAMES "\n"
    "}\n"
    "\n"
    "_afterkill()\n"
    "{\n"
    "    local command=${COMP_WORDS[1]} current=${COMP_WORDS[COMP_CWORD]}\n"
    "    local previous=${COMP_WORDS[COMP_CWORD - 1]} prefix= words= action\n"
    "    local -a actions=()\n"
    "\n"
    "    COMPREPLY=()\n"
    "    # --option=value comes as three words.\n"
    "    if [[ $current == = ]]; then\n"
    "        current=\n"
    "    elif [[ $previous == = ]]; then\n"
    "        previous=${COMP_WORDS[COMP_CWORD - 2]}\n"
    "    fi\n"
    "    ((COMP_CWORD > 1)) || command=\n"
    "    case $command:$previous in\n";

static const char middle[] = "    *)\n"
                             "        case $command:$current in\n";

static const char end[] =
    "        esac ;;\n"
    "    esac\n"
    "    for action in \"${actions[@]}\"; do\n"
    "        compopt -o filenames 2>/dev/null\n"
    "        # shellcheck disable=SC2086 # an action is an option with its argument\n"
    "        mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen $action -- "
    "\"$current\")\n"
    "    done\n"
    "    [[ $current != *,* ]] || prefix=${current%,*},\n"
    "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(\n"
    "        compgen -P \"$prefix\" -W \"$words\" -- \"${current##*,}\")\n"
    "}\n"
    "\n"
    "complete -F _afterkill afterkill\n";

/* "words=.. actions=(..) ;;" for a place. */
static void put_place(FILE *out, const char *place)
{
    struct candidates candidates = candidates_of(place);
    bool any = *candidates.words || candidates.commands || candidates.scenarios;

    if (any)
        fprintf(out, "words=\"%s", candidates.words);
    if (candidates.commands)
        fputs(*candidates.words ? " " : "", out), completion_commands(out);
    if (candidates.scenarios)
        fputs("$(_afterkill_scenarios)", out);
    if (any)
        fputs("\" ", out);
    if (candidates.files)
        fputs(candidates.scenarios ? "actions=('-f -X !*.lua' -d) " : "actions=(-f) ",
              out);
    else if (candidates.directories)
        fputs("actions=(-d) ", out);
    fputs(";;\n", out);
    candidates_release(&candidates);
}

/* Behind an option that takes a value. */
static void put_value(FILE *out, const struct subcommand *command,
                      const struct cmd_option *option)
{
    if (!option->value)
        return;
    fprintf(out, "    %s:--%s", command->name, option->name);
    if (option->letter)
        fprintf(out, " | %s:-%c", command->name, option->letter);
    fputs(") ", out);
    put_place(out, option_place(option));
}

static void put_name(FILE *out, const struct subcommand *command,
                     const struct cmd_option *option)
{
    (void)command;
    fprintf(out, "--%s ", option->name);
}

void completion_bash(FILE *out)
{
    const struct subcommand *command;

    fputs(beginning, out);
    for (size_t i = 0; (command = subcommand_at(i)); i++)
        completion_options(out, command, put_value);
    fputs(middle, out);
    fputs("        :*) words=\"", out);
    completion_commands(out);
    fputs(" --help --version\" ;;\n", out);
    for (size_t i = 0; (command = subcommand_at(i)); i++) {
        fprintf(out, "        %s:-*) words=\"", command->name);
        completion_options(out, command, put_name);
        fprintf(out, "--help\" ;;\n        %s:*) ", command->name);
        put_place(out, command->line->operands_doc);
    }
    fputs(end, out);
}
