/* mistake.h - how a mistake in a scenario file is reported: "file:line: what it is, and
 * what was expected". */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* A file that is being checked. */
struct mistake_file {
    struct lua_State *lua;
    const char *path;
    const char *text; /* of the file, for line numbers; "" if it cannot be read */
    struct err *err;
};

/* ERR_USAGE, "path:line: text". Lua does not tell on which line a table's key stands, so
 * the line is the first on which the word stands by itself, or 1. */
__attribute__((format(printf, 3, 4))) int mistake(const struct mistake_file *file,
                                                  const char *word, const char *format,
                                                  ...);

/* The same of a line that is known. */
__attribute__((format(printf, 3, 4))) int mistake_at(const struct mistake_file *file,
                                                     int line, const char *format, ...);
/* The first line on which the word stands by itself; 1 if it does nowhere. */
int mistake_line(const struct mistake_file *file, const char *word);
/* Is the text, which reports print as it is, printable? Else a mistake about `what`, on
 * the line of the word. */
int mistake_unless_printable(const struct mistake_file *file, const char *word,
                             const char *what, const char *text);

/* May a strategy or an invariant be called so? Printable, no spaces and commas,
 * and not what a line of ours begins with, for it may begin one. */
bool mistake_is_name(const char *text);
