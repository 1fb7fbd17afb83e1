/* notation_lua.h - what is written in the notation, as Lua that says the same. Pure.
 *
 *     local unpack, error = ... return function(redis) local r
 *     r = redis.call('RPOP', 'w') r = redis.call('LPUSH', 'q', 'a') end
 *
 * It has one line, so that whoever compiles it can give it the line it stands for. A
 * lua(..) is an EVAL; the first key of each of its commands is one of the script's. */
#pragma once

#include "scenario/notation.h"

/* The function raises if the operation was not done, where `looks_at_replies`: a command
 * that writes only what is absent was answered nil or 0, or the last one nil. The caller
 * frees it. */
char *notation_lua(const struct notation *notation, bool looks_at_replies);

/* Any bytes as a string of Lua's: 'it\039s'. */
void notation_lua_literal(FILE *out, struct str bytes);
