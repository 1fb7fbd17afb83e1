/* as_sent.c - see as_sent.h. */
#include "result/as_sent.h"

#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "scenario/notation.h"

static const struct command *command_at(const struct finding *finding, size_t i)
{
    return finding->sent[i];
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
