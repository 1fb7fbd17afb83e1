/* mistake.h - what the parts that check a scenario file share: the file, and how a
 * mistake in it is reported. */
#pragma once

#include "base/err.h"
#include "scenario/scenario.h"

/* What is needed while a file is being checked. */
struct loader {
    struct lua_State *lua;
    struct scenario *scenario;
    const struct scenario_settings *settings;
    char *text; /* of the file, for line numbers; "" if it cannot be read */
    struct err *err;
};

char *loader_read_text(
    const char *path); /* freed by the caller; "" if it cannot be read */

/* ERR_USAGE, "path:line: text". Lua does not tell on which line a table's key stands, so
 * the line is the first on which the word stands by itself, or 1. */
__attribute__((format(printf, 3, 4))) int loader_mistake(const struct loader *loader,
                                                         const char *word,
                                                         const char *format, ...);

/* May a strategy or an invariant be called so? Printable, no spaces and commas. */
bool loader_is_name(const char *text);
