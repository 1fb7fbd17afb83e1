/* intern.h - equal bytes kept once: of many things that are few different ones, each is a
 * pointer. */
#pragma once

#include <stddef.h>

#include "base/arena.h"

struct intern {
    struct arena arena;
    const struct interned **slots; /* owned; a power of two of them, at most half taken */
    size_t room, count;
};
#define INTERN_NULL ((struct intern){ ARENA_NULL, NULL, 0, 0 })

/* A copy, aligned for anything: the same one of whatever has the same bytes. It stays
 * where it is until all are released. */
const void *intern_keep(struct intern *intern, const void *bytes, size_t count);
void intern_release(struct intern *intern);
