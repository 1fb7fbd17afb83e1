/* html.c - see html.h. */
#include "report/html.h"

#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "base/printable.h"
#include "report/html_style.h"

/* NULL: it stands for itself. */
static const char *entity(char c)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = {
        { '&', "&amp;" },  { '<', "&lt;" },   { '>', "&gt;" },
        { '"', "&quot;" }, { '\'', "&#39;" }, { '\n', "\n" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(entities); i++)
        if (entities[i].c == c && !mutant("html-unescaped"))
            return entities[i].entity;
    return NULL;
}

void html_text(FILE *out, const char *text)
{
    size_t left = strlen(text), length;

    for (; left; text += length, left -= length) {
        const char *as = entity(*text);
        size_t columns = printable_columns(text, left, &length);

        if (as || !columns)
            length = 1;
        if (as)
            fputs(as, out);
        else if (columns)
            fwrite(text, 1, length, out);
        else
            fprintf(out, "\\x%02X", (unsigned char)*text);
    }
}

void html_vsay(FILE *out, const char *format, va_list args)
{
    CLEANUP(mem_freep) char *text = mem_vprintf(format, args);

    html_text(out, text);
}

void html_say(FILE *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    html_vsay(out, format, args);
    va_end(args);
}

void html_begin(FILE *out, const char *title)
{
    fputs("<!DOCTYPE html>\n"
          "<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n"
          "<head>\n<meta charset=\"utf-8\" />\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n"
          "<meta name=\"color-scheme\" content=\"light dark\" />\n"
          "<link rel=\"icon\" href=\"data:,\" />\n<title>",
          out);
    html_say(out, "%s - afterkill", title);
    fprintf(out,
            "</title>\n<style>%s</style>\n</head>\n<body>\n"
            "<svg class=\"defs\" aria-hidden=\"true\" "
            "xmlns=\"http://www.w3.org/2000/svg\"><defs><pattern id=\"ending\" "
            "width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" "
            "patternTransform=\"rotate(45)\"><rect class=\"passing\" width=\"7\" "
            "height=\"7\"/><rect class=\"forever\" width=\"4\" "
            "height=\"7\"/></pattern></defs></svg>\n<main>\n",
            html_style);
}

void html_end(FILE *out)
{
    fputs("</main>\n</body>\n</html>\n", out);
}

void html_verdict(FILE *out, const char *line)
{
    static const struct {
        const char *word, *class, *mark;
    } marks[] = {
        { "PASS", "good", "\xe2\x9c\x94" },
        { "FAIL", "bad", "\xe2\x9c\x98" },
        { "ERROR", "bad", "\xe2\x9c\x98" },
        { "", "some", "?" },
    };
    size_t i = 0;

    while (strncmp(line, marks[i].word, strlen(marks[i].word)) != 0)
        i++;
    fprintf(out, "<p class=\"verdict %s\"><span aria-hidden=\"true\">%s</span> ",
            marks[i].class, marks[i].mark);
    html_text(out, line);
    fputs("</p>\n", out);
}

void html_command(FILE *out, const char *what, const char *command)
{
    if (!command)
        return;
    fputs("<p class=\"command\">", out);
    html_text(out, what);
    fputs(" <code>", out);
    html_text(out, command);
    fputs("</code></p>\n", out);
}

void html_lines(FILE *out, const char *text)
{
    if (!*text)
        return;
    fputs("<div class=\"lines\">", out);
    html_text(out, text);
    fputs("</div>\n", out);
}

void html_sections(FILE *out, const struct html_section *sections, size_t count,
                   const void *document)
{
    fputs("<nav aria-label=\"Sections\"><ul>", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id,
                sections[i].title);
    fputs("</ul></nav>\n", out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "<section id=\"%s\">\n<h2>%s</h2>\n", sections[i].id,
                sections[i].title);
        sections[i].write(out, document);
        fputs("</section>\n", out);
    }
}

struct html_table html_table_begin(FILE *out, const char *caption,
                                   const char *const *heads)
{
    fputs("<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"", out);
    html_text(out, caption);
    fputs("\"><table>\n<thead><tr>", out);
    for (size_t i = 0; heads[i]; i++) {
        fputs("<th scope=\"col\">", out);
        html_text(out, heads[i]);
        fputs("</th>", out);
    }
    fputs("</tr></thead>\n<tbody>", out);
    return (struct html_table){ out, 0 };
}

static void row_end(struct html_table *table)
{
    if (table->column)
        fputs("</tr>\n", table->out);
    table->column = 0;
}

void html_row(struct html_table *table)
{
    row_end(table);
    fputs("<tr>", table->out);
}

__attribute__((format(printf, 3, 0))) static void cell(struct html_table *table,
                                                       const char *class,
                                                       const char *format, va_list args)
{
    const char *tag = table->column++ ? "td" : "th scope=\"row\"";

    fprintf(table->out, "<%s%s%s%s>", tag, class ? " class=\"" : "", class ? class : "",
            class ? "\"" : "");
    html_vsay(table->out, format, args);
    fprintf(table->out, "</%.2s>", tag);
}

void html_cell(struct html_table *table, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    cell(table, NULL, format, args);
    va_end(args);
}

void html_cell_or_none(struct html_table *table, const char *text)
{
    html_cell(table, "%s", *text ? text : "-");
}

void html_cell_of(struct html_table *table, const char *class, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    cell(table, class, format, args);
    va_end(args);
}

void html_cell_link(struct html_table *table, const char *to, const char *text)
{
    table->column++;
    fprintf(table->out, "<th scope=\"row\"><a href=\"%s\">", to);
    html_text(table->out, text);
    fputs("</a></th>", table->out);
}

void html_table_end(struct html_table *table)
{
    row_end(table);
    fputs("</tbody></table></div>\n", table->out);
}
