/* fake_time.h - the time that a program sees, faked by libfaketime.
 *
 * Survivors run at a moment after the death, which has not come yet: to them the clock is
 * ahead. A program whose clock is frozen sees one instant for as long as it runs, so that
 * what it writes is the same each time. Its timers go on: the monotonic clock is not
 * faked. The library is preloaded (`faketime` itself forks, and its child outlives the
 * kill). It does nothing for programs that are linked statically; and Redis has its own
 * time, which is true. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Is the library there? */
bool fake_time_is_there(void);

/* What is added to a program's environment, NAME=value, at most so many, terminated by
 * NULL: `now` is what it is to see, in seconds since 1970, and stays if it is frozen, or
 * else the clock goes on from `ahead_s` seconds ahead of the true one. Nothing, if that
 * is the true time, or the library is not there. `preload` is what
 * LD_PRELOAD says already, or NULL. The caller frees each of them. */
#define FAKE_TIME_MOST 7
void fake_time_environment(bool frozen, int64_t now, int64_t ahead_s, const char *preload,
                           char *ret[FAKE_TIME_MOST]);
