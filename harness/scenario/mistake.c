/* mistake.c - see mistake.h. */
#include "scenario/mistake.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"

/* The first line on which the word stands by itself; 1 if it does nowhere. */
static int line_of(const struct mistake_file *file, const char *word)
{
    size_t length = strlen(word);
    int line = 1;

    for (const char *p = file->text; *p; p++) {
        bool starts = p == file->text || !(isalnum((unsigned char)p[-1]) || p[-1] == '_');

        if (starts && length && strncmp(p, word, length) == 0 &&
            !(isalnum((unsigned char)p[length]) || p[length] == '_'))
            return line;
        line += *p == '\n';
    }
    return 1;
}

int mistake(const struct mistake_file *file, const char *word, const char *format, ...)
{
    char text[512];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return err_set(file->err, ERR_USAGE, "%s:%d: %s", file->path, line_of(file, word),
                   text);
}

int mistake_unless_printable(const struct mistake_file *file, const char *word,
                             const char *what, const char *text)
{
    if (printable_is(text))
        return 0;
    return mistake(file, word,
                   "%s is '%.80s'; expected UTF-8 without control characters, such as "
                   "ends of lines and escapes",
                   what, text);
}

bool mistake_is_name(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!isascii((unsigned char)*p) || !isgraph((unsigned char)*p) || *p == ',')
            return false;
    return text[0] != '\0';
}
