/* names.c - see names.h. */
#include "state/names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"
#include "base/mutant.h"

/* ---- tokens ---- */

#define RANDOM_LEAST 16 /* letters and digits in a row, with some of both, or of hex */
#define UUID_LENGTH 36

static bool is_alnum(char c)
{
    return isalnum((unsigned char)c) != 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_uuid(struct str text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (text.length < UUID_LENGTH ||
        (text.length > UUID_LENGTH && is_alnum(text.bytes[UUID_LENGTH])))
        return false;
    for (size_t i = 0; i < UUID_LENGTH; i++)
        if (form[i] == 'x' ? !isxdigit((unsigned char)text.bytes[i])
                           : text.bytes[i] != form[i])
            return false;
    return true;
}

/* "2026-11-29T07:25:48", and what may follow: a fraction, a zone. 0: it is none. */
static size_t date_length(struct str text)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    size_t length = sizeof(form) - 1;

    if (text.length < length)
        return 0;
    for (size_t i = 0; i < length; i++)
        if (form[i] == 'd'   ? !is_digit(text.bytes[i])
            : form[i] == 'T' ? text.bytes[i] != 'T' && text.bytes[i] != ' '
                             : text.bytes[i] != form[i])
            return 0;
    if (length < text.length && text.bytes[length] == '.')
        do
            length++;
        while (length < text.length && is_digit(text.bytes[length]));
    if (length < text.length && text.bytes[length] == 'Z')
        length++;
    else if (length + 6 <= text.length &&
             (text.bytes[length] == '+' || text.bytes[length] == '-') &&
             text.bytes[length + 3] == ':')
        length += 6;
    return length;
}

static size_t digits_of(struct str text)
{
    size_t length = 0;

    while (length < text.length && is_digit(text.bytes[length]))
        length++;
    return length;
}

/* Between 2001 and 2286, in one of three units, with a fraction perhaps. 0: it is none.
 */
static size_t time_length(struct str text)
{
    size_t length = digits_of(text), fraction;

    if ((length != 10 && length != 13 && length != 16) || text.bytes[0] == '0' ||
        (length < text.length && is_alnum(text.bytes[length])))
        return 0;
    if (length + 1 >= text.length || text.bytes[length] != '.')
        return length;
    fraction =
        digits_of((struct str){ text.bytes + length + 1, text.length - length - 1 });
    return fraction ? length + 1 + fraction : length;
}

enum token token_at(struct str text, size_t *ret_length)
{
    bool letters = false, digits = false, hex = true;
    size_t length = 0;

    *ret_length = 1;
    if (!text.length || !is_alnum(*text.bytes))
        return TOKEN_NONE;
    *ret_length = UUID_LENGTH;
    if (is_uuid(text))
        return TOKEN_ID;
    *ret_length = date_length(text);
    if (!*ret_length)
        *ret_length = time_length(text);
    if (*ret_length)
        return TOKEN_TIME;
    for (; length < text.length && is_alnum(text.bytes[length]); length++) {
        digits |= is_digit(text.bytes[length]);
        letters |= !is_digit(text.bytes[length]);
        hex &= isxdigit((unsigned char)text.bytes[length]) != 0;
    }
    *ret_length = length;
    return length >= RANDOM_LEAST && digits && (letters || hex) ? TOKEN_ID : TOKEN_NONE;
}

/* ---- names ---- */

#define NUMBER_LEAST 3 /* digits, of a number that can be called something */

enum standing {
    NAME_KNOWN,   /* it keeps its value */
    NAME_HEARD,   /* so does this, unless it is called something else */
    NAME_CALLED,  /* something else, until names_begin() */
    NAME_PAIRED,  /* with what another run calls it, until names_unpair() */
    NAME_PARTNER, /* the other one of such a pair, if nobody knew it before */
};

struct name {
    char *text; /* owned; NULL: nothing is here */
    size_t length;
    char *shown; /* owned; NULL: itself */
    enum standing standing;
    bool taken; /* something is paired with it */
    bool heard; /* and is called something else for now */
};

void names_release(struct names *names)
{
    for (size_t i = 0; i < names->room; i++) {
        free(names->items[i].text);
        free(names->items[i].shown);
    }
    free(names->items);
    *names = (struct names){ .vary = names->vary };
}

/* Where the token is, or would be. */
static struct name *place_of(const struct names *names, struct str token)
{
    size_t at = (size_t)XXH3_64bits(token.bytes, token.length) & (names->room - 1);

    while (names->items[at].text &&
           (names->items[at].length != token.length ||
            memcmp(names->items[at].text, token.bytes, token.length) != 0))
        at = (at + 1) & (names->room - 1);
    return &names->items[at];
}

