/* outline.c - see outline.h. */
#include "scenario/outline.h"

#include <stdlib.h>
#include <string.h>

#include "base/printable.h"

void outline_release(struct outline *outline)
{
    for (size_t i = 0; i < outline->strategy_count; i++) {
        free(outline->strategies[i].name);
        free(outline->strategies[i].about);
        free(outline->strategies[i].try_options);
    }
    for (size_t i = 0; i < outline->parameter_count; i++) {
        free(outline->parameters[i].name);
        free(outline->parameters[i].value);
    }
    for (int i = 0; i < TIME_COUNT; i++)
        free(outline->times[i]);
    free(outline->strategies);
    free(outline->parameters);
    free(outline->path);
    free(outline->name);
    free(outline->title);
    free(outline->source);
}

bool outline_is_name(const char *name)
{
    return *name && !strchr(name, '/') && printable_is(name);
}

const char *outline_time_name(enum outline_time time)
{
    static const char *const names[TIME_COUNT] = {
        [TIME_TOLERATE] = "tolerate",
        [TIME_RECOVER_AFTER] = "recover_after",
        [TIME_MOMENTS] = "moments",
    };

    return names[time];
}

ptrdiff_t outline_find(const struct outline *outline, const char *name)
{
    for (size_t i = 0; i < outline->strategy_count; i++)
        if (strcmp(outline->strategies[i].name, name) == 0)
            return (ptrdiff_t)i;
    return -1;
}

struct parameter *outline_assigned(const struct outline *outline, const char *assignment)
{
    size_t length = strcspn(assignment, "=");

    for (size_t i = 0; i < outline->parameter_count; i++)
        if (strncmp(outline->parameters[i].name, assignment, length) == 0 &&
            !outline->parameters[i].name[length])
            return &outline->parameters[i];
    return NULL;
}

const char *outline_strategy_name(const void *outline, size_t index)
{
    return ((const struct outline *)outline)->strategies[index].name;
}

/* 0: it stands nowhere, or more than once. */
static unsigned line_of(const char *text, const char *name)
{
    size_t length = strlen(name);
    unsigned line = 1, found = 0;

    for (const char *at = text; *at; at++) {
        bool quote = *at == '"' || *at == '\'';

        if (quote && strncmp(at + 1, name, length) == 0 && at[length + 1] == *at) {
            if (found)
                return 0;
            found = line;
        }
        line += *at == '\n';
    }
    return found;
}

void outline_find_lines(struct outline *outline, const char *text)
{
    for (size_t i = 0; i < outline->strategy_count; i++)
        outline->strategies[i].line = line_of(text, outline->strategies[i].name);
}
