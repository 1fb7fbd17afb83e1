/* notation.c - see notation.h. */
#include "scenario/notation.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "redis/quote.h"

#define LUA "lua("

/* Of a mistake, what is shown of the text before and behind its place. */
#define COLUMNS_BEFORE 48
#define COLUMNS_BEHIND 24

/* Where steps stand: at the top, in [..], in lua(..). */
struct level {
    char closing; /* '\0': the text's end */
    const char *unclosed;
    const char *waits; /* what is said of a |; NULL: it is fine */
    const char *multi; /* of a [ */
    const char *lua;   /* of a lua( */
};

static const struct level levels[] = {
    [NOTATION_COMMAND] = { '\0', "", NULL, NULL, NULL },
    [NOTATION_MULTI] = { ']', "this [ is not closed by a ]",
                         "the commands of [..] leave in one buffer; write ; between "
                         "them, or MULTI | .. | EXEC",
                         "[ inside [..]: Redis does not nest transactions", NULL },
    [NOTATION_LUA] = { ')', "this lua( is not closed by a )",
                       "nobody waits inside of a script; write ; between its calls",
                       "[ inside lua(..): a script is one piece as it is",
                       "lua( inside lua(..): a script cannot run another one" },
};

struct parser {
    struct str text;
    size_t at;
    struct arena *arena;
    struct buffer word; /* the one that is being read */
    struct err *err;
};

/* The byte so many places on; '\0' behind the end, and nowhere else. */
static char peek(const struct parser *parser, size_t ahead)
{
    size_t at = parser->at + ahead;

    return at < parser->text.length ? parser->text.bytes[at] : '\0';
}

static bool at_end(const struct parser *parser)
{
    return parser->at >= parser->text.length;
}

static size_t width_of(char byte)
{
    return isascii((unsigned char)byte) && isprint((unsigned char)byte) ? 1 : 4;
}

/* Is the byte at this place one of the line that is shown? */
static bool is_shown(struct str text, size_t at)
{
    return at < text.length && text.bytes[at] != '\n';
}

/* The message, the line of the text around the place, a caret under it. Bytes that are
 * not printable ASCII are shown as \xHH, as everywhere, so a byte has as many columns as
 * are counted here, whatever a terminal thinks of it. */
static int mistaken(const struct parser *parser, size_t at, const char *what)
{
    const struct str text = parser->text;
    size_t from = at, to = at, before = 0, behind = 0;
    CLEANUP(mem_freep) char *shown = NULL;
    FILE *out = mem_stream(&shown);

    /* `from - 1` of 0 is no place, either */
    while (is_shown(text, from - 1) &&
           before + width_of(text.bytes[from - 1]) <= COLUMNS_BEFORE)
        before += width_of(text.bytes[--from]);
    while (is_shown(text, to) && behind + width_of(text.bytes[to]) <= COLUMNS_BEHIND)
        behind += width_of(text.bytes[to++]);
    if (is_shown(text, from - 1)) {
        fputs("...", out);
        before += 3;
    }
    str_print(out, (struct str){ text.bytes + from, to - from }, SIZE_MAX);
    fputs(is_shown(text, to) ? "..." : "", out);
    fclose(out);
    return err_set(parser->err, ERR_USAGE, "%s\n    %s\n    %*s^", what, shown,
                   (int)before, "");
}

static bool is_blank(char byte)
{
    return byte && strchr(" \t\n\v\f\r", byte);
}

static void skip_blanks(struct parser *parser)
{
    while (is_blank(peek(parser, 0)))
        parser->at++;
}

/* What ends a word that is not in quotes. As in redis-cli, \v and \f do not. */
static bool ends_word(const struct parser *parser)
{
    return at_end(parser) || strchr(" \t\n\r|;])", peek(parser, 0)) != NULL;
}

static void add_byte(struct parser *parser, char byte)
{
    buffer_add(&parser->word, (struct str){ &byte, 1 });
}

/* What a backslash and what follows it stand for, between "". */
static void parse_escape(struct parser *parser)
{
    const char digits[] = { peek(parser, 2), peek(parser, 3) };
    char letter = peek(parser, 1), byte = quote_byte(letter);

    if (letter == 'x' && str_hex(digits, &byte)) {
        add_byte(parser, byte);
        parser->at += 4;
        return;
    }
    add_byte(parser, byte ? byte : letter);
    parser->at += 2;
}

