/* kept.h - runs that are kept, looked into and changed by the tests' own SQL, not by
 * afterkill's. */
#pragma once

#include "testlib.h"

/* One value of a query of a run's file; "" if there is none. The caller frees it. */
char *kept_ask(const char *directory, const char *sql);
long long kept_number(const char *directory, const char *sql);
/* The same of what is in the file of a run that goes on, into which nobody else may look:
 * of what is being committed some may be there already. 0 if there is nothing to be read.
 */
long long kept_number_so_far(const char *directory, const char *sql);
/* Runs statements on a run's file. */
__attribute__((format(printf, 2, 3))) void kept_change(const char *directory,
                                                       const char *sql, ...);

/* A run that is gone on with has so many seconds for its kills, with those it has had. */
void kept_plan_time(const char *directory, long long seconds);

/* A file of a run's directory as text. The caller frees it. */
char *kept_text(const char *directory, const char *name);
/* A run's own file, byte for byte. The caller frees them. */
char *kept_bytes(const char *directory, size_t *ret_count);
void kept_write(const char *directory, const void *bytes, size_t count);
/* A run's file alone, in a new directory. */
void kept_copy(const char *from, const char *to);

/* Makes of a run one that an afterkill has kept which kept no traces of programs. */
void kept_make_traceless(const char *directory);

/* Is there anything at all in the file? */
bool kept_has_begun(const char *directory);
