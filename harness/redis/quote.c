/* quote.c - see quote.h. */
#include "redis/quote.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/printable.h"

static const char letters[] = "nrtba", bytes[] = "\n\r\t\b\a";

static char partner(char one, const char *from, const char *to)
{
    const char *at = one ? strchr(from, one) : NULL;

    return at ? to[at - from] : '\0';
}

char quote_letter(char byte)
{
    return partner(byte, bytes, letters);
}

char quote_byte(char letter)
{
    return partner(letter, letters, bytes);
}

bool quote_begins_script(struct str text)
{
    return text.length >= 4 && strncasecmp(text.bytes, "lua(", 4) == 0;
}

static bool needs_quotes(struct str word, bool first)
{
    if (!word.length || (first && (word.bytes[0] == '[' || quote_begins_script(word))))
        return true;
    for (size_t i = 0; i < word.length; i++) {
        unsigned char byte = (unsigned char)word.bytes[i];

        if (!isascii(byte) || !isgraph(byte) || strchr("\"'|;])", byte) ||
            printable_obeyed(word.bytes + i, word.length - i))
            return true;
    }
    return false;
}

void quote_print(FILE *out, struct str word, bool first)
{
    if (!needs_quotes(word, first)) {
        fwrite(word.bytes, 1, word.length, out);
        return;
    }
    fputc('"', out);
    for (size_t i = 0; i < word.length; i++) {
        unsigned char byte = (unsigned char)word.bytes[i];
        char letter = quote_letter(word.bytes[i]);

        if (letter)
            fprintf(out, "\\%c", letter);
        else if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (isascii(byte) && isprint(byte) &&
                 !printable_obeyed(word.bytes + i, word.length - i))
            fputc(byte, out);
        else
            fprintf(out, "\\x%02x", byte);
    }
    fputc('"', out);
}
