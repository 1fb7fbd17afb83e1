/* try_line.h - what `afterkill try` has to be told beside an update, so that a line asks
 * of it what a scenario asks. */
#pragma once

#include <stdbool.h>

struct lua_State;

#define TRY_LINE_COLUMNS 240

/* Of the strategy whose table is on top of the stack, and of the scenario's table at that
 * index: "--before 'SET k 1' ", with a space at its end; "": nothing has to be told.
 * NULL: no line can ask it, because it is not in the notation, or no option of `try`, or
 * too long. The caller frees it. */
char *try_line_options(struct lua_State *lua, int scenario);

/* Is it what that function may have returned? It is printed as a part of a line for a
 * shell, and the run that says it may be anybody's. */
bool try_line_is(const char *text);
