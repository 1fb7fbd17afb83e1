/* rules.c - see rules.h. */
#include "audit/rules.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "base/str.h"

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

static struct rule *add(struct rules *rules, const char *system)
{
    rules->items = mem_grow(rules->items, rules->count + 1, sizeof(*rules->items));
    rules->items[rules->count] = (struct rule){ mem_strdup(system), .within_s = -1 };
    return &rules->items[rules->count++];
}

static struct patterns only(const char *glob)
{
    struct patterns patterns = { MEM_ARRAY(char *, 1), 1 };

    patterns.globs[0] = mem_strdup(glob);
    return patterns;
}

/* Takes them away from the end of a line, if it has them. */
static bool cut_if_others(char *line)
{
    static const char words[] = " if others do";
    size_t length = strlen(line), tail = sizeof(words) - 1;

    while (length && strchr(" \t", line[length - 1]))
        line[--length] = '\0';
    if (length < tail || strcmp(line + length - tail, words) != 0)
        return false;
    line[length - tail] = '\0';
    return true;
}

/* GLOB [SECONDS] [if others do] */
static bool parse_expires(struct rules *rules, const char *system, char *rest)
{
    bool if_others = cut_if_others(rest);
    char *glob = next_word(&rest), *seconds = next_word(&rest);
    uint64_t within_s;
    struct rule *rule;

    if (!*glob || *next_word(&rest) ||
        (*seconds && !str_whole(seconds, 1, SECONDS_MOST, &within_s)))
        return false;
    rule = add(rules, system);
    rule->glob = only(glob);
    rule->if_others = if_others;
    if (*seconds)
        rule->within_s = (int64_t)within_s;
    return true;
}

/* KEY have NAME [if GLOB], KEY in OTHER [if GLOB] */
static bool parse_members(struct rules *rules, const char *system, char *rest)
{
    char *key = next_word(&rest), *have = next_word(&rest), *needs = next_word(&rest);
    char *condition = next_word(&rest), *glob = next_word(&rest);
    const char *star = strchr(needs, '*');
    bool is_in = strcmp(have, "in") == 0;
    struct rule *rule;

    if (!*key || (!is_in && strcmp(have, "have") != 0) || !*needs || !star != is_in ||
        (star && strchr(star + 1, '*')) || *next_word(&rest) ||
        (*condition && (strcmp(condition, "if") != 0 || !*glob)))
        return false;
    rule = add(rules, system);
    if (*condition)
        rule->glob = only(glob);
    rule->key = mem_strdup(key);
    rule->needs = mem_strdup(needs);
    rule->is_in = is_in;
    return true;
}

static const struct {
    const char *word;
    bool (*parse)(struct rules *rules, const char *system, char *rest);
} kinds[] = {
    { "expires", parse_expires },
    { "members", parse_members },
};

static bool parse_line(struct rules *rules, char *line)
{
    char *colon = strstr(line, ": "), *rest, *word;

    if (!colon || colon == line)
        return false;
    *colon = '\0';
    rest = colon + 1;
    word = next_word(&rest);
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (strcmp(word, kinds[i].word) == 0)
            return kinds[i].parse(rules, line, rest);
    return false;
}

int rules_parse(struct rules *rules, const char *name, const char *text, struct err *err)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(text);
    char *rest = copy, *line;

    for (size_t number = 1; (line = strsep(&rest, "\n")); number++) {
        line[strcspn(line, "\r")] = '\0';
        if (line[strspn(line, " \t")] && *line != '#' && !parse_line(rules, line))
            return err_set(
                err, ERR_USAGE,
                "%s:%zu: expected SYSTEM: expires GLOB [SECONDS] [if others do], as in "
                "'Sidekiq: expires *:work 60', SYSTEM: members KEY have NAME "
                "[if GLOB], as in 'Sidekiq: members processes have *', or "
                "SYSTEM: members KEY in OTHER [if GLOB]",
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
        free(rules->items[i].key);
        free(rules->items[i].needs);
    }
    free(rules->items);
    *rules = RULES_NULL;
}

#define SPECIAL "*?[]\\"

/* Most keys are told apart from a glob by how it begins and ends, at less cost. */
static bool may_match(const char *glob, struct str key)
{
    size_t length = strlen(glob), head = 0;

    for (; head < length && !strchr(SPECIAL, glob[head]); head++)
        if (head == key.length || key.bytes[head] != glob[head])
            return false;
    for (size_t tail = 1; head + tail <= length; tail++) {
        char byte = glob[length - tail];

        if (strchr(SPECIAL, byte))
            break;
        if (head + tail > key.length || key.bytes[key.length - tail] != byte)
            return false;
    }
    return true;
}

const struct rule *rules_match(const struct rules *rules, struct str key)
{
    if (mutant("rules-unheard"))
        return NULL;
    for (size_t i = rules->count; i-- > 0;) {
        const struct rule *rule = &rules->items[i];

        if (!rule->needs && may_match(rule->glob.globs[0], key) &&
            patterns_match(&rule->glob, key))
            return rule;
    }
    return NULL;
}
