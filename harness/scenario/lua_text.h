/* lua_text.h - strings of Lua's as texts of C's. The only place where one becomes the
 * other: `wings_includes` sees to that.
 *
 * Lua's have a length and may hold any byte; C's end at the first zero byte. What would
 * be cut there is refused, or shown whole to people, and never cut: 'k\0x' among the keys
 * to be ignored would be `k`. What Redis is sent, and what it replied, are bytes. */
#pragma once

#include <lua.h>

#include "base/str.h"
#include "scenario/mistake.h"

/* The bytes of the string at the index, which Lua owns; a number becomes one. */
struct str lua_text_bytes(lua_State *lua, int index);

/* The same as a text of C's; NULL: it is no string, or has a zero byte. */
const char *lua_text(lua_State *lua, int index);

/* The text of the string or number at the index, which Lua owns. A zero byte in it is a
 * mistake of `what`, on the line of the word. */
int lua_text_get(const struct mistake_file *file, int index, const char *word,
                 const char *what, const char **ret);

/* Any value for people, as tostring() has it, but with \x00 in the place of each zero
 * byte. It is pushed, and Lua owns it. */
const char *lua_text_shown(lua_State *lua, int index);
