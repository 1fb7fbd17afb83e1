/* rows.h - the rows of a run's file: what an event says becomes one or a few.
 *
 * Statements are prepared once and run again and again. When a transaction begins and
 * ends is write.c's affair. */
#pragma once

#include "result/event.h"
#include "store/database.h"

struct rows;

/* The database is borrowed, and closed after them. */
struct rows *rows_open(struct database *database);
struct rows *rows_close(struct rows *rows); /* NULL is fine; returns NULL */

/* What an event says. Events that leave nothing to keep are fine. */
int rows_take(struct rows *rows, enum event_type type, const void *body, size_t bytes,
              struct err *err);

/* A fact about the run. */
int rows_put_text(struct rows *rows, const char *name, const char *value,
                  struct err *err);
int rows_put_whole(struct rows *rows, const char *name, uint64_t value, struct err *err);
int rows_put_real(struct rows *rows, const char *name, double value, struct err *err);

/* The number of the state that a crash point leaves, 0 if there is none; and of any
 * state, which gets one if it has none. */
int rows_state_of_point(struct rows *rows, int64_t strategy, int64_t point, int64_t *ret,
                        struct err *err);
int rows_state(struct rows *rows, int64_t strategy, struct signature signature,
               const struct verdict *verdict, int64_t *ret, struct err *err);
