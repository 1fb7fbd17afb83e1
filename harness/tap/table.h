/* table.h - which commands cannot change the data, and which are ordinary, by the
 * server's own account of its commands (COMMAND), since servers differ. Pure.
 *
 * A command cannot change the data if it is flagged `readonly` and each of its key
 * specifications says so, too: PFCOUNT is readonly, and writes down what it has counted.
 * (A read that finds a key lapsed removes it; that is no change by Redis' own count, and
 * what a reader sees is the same.) Scripts and functions that are called by EVAL_RO and
 * the like are refused every write.
 *
 * An ordinary one has done what it does when it is answered, as far as flags tell: it
 * does not block. Of what is a module's or an administrator's nothing is known. What is
 * special about replies is not in here, but in expect.h, and so is whether this one may
 * block. Servers before 7.0 have no key specifications: there nothing is known to read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum table_class {
    TABLE_UNKNOWN,  /* or it is special */
    TABLE_ORDINARY, /* it may change the data */
    TABLE_READS,    /* it does not, but may block */
};

struct table_row {
    char name[32]; /* longer ones are unknown */
    enum table_class class;
};

struct command_table {
    struct table_row *rows; /* owned, sorted */
    size_t count;
};
#define TABLE_NULL ((struct command_table){ NULL, 0 })

/* Learns it from a reply to COMMAND, as it came. Of anything else nothing is known. */
void table_learn(struct command_table *table, struct str reply);
enum table_class table_find(const struct command_table *table, struct str name);
void table_release(struct command_table *table);
