/* token.c - see token.h. */
#include "audit/token.h"

#include <ctype.h>
#include <string.h>

#include "base/printable.h"

#define HEX_LEAST 8 /* shorter ones are words often enough */
#define ID_LEAST 8
#define LONG_ID_LEAST 16
#define UUID_LENGTH 36
#define WORD_MOST 48

static const char *const placeholders[TOKEN_KINDS] = {
    [TOKEN_WORD] = "",       [TOKEN_NUMBER] = "{num}", [TOKEN_HEX] = "{hex}",
    [TOKEN_UUID] = "{uuid}", [TOKEN_ID] = "{id}",      [TOKEN_BYTES] = "{bytes}",
    [TOKEN_ANY] = "{any}",   [TOKEN_REST] = "{...}",
};

const char *token_placeholder(enum token_kind kind)
{
    return placeholders[kind];
}

static bool is_word_byte(char byte)
{
    return isalnum((unsigned char)byte) || (unsigned char)byte >= 0x80;
}

static bool is_text_byte(char byte)
{
    return (unsigned char)byte >= ' ' && byte != 0x7f;
}

/* Up to the next delimiter; of a segment, up to one that is not weak. What is no text is
 * in the word. */
static size_t span(struct str text, bool weak_too)
{
    size_t i = 0;

    while (i < text.length &&
           (is_word_byte(text.bytes[i]) || !is_text_byte(text.bytes[i]) ||
            (weak_too && token_is_weak(text.bytes[i]))))
        i++;
    return i;
}

static bool is_text(struct str word)
{
    uint32_t code;

    for (size_t i = 0, bytes; i < word.length; i += bytes) {
        char character[5] = "";

        if (word.bytes[i] >= ' ' && word.bytes[i] < 0x7f) { /* most of them */
            bytes = 1;
            continue;
        }
        memcpy(character, word.bytes + i, word.length - i < 4 ? word.length - i : 4);
        bytes = printable_decode(character, &code);
        if (!bytes || code < ' ' || (code >= 0x7f && code < 0xa0))
            return false;
    }
    return true;
}

static bool is_all(struct str word, int (*is)(int))
{
    for (size_t i = 0; i < word.length; i++)
        if (!is((unsigned char)word.bytes[i]))
            return false;
    return word.length;
}

static bool is_uuid(struct str text)
{
    if (text.length < UUID_LENGTH)
        return false;
    for (size_t i = 0; i < UUID_LENGTH; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;

        if (hyphen ? text.bytes[i] != '-' : !isxdigit((unsigned char)text.bytes[i]))
            return false;
    }
    return text.length == UUID_LENGTH || !is_word_byte(text.bytes[UUID_LENGTH]);
}

static bool is_hex(struct str word)
{
    bool upper = false, lower = false, digit = false;

    for (size_t i = 0; i < word.length; i++) {
        upper |= isupper((unsigned char)word.bytes[i]) != 0;
        lower |= islower((unsigned char)word.bytes[i]) != 0;
        digit |= isdigit((unsigned char)word.bytes[i]) != 0;
    }
    return word.length >= HEX_LEAST && is_all(word, isxdigit) && digit && upper != lower;
}

/* Digits begin and end within words, and capitals begin, more often in ids than in names
 * that people give. */
static bool is_id(struct str word, bool whole)
{
    size_t turns = 0, humps = 0;

    for (size_t i = 1; i < word.length; i++) {
        int before = (unsigned char)word.bytes[i - 1], now = (unsigned char)word.bytes[i];

        turns += isalnum(before) && isalnum(now) && !isdigit(before) != !isdigit(now);
        humps += islower(before) && isupper(now);
    }
    if (word.length >= LONG_ID_LEAST && turns >= 2 && humps >= 2)
        return true;
    return whole ? word.length >= ID_LEAST && turns >= 3
                 : word.length >= LONG_ID_LEAST && turns >= 4;
}

static enum token_kind kind_of(struct str word)
{
    if (!is_text(word))
        return TOKEN_BYTES;
    if (is_all(word, isdigit))
        return TOKEN_NUMBER;
    if (is_hex(word))
        return TOKEN_HEX;
    return word.length > WORD_MOST || is_id(word, true) ? TOKEN_ID : TOKEN_WORD;
}

/* The word, with a placeholder for each run of digits, as far as there is room. */
static void spell(struct str word, char ret[TOKEN_TEXT])
{
    const char *number = placeholders[TOKEN_NUMBER];
    const size_t most = TOKEN_TEXT - 1 - strlen(number);
    size_t used = 0;

    for (size_t i = 0; i < word.length; i++) {
        bool digit = isdigit((unsigned char)word.bytes[i]);

        if (used >= most)
            break;
        if (!digit)
            ret[used++] = word.bytes[i];
        else if (!i || !isdigit((unsigned char)word.bytes[i - 1]))
            used += (size_t)(stpcpy(ret + used, number) - (ret + used));
    }
    ret[used] = '\0';
}

/* How many bytes the word at the text's beginning has, and its kind. */
static size_t measure(struct str text, enum token_kind *ret_kind)
{
    struct str segment = { text.bytes, span(text, true) };
    struct str word = { text.bytes, span(text, false) };

    if (is_uuid(text)) {
        *ret_kind = TOKEN_UUID;
        return UUID_LENGTH;
    }
    if (!is_text(segment)) {
        *ret_kind = TOKEN_BYTES;
        return segment.length;
    }
    if (segment.length > word.length && is_id(segment, false)) {
        *ret_kind = TOKEN_ID;
        return segment.length;
    }
    *ret_kind = kind_of(word);
    return word.length;
}

void token_next(struct str key, size_t *at, struct token *ret)
{
    struct str rest = { key.bytes + *at, key.length - *at };

    ret->length = measure(rest, &ret->kind);
    ret->delimiter = ret->length < rest.length ? rest.bytes[ret->length] : TOKEN_END;
    if (ret->kind == TOKEN_WORD)
        spell((struct str){ rest.bytes, ret->length }, ret->text);
    else
        strcpy(ret->text, placeholders[ret->kind]);
    *at += ret->length + 1;
}
