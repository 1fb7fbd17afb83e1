/* inventory.h - which keys there were: a file that one audit writes, and a later one
 * reads to say what is new.
 *
 * A text with a line for each key: its database, "expires" or "stays", and its name in
 * the quotes of redis-cli. It is meant for the databases of test suites, and is held in
 * memory as a whole. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

struct inventory {
    char **lines; /* owned; in order once they are settled, each of them once */
    size_t count, room;
};
#define INVENTORY_NULL ((struct inventory){ NULL, 0, 0 })

void inventory_add(struct inventory *inventory, unsigned db, struct str key, bool stays);
/* Puts the lines in order, and those of a key that SCAN showed twice together. */
void inventory_settle(struct inventory *inventory);
void inventory_release(struct inventory *inventory); /* may be called twice */

int inventory_write(const struct inventory *inventory, const char *path, struct err *err);
/* Reads one into `ret`, settled; a mistake is told with its line. */
int inventory_read(const char *path, struct inventory *ret, struct err *err);

/* Keeps of `now` what was not there `before`, both settled. `after_time`: as if all that
 * expires were gone, so that a key which had an expiry and has none any more is new. */
void inventory_subtract(struct inventory *now, const struct inventory *before,
                        bool after_time);

/* A line, taken apart; the name is in quotes where it needs them. */
struct inventory_line {
    unsigned long db;
    bool stays;
    const char *name; /* borrowed */
};
bool inventory_parse(const char *line, struct inventory_line *ret);
