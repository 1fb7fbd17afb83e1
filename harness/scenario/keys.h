/* keys.h - the keys that a table of a scenario's may have, as a table of them, and simple
 * values of theirs. The table is on top of the stack. */
#pragma once

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#include "redis/glob.h"
#include "scenario/mistake.h"

/* A key that a table may have. Lua types that it may take are bits: 1 << LUA_T... */
struct key {
    const char *name;
    unsigned types;
    const char *expected;
    bool required;
};
#define STRING (1u << LUA_TSTRING)
#define TABLE (1u << LUA_TTABLE)
#define FUNCTION (1u << LUA_TFUNCTION)
#define NUMBER (1u << LUA_TNUMBER)
#define BOOLEAN (1u << LUA_TBOOLEAN)

struct keys {
    const struct key *keys;
    size_t count;
    const char *table; /* what has these keys */
};

/* Checks names, types and presence of the keys of the table on top of the stack. */
int keys_check(const struct mistake_file *file, const struct keys *keys);

/* Is the table on top of the stack a list and nothing else? */
bool keys_is_list(lua_State *lua);

/* The value of a key; "", false or none if it is not there. The caller frees a string. A
 * string with a zero byte is a mistake, here and below. */
int keys_string(const struct mistake_file *file, const char *name, char **ret);
bool keys_flag(lua_State *lua, const char *name);
int keys_patterns(const struct mistake_file *file, const char *name,
                  struct patterns *ret);
/* The same of names of commands, each a word. */
int keys_commands(const struct mistake_file *file, const char *name,
                  struct patterns *ret);

/* The string, finite number or boolean on top of the stack as text; a number with digits
 * enough to be the same. The caller frees it. Else a mistake of `what`, on the line of
 * the word. */
int keys_value(const struct mistake_file *file, const char *word, const char *what,
               char **ret);
/* The same of a string or a number; a boolean is a mistake, too. */
int keys_text(const struct mistake_file *file, const char *word, const char *what,
              char **ret);
