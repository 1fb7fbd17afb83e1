/* outline.c - see outline.h. */
#include "scenario/outline.h"

#include <stdlib.h>
#include <string.h>

void outline_release(struct outline *outline)
{
    for (size_t i = 0; i < outline->strategy_count; i++) {
        free(outline->strategies[i].name);
        free(outline->strategies[i].about);
    }
    for (size_t i = 0; i < outline->parameter_count; i++) {
        free(outline->parameters[i].name);
        free(outline->parameters[i].value);
    }
    free(outline->strategies);
    free(outline->parameters);
    free(outline->path);
    free(outline->name);
    free(outline->title);
    free(outline->source);
}

ptrdiff_t outline_find(const struct outline *outline, const char *name)
{
    for (size_t i = 0; i < outline->strategy_count; i++)
        if (strcmp(outline->strategies[i].name, name) == 0)
            return (ptrdiff_t)i;
    return -1;
}

const char *outline_strategy_name(const void *outline, size_t index)
{
    return ((const struct outline *)outline)->strategies[index].name;
}
