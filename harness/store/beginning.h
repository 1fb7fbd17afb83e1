/* beginning.h - the tables of a new run's file, and what is known before anything is
 * done: what was asked for, what the run is made with, parameters, strategies, outcomes.
 */
#pragma once

#include "plan/request.h"
#include "result/result.h"
#include "store/database.h"
#include "store/environment.h"

/* Within a transaction of the caller's. */
int beginning_write(struct database *database, const struct request *request,
                    const struct environment *environment, const struct result *result,
                    struct err *err);