static struct name *find(const struct names *names, struct str token)
{
    struct name *name = names->room ? place_of(names, token) : NULL;

    return name && name->text ? name : NULL;
}

static void make_room(struct names *names)
{
    struct names bigger = { .room = names->room ? 2 * names->room : 64 };

    if (2 * names->count < names->room)
        return;
    bigger.items = mem_alloc(bigger.room * sizeof(struct name));
    for (size_t i = 0; i < names->room; i++)
        if (names->items[i].text)
            *place_of(&bigger, (struct str){ names->items[i].text,
                                             names->items[i].length }) = names->items[i];
    free(names->items);
    names->items = bigger.items;
    names->room = bigger.room;
}

/* The name of a token, which is a new one if there was none. NULL: there was one. */
static struct name *add(struct names *names, struct str token, enum standing standing)
{
    struct name *name;

    make_room(names);
    name = place_of(names, token);
    if (name->text)
        return NULL;
    name->text = mem_alloc(token.length + 1);
    memcpy(name->text, token.bytes, token.length);
    name->length = token.length;
    name->standing = standing;
    names->count++;
    return name;
}

/* All that stand otherwise get lost. They leave gaps where others were looked for beyond
 * them: all are placed again. */
static void forget(struct names *names, enum standing standing)
{
    struct names rest = { .vary = names->vary };

    for (size_t i = 0; i < names->room; i++) {
        struct name *old = &names->items[i];
        bool stays = old->standing != standing;
        struct name *name = old->text && (stays || old->heard)
                                ? add(&rest, (struct str){ old->text, old->length },
                                      stays ? old->standing : NAME_HEARD)
                                : NULL;

        if (!name)
            continue;
        name->taken = old->taken;
        if (!stays)
            continue;
        name->shown = old->shown;
        name->heard = old->heard;
        old->shown = NULL;
    }
    rest.times = names->times;
    rest.called = names->called;
    rest.paired = names->paired;
    names_release(names);
    *names = rest;
}

/* Of the word that begins here; 0: it does not vary. */
static size_t varying_length(const struct names *names, struct str text, size_t at)
{
    size_t length = 0;

    if (!names->vary || !names->vary->count ||
        (at && (is_alnum(text.bytes[at - 1]) || memchr("_.-", text.bytes[at - 1], 3))))
        return 0;
    text = (struct str){ text.bytes + at, text.length - at };
    while (length < text.length &&
           (is_alnum(text.bytes[length]) || memchr("_.-", text.bytes[length], 3)))
        length++;
    return length && patterns_match(names->vary, (struct str){ text.bytes, length })
               ? length
               : 0;
}

static bool is_number(struct str token)
{
    return token.length >= NUMBER_LEAST && digits_of(token) == token.length;
}

/* The next token from *at on, and goes behind it; plain numbers are some. */
static enum token next_token(const struct names *names, struct str text, size_t *at,
                             struct str *ret)
{
    while (*at < text.length) {
        struct str rest = { text.bytes + *at, text.length - *at };
        size_t length = varying_length(names, text, *at);
        enum token token = length ? TOKEN_ID : token_at(rest, &length);

        *at += length;
        *ret = (struct str){ rest.bytes, length };
        if (token != TOKEN_NONE)
            return token;
        if (is_number(*ret))
            return TOKEN_NUMBER;
    }
    return TOKEN_NONE;
}

static void note(struct names *names, struct str token, enum standing standing)
{
    struct name *name = find(names, token);

    if (!name)
        add(names, token, standing);
    else if (name->standing == NAME_HEARD)
        name->standing = standing;
}

static void know(struct names *names, struct str text, bool times, enum standing standing)
{
    struct str token;
    enum token kind;

    for (size_t at = 0; (kind = next_token(names, text, &at, &token)) != TOKEN_NONE;) {
        if (kind == TOKEN_TIME && !times)
            continue;
        names->times |= kind == TOKEN_TIME;
        note(names, token, standing);
    }
}

void names_know(struct names *names, struct str text)
{
    know(names, text, false, NAME_KNOWN);
}

void names_hear(struct names *names, struct str text)
{
    know(names, text, false, mutant("heard-is-known") ? NAME_KNOWN : NAME_HEARD);
}

void names_know_state(struct names *names, const struct state *state)
{
    for (size_t i = 0; i < state->count; i++) {
        know(names, state->atoms[i].key, true, NAME_KNOWN);
        know(names, state->atoms[i].id, true, NAME_KNOWN);
        know(names, state->atoms[i].value, true, NAME_KNOWN);
    }
}

static bool covers(const struct names *names, struct str text)
{
    struct str token;
    enum token kind;

    for (size_t at = 0; (kind = next_token(names, text, &at, &token)) != TOKEN_NONE;)
        if (kind != TOKEN_NUMBER && !find(names, token))
            return false;
    return true;
}

