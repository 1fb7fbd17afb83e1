/* table.c - see table.h.
 *
 * An element of the reply: name, arity, flags, first key, last key, step, categories,
 * tips, key specifications (maps, in RESP2 a name before each value), subcommands. */
#include "tap/table.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/mutant.h"

#define AT_NAME 0
#define AT_FLAGS 2
#define AT_KEYS 8

static bool is(const redisReply *reply, const char *text)
{
    return reply->str && strcmp(reply->str, text) == 0;
}

static bool has(const redisReply *array, const char *text)
{
    for (size_t i = 0; i < array->elements; i++)
        if (is(array->element[i], text))
            return true;
    return false;
}

/* Does none of the keys get written, as far as that is told? */
static bool keys_are_read(const redisReply *specifications)
{
    for (size_t i = 0; i < specifications->elements; i++) {
        const redisReply *map = specifications->element[i];

        for (size_t j = 0; j + 1 < map->elements; j += 2)
            if (is(map->element[j], "flags") && !has(map->element[j + 1], "RO"))
                return false;
    }
    return true;
}

static enum table_class class_of(const redisReply *command)
{
    const redisReply *flags = command->element[AT_FLAGS];
    bool reads =
        has(flags, "readonly") && command->elements > AT_KEYS &&
        (keys_are_read(command->element[AT_KEYS]) || mutant("tap-trusts-readonly"));

    if (has(flags, "module") || has(flags, "admin"))
        return TABLE_UNKNOWN;
    if (reads)
        return TABLE_READS;
    return has(flags, "blocking") ? TABLE_UNKNOWN : TABLE_ORDINARY;
}

static int compare_names(const void *a, const void *b)
{
    return strcasecmp(((const struct table_row *)a)->name,
                      ((const struct table_row *)b)->name);
}

static void add(struct command_table *table, const redisReply *command)
{
    struct table_row *row = &table->rows[table->count];

    if (command->elements <= AT_FLAGS || !command->element[AT_NAME]->str ||
        command->element[AT_NAME]->len >= sizeof(row->name))
        return;
    strcpy(row->name, command->element[AT_NAME]->str);
    row->class = class_of(command);
    table->count++;
}

void table_learn(struct command_table *table, struct str reply)
{
    redisReader *reader = redisReaderCreate();
    redisReply *commands = NULL;

    table_release(table);
    redisReaderFeed(reader, reply.bytes, reply.length);
    if (redisReaderGetReply(reader, (void **)&commands) == REDIS_OK && commands) {
        table->rows = MEM_ARRAY(struct table_row, commands->elements);
        for (size_t i = 0; i < commands->elements; i++)
            add(table, commands->element[i]);
        qsort(table->rows, table->count, sizeof(*table->rows), compare_names);
        freeReplyObject(commands);
    }
    redisReaderFree(reader);
}

enum table_class table_find(const struct command_table *table, struct str name)
{
    struct table_row wanted = { .name = "" };
    const struct table_row *found;

    if (!table->count || name.length >= sizeof(wanted.name))
        return TABLE_UNKNOWN;
    memcpy(wanted.name, name.bytes, name.length);
    found = bsearch(&wanted, table->rows, table->count, sizeof(wanted), compare_names);
    return found ? found->class : TABLE_UNKNOWN;
}

void table_release(struct command_table *table)
{
    free(table->rows);
    *table = TABLE_NULL;
}
