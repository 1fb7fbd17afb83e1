/* table.c - see table.h. */
#include "report/table.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

#define HEADS ARRAY_SIZE(((struct table *)NULL)->column->head)
#define BETWEEN 2 /* blanks between columns */

size_t table_column(struct table *table, const char *first, const char *second,
                    bool right)
{
    assert(table->columns < TABLE_COLUMNS);
    table->column[table->columns].head[0] = first;
    table->column[table->columns].head[1] = second;
    table->column[table->columns].right = right;
    return table->columns++;
}

void table_row(struct table *table)
{
    table->cells = mem_grow(table->cells, table->rows + 1, sizeof(*table->cells));
    memset(table->cells[table->rows++], 0, sizeof(*table->cells));
}

void table_set(struct table *table, size_t column, const char *format, ...)
{
    char *text = table->cells[table->rows - 1][column].text;
    va_list args;

    va_start(args, format);
    vsnprintf(text, TABLE_CELL, format, args);
    va_end(args);
}

void table_color(struct table *table, size_t column, const char *color)
{
    table->cells[table->rows - 1][column].color = color;
}

/* The text of a column in a line; the first lines are the header's. */
static const char *text_at(const struct table *table, size_t line, size_t column)
{
    return line < HEADS ? table->column[column].head[line]
                        : table->cells[line - HEADS][column].text;
}

static size_t column_width(const struct table *table, size_t column)
{
    size_t width = 0;

    for (size_t line = 0; line < HEADS + table->rows; line++)
        if (str_columns(text_at(table, line, column)) > width)
            width = str_columns(text_at(table, line, column));
    return width;
}

static void write_cell(FILE *out, const char *text, const char *color)
{
    fprintf(out, "%s%s%s", color ? color : "", text, color ? "\033[0m" : "");
}

/* Columns that stand side by side. */
struct block {
    size_t columns[TABLE_COLUMNS], count;
};

/* Without blanks at its end. */
static void write_line(FILE *out, const struct table *table, const struct block *block,
                       size_t line, const size_t *widths, bool color)
{
    size_t pending = 0;

    for (size_t i = 0; i < block->count; i++) {
        size_t c = block->columns[i], width = widths[c];
        const char *text = text_at(table, line, c);
        size_t length = str_columns(text);
        size_t left = table->column[c].right ? width - length : 0;

        if (length) {
            fprintf(out, "%*s", (int)(pending + left), "");
            write_cell(out, text,
                       color && line >= HEADS ? table->cells[line - HEADS][c].color
                                              : NULL);
            pending = width - length - left;
        } else {
            pending += width;
        }
        pending += BETWEEN;
    }
    fputc('\n', out);
}

/* As many columns as have room, from the given one; at least one. Returns the first that
 * has none. */
static size_t fill_block(const struct table *table, const size_t *widths, size_t from,
                         size_t room, struct block *ret)
{
    size_t used = widths[0];

    ret->columns[0] = 0;
    ret->count = 1;
    for (; from < table->columns; from++) {
        used += BETWEEN + widths[from];
        if (used > room && ret->count > 1)
            break;
        ret->columns[ret->count++] = from;
    }
    return from;
}

void table_write(FILE *out, struct table *table, struct report_style style)
{
    size_t widths[TABLE_COLUMNS], next = 1;

    for (size_t c = 0; c < table->columns; c++)
        widths[c] = column_width(table, c);
    do {
        struct block block;

        next = fill_block(table, widths, next, style.columns ? style.columns : SIZE_MAX,
                          &block);
        if (style.color)
            fputs("\033[1m", out);
        for (size_t line = 0; line < HEADS + table->rows; line++) {
            write_line(out, table, &block, line, widths, style.color);
            if (style.color && line + 1 == HEADS)
                fputs("\033[0m", out);
        }
        fputc('\n', out);
    } while (next < table->columns);
    mem_freep(&table->cells);
    table->cells = NULL;
}
