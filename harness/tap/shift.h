/* shift.h - what a program says of instants, told to a server by another clock. Pure.
 *
 * The clock of a program may be ahead of its server's, or stand still. Then an instant of
 * its own that it sets (EXPIREAT, SET .. PXAT, XCLAIM .. TIME) is one of the server's
 * only if it is moved by as much as the clocks differ, and a time that it asks for (TIME,
 * EXPIRETIME, HEXPIRETIME) is one of its own only if that is moved back: those commands
 * become scripts that do. What scripts of the program's do themselves is not seen, nor
 * are the ids that the server gives to entries of streams (XADD ..*) and the instants of
 * deliveries that XINFO STREAM .. FULL tells. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* The program's clock beside the true one. */
struct shift {
    bool frozen;
    int64_t ms; /* the instant at which it stands, since 1970; else how far it is ahead */
};
#define SHIFT_NONE ((struct shift){ false, 0 })

/* What has to be sent in place of a command at an instant (ms since 1970, by the true
 * clock). False: the command itself. Numbers that make no sense are left to Redis. */
bool shift_command(const struct shift *shift, int64_t now_ms, const struct str *words,
                   size_t count, struct buffer *ret);
