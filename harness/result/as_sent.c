/* as_sent.c - see as_sent.h. */
#include "result/as_sent.h"

#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "scenario/notation.h"

static const struct command *command_at(const struct finding *finding, size_t i)
{
    return &finding->steps[i].command;
}

static bool has_any(const struct command *command, uint32_t flags)
{
    return command->flags & flags;
}

/* Did it leave before its predecessor was answered? */
static bool is_joined(const struct finding *finding, size_t i)
{
    return finding->steps[i].replies < i;
}

/* Of a program: commands of one line go over one connection. */
static bool is_apart(const struct finding *finding)
{
    return finding->connections > 1 && !mutant("one-connection");
}

static bool is_short(const struct finding *finding)
{
    size_t commands = 0;

    for (size_t i = 0; finding->controlled && i < finding->commands; i++) {
        commands += !has_any(command_at(finding, i), COMMAND_BEGINS | COMMAND_ENDS);
        if (!command_at(finding, i)->line[0] || commands > AS_SENT_COMMANDS)
            return false;
    }
    return commands > 0;
}

/* As it is parsed: proof that it can be. NULL: it cannot, or is too long. */
static char *folded(const char *line)
{
    CLEANUP(notation_release) struct notation notation = NOTATION_NULL;
    struct err ignored = ERR_NULL;
    CLEANUP(mem_freep) char *text = NULL;

    if (notation_parse(str_of(line), &notation, &ignored) < 0)
        return NULL;
    notation_fold(&notation);
    text = notation_text(&notation);
    return strlen(text) <= AS_SENT_COLUMNS ? TAKE_PTR(text) : NULL;
}

static char *in_one_line(const struct finding *finding)
{
    CLEANUP(mem_freep) char *line = NULL;
    FILE *out;

    if (!is_short(finding))
        return NULL;
    out = mem_stream(&line);
    for (size_t i = 0; i < finding->commands; i++)
        fprintf(out, "%s%s",
                i == 0                  ? ""
                : is_joined(finding, i) ? " ; "
                                        : " | ",
                command_at(finding, i)->line);
    fclose(out);
    return folded(line);
}

char *as_sent(const struct finding *finding)
{
    return is_apart(finding) ? NULL : in_one_line(finding);
}

bool as_sent_is_another(const struct finding *finding)
{
    CLEANUP(mem_freep)
    char *line = is_apart(finding) ? in_one_line(finding) : NULL;

    return line;
}

/* --- in one --- */

/* May what comes next depend on what it replied? Nothing that had left already does. */
static bool is_asked(const struct finding *finding, size_t i)
{
    const uint32_t asks = COMMAND_READS | COMMAND_POPS | COMMAND_RETURNS |
                          COMMAND_IF_ABSENT | COMMAND_BLOCKS;

    return has_any(command_at(finding, i), asks) && i + 1 < finding->commands &&
           finding->steps[finding->commands - 1].replies > i;
}

static bool can_be_one(const struct finding *finding)
{
    for (size_t i = 0; i < finding->commands; i++) {
        const struct command *command = command_at(finding, i);

        if (command_has(command, COMMAND_SCRIPT) ||
            command_has(command, COMMAND_BLOCKS) || is_asked(finding, i) ||
            (command_has(command, COMMAND_CONTROL) &&
             !has_any(command, COMMAND_BEGINS | COMMAND_ENDS | COMMAND_PUBLISHES)))
            return false;
    }
    return true;
}

/* The transaction that a command is in belongs to it, from MULTI to EXEC. */
static void widen(const struct finding *finding, size_t *first, size_t *last)
{
    for (size_t i = *first + 1; i-- > 0;) {
        if (i < *first && command_has(command_at(finding, i), COMMAND_ENDS))
            break;
        if (command_has(command_at(finding, i), COMMAND_BEGINS)) {
            *first = i;
            break;
        }
    }
    for (size_t i = *last; i < finding->commands; i++) {
        if (i > *last && command_has(command_at(finding, i), COMMAND_BEGINS))
            break;
        if (command_has(command_at(finding, i), COMMAND_ENDS)) {
            *last = i;
            break;
        }
    }
}

/* The commands of a transaction, without those around them. */
static void write_one(FILE *out, const struct finding *finding, size_t first, size_t last)
{
    const char *between = "";

    fputc('[', out);
    for (size_t i = first; i <= last; i++) {
        if (has_any(command_at(finding, i), COMMAND_BEGINS | COMMAND_ENDS))
            continue;
        fprintf(out, "%s%s", between, command_at(finding, i)->line);
        between = " ; ";
    }
    fputc(']', out);
}

char *as_sent_in_one(const struct finding *finding, size_t first, size_t last)
{
    CLEANUP(mem_freep) char *line = NULL;
    FILE *out;

    if (!is_short(finding) || is_apart(finding) || last >= finding->commands ||
        !can_be_one(finding))
        return NULL;
    widen(finding, &first, &last);
    out = mem_stream(&line);
    for (size_t i = 0; i < finding->commands; i++) {
        if (i > first && i <= last)
            continue;
        fputs(i == 0 ? "" : is_joined(finding, i) ? " ; " : " | ", out);
        if (i == first)
            write_one(out, finding, first, last);
        else
            fputs(command_at(finding, i)->line, out);
    }
    fclose(out);
    return folded(line);
}
