/* pair.c - see pair.h. */
#include "result/pair.h"

#include <string.h>

#include "state/verdict.h"

static bool has_any(const struct command *command, uint32_t flags)
{
    return command->flags & flags;
}

static bool writes(const struct command *command)
{
    return !has_any(command, COMMAND_READS | COMMAND_CONTROL);
}

static bool touches(const struct command *command, uint64_t key_hash)
{
    return key_hash &&
           (command->key_hash == key_hash || command->second_key_hash == key_hash);
}

static bool same_key(const struct command *a, const struct command *b)
{
    return a->key_hash && a->key_hash == b->key_hash;
}

/* The commands that happen at a step: one, or those of the transaction it executes. */
struct span {
    size_t from, to; /* to is behind the last */
};

static struct span span_of(const struct pair_input *input, size_t index)
{
    const struct span one = { index, index + 1 };

    if (!command_has(input->commands[index], COMMAND_ENDS))
        return one;
    for (size_t from = index; from-- > 0;) {
        if (command_has(input->commands[from], COMMAND_ENDS))
            return one;
        if (command_has(input->commands[from], COMMAND_BEGINS))
            return (struct span){ from + 1, index };
    }
    return one;
}

/* The two that are nearest to each other, if possible on one key. */
static bool choose(const struct pair_input *input, struct span first, struct span second,
                   struct pair *pair)
{
    const struct command *const *commands = input->commands;
    bool found = false;

    for (size_t i = first.to; i-- > first.from;)
        for (size_t j = second.from; j < second.to; j++) {
            bool same = touches(commands[i], commands[j]->key_hash);

            if (!writes(commands[i]) || !writes(commands[j]) || (found && !same))
                continue;
            found = true;
            pair->i = i;
            pair->j = j;
            if (same)
                return true;
        }
    return found;
}

/* What keeps a key from being sure to be there, or its expiry from being kept. */
static bool unsettles(const struct command *command, uint64_t key_hash)
{
    const uint32_t flags = COMMAND_DELETES | COMMAND_REMOVES | COMMAND_POPS |
                           COMMAND_MOVES | COMMAND_REPLACES;

    return command_has(command, COMMAND_SCRIPT) ||
           (!command->key_hash && command_has(command, COMMAND_DELETES)) ||
           (has_any(command, flags) && touches(command, key_hash));
}

static bool key_is_settled(const struct pair *pair)
{
    const struct pair_input *input = pair->input;

    if (!input->key_was_there || pair->i != input->first - 1)
        return false;
    for (size_t k = 0; k < pair->i; k++)
        if (unsettles(input->commands[k], pair->a->key_hash))
            return false;
    return true;
}

/* What comes before the first command. */
static uint32_t traits_before(struct pair *pair)
{
    uint32_t traits = key_is_settled(pair) ? 0 : MISSING;

    if (!traits && !unsettles(pair->a, pair->a->key_hash))
        traits |= KEY_STAYS;
    for (size_t k = 0; k < pair->i; k++) {
        const struct command *command = pair->input->commands[k];

        if (!touches(command, pair->a->key_hash))
            continue;
        if (command_has(command, COMMAND_READS))
            traits |= READ_BEFORE;
        if (command_has(command, COMMAND_DELETES)) {
            pair->deleted = &pair->input->commands[k];
            pair->expiry = NULL;
            traits &= ~(uint32_t)(EXPIRY_BEFORE | HAD_EXPIRY);
        }
        if (!command_has(command, COMMAND_SETS_EXPIRY))
            continue;
        pair->expiry = &pair->input->commands[k];
        traits &= ~(uint32_t)(EXPIRY_BEFORE | HAD_EXPIRY);
        traits |= command_has(command, COMMAND_ONLY_EXPIRY) ? EXPIRY_BEFORE : HAD_EXPIRY;
    }
    return traits;
}

