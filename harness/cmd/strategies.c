/* strategies.c - see strategies.h. */
#include "cmd/strategies.h"

#include <string.h>

#include "base/mem.h"
#include "base/redact.h"
#include "base/str.h"
#include "redis/glob.h"

/* What is chosen so far. */
struct choice {
    size_t *chosen;
    size_t count;
};

static void choose(struct choice *choice, size_t strategy)
{
    for (size_t i = 0; i < choice->count; i++)
        if (choice->chosen[i] == strategy)
            return;
    choice->chosen[choice->count++] = strategy;
}

/* A name goes before a pattern. Returns whether there is any. */
static bool take(const struct outline *scenario, char *name, struct choice *choice)
{
    const struct patterns pattern = { &name, 1 };
    ptrdiff_t index = outline_find(scenario, name);
    bool any = index >= 0;

    if (any)
        choose(choice, (size_t)index);
    for (size_t i = 0; index < 0 && i < scenario->strategy_count; i++)
        if (patterns_match(&pattern, str_of(scenario->strategies[i].name))) {
            choose(choice, i);
            any = true;
        }
    return any;
}

int strategies_choose(const struct outline *scenario, const char *list, size_t *ret,
                      size_t *ret_count, struct err *err)
{
    CLEANUP(mem_freep) char *copy = list ? mem_strdup(list) : NULL;
    CLEANUP(mem_freep) char *offer = NULL, *shown = NULL;
    struct choice choice = { ret, 0 };
    char *rest = copy, *name;

    for (size_t i = 0; !list && i < scenario->strategy_count; i++)
        choose(&choice, i);
    while ((name = strsep(&rest, ","))) {
        if (take(scenario, name, &choice))
            continue;
        offer =
            str_offer(name, scenario->strategy_count, outline_strategy_name, scenario);
        shown = redact_urls(name);
        return err_set(err, ERR_USAGE, "%s has no strategy '%.60s'; %s", scenario->name,
                       shown, offer);
    }
    *ret_count = choice.count;
    return 0;
}
