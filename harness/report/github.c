/* github.c - a sheet's cases as GitHub's workflow commands: an annotation for each that
 * has not passed, or that passes with a note, in the order of how bad it is, because
 * GitHub shows ten of each kind. A line of the log that begins with two colons is a
 * command; what is not ours is escaped, so that nobody else gives one. */
#include <string.h>

#include "base/mem.h"
#include "report/layouts.h"

static const char *const levels[] = { "error", "warning", "notice" };

/* What is told of a case, and how loud; NULL: nothing. */
static const char *told(const struct sheet_case *item, size_t level)
{
    static const size_t of[CASE_OUTCOMES] = {
        [CASE_PASSED] = 2, [CASE_SKIPPED] = 2, [CASE_OPEN] = 1
    };

    if (of[item->outcome] != level)
        return NULL;
    return item->outcome > CASE_SKIPPED   ? item->message
           : item->outcome == CASE_PASSED ? item->note
                                          : NULL;
}

/* In the value of a property, colons and commas too; elsewhere GitHub leaves these as
 * they are. */
static void write_escaped(FILE *out, const char *text, bool property)
{
    for (; *text; text++)
        if (*text == '%' || (unsigned char)*text < ' ' || *text == '\177' ||
            (property && (*text == ':' || *text == ',')))
            fprintf(out, "%%%02X", (unsigned)(unsigned char)*text);
        else
            fputc(*text, out);
}

static void write_place(FILE *out, const struct sheet_case *item)
{
    if (!item->path)
        return;
    fputs("file=", out); /* as the repository knows it */
    write_escaped(out, item->path + 2 * (strncmp(item->path, "./", 2) == 0), true);
    if (item->line)
        fprintf(out, ",line=%u", item->line);
    fputc(',', out);
}

static void write_more(FILE *out, const char *before, const char *text)
{
    if (!text)
        return;
    fputs(before, out);
    write_escaped(out, text, false);
}

static void write_annotation(FILE *out, const struct sheet_case *item, const char *level,
                             const char *message)
{
    fprintf(out, "::%s ", level);
    write_place(out, item);
    fputs("title=", out);
    write_escaped(out, item->suite, true);
    if (item->name) {
        fputs("%3A ", out);
        write_escaped(out, item->name, true);
    }
    fputs("::", out);
    write_escaped(out, message, false);
    if (item->outcome > CASE_SKIPPED)
        write_more(out, "%0A", item->advice);
    write_more(out, "%0ASee: ", item->command);
    fputc('\n', out);
}

/* A line of the log, in which nothing is unescaped. It begins with a word of ours. */
static void write_line(FILE *out, const char *text)
{
    for (; *text; text++)
        fputc((unsigned char)*text < ' ' || *text == '\177' ? ' ' : *text, out);
    fputc('\n', out);
}

void github_write(FILE *out, const struct sheet *sheet, struct report_style style)
{
    for (size_t level = 0; level < ARRAY_SIZE(levels); level++)
        for (size_t i = 0; i < sheet->case_count; i++) {
            const char *message = told(&sheet->cases[i], level);

            if (message)
                write_annotation(out, &sheet->cases[i], levels[level], message);
        }
    write_line(out, sheet->verdict);
    if (style.summary)
        markdown_write(style.summary, sheet, style);
}
