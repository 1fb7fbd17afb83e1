/* reasons.c - see reasons.h. */
#include "report/reasons.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"

struct reasons reasons_begin(const char *word, char **ret)
{
    struct reasons reasons = { .out = mem_stream(ret) };

    fprintf(reasons.out, "%s: ", word);
    return reasons;
}

void reasons_end(struct reasons *reasons)
{
    if (!reasons->asks)
        fputc('.', reasons->out);
    fclose(reasons->out);
}

void because(struct reasons *reasons, const char *format, ...)
{
    va_list arguments;

    if (reasons->count++)
        fputs("; ", reasons->out);
    reasons->asks = false;
    va_start(arguments, format);
    vfprintf(reasons->out, format, arguments);
    va_end(arguments);
}

void because_of_trouble(struct reasons *reasons, const char *trouble)
{
    size_t length = strcspn(trouble, "\n");

    while (length && (trouble[length - 1] == ':' || trouble[length - 1] == '.'))
        length--;
    because(reasons, "%.*s", (int)length, trouble);
    reasons->asks = length && trouble[length - 1] == '?';
}
