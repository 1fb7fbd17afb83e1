/* rules.c - see rules.h. */
#include "audit/rules.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "base/str.h"

#define WORD "expires"
#define SECONDS_MOST (UINT64_C(100) * 366 * 86400)

static const char known[] =
#include "known.rules.inc"
    ;

/* The next word of a line, which is cut there; "" at the end. */
static char *next_word(char **rest)
{
    char *word;

    *rest += strspn(*rest, " \t");
    word = *rest;
    *rest += strcspn(*rest, " \t");
    if (**rest)
        *(*rest)++ = '\0';
    return word;
}

static void add(struct rules *rules, const char *system, const char *glob,
                int64_t within_s)
{
    struct patterns patterns = { MEM_ARRAY(char *, 1), 1 };

    patterns.globs[0] = mem_strdup(glob);
    rules->items = mem_grow(rules->items, rules->count + 1, sizeof(*rules->items));
    rules->items[rules->count++] =
        (struct rule){ mem_strdup(system), patterns, within_s };
}

static bool parse_line(struct rules *rules, char *line)
{
    char *colon = strstr(line, ": "), *rest, *glob, *seconds;
    uint64_t within_s = 0;

    if (!colon || colon == line)
        return false;
    *colon = '\0';
    rest = colon + 1;
    if (strcmp(next_word(&rest), WORD) != 0)
        return false;
    glob = next_word(&rest);
    seconds = next_word(&rest);
    if (!*glob || *next_word(&rest) ||
        (*seconds && !str_whole(seconds, 1, SECONDS_MOST, &within_s)))
        return false;
    add(rules, line, glob, *seconds ? (int64_t)within_s : -1);
    return true;
}

int rules_parse(struct rules *rules, const char *name, const char *text, struct err *err)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(text);
    char *rest = copy, *line;

    for (size_t number = 1; (line = strsep(&rest, "\n")); number++) {
        line[strcspn(line, "\r")] = '\0';
        if (line[strspn(line, " \t")] && *line != '#' && !parse_line(rules, line))
            return err_set(err, ERR_USAGE,
                           "%s:%zu: expected SYSTEM: " WORD
                           " GLOB [SECONDS], as in 'Sidekiq: " WORD " *:work 60'",
                           name, number);
    }
    return 0;
}

void rules_add_known(struct rules *rules)
{
    struct err err;

    rules_parse(rules, "known.rules", known, &err);
}

void rules_release(struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        free(rules->items[i].system);
        patterns_release(&rules->items[i].glob);
    }
    free(rules->items);
    *rules = RULES_NULL;
}

static bool matches(const struct rule *rule, struct group_name name)
{
    return patterns_match(&rule->glob, (struct str){ name.bytes, name.length });
}

static bool is_of(const struct rule *rule, const struct group *group)
{
    if (!group->name_count && !group->example.bytes)
        return false;
    for (size_t i = 0; i < group->name_count; i++)
        if (!matches(rule, group->names[i]))
            return false;
    return !group->example.bytes || matches(rule, group->example);
}

const struct rule *rules_of(const struct rules *rules, const struct group *group)
{
    for (size_t i = 0; i < rules->count && !mutant("rules-unheard"); i++)
        if (is_of(&rules->items[i], group))
            return &rules->items[i];
    return NULL;
}
