/* shorthand.h - functions of a scenario's that need not be written.
 *
 * Where a scenario takes a function it takes a text in the notation (notation.h), too:
 * Lua is made of it that says the same, and it is compiled to be of the scenario's file
 * and line, so that what goes wrong in it is told like anything else.
 *
 *     update  = "RPOP w | LPUSH q job1"
 *     update  = atomic("INCR k | EXPIRE k 60")       the text "[INCR k ; EXPIRE k 60]"
 *     recover = requeue{from = "w", to = "q"}        moves all elements of a list back
 *     alive   = acquires("lock", 60)                 SET .. NX must do it; EX 60
 *
 * What is tried as `alive` fails by a reply, too: if a command that writes only what is
 * absent (SET .. NX, SETNX, ..) did not, or if the last reply is nil. In a script the
 * last call's reply is looked at. */
#pragma once

#include "scenario/mistake.h"

/* Adds the globals, before the file is run; removes them. The file stays borrowed in
 * between. */
void shorthand_open(const struct mistake_file *file);
void shorthand_close(struct lua_State *lua);

/* Makes a function of the text on top of the stack, which is of that key, in its place.
 */
int shorthand_compile(const struct mistake_file *file, const char *key);
