/* table.c - see table.h. */
#include "report/table.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"

#define HEADS ARRAY_SIZE(((struct table *)NULL)->column->head)

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
    va_list args;

    va_start(args, format);
    vsnprintf(table->cells[table->rows - 1][column], TABLE_CELL, format, args);
    va_end(args);
}

/* The text of a column in a line; the first lines are the header's. */
static const char *text_at(const struct table *table, size_t line, size_t column)
{
    return line < HEADS ? table->column[column].head[line]
                        : table->cells[line - HEADS][column];
}

static size_t column_width(const struct table *table, size_t column)
{
    size_t width = 0;

    for (size_t line = 0; line < HEADS + table->rows; line++)
        if (strlen(text_at(table, line, column)) > width)
            width = strlen(text_at(table, line, column));
    return width;
}

/* Without blanks at its end. */
static void write_line(FILE *out, const struct table *table, size_t line,
                       const size_t *widths)
{
    size_t pending = 0;

    for (size_t c = 0; c < table->columns; c++) {
        const char *cell = text_at(table, line, c);
        size_t width = widths[c], length = strlen(cell);
        size_t left = table->column[c].right ? width - length : 0;

        if (length) {
            fprintf(out, "%*s%s", (int)(pending + left), "", cell);
            pending = width - length - left;
        } else {
            pending += width;
        }
        pending += 2;
    }
    fputc('\n', out);
}

void table_write(FILE *out, struct table *table, bool color)
{
    size_t widths[TABLE_COLUMNS];

    for (size_t c = 0; c < table->columns; c++)
        widths[c] = column_width(table, c);
    if (color)
        fputs("\033[1m", out);
    for (size_t line = 0; line < HEADS + table->rows; line++) {
        write_line(out, table, line, widths);
        if (color && line + 1 == HEADS)
            fputs("\033[0m", out);
    }
    fputc('\n', out);
    mem_freep(&table->cells);
    table->cells = NULL;
}
