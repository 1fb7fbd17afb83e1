/* str.c - see str.h. */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/printable.h"

struct str str_of(const char *text)
{
    return (struct str){ text ? text : "", text ? strlen(text) : 0 };
}

bool str_is_word(struct str text, const char *word)
{
    return text.length == strlen(word) && strncasecmp(text.bytes, word, text.length) == 0;
}

int str_compare(struct str a, struct str b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter ? memcmp(a.bytes, b.bytes, shorter) : 0;

    return order ? order : (a.length > b.length) - (a.length < b.length);
}

char *buffer_room(struct buffer *buffer, size_t bytes)
{
    if (buffer->length + bytes >= buffer->room) {
        buffer->room = 2 * buffer->length + bytes + 1; /* not NULL, even if empty */
        buffer->bytes = mem_grow(buffer->bytes, buffer->room, 1);
    }
    return buffer->bytes + buffer->length;
}

void buffer_add(struct buffer *buffer, struct str text)
{
    char *end = buffer_room(buffer, text.length);

    if (text.length)
        memcpy(end, text.bytes, text.length);
    buffer->length += text.length;
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = BUFFER_NULL;
}

void str_print(FILE *out, struct str text, size_t most)
{
    size_t columns = 0;

    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.bytes[i];
        bool shown = isascii(byte) && isprint(byte) &&
                     !printable_obeyed(text.bytes + i, text.length - i);
        size_t width = shown ? 1 : 4;

        if (columns + width > most) {
            fputs("...", out);
            return;
        }
        columns += width;
        if (width == 1)
            fputc(byte, out);
        else
            fprintf(out, "\\x%02x", byte);
    }
}

void str_print_text(FILE *out, struct str text, size_t most)
{
    size_t columns = 0;

    for (size_t i = 0, bytes; i < text.length; i += bytes) {
        const char *at = text.bytes + i;
        size_t width = printable_columns(at, text.length - i, &bytes);
        bool shown = width;

        if (!shown)
            bytes = 1, width = 4;
        if (columns + width > most) {
            fputs("...", out);
            return;
        }
        columns += width;
        if (shown)
            fwrite(at, 1, bytes, out);
        else
            fprintf(out, "\\x%02x", (unsigned)(unsigned char)*at);
    }
}

void str_show(char *buffer, size_t size, struct str text)
{
    FILE *out;

    if (size <= 4) {
        if (size)
            buffer[0] = '\0';
        return;
    }
    buffer[0] = '\0';
    out = fmemopen(buffer, size, "w");
    if (!out)
        return;
    str_print(out, text, size - 4);
    fclose(out);
    buffer[size - 1] = '\0';
}

/* As printf(1) makes it again, in any shell; but for ends of lines at its end, which
 * $(..) takes away. */
static void print_made(FILE *out, const char *word)
{
    size_t length = strlen(word), end = length;

    while (end && word[end - 1] == '\n')
        end--;
    fputs("\"$(printf '", out);
    for (size_t i = 0; i < end; i++)
        if (isascii((unsigned char)word[i]) &&
            (isalnum((unsigned char)word[i]) || strchr("/._:=,+@", word[i]) ||
             (word[i] == '-' && i)))
            fputc(word[i], out);
        else
            fprintf(out, "\\%03o", (unsigned)(unsigned char)word[i]);
    fputs("')\"", out);
    if (end < length)
        fprintf(out, "'%s'", word + end);
}

void str_print_shell(FILE *out, const char *word)
{
    if (*word && strspn(word, STR_SHELL_PLAIN) == strlen(word)) {
        fputs(word, out);
        return;
    }
    if (!printable_is(word)) {
        print_made(out, word);
        return;
    }
    fputc('\'', out);
    for (; *word; word++)
        if (*word == '\'')
            fputs("'\\''", out);
        else
            fputc(*word, out);
    fputc('\'', out);
}

