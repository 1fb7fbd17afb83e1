/* cure.c - see cure.h. How the patterns are put into words. */
#include "result/cure.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "base/str.h"
#include "result/cure_patterns.h"

#define KEY_COLUMNS 40

/* Keys are printable as they are stored. */
static void print_key(FILE *out, const struct pair *pair, const struct command *command)
{
    (void)pair;
    str_print(out, str_of(command->key), KEY_COLUMNS);
}

/* "HSET work"; what tells two commands on one key apart is in their labels. */
static void print_command(FILE *out, const struct pair *pair,
                          const struct command *command)
{
    if (pair->a != pair->b && strcmp(pair->a->name, pair->b->name) == 0 &&
        (pair_shares_key(pair) || !pair->a->key_hash)) {
        fputs(command->label, out);
        return;
    }
    fputs(command->name, out);
    if (command->key_hash)
        fputc(' ', out);
    print_key(out, pair, command);
}

static void print_name(FILE *out, const struct pair *pair, const struct command *command)
{
    (void)pair;
    fputs(command->name, out);
}

static void print_all(FILE *out, const struct pair *pair, const struct command *command)
{
    (void)command;
    if (pair->writes == 2)
        fputs("both", out);
    else
        fprintf(out, "all %zu", pair->writes);
}

static void print_expiry(FILE *out, const struct pair *pair,
                         const struct command *command)
{
    static const char *const words[][2] = { { "EX", "seconds" },
                                            { "PX", "milliseconds" },
                                            { "EXAT", "time" },
                                            { "PXAT", "time" } };
    const char *option = command_expiry_option(command);

    (void)pair;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (strcmp(option ? option : "EX", words[i][0]) == 0)
            fprintf(out, "%s %s", words[i][0], words[i][1]);
}

static void print_ends(FILE *out, const struct pair *pair, const struct command *command)
{
    (void)command;
    fprintf(out, "%s %s", command_list_end(pair->a), command_list_end(pair->b));
}

static void print_with(FILE *out, const struct pair *pair, const struct command *command)
{
    if (!pair->deleted)
        return;
    fprintf(out, ", together with %s ", (*pair->deleted)->name);
    print_key(out, pair, command);
}

static void print_multi(FILE *out, const struct pair *pair, const struct command *command)
{
    (void)pair;
    (void)command;
    fputs("MULTI .. EXEC", out);
}

static void print_set(FILE *out, const struct pair *pair, const struct command *command)
{
    (void)command;
    if (pair->expiry)
        fputs((*pair->expiry)->name, out);
}

static const struct {
    const char *name;
    void (*print)(FILE *out, const struct pair *pair, const struct command *command);
    bool second; /* of the pair; else the first */
} words[] = {
    { "{first}", print_command, false }, { "{second}", print_command, true },
    { "{A}", print_name, false },        { "{B}", print_name, true },
    { "{a}", print_key, false },         { "{b}", print_key, true },
    { "{all}", print_all, false },       { "{expiry}", print_expiry, true },
    { "{ends}", print_ends, false },     { "{with}", print_with, false },
    { "{set}", print_set, false },       { "{multi}", print_multi, false },
};

/* Prints the word that the text begins with; returns its length, 0 if there is none. */
static size_t print_word(FILE *out, const struct pair *pair, const char *text)
{
    for (size_t w = 0; w < ARRAY_SIZE(words); w++) {
        size_t length = strlen(words[w].name);

        if (strncmp(text, words[w].name, length) == 0) {
            words[w].print(out, pair, words[w].second ? pair->b : pair->a);
            return length;
        }
    }
    return 0;
}

static void print(FILE *out, const struct pair *pair, const char *text)
{
    while (*text) {
        size_t length = print_word(out, pair, text);

        if (!length)
            fputc(*text, out);
        text += length ? length : 1;
    }
}

/* What there is to say of an update. */
struct advice {
    struct pair pair;
    const struct pattern *pattern; /* NULL: nothing */
    bool whole;                    /* the pair must be one */
    bool heals;                    /* the second ends what the first begins */
};

/* Would a cure be a guess? Of a program nobody here knows what it keeps its keys for: of
 * an element of a queue, of what is there for good, and of a script, that may do
 * anything, nothing can be said; but of a lock, of a counter and of what is to expire. A
 * plain SET may be a job's data as well as a lock. */
static bool is_guess(const struct pair *pair)
{
    const uint32_t kept = COMMAND_KEPT_BEFORE | COMMAND_KEPT_AFTER;
    const uint32_t structures = COMMAND_LIST | COMMAND_SET | COMMAND_HASH | COMMAND_ZSET;
    const struct command *const both[] = { pair->a, pair->b };
    bool expires = command_has(pair->b, COMMAND_SETS_EXPIRY) &&
                   pair->traits & (SAME_KEY | MOVED_KEY);
    bool plain_set = command_has(pair->a, COMMAND_STRING | COMMAND_REPLACES) &&
                     !(pair->a->flags & (COMMAND_IF_ABSENT | COMMAND_SETS_EXPIRY));

    if (!pair->input->is_program || mutant("guesses"))
        return false;
    if (plain_set && !expires)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(both); i++)
        if (command_has(both[i], COMMAND_SCRIPT) || both[i]->flags & kept ||
            !(both[i]->flags &
              (COMMAND_STRING | structures | COMMAND_ONLY_EXPIRY | COMMAND_DELETES)) ||
            (both[i]->flags & structures && !expires))
            return true;
    return false;
}

