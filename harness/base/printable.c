/* printable.c - see printable.h. */
#include "base/printable.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

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

/* The length of the printable character at the text; 0 if it is none. */
static size_t printable(const char *text)
{
    uint32_t code = 0;
    size_t length = printable_decode(text, &code);

    return code < ' ' || (code >= 0x7F && code < 0xA0) ? 0 : length;
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
