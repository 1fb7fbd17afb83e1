/* table.h - a table of cells, as wide as they need to be, with two header lines.
 *
 * Where it is wider than the terminal, the columns that have no room follow in another
 * block below, behind the first column once more: no line is broken. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "report/style.h"

#define TABLE_COLUMNS 13
#define TABLE_CELL 72

struct table_cell {
    char text[TABLE_CELL];
    const char *color; /* an escape sequence; NULL: none */
};

struct table {
    size_t columns, rows;
    struct {
        const char *head[2];
        bool right; /* cells stand to the right, as numbers do */
    } column[TABLE_COLUMNS];
    struct table_cell (*cells)[TABLE_COLUMNS]; /* owned */
};

/* Adds a column, before any row; returns its number. The texts are borrowed. */
size_t table_column(struct table *table, const char *first, const char *second,
                    bool right);
void table_row(struct table *table); /* adds an empty row */
/* Sets a cell of the last row; a text that is too long is cut. */
__attribute__((format(printf, 3, 4))) void table_set(struct table *table, size_t column,
                                                     const char *format, ...);
/* The cell of the last row has a colour, if the style has. */
void table_color(struct table *table, size_t column, const char *color);
/* Writes the table and an empty line, and frees what it holds. */
void table_write(FILE *out, struct table *table, struct report_style style);
