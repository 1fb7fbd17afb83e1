/* completion.c - see completion.h. */
#include "cmd/completion.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"

/* The names that --help has for what is no word. What is not here is anything. */
static const struct {
    const char *place;
    struct candidates candidates;
} places[] = {
    { "SCENARIO", { .scenarios = true, .files = true } },
    { "GLOB", { .scenarios = true } },
    { "COMMAND", { .commands = true } },
    { "DIR", { .directories = true } },
    { "RUN", { .directories = true } },
    { "SHARD", { .directories = true } },
    { "BASE", { .files = true } }, /* a baseline, or a directory */
    { "NEW", { .files = true } },
    { "FILE", { .files = true } },
    { "PATH", { .files = true } },
};

/* A part of what --help calls the place, which is a word or the name of something. */
static void add_part(struct candidates *candidates, const char *part, size_t length)
{
    CLEANUP(mem_freep) char *name = mem_printf("%.*s", (int)length, part);
    CLEANUP(mem_freep) char *words = NULL;

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        const struct candidates *more = &places[i].candidates;

        if (strcmp(places[i].place, name) != 0)
            continue;
        candidates->scenarios |= more->scenarios;
        candidates->commands |= more->commands;
        candidates->files |= more->files;
        candidates->directories |= more->directories;
    }
    if (!islower((unsigned char)*name))
        return;
    words = TAKE_PTR(candidates->words);
    candidates->words = mem_printf("%s%s%s", words, *words ? " " : "", name);
}

struct candidates candidates_of(const char *place)
{
    struct candidates candidates = { .words = mem_strdup("") };

    for (const char *part = place; part && *part;) {
        size_t length = 0;

        while (isalpha((unsigned char)part[length]))
            length++;
        if (length)
            add_part(&candidates, part, length);
        part += length ? length : 1;
    }
    candidates.list = *candidates.words && strchr(place, ',');
    return candidates;
}

void candidates_release(struct candidates *candidates)
{
    free(candidates->words);
    candidates->words = NULL;
}

char *completion_brief(const char *about)
{
    static const char *const ends[] = { " (", "; ", ": ", ". ", ", as " };
    size_t length = strlen(about);

    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        const char *end = strstr(about, ends[i]);

        if (end && (size_t)(end - about) < length)
            length = (size_t)(end - about);
    }
    return mem_printf("%.*s", (int)length, about);
}

void completion_commands(FILE *out)
{
    const struct subcommand *command;

    for (size_t i = 0; (command = subcommand_at(i)); i++)
        fprintf(out, "%s%s", i ? " " : "", command->name);
}

void completion_options(FILE *out, const struct subcommand *command,
                        void (*each)(FILE *out, const struct subcommand *command,
                                     const struct cmd_option *option))
{
    for (const struct command_line *line = command->line; line; line = line->more)
        for (const struct cmd_option *option = line->options; option && option->name;
             option++)
            each(out, command, option);
}

bool completion_write(FILE *out, const char *shell)
{
    static const struct {
        const char *shell;
        void (*write)(FILE *out);
    } shells[] = {
        { "bash", completion_bash },
        { "zsh", completion_zsh },
        { "fish", completion_fish },
    };

    for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
        if (strcmp(shells[i].shell, shell) == 0) {
            shells[i].write(out);
            return true;
        }
    return false;
}
