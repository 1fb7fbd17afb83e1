/* keys.h - the keys that a table of a scenario's may have, as a table of them. */
#pragma once

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

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
