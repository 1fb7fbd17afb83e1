/* marks.h - a letter for what a death at a crash point leaves. Pure. */
#pragma once

#include <stdbool.h>

#include "result/result.h"

struct mark {
    char letter;
    const char *meaning;
    const char *color; /* an escape sequence */
};

/* Of several words the first. */
const struct mark *mark_of(const struct point *point);
/* All marks, for a legend, mildest first; NULL past the end. */
const struct mark *mark_at(size_t index);
bool mark_is_used(const struct result *result, const struct mark *mark);