static int parse_quoted(struct parser *parser)
{
    size_t opened = parser->at;
    char quote = peek(parser, 0), byte;

    for (parser->at++; (byte = peek(parser, 0)) != quote;) {
        char next = peek(parser, 1);

        if (!byte || !next)
            return mistaken(parser, opened, "this quote is not closed");
        if (byte == '\\' && quote == '"') {
            parse_escape(parser);
            continue;
        }
        parser->at += byte == '\\' && next == quote;
        add_byte(parser, peek(parser, 0));
        parser->at++;
    }
    parser->at++;
    if (!ends_word(parser) && !is_blank(peek(parser, 0)))
        return mistaken(parser, parser->at,
                        "a closing quote ends a word; expected a blank behind it");
    return 0;
}

/* One more item fits behind so many of them in the array that is returned. */
static void *room_for_one(struct parser *parser, const void *items, size_t count,
                          size_t bytes)
{
    void *more;

    if (count & (count - 1))
        return (void *)(uintptr_t)items;
    more = arena_take(parser->arena, (count ? 2 * count : 1) * bytes);
    if (count)
        memcpy(more, items, count * bytes);
    return more;
}

static int parse_word(struct parser *parser, struct notation_step *step)
{
    struct str *word;
    char *bytes;

    parser->word.length = 0;
    while (!ends_word(parser)) {
        char byte = peek(parser, 0);

        if (byte == '"' || byte == '\'') {
            if (parse_quoted(parser) < 0)
                return parser->err->code;
            break;
        }
        add_byte(parser, byte);
        parser->at++;
    }
    bytes = arena_take(parser->arena, parser->word.length + 1);
    if (parser->word.length)
        memcpy(bytes, parser->word.bytes, parser->word.length);
    step->words =
        room_for_one(parser, step->words, step->word_count, sizeof(*step->words));
    word = &step->words[step->word_count++];
    *word = (struct str){ bytes, parser->word.length };
    return 0;
}

/* Where blanks at the text's end begin. */
static size_t behind_words(const struct parser *parser)
{
    size_t at = parser->text.length;

    while (at > 0 && is_blank(parser->text.bytes[at - 1]))
        at--;
    return at;
}

static int parse_command(struct parser *parser, const struct level *level,
                         struct notation_step *step)
{
    for (; !at_end(parser); skip_blanks(parser)) {
        char byte = peek(parser, 0);

        if (byte == '|' || byte == ';' || (level->closing && byte == level->closing))
            break;
        if (byte == ']' || byte == ')')
            return mistaken(parser, parser->at,
                            byte == ']'
                                ? "this ] closes nothing: a [ begins a transaction where "
                                  "a command can stand; in a word ] stands in quotes"
                                : "this ) closes nothing: a script begins with lua( "
                                  "where a command can stand; in a word ) stands in "
                                  "quotes");
        if (parse_word(parser, step) < 0)
            return parser->err->code;
    }
    if (step->word_count)
        return 0;
    return mistaken(parser, at_end(parser) ? behind_words(parser) : parser->at,
                    "expected a command here");
}

static int parse_steps(struct parser *parser, enum notation_kind kind,
                       struct notation_step **ret, size_t *ret_count);

static int parse_step(struct parser *parser, const struct level *level,
                      struct notation_step *step)
{
    struct str rest;
    size_t opened;
    const char *refused;

    skip_blanks(parser);
    opened = parser->at;
    rest = (struct str){ parser->text.bytes + opened, parser->text.length - opened };
    if (peek(parser, 0) == '[')
        step->kind = NOTATION_MULTI;
    else if (quote_begins_script(rest))
        step->kind = NOTATION_LUA;
    else
        return parse_command(parser, level, step);
    refused = step->kind == NOTATION_LUA ? level->lua : level->multi;
    if (refused)
        return mistaken(parser, opened, refused);
    parser->at += step->kind == NOTATION_LUA ? strlen(LUA) : 1;
    if (parse_steps(parser, step->kind, &step->steps, &step->step_count) < 0)
        return parser->err->code;
    if (at_end(parser))
        return mistaken(parser, opened, levels[step->kind].unclosed);
    parser->at++;
    skip_blanks(parser);
    return 0;
}

