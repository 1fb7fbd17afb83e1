/* info.h - what a server says of itself: INFO, taken apart. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct info_db {
    unsigned db;
    uint64_t keys, expires; /* expires: those of them that have an expiry */
};

struct info {
    char server[48];  /* "redis 7.0.15", "valkey 8.1.1" */
    unsigned version; /* of Redis, or that Valkey stands for: 702 is 7.2; 0: not known */
    char role[16];    /* "master" or "slave", as it says */
    char policy[32];  /* of eviction */
    char run_id[48];  /* another one each time that it starts; "": it does not say */
    bool cluster, loading;
    int64_t blocked;     /* clients that wait in a command; -1: it does not say */
    struct info_db *dbs; /* owned; those that are not empty, as INFO lists them */
    size_t db_count;
};

struct info info_parse(struct str text);
/* The value behind "name:" on a line of its own; "" if there is none. */
struct str info_value(struct str text, const char *name);
void info_release(struct info *info); /* may be called twice */

/* All keys, and those with an expiry; of one database, or of all if `db` is -1. */
struct info_db info_sum(const struct info *info, int db);
