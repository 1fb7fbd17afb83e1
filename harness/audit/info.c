/* info.c - see info.h. */
#include "audit/info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/printable.h"

struct str info_value(struct str text, const char *name)
{
    size_t length = strlen(name);
    const char *at = text.bytes, *end = text.bytes + text.length;

    for (const char *next; at < end; at = next) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t line = (size_t)((stop ? stop : end) - at);

        next = stop ? stop + 1 : end;
        if (line > length && memcmp(at, name, length) == 0 && at[length] == ':') {
            line -= length + 1;
            at += length + 1;
            while (line && (at[line - 1] == '\r' || at[line - 1] == ' '))
                line--;
            return (struct str){ at, line };
        }
    }
    return STR("");
}

/* "7.2.4" */
static unsigned version_of(struct str value)
{
    CLEANUP(mem_freep) char *text = mem_printf("%.*s", (int)value.length, value.bytes);
    unsigned major, minor;

    return sscanf(text, "%3u.%2u", &major, &minor) == 2 ? 100 * major + minor : 0;
}

/* Who looks at a server need not trust it. */
static void copy(char *ret, size_t size, struct str value)
{
    CLEANUP(mem_freep) char *text = strndup(value.bytes, value.length);

    printable_copy(ret, size, text, "");
}

static bool is_one(struct str value)
{
    return value.length == 1 && *value.bytes == '1';
}

static int64_t whole(struct str value)
{
    int64_t number = value.length ? 0 : -1;

    for (size_t i = 0; i < value.length; i++) {
        if (value.bytes[i] < '0' || value.bytes[i] > '9' || i > 15)
            return -1;
        number = number * 10 + (value.bytes[i] - '0');
    }
    return number;
}

/* Lines like "db0:keys=12,expires=3,avg_ttl=100". */
static void parse_dbs(const char *text, struct info *info)
{
    for (const char *at = text; (at = strstr(at, "\ndb")); at++) {
        unsigned long long keys, expires;
        unsigned db;

        if (sscanf(at, "\ndb%u:keys=%llu,expires=%llu", &db, &keys, &expires) != 3)
            continue;
        info->dbs = mem_grow(info->dbs, info->db_count + 1, sizeof(*info->dbs));
        info->dbs[info->db_count++] = (struct info_db){ db, keys, expires };
    }
}

struct info info_parse(struct str text)
{
    CLEANUP(mem_freep) char *terminated = strndup(text.bytes, text.length);
    struct info info = { .dbs = NULL };
    struct str valkey = info_value(text, "valkey_version");
    struct str version = valkey.length ? valkey : info_value(text, "redis_version");

    snprintf(info.server, sizeof(info.server), "%s ", valkey.length ? "valkey" : "redis");
    copy(info.server + strlen(info.server), sizeof(info.server) - strlen(info.server),
         version);
    info.version = version_of(info_value(text, "redis_version"));
    copy(info.role, sizeof(info.role), info_value(text, "role"));
    copy(info.run_id, sizeof(info.run_id), info_value(text, "run_id"));
    copy(info.policy, sizeof(info.policy), info_value(text, "maxmemory_policy"));
    info.cluster = is_one(info_value(text, "cluster_enabled"));
    info.loading = is_one(info_value(text, "loading"));
    info.blocked = whole(info_value(text, "blocked_clients"));
    parse_dbs(terminated, &info);
    return info;
}

void info_release(struct info *info)
{
    free(info->dbs);
    *info = (struct info){ .dbs = NULL };
}

struct info_db info_sum(const struct info *info, int db)
{
    struct info_db sum = { .db = db < 0 ? 0 : (unsigned)db };

    for (size_t i = 0; i < info->db_count; i++)
        if (db < 0 || info->dbs[i].db == (unsigned)db) {
            sum.keys += info->dbs[i].keys;
            sum.expires += info->dbs[i].expires;
        }
    return sum;
}
