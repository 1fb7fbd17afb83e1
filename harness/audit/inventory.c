/* inventory.c - see inventory.h. */
#include "audit/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "redis/quote.h"

#define HEAD "afterkill audit: keys, 1"
#define STAYS "stays "
#define EXPIRES "expires "

bool inventory_parse(const char *line, struct inventory_line *ret)
{
    char *end;
    unsigned long db = strtoul(line, &end, 10);
    bool stays;

    if (end == line || *end++ != ' ')
        return false;
    stays = strncmp(end, STAYS, strlen(STAYS)) == 0;
    if (!stays && strncmp(end, EXPIRES, strlen(EXPIRES)) != 0)
        return false;
    *ret = (struct inventory_line){ db, stays, strchr(end, ' ') + 1 };
    return true;
}

static void append(struct inventory *inventory, char *line)
{
    if (inventory->count == inventory->room) {
        inventory->room = 2 * inventory->room + 64;
        inventory->lines =
            mem_grow(inventory->lines, inventory->room, sizeof(*inventory->lines));
    }
    inventory->lines[inventory->count++] = line;
}

void inventory_add(struct inventory *inventory, unsigned db, struct str key, bool stays)
{
    char *line;
    FILE *out = mem_stream(&line);

    fprintf(out, "%u %s", db, stays ? STAYS : EXPIRES);
    quote_print(out, key, true);
    fclose(out);
    append(inventory, line);
}

void inventory_release(struct inventory *inventory)
{
    for (size_t i = 0; i < inventory->count; i++)
        free(inventory->lines[i]);
    free(inventory->lines);
    *inventory = INVENTORY_NULL;
}

/* By database and name alone. */
static int compare(const char *a, const char *b)
{
    struct inventory_line x, y;

    inventory_parse(a, &x);
    inventory_parse(b, &y);
    if (x.db != y.db)
        return x.db < y.db ? -1 : 1;
    return strcmp(x.name, y.name);
}

static int by_key(const void *a, const void *b)
{
    return compare(*(char *const *)a, *(char *const *)b);
}

void inventory_settle(struct inventory *inventory)
{
    size_t kept = 0;

    if (inventory->count)
        qsort(inventory->lines, inventory->count, sizeof(*inventory->lines), by_key);
    for (size_t i = 0; i < inventory->count; i++)
        if (kept && compare(inventory->lines[kept - 1], inventory->lines[i]) == 0)
            free(inventory->lines[i]);
        else
            inventory->lines[kept++] = inventory->lines[i];
    inventory->count = kept;
}

int inventory_write(const struct inventory *inventory, const char *path, struct err *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    FILE *out = mem_stream(&text);

    fputs(HEAD "\n", out);
    for (size_t i = 0; i < inventory->count; i++)
        fprintf(out, "%s\n", inventory->lines[i]);
    fclose(out);
    return file_write(path, text, strlen(text), err);
}

int inventory_read(const char *path, struct inventory *ret, struct err *err)
{
    size_t length, number = 1;
    CLEANUP(mem_freep) char *text = file_read(path, &length);
    CLEANUP(inventory_release) struct inventory inventory = INVENTORY_NULL;
    struct inventory_line parsed;
    char *rest = text, *line;

    if (!text)
        return err_errno(err, "read '%s'", path);
    line = strsep(&rest, "\n");
    if (strcmp(line, HEAD) != 0)
        return err_set(err, ERR_USAGE,
                       "'%s' was not written by audit --before: it does not begin with "
                       "'%s'",
                       path, HEAD);
    while ((line = strsep(&rest, "\n")) && *line) {
        number++;
        if (!inventory_parse(line, &parsed))
            return err_set(err, ERR_USAGE,
                           "%s:%zu: expected a database, 'stays' or 'expires', and the "
                           "name of a key",
                           path, number);
        append(&inventory, mem_strdup(line));
    }
    inventory_settle(&inventory);
    *ret = inventory;
    inventory = INVENTORY_NULL;
    return 0;
}

static bool is_new(const char *line, const char *before, bool after_time)
{
    struct inventory_line now, then;

    inventory_parse(line, &now);
    if (after_time && !now.stays)
        return false;
    return !before || (after_time && !mutant("expiry-forgotten") &&
                       inventory_parse(before, &then) && !then.stays);
}

void inventory_subtract(struct inventory *now, const struct inventory *before,
                        bool after_time)
{
    size_t kept = 0, at = 0;

    for (size_t i = 0; i < now->count; i++) {
        char *line = now->lines[i];
        bool was;

        while (at < before->count && compare(before->lines[at], line) < 0)
            at++;
        was = at < before->count && compare(before->lines[at], line) == 0;
        if (is_new(line, was ? before->lines[at] : NULL, after_time))
            now->lines[kept++] = line;
        else
            free(line);
    }
    now->count = kept;
}