static struct advice advise(const struct pair_input *input)
{
    bool heals = input->healed <= input->count;
    struct advice advice = { .pattern = NULL };

    if (!pair_make(input, &advice.pair))
        return advice;
    if (heals)
        advice.pattern = pattern_find(PATTERNS_HELD, &advice.pair);
    else
        advice.pattern = pattern_find(PATTERNS_ENDLESS, &advice.pair);
    advice.heals = heals;
    advice.whole = heals && !advice.pattern;
    if (advice.whole)
        advice.pattern = pattern_find(PATTERNS_ONE, &advice.pair);
    if (is_guess(&advice.pair))
        advice.pattern = NULL;
    advice.whole &= advice.pattern != NULL;
    return advice;
}

bool cure_is_whole(const struct pair_input *input)
{
    return advise(input).whole;
}

static bool names_deletion(const struct pattern *pattern)
{
    return strstr(pattern->text, "{with}") ||
           (pattern->instead && strstr(pattern->instead, "{with}"));
}

size_t cure_remedies(const struct pair_input *input, struct remedy ret[CURE_REMEDIES])
{
    struct advice advice = advise(input);
    const struct pair *pair = &advice.pair;
    const struct pattern *pattern = advice.pattern;
    struct remedy remedy = { .places = 1, .at[0] = { pair->i, pair->i, pair->j } };
    size_t count = 0;

    if (!pattern)
        return 0;
    if (pair->deleted && names_deletion(pattern))
        remedy.at[0].from = (size_t)(pair->deleted - input->commands);
    if (!advice.heals && pair->expiry)
        remedy.at[0].second = (size_t)(pair->expiry - input->commands);
    if (pattern->remedy) {
        ret[count] = remedy;
        ret[count++].kind = pattern->remedy;
    }
    if (pattern->instead_remedy) {
        ret[count] = remedy;
        ret[count++].kind = pattern->instead_remedy;
    }
    return count;
}

/* What was tried is what is told. */
static bool is_instead(const struct pair_input *input, const struct pattern *pattern)
{
    return pattern->instead &&
           ((input->remedy && input->remedy == pattern->instead_remedy) ||
            (input->failed && !pattern->instead_remedy));
}

static const char *text_of(const struct pair_input *input, const struct pattern *pattern)
{
    return is_instead(input, pattern) ? pattern->instead : pattern->text;
}

/* NULL: nothing. */
static const char *beside_of(const struct pair_input *input, const struct advice *advice)
{
    const struct pair *pair = &advice->pair;
    const struct pattern *pattern = advice->pattern;

    if (advice->whole && command_has(pair->b, COMMAND_ONLY_EXPIRY) &&
        pair->traits & SAME_KEY && pair->traits & KEY_STAYS &&
        !(pair->traits & UNEXPIRES))
        return "{B} first would do, too: {a} is there already, and keeps its expiry";
    return pattern->instead_beside && is_instead(input, pattern) ? pattern->instead_beside
                                                                 : pattern->beside;
}

/* NULL: nothing is said, or there is no room. */
static FILE *open_line(bool said, char *buffer, size_t size)
{
    if (size)
        buffer[0] = '\0';
    return size >= 2 && said ? fmemopen(buffer, size, "w") : NULL;
}

bool cure_advice(const struct pair_input *input, char *buffer, size_t size)
{
    struct advice advice = advise(input);
    bool said = advice.pair.a && !advice.pattern && input->is_program;
    FILE *out = open_line(said, buffer, size);

    if (!out)
        return false;
    print(out, &advice.pair,
          advice.heals
              ? "from {first} to {second} it is done in part. Survivors must look "
                "for what stays, and finish or undo it; or the program itself "
                "must make one of all that lies between"
              : "nothing that the program does later ends what {first} begins. "
                "Survivors must look for what stays, and undo it");
    fclose(out);
    buffer[size - 1] = '\0';
    return true;
}

bool cure_write(const struct pair_input *input, char *buffer, size_t size)
{
    struct advice advice = advise(input);
    const struct pair *pair = &advice.pair;
    FILE *out = open_line(advice.pattern, buffer, size);

    if (!out)
        return false;
    if (advice.whole)
        print(out, pair, "{first} and {second} must be one: ");
    print(out, pair, text_of(input, advice.pattern));
    if (!input->remedy && beside_of(input, &advice)) {
        fputs("; ", out);
        print(out, pair, beside_of(input, &advice));
    }
    fclose(out);
    buffer[size - 1] = '\0';
    return true;
}

bool cure_beside(const struct pair_input *input, char *buffer, size_t size)
{
    struct advice advice = advise(input);
    bool said = advice.pattern && input->remedy && beside_of(input, &advice);
    FILE *out = open_line(said, buffer, size);

    if (!out)
        return false;
    print(out, &advice.pair, beside_of(input, &advice));
    fclose(out);
    buffer[size - 1] = '\0';
    return true;
}
