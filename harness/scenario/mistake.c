/* mistake.c - see mistake.h. */
#include "scenario/mistake.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"

int mistake_line(const struct mistake_file *file, const char *word)
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

__attribute__((format(printf, 3, 0))) static int mistake_put(
    const struct mistake_file *file, int line, const char *format, va_list args)
{
    char text[768];

    vsnprintf(text, sizeof(text), format, args);
    return err_set(file->err, ERR_USAGE, "%s:%d: %s", file->path, line, text);
}

int mistake(const struct mistake_file *file, const char *word, const char *format, ...)
{
    va_list args;
    int code;

    va_start(args, format);
    code = mistake_put(file, mistake_line(file, word), format, args);
    va_end(args);
    return code;
}

int mistake_at(const struct mistake_file *file, int line, const char *format, ...)
{
    va_list args;
    int code;

    va_start(args, format);
    code = mistake_put(file, line, format, args);
    va_end(args);
    return code;
}

int mistake_unless_printable(const struct mistake_file *file, const char *word,
                             const char *what, const char *text)
{
    if (printable_is(text))
        return 0;
    return mistake(file, word,
                   "%s is '%.80s'; expected UTF-8 without control characters, such as "
                   "ends of lines and escapes, and without invisible ones and '##['",
                   what, text);
}

bool mistake_is_name(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!isascii((unsigned char)*p) || !isgraph((unsigned char)*p) || *p == ',')
            return false;
    return text[0] != '\0' && printable_begins(text);
}
