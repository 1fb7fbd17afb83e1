/* html.h - the page around every HTML document: frame, style, escaping, tables.
 *
 * A page is one file that needs no network and no script, in the common ground of HTML 5
 * and XML, so that a strict parser can tell whether anything slipped through unescaped.
 * Markup is written by the writers as it is; every text that is not a literal of theirs
 * goes through html_say(). Numbers in markup are whole, so no locale changes them. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* A text, escaped for content and for values of attributes. What a terminal may not have
 * (base/printable.h) is written as \xHH, but for ends of lines. */
void html_text(FILE *out, const char *text);
/* The same of a text that is put together first. */
__attribute__((format(printf, 2, 3))) void html_say(FILE *out, const char *format, ...);
__attribute__((format(printf, 2, 0))) void html_vsay(FILE *out, const char *format,
                                                     va_list args);

/* Opens a page, up to where its sections begin; closes it. */
void html_begin(FILE *out, const char *title);
void html_end(FILE *out);

/* The verdict on all of it: "PASS: ..", as verdict_line.h has it. Behind a mark that
 * tells by its shape, too, whether it passes. */
void html_verdict(FILE *out, const char *line);
/* What can be copied into a shell, and what for; nothing of a NULL. */
void html_command(FILE *out, const char *what, const char *command);
/* Lines as they were written for a terminal, which the page breaks where it needs to;
 * nothing of an empty text. */
void html_lines(FILE *out, const char *text);

/* A part of a page, which a link at its top leads to. */
struct html_section {
    const char *id, *title;
    /* `document` is what the page is of. */
    void (*write)(FILE *out, const void *document);
};
/* The links, and all sections in order. */
void html_sections(FILE *out, const struct html_section *sections, size_t count,
                   const void *document);

/* A table whose cells are written one by one. Where it is too wide, it scrolls and the
 * page does not. */
struct html_table {
    FILE *out;
    size_t column; /* of the next cell; the first of a row is its header */
};
/* `heads` are those of its columns; NULL ends them. */
struct html_table html_table_begin(FILE *out, const char *caption,
                                   const char *const *heads);
void html_row(struct html_table *table);
__attribute__((format(printf, 2, 3))) void html_cell(struct html_table *table,
                                                     const char *format, ...);
void html_cell_or_none(struct html_table *table, const char *text); /* "-" of "" */
/* A cell that stands out: `class` is "good", "bad" or "some" (html_style.h). */
__attribute__((format(printf, 3, 4))) void html_cell_of(struct html_table *table,
                                                        const char *class,
                                                        const char *format, ...);
/* The first cell of a row, which leads to a place on this page: "#points-3". */
void html_cell_link(struct html_table *table, const char *to, const char *text);
void html_table_end(struct html_table *table);
