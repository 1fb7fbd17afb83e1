/* rules.c - see rules.h. */
#include "audit/rules.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "audit/stars.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "base/str.h"

#define SECONDS_MOST (UINT64_C(100) * 366 * 86400)
#define FOR_MOST 3600

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

static void release(struct rule *rule)
{
    free(rule->system);
    patterns_release(&rule->glob);
    free(rule->key);
    free(rule->needs);
    patterns_release(&rule->places);
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words && strcmp(*words, word) != 0)
        words++;
    return *words;
}

/* Takes the places up to the next word of the rule, which it returns. */
static char *take_places(struct rule *rule, char **rest)
{
    static const char *const ends[] = { "", "have", "if", "for", NULL };
    struct patterns *places = &rule->places;
    char *word = next_word(rest);

    if (strcmp(word, "one") == 0 && strcmp(next_word(rest), "of") == 0) {
        rule->one_of = true;
        word = next_word(rest);
    }
    for (; !is_one_of(word, ends); word = next_word(rest)) {
        places->globs =
            mem_grow(places->globs, places->count + 1, sizeof(*places->globs));
        places->globs[places->count++] = mem_strdup(word);
    }
    return word;
}

/* [if GLOB] [for SECONDS], of which the first word is given. */
static bool take_conditions(struct rule *rule, char *word, char **rest)
{
    if (strcmp(word, "if") == 0) {
        char *glob = next_word(rest);

        if (!*glob)
            return false;
        rule->glob = only(glob);
        word = next_word(rest);
    }
    if (strcmp(word, "for") == 0) {
        if (!str_whole(next_word(rest), 1, FOR_MOST, &rule->for_s))
            return false;
        word = next_word(rest);
    }
    return !*word;
}

/* How many of its stars stand for something else than the member? */
static size_t stars_before(const struct rule *rule)
{
    return stars_count(rule->key) - rule->of_keys;
}

bool rule_has_stars(const struct rule *rule)
{
    return rule->key && strchr(rule->key, '*');
}

bool rule_is_free(const struct rule *rule)
{
    return rule->of_keys && !stars_before(rule);
}

static bool can_have(const struct rule *rule)
{
    size_t stars = stars_count(rule->needs);

    return stars_can(rule->needs) && stars >= 1 && stars <= 1 + stars_before(rule);
}

static bool can_be_in(const struct rule *rule)
{
    size_t most = rule_is_free(rule) ? 1 : stars_before(rule);

    for (size_t i = 0; i < rule->places.count; i++)
        if (stars_count(rule->places.globs[i]) > most)
            return false;
    return true;
}

/* KEY (in [one of] PLACE.. | have NAME | both) [if GLOB] [for SECONDS] */
static bool take_needs(struct rule *rule, char *rest)
{
    char *key = next_word(&rest), *word = next_word(&rest);

    rule->key = mem_strdup(key);
    if (!*key || !stars_can(key) || stars_count(key) < rule->of_keys ||
        stars_before(rule) > 1)
        return false;
    if (strcmp(word, "in") == 0) {
        word = take_places(rule, &rest);
        if (!rule->places.count || !can_be_in(rule))
            return false;
    }
    if (strcmp(word, "have") == 0) {
        rule->needs = mem_strdup(next_word(&rest));
        if (!can_have(rule))
            return false;
        word = next_word(&rest);
    }
    return (rule->places.count || (rule->needs && !rule->of_keys)) &&
           take_conditions(rule, word, &rest);
}

static bool parse_needs(struct rules *rules, const char *system, char *rest, bool of_keys)
{
    struct rule *rule = add(rules, system);

    rule->of_keys = of_keys;
    if (take_needs(rule, rest))
        return true;
    release(rule);
    rules->count--;
    return false;
}

static bool parse_members(struct rules *rules, const char *system, char *rest)
{
    return parse_needs(rules, system, rest, false);
}

static bool parse_keys(struct rules *rules, const char *system, char *rest)
{
    return parse_needs(rules, system, rest, true);
}

static const struct {
    const char *word;
    bool (*parse)(struct rules *rules, const char *system, char *rest);
} kinds[] = {
    { "expires", parse_expires },
    { "members", parse_members },
    { "keys", parse_keys },
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
                "'Sidekiq: expires *:work 60', SYSTEM: members KEY have NAME [if GLOB] "
                "[for SECONDS], as in 'Sidekiq: members processes have *', SYSTEM: "
                "members KEY in [one of] PLACE.. [have NAME] [if GLOB] [for SECONDS], or "
                "SYSTEM: keys KEY in [one of] PLACE.. [have NAME] [if GLOB] [for "
                "SECONDS]",
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
    for (size_t i = 0; i < rules->count; i++)
        release(&rules->items[i]);
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

        if (!rule->key && may_match(rule->glob.globs[0], key) &&
            patterns_match(&rule->glob, key))
            return rule;
    }
    return NULL;
}