bool names_cover(const struct names *names, const struct state *state)
{
    for (size_t i = 0; i < state->count; i++)
        if (!covers(names, state->atoms[i].key) || !covers(names, state->atoms[i].id) ||
            !covers(names, state->atoms[i].value))
            return false;
    return true;
}

/* What is known keeps its value, and nothing is called by two, unless it is a time: two
 * may be one. */
static void pair(struct names *names, enum token kind, struct str token,
                 struct str partner)
{
    struct name *other, *name;

    if (str_compare(token, partner) == 0 || find(names, token))
        return;
    add(names, partner, NAME_PARTNER);
    other = find(names, partner);
    if (other->taken)
        return;
    other->taken = kind != TOKEN_TIME;
    name = add(names, token, NAME_PAIRED);
    name->shown = mem_printf("%.*s", (int)partner.length, partner.bytes);
    names->paired = true;
}

void names_pair(struct names *names, struct str text, struct str other)
{
    size_t at = 0, other_at = 0;
    struct str token, partner;

    for (;;) {
        enum token kind = next_token(names, text, &at, &token);

        /* From the first difference in kind on, they have come apart. */
        if (kind != next_token(names, other, &other_at, &partner) || kind == TOKEN_NONE)
            return;
        pair(names, kind, token, partner);
    }
}

void names_unpair(struct names *names)
{
    if (!names->paired)
        return;
    names->paired = false;
    forget(names, NAME_PAIRED);
    forget(names, NAME_PARTNER);
    for (size_t i = 0; i < names->room; i++)
        names->items[i].taken = false;
}

void names_call(struct names *names, uint64_t number, const char *shown)
{
    CLEANUP(mem_freep) char *text = mem_printf("%llu", (unsigned long long)number);
    struct name *name = strlen(text) < NUMBER_LEAST ? NULL : find(names, str_of(text));
    bool heard = name && name->standing == NAME_HEARD;

    if (heard)
        name->standing = NAME_CALLED;
    else
        name = strlen(text) < NUMBER_LEAST ? NULL : add(names, str_of(text), NAME_CALLED);
    if (!name)
        return;
    name->heard = heard;
    name->shown = mem_strdup(shown);
    names->called = true;
}

void names_begin(struct names *names)
{
    if (!names->called)
        return;
    names->called = false;
    forget(names, NAME_CALLED);
}

/* What the token is to be called; NULL: as it is. */
static const char *shown_as(const struct names *names, enum token kind, struct str token)
{
    const struct name *name = find(names, token);

    if (name)
        return name->shown;
    return kind == TOKEN_ID ? "<id>" : kind == TOKEN_TIME ? "<time>" : NULL;
}

static void give_names(const struct names *names, bool timeless, struct str *text,
                       struct arena *arena)
{
    CLEANUP(buffer_release) struct buffer renamed = BUFFER_NULL;
    size_t taken = 0;
    struct str token;
    enum token kind;
    char *copy;

    for (size_t at = 0; (kind = next_token(names, *text, &at, &token)) != TOKEN_NONE;) {
        size_t from = (size_t)(token.bytes - text->bytes);
        const char *shown =
            timeless && kind == TOKEN_TIME ? "<time>" : shown_as(names, kind, token);

        if (!shown)
            continue;
        buffer_add(&renamed, (struct str){ text->bytes + taken, from - taken });
        buffer_add(&renamed, str_of(shown));
        taken = from + token.length;
    }
    if (!taken)
        return;
    buffer_add(&renamed, (struct str){ text->bytes + taken, text->length - taken });
    copy = arena_take(arena, renamed.length);
    memcpy(copy, renamed.bytes, renamed.length);
    *text = (struct str){ copy, renamed.length };
}

static void give_all(const struct names *names, bool timeless, struct state *state,
                     struct arena *arena)
{
    for (size_t i = 0; i < state->count; i++) {
        give_names(names, timeless, &state->atoms[i].key, arena);
        give_names(names, timeless, &state->atoms[i].id, arena);
        give_names(names, timeless, &state->atoms[i].value, arena);
    }
    state->sorted = false;
}

struct signature names_timeless(const struct names *names, const struct state *state,
                                struct arena *arena)
{
    CLEANUP(state_release) struct state copy = STATE_NULL;

    for (size_t i = 0; i < state->count; i++)
        state_add(&copy, state->atoms[i]);
    give_all(names, true, &copy, arena);
    return state_signature(&copy);
}

void names_apply(const struct names *names, struct state *state, struct arena *arena)
{
    if (names && !mutant("names-kept"))
        give_all(names, false, state, arena);
}