/* All that stands at one level; what closes it is left. */
static int parse_steps(struct parser *parser, enum notation_kind kind,
                       struct notation_step **ret, size_t *ret_count)
{
    const struct level *level = &levels[kind];
    struct notation_step *steps = NULL;
    bool joined = false;
    size_t count = 0;

    for (;;) {
        struct notation_step *step;
        char byte;

        steps = room_for_one(parser, steps, count, sizeof(*steps));
        step = &steps[count++];
        *step = (struct notation_step){ .joined = joined };
        if (parse_step(parser, level, step) < 0)
            return parser->err->code;
        byte = peek(parser, 0);
        if (at_end(parser) || (level->closing && byte == level->closing))
            break;
        if (byte == '|' && level->waits)
            return mistaken(parser, parser->at, level->waits);
        if (byte != '|' && byte != ';')
            return mistaken(parser, parser->at, "expected | or ; here");
        joined = byte == ';';
        parser->at++;
    }
    *ret = steps;
    *ret_count = count;
    return 0;
}

int notation_parse(struct str text, struct notation *ret, struct err *err)
{
    struct arena arena = ARENA_NULL;
    struct parser parser = { .text = text, .arena = &arena, .err = err };
    const char *zero = memchr(text.bytes, '\0', text.length);
    int code;

    if (text.length > NOTATION_BYTES_MOST)
        return err_set(err, ERR_USAGE, "%zu bytes of commands; expected at most %u",
                       text.length, NOTATION_BYTES_MOST);
    if (zero)
        return mistaken(&parser, (size_t)(zero - text.bytes),
                        "a zero byte; in quotes it is \\x00");
    *ret = NOTATION_NULL;
    code = parse_steps(&parser, NOTATION_COMMAND, &ret->steps, &ret->count);
    buffer_release(&parser.word);
    ret->arena = arena;
    if (code < 0)
        notation_release(ret);
    return code;
}

void notation_release(struct notation *notation)
{
    arena_release(&notation->arena);
    *notation = NOTATION_NULL;
}

/* ---- printing ---- */

static void print_step(FILE *out, const struct notation_step *step)
{
    static const struct {
        const char *before, *behind;
    } around[] = {
        [NOTATION_COMMAND] = { "", "" },
        [NOTATION_MULTI] = { "[", "]" },
        [NOTATION_LUA] = { LUA, ")" },
    };

    fputs(around[step->kind].before, out);
    for (size_t i = 0; i < step->word_count; i++) {
        fputs(i ? " " : "", out);
        quote_print(out, step->words[i], i == 0);
    }
    if (step->step_count)
        notation_print(out, step->steps, step->step_count);
    fputs(around[step->kind].behind, out);
}

void notation_print(FILE *out, const struct notation_step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            fputs(steps[i].joined ? " ; " : " | ", out);
        print_step(out, &steps[i]);
    }
}

char *notation_text(const struct notation *notation)
{
    char *text = NULL;
    FILE *out = mem_stream(&text);

    notation_print(out, notation->steps, notation->count);
    fclose(out);
    return text;
}

/* ---- one piece ---- */

bool notation_is_atomic(const struct notation *notation)
{
    return notation->count == 1;
}

static int check_in_multi(const struct notation_step *step, struct err *err)
{
    static const char *const names[] = { "MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH" };

    for (size_t i = 0; step->word_count && i < ARRAY_SIZE(names); i++)
        if (str_is_word(step->words[0], names[i]))
            return err_set(err, ERR_USAGE,
                           "%s has no place in MULTI .. EXEC around all of it", names[i]);
    return 0;
}

int notation_atomic(const struct notation *notation, char **ret, struct err *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    FILE *out = mem_stream(&text);
    int code = 0;

    fputc('[', out);
    for (size_t i = 0; i < notation->count && code == 0; i++) {
        const struct notation_step *step = &notation->steps[i];

        code = check_in_multi(step, err);
        fputs(i ? " ; " : "", out);
        if (step->kind == NOTATION_MULTI)
            notation_print(out, step->steps, step->step_count);
        else
            print_step(out, step);
    }
    fputc(']', out);
    fclose(out);
    if (code == 0)
        *ret = TAKE_PTR(text);
    return code;
}
