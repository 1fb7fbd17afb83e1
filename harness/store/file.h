/* file.h - where a run is kept: one SQLite file in its directory. */
#pragma once

#include <stdbool.h>

#include "store/database.h"

#define STORE_FILE "run.sqlite"

/* A new file. There is one already: -EEXIST. */
int stored_create(const char *directory, struct database *ret, struct err *err);
/* Opens a run's file; one that is missing, empty or none is ERR_USAGE. */
int stored_open(const char *directory, enum database_access access, struct database *ret,
                struct err *err);
/* Did words mean something else when it was made? */
bool stored_outdated(const struct database *database);
/* Was it made by an afterkill that judged as this one does? Else it can be read and
 * reported, and nothing more: ERR_USAGE. */
int stored_current(const struct database *database, struct err *err);
/* Is there a run in the directory? Not if who began it was killed before anything was
 * committed. */
int stored_begun(const char *directory, bool *ret, struct err *err);