static uint32_t traits_between(struct pair *pair)
{
    const uint32_t kinds = COMMAND_STRING | COMMAND_LIST | COMMAND_SET | COMMAND_HASH |
                           COMMAND_ZSET | COMMAND_ADDS | COMMAND_PUSHES | COMMAND_COUNTS |
                           COMMAND_REMOVES | COMMAND_IF_ABSENT;
    const uint32_t not_plain = COMMAND_SETS_EXPIRY | COMMAND_IF_ABSENT | COMMAND_RETURNS;
    uint32_t traits = ALIKE | ALL_SET;
    size_t like_first = 0;

    for (size_t k = pair->i; k <= pair->j; k++) {
        const struct command *command = pair->input->commands[k];
        bool like = same_key(command, pair->a) &&
                    (command->flags & kinds) == (pair->a->flags & kinds);

        if (!writes(command))
            continue;
        pair->writes++;
        like_first += like;
        if (!like || has_any(command, COMMAND_COUNTS | COMMAND_IF_ABSENT))
            traits &= ~(uint32_t)ALIKE;
        if (!command_has(command, COMMAND_STRING | COMMAND_REPLACES) ||
            has_any(command, not_plain))
            traits &= ~(uint32_t)ALL_SET;
    }
    if (like_first > 1)
        traits |= SEVERAL;
    traits |= pair->writes == 2 ? ADJACENT : APART;
    return traits;
}

static uint32_t traits_of_words(const struct command *a, const struct command *b)
{
    uint32_t traits = a->second_key_hash ? 0 : ONE_KEY;

    if (same_key(a, b))
        traits |= SAME_KEY;
    else if (a->key_hash && b->key_hash)
        traits |= OTHER_KEY;
    if (strcmp(a->name, "PERSIST") == 0)
        traits |= UNEXPIRES;
    if (!command_has(a, COMMAND_KEPT_BEFORE | COMMAND_KEPT_AFTER))
        traits |= MAY_EXPIRE;
    if (a->element_hash && a->element_hash == b->element_hash)
        traits |= SAME_ELEMENT;
    if (a->second_key_hash && a->second_key_hash == b->key_hash)
        traits |= MOVED_KEY;
    if (a->key_hash && a->key_hash == b->second_key_hash)
        traits |= ONTO_KEY;
    return traits;
}

/* Is it a count of those who are at work? */
static uint32_t traits_of_count(const struct pair *pair)
{
    if (!command_has(pair->a, COMMAND_COUNTS) || command_has(pair->a, COMMAND_LESSENS))
        return 0;
    for (size_t k = pair->j + 1; k < pair->input->count; k++)
        if (command_has(pair->input->commands[k], COMMAND_COUNTS | COMMAND_LESSENS) &&
            same_key(pair->input->commands[k], pair->a))
            return GIVEN_BACK;
    return 0;
}

static uint32_t traits_of_end(const struct pair *pair)
{
    for (size_t k = pair->j + 1; k < pair->input->count; k++)
        if (command_has(pair->input->commands[k], COMMAND_DELETES) &&
            same_key(pair->input->commands[k], pair->a))
            return RELEASED;
    return 0;
}

static uint32_t traits_behind(const struct pair *pair)
{
    if (command_has(pair->a, COMMAND_KEEPS_EXPIRY))
        return 0;
    for (size_t k = pair->i; k < pair->input->count; k++)
        if (command_has(pair->input->commands[k], COMMAND_SETS_EXPIRY) &&
            touches(pair->input->commands[k], pair->a->key_hash))
            return 0;
    return pair->expiry ? LAST_EXPIRY : LAST_EXPIRY | NO_EXPIRY;
}

static uint32_t traits_of_span(const struct pair_input *input, struct span span)
{
    for (size_t k = span.from; k < span.to; k++)
        if (command_has(input->commands[k], COMMAND_READS))
            return REPLIES;
    return 0;
}

bool pair_make(const struct pair_input *input, struct pair *ret)
{
    struct pair pair = { .input = input };
    struct span first, second;

    if (input->first == 0 || input->first > input->count || input->healed <= input->first)
        return false;
    first = span_of(input, input->first - 1);
    second = input->healed <= input->count ? span_of(input, input->healed - 1) : first;
    if (!choose(input, first, second, &pair))
        return false;
    if (input->healed > input->count)
        pair.j = pair.i;
    pair.a = input->commands[pair.i];
    pair.b = input->commands[pair.j];
    pair.traits = traits_before(&pair) | traits_between(&pair) | traits_behind(&pair) |
                  traits_of_count(&pair) | traits_of_end(&pair) |
                  traits_of_words(pair.a, pair.b) | traits_of_span(input, first) |
                  (input->later & LATER_LEAKED ? LEAKS : 0);
    *ret = pair;
    return true;
}

bool pair_shares_key(const struct pair *pair)
{
    return same_key(pair->a, pair->b);
}
