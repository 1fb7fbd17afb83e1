/* printable.c - see printable.h. */
#include "base/printable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"

#define HEX 4 /* \xHH */

size_t printable_decode(const char *text, uint32_t *ret_code)
{
    static const struct {
        unsigned char mask, lead;
        uint32_t least; /* below it a shorter form is the right one */
    } forms[] = { { 0x80, 0x00, 0 },
                  { 0xE0, 0xC0, 0x80 },
                  { 0xF0, 0xE0, 0x800 },
                  { 0xF8, 0xF0, 0x10000 } };
    const unsigned char *bytes = (const unsigned char *)text;

    for (size_t n = 0; n < ARRAY_SIZE(forms); n++) {
        uint32_t code = bytes[0] & (unsigned char)~forms[n].mask;

        if ((bytes[0] & forms[n].mask) != forms[n].lead)
            continue;
        for (size_t i = 1; i <= n; i++) {
            if ((bytes[i] & 0xC0) != 0x80)
                return 0;
            code = code << 6 | (bytes[i] & 0x3F);
        }
        if (code < forms[n].least || (code >= 0xD800 && code < 0xE000) || code > 0x10FFFF)
            return 0;
        *ret_code = code;
        return n + 1;
    }
    return 0;
}

/* What a terminal obeys, or what makes a line read otherwise than it is: control
 * characters, other ends of lines, what is invisible, and what sets the direction. Not
 * what joins letters, or keeps them apart (U+200C, U+200D): Persian and emoji need it. */
static const struct {
    uint32_t from, to;
} unseen[] = {
    { 0, 0x1F },        { 0x7F, 0x9F },       { 0x61C, 0x61C },   { 0x200B, 0x200B },
    { 0x200E, 0x200F }, { 0x2028, 0x202E },   { 0x2060, 0x206F }, { 0xFEFF, 0xFEFF },
    { 0xFFF9, 0xFFFB }, { 0xE0000, 0xE007F },
};

bool printable_obeyed(const char *text, size_t length)
{
    return length >= 3 && memcmp(text, "##[", 3) == 0 && !mutant("commands-obeyed");
}

/* The length of the printable character at the text; 0 if it is none. */
static size_t printable(const char *text)
{
    uint32_t code = 0;
    size_t length =
        printable_obeyed(text, strnlen(text, 3)) ? 0 : printable_decode(text, &code);

    for (size_t i = 0; i < ARRAY_SIZE(unseen); i++)
        if (code >= unseen[i].from && code <= unseen[i].to)
            return 0;
    return length;
}

/* Letters and signs that take one column or two, whoever draws them: those of languages
 * that are written from left to right, a character in each cell. Marks that join others,
 * what is written from right to left, and what is invisible or sets the direction, are in
 * none of these. */
static const struct {
    uint32_t from, to;
    size_t columns;
} drawn[] = {
    { ' ', '~', 1 },         { 0xA1, 0xAC, 1 },       { 0xAE, 0x2FF, 1 },
    { 0x370, 0x377, 1 },     { 0x37A, 0x37F, 1 },     { 0x384, 0x38A, 1 },
    { 0x38C, 0x38C, 1 },     { 0x38E, 0x3A1, 1 },     { 0x3A3, 0x482, 1 },
    { 0x48A, 0x52F, 1 },     { 0x531, 0x556, 1 },     { 0x561, 0x587, 1 },
    { 0x10D0, 0x10FF, 1 },   { 0x1E00, 0x1EFF, 1 },   { 0x2010, 0x2027, 1 },
    { 0x2030, 0x205E, 1 },   { 0x20A0, 0x20C0, 1 },   { 0x2100, 0x214F, 1 },
    { 0x2190, 0x21FF, 1 },   { 0x2200, 0x22FF, 1 },   { 0x2500, 0x257F, 1 },
    { 0x3001, 0x3029, 2 },   { 0x3041, 0x3096, 2 },   { 0x309B, 0x30FF, 2 },
    { 0x3131, 0x3163, 2 },   { 0x3400, 0x4DBF, 2 },   { 0x4E00, 0x9FFF, 2 },
    { 0xAC00, 0xD7A3, 2 },   { 0xFF01, 0xFF60, 2 },   { 0x1F300, 0x1F320, 2 },
    { 0x1F400, 0x1F43E, 2 }, { 0x1F600, 0x1F64F, 2 }, { 0x20000, 0x2A6DF, 2 },
};

size_t printable_columns(const char *text, size_t length, size_t *ret_length)
{
    char first[5] = "";
    uint32_t code = 0;

    memcpy(first, text, length < 4 ? length : 4);
    *ret_length = printable_obeyed(text, length) ? 0 : printable_decode(first, &code);
    for (size_t i = 0; i < ARRAY_SIZE(drawn) && *ret_length; i++)
        if (code >= drawn[i].from && code <= drawn[i].to)
            return drawn[i].columns;
    return 0;
}

void printable_trim(char *text)
{
    size_t length = strlen(text), from = length;
    uint32_t code;

    while (from && length - from < 4 && ((unsigned char)text[from - 1] & 0xC0) == 0x80)
        from--;
    if (from && (unsigned char)text[from - 1] >= 0xC0 &&
        !printable_decode(text + from - 1, &code))
        text[from - 1] = '\0';
}

bool printable_is(const char *text)
{
    while (*text) {
        size_t length = printable(text);

        if (!length)
            return false;
        text += length;
    }
    return true;
}

void printable_copy(char *ret, size_t size, const char *text, const char *kept)
{
    size_t used = 0;

    if (!*kept && mutant("lines-forged"))
        kept = "\n";
    while (*text) {
        size_t length = strchr(kept, *text) ? 1 : printable(text);
        size_t needed = length ? length : HEX;

        if (used + needed >= size)
            break;
        if (length)
            memcpy(ret + used, text, length);
        else
            snprintf(ret + used, HEX + 1, "\\x%02x", (unsigned)(unsigned char)*text);
        used += needed;
        text += length ? length : 1;
    }
    if (size)
        ret[used] = '\0';
}

char *printable_new(const char *text)
{
    size_t size = HEX * strlen(text) + 1;
    char *shown = mem_alloc(size);

    printable_copy(shown, size, text, "");
    return shown;
}

void printable_join(char *text)
{
    for (; *text; text++)
        if (*text == '\n' || *text == '\t')
            *text = ' ';
}

/* Some of what is not ASCII are blanks. */
const char *printable_command(const char *line)
{
    while (*line == ' ' || *line == '\t' || (unsigned char)*line >= 0x80)
        line++;
    return strncmp(line, "::", 2) == 0 && !mutant("commands-obeyed") ? line : NULL;
}

bool printable_begins(const char *name)
{
    size_t word = strcspn(name, " ");

    return name[0] != ':' && !printable_command(name) && (!word || name[word - 1] != ':');
}

char *printable_name_new(const char *name)
{
    char *shown = printable_new(name);

    while (!printable_begins(shown)) {
        const char *colon = strchr(shown, ':');
        char *longer = mem_printf("%.*s\\x3a%s", (int)(colon - shown), shown, colon + 1);

        free(shown);
        shown = longer;
    }
    return shown;
}
