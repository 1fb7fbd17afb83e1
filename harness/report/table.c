/* table.c - see table.h. */
#include "report/table.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"

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

static size_t column_width(const struct table *table, size_t column)
{
    size_t width = 0;

    for (int h = 0; h < 2; h++)
        if (strlen(table->column[column].head[h]) > width)
            width = strlen(table->column[column].head[h]);
    for (size_t r = 0; r < table->rows; r++)
        if (strlen(table->cells[r][column]) > width)
            width = strlen(table->cells[r][column]);
    return width;
}

/* One line without blanks at its end; line(context, column) is a column's text. */
static void write_line(FILE *out, const struct table *table,
                       const char *(*text)(const struct table *table, size_t line,
                                           size_t column),
                       size_t line, const size_t *widths)
{
    size_t pending = 0;

    for (size_t c = 0; c < table->columns; c++) {
        const char *cell = text(table, line, c);
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

static const char *head_text(const struct table *table, size_t line, size_t column)
{
    return table->column[column].head[line];
}

static const char *cell_text(const struct table *table, size_t line, size_t column)
{
    return table->cells[line][column];
}

void table_write(FILE *out, struct table *table, bool color)
{
    size_t widths[TABLE_COLUMNS];

    for (size_t c = 0; c < table->columns; c++)
        widths[c] = column_width(table, c);
    if (color)
        fputs("\033[1m", out);
    for (size_t line = 0; line < 2; line++)
        write_line(out, table, head_text, line, widths);
    if (color)
        fputs("\033[0m", out);
    for (size_t row = 0; row < table->rows; row++)
        write_line(out, table, cell_text, row, widths);
    fputc('\n', out);
    mem_freep(&table->cells);
    table->cells = NULL;
}
