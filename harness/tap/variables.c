/* variables.c - see variables.h. */
#include "tap/variables.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct variables {
    char **items; /* owned, NULL-terminated */
    size_t count;
};

/* With the = behind it. */
static size_t name_length(const char *variable)
{
    size_t length = strcspn(variable, "=");

    return length + (variable[length] == '=');
}

static void put(struct variables *variables, char *variable)
{
    for (size_t i = 0; i < variables->count; i++)
        if (strncmp(variables->items[i], variable, name_length(variable)) == 0) {
            free(variables->items[i]);
            variables->items[i] = variable;
            return;
        }
    variables->items = mem_grow(variables->items, variables->count + 2, sizeof(char *));
    variables->items[variables->count++] = variable;
    variables->items[variables->count] = NULL;
}

static bool is_kept(const char *variable)
{
    static const char *const not_kept[] = { "REDIS_URL=", "REDIS_HOST=", "REDIS_PORT=",
                                            "REDIS_SOCKET=", "AFTERKILL_" };

    for (size_t i = 0; i < ARRAY_SIZE(not_kept); i++)
        if (strncmp(variable, not_kept[i], strlen(not_kept[i])) == 0)
            return false;
    return true;
}

#define PLACES 4
struct place {
    const char *word;
    char *text;
};

static char *fill_in(const char *variable, const struct place places[PLACES])
{
    char *text;
    FILE *out = mem_stream(&text);
    size_t name = name_length(variable);

    fwrite(variable, 1, name, out);
    for (const char *at = variable + name; *at;) {
        const struct place *found = NULL;

        for (size_t i = 0; i < PLACES && !found; i++)
            if (strncmp(at, places[i].word, strlen(places[i].word)) == 0)
                found = &places[i];
        fputs(found ? found->text : (char[]){ *at, '\0' }, out);
        at += found ? strlen(found->word) : 1;
    }
    fclose(out);
    return text;
}

char **variables_make(char *const *own, const struct address *tcp,
                      const struct address *socket, char *const *given)
{
    struct variables variables = { NULL, 0 };
    struct place places[PLACES] = {
        { "{url}", mem_printf("redis://" LOOPBACK ":%u/0", tcp->port) },
        { "{host}", mem_strdup(LOOPBACK) },
        { "{port}", mem_printf("%u", tcp->port) },
        { "{socket}", mem_strdup(socket->path) },
    };

    for (; *own; own++)
        if (is_kept(*own))
            put(&variables, mem_strdup(*own));
    put(&variables, fill_in("REDIS_URL={url}", places));
    put(&variables, fill_in("REDIS_HOST={host}", places));
    put(&variables, fill_in("REDIS_PORT={port}", places));
    put(&variables, fill_in("REDIS_SOCKET={socket}", places));
    for (; given && *given; given++)
        put(&variables, fill_in(*given, places));
    for (size_t i = 0; i < PLACES; i++)
        free(places[i].text);
    return variables.items;
}

void variables_free(char **variables)
{
    for (char **variable = variables; variable && *variable; variable++)
        free(*variable);
    free(variables);
}