static size_t distance(const char *a, const char *b)
{
    size_t columns = strlen(b) + 1;
    CLEANUP(mem_freep) size_t *row = MEM_ARRAY(size_t, columns);

    for (size_t j = 0; j < columns; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j < columns; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[columns - 1];
}

const char *str_nearest(const char *word, size_t count,
                        const char *(*name)(const void *context, size_t i),
                        const void *context)
{
    const char *nearest = NULL;
    size_t least =
        strlen(word) / 3 + 2; /* farther than this is another word, not a typo */

    for (size_t i = 0; i < count; i++) {
        const char *candidate = name(context, i);
        size_t d = distance(word, candidate);

        if (d < least) {
            least = d;
            nearest = candidate;
        }
    }
    return nearest;
}

#define OFFER_MOST 500 /* bytes of names */

char *str_offer(const char *word, size_t count,
                const char *(*name)(const void *context, size_t i), const void *context)
{
    const char *nearest = str_nearest(word, count, name, context);
    size_t bytes = 0;
    char *offer;
    FILE *out = mem_stream(&offer);

    if (nearest)
        fprintf(out, "did you mean '%s'? ", nearest);
    fprintf(out, "%chere are%s", nearest ? 'T' : 't', count ? ": " : " none");
    for (size_t i = 0; i < count && bytes <= OFFER_MOST; i++) {
        bytes += strlen(name(context, i)) + 2;
        if (bytes <= OFFER_MOST)
            fprintf(out, "%s%s", i ? ", " : "", name(context, i));
        else
            fprintf(out, " and %zu more", count - i);
    }
    fclose(out);
    return offer;
}

size_t str_columns_of(struct str text)
{
    size_t columns = 0, bytes;

    for (size_t i = 0; i < text.length; i++)
        if (((unsigned char)text.bytes[i] & 0xc0) != 0x80)
            columns +=
                printable_columns(text.bytes + i, text.length - i, &bytes) == 2 ? 2 : 1;
    return columns;
}

void str_print_lines(FILE *out, const char *text, const char *indent)
{
    size_t line = strcspn(text, "\n"), before;
    const char *command;

    fprintf(out, "%.*s", (int)line, text);
    while (text[line]) {
        text += line + 1;
        line = strcspn(text, "\n");
        command = printable_command(text);
        before = command ? (size_t)(command - text) : 0;
        fprintf(out, "\n%s%.*s%s%.*s",
                strncmp(text, indent, strlen(indent)) ? indent : "", (int)before, text,
                command ? "\\" : "", (int)(line - before), text + before);
    }
}

size_t str_columns(const char *text)
{
    return str_columns_of(str_of(text));
}

bool str_whole(const char *text, uint64_t least, uint64_t most, uint64_t *ret)
{
    char *end;
    unsigned long long value;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    value = strtoull(text, &end, 10);
    if (*end || errno || value < least || value > most)
        return false;
    *ret = value;
    return true;
}

bool str_real(const char *text, double above, double below, double *ret)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || text[strspn(text, "0123456789.eE+-")] ||
        !isfinite(value) || value <= above || value >= below)
        return false;
    *ret = value;
    return true;
}

static int digit_of(char hex)
{
    return isdigit((unsigned char)hex) ? hex - '0'
                                       : tolower((unsigned char)hex) - 'a' + 10;
}

bool str_hex(const char *digits, char *ret_byte)
{
    if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]))
        return false;
    *ret_byte = (char)(digit_of(digits[0]) * 16 + digit_of(digits[1]));
    return true;
}

/* A number with a unit behind it. */
static bool with_unit(const char *text, const char *unit, double worth, double above,
                      double below, double *ret)
{
    size_t length = strlen(text), end = strlen(unit);
    CLEANUP(mem_freep) char *number = NULL;
    double value;

    if (length <= end || strcmp(text + length - end, unit) != 0)
        return false;
    number = mem_strdup(text);
    number[length - end] = '\0';
    if (!str_real(number, -HUGE_VAL, HUGE_VAL, &value))
        return false;
    value = worth < 1 ? value / round(1 / worth) : value * worth; /* 0.1% is 0.001 */
    if (value <= above || value >= below)
        return false;
    *ret = value;
    return true;
}

bool str_share(const char *text, double above, double below, double *ret)
{
    return str_real(text, above, below, ret) ||
           with_unit(text, "%", 0.01, above, below, ret);
}

bool str_seconds(const char *text, double above, double below, double *ret)
{
    static const struct {
        const char *name;
        double seconds;
    } units[] = {
        { "us", 1e-6 }, { "ms", 1e-3 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }
    };

    for (size_t i = 0; i < ARRAY_SIZE(units); i++)
        if (with_unit(text, units[i].name, units[i].seconds, above, below, ret))
            return true;
    return str_real(text, above, below, ret);
}
