/* sheet.c - see sheet.h. */
#include "report/sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"

void sheet_column(struct sheet *sheet, const struct column *column)
{
    sheet->columns =
        mem_grow(sheet->columns, sheet->column_count + 1, sizeof(*sheet->columns));
    sheet->columns[sheet->column_count++] = *column;
}

struct cell *sheet_row(struct sheet *sheet)
{
    struct cell *row;

    sheet->cells = mem_grow(sheet->cells, (sheet->row_count + 1) * sheet->column_count,
                            sizeof(*sheet->cells));
    row = &sheet->cells[sheet->row_count++ * sheet->column_count];
    memset(row, 0, sheet->column_count * sizeof(*row));
    return row;
}

const struct cell *sheet_cell(const struct sheet *sheet, size_t row, size_t column)
{
    return &sheet->cells[row * sheet->column_count + column];
}

struct sheet_case *sheet_case(struct sheet *sheet, enum case_outcome outcome,
                              const char *suite)
{
    struct sheet_case *added;

    sheet->cases = mem_grow(sheet->cases, sheet->case_count + 1, sizeof(*sheet->cases));
    added = &sheet->cases[sheet->case_count++];
    *added = (struct sheet_case){ .outcome = outcome, .suite = mem_strdup(suite) };
    return added;
}

void sheet_place(struct sheet_case *item, const char *path, unsigned line)
{
    static const char suffix[] = ".lua";
    size_t length = path ? strlen(path) : 0;

    if (length <= strlen(suffix) || strcmp(path + length - strlen(suffix), suffix) != 0)
        return;
    item->path = mem_strdup(path);
    item->line = line;
}

void sheet_end(struct sheet *sheet)
{
    struct sheet_case *rest;

    if (sheet->status == EXIT_PASS || mutant("status-unaccounted"))
        return;
    for (size_t i = 0; i < sheet->case_count; i++)
        if (sheet->cases[i].outcome > CASE_SKIPPED)
            return;
    rest = sheet_case(sheet, CASE_ERROR, sheet->title ? sheet->title : sheet->what);
    rest->type = exit_status_name(sheet->status);
    rest->message = mem_strdup(sheet->verdict);
}

static void release_case(struct sheet_case *item)
{
    free(item->suite);
    free(item->name);
    free(item->message);
    free(item->note);
    free(item->expected);
    free(item->found);
    free(item->advice);
    free(item->command);
    free(item->path);
}

void sheet_clear(struct sheet *sheet)
{
    for (size_t i = 0; i < sheet->row_count * sheet->column_count; i++)
        if (sheet->columns[i % sheet->column_count].type <= CELL_NAME)
            free(sheet->cells[i].text);
    sheet->row_count = 0;
}

void sheet_release(struct sheet *sheet)
{
    sheet_clear(sheet);
    for (size_t i = 0; i < sheet->case_count; i++)
        release_case(&sheet->cases[i]);
    free(sheet->cells);
    free(sheet->cases);
    free(sheet->columns);
    free(sheet->title);
    free(sheet->verdict);
    free(sheet->command);
    *sheet = SHEET_NULL;
}

void cell_text(struct cell *cell, const char *text)
{
    *cell = (struct cell){ .known = true, .text = mem_strdup(text) };
}

void cell_whole(struct cell *cell, uint64_t number)
{
    *cell = (struct cell){ .known = true, .whole = number };
}

void cell_real(struct cell *cell, double number)
{
    *cell = (struct cell){ .known = isfinite(number), .real = number };
}

void cell_flag(struct cell *cell, bool flag)
{
    *cell = (struct cell){ .known = true, .flag = flag };
}

void cell_share(struct cell *cell, struct rate rate)
{
    *cell = (struct cell){ .known = rate.of > 0, .share = rate };
}

void cell_difference(struct cell *cell, double estimate, struct interval interval)
{
    *cell = (struct cell){ .known = true, .difference = { estimate, interval } };
}

void cell_ratio(struct cell *cell, const struct ratio *ratio)
{
    *cell = (struct cell){ .known = ratio->known, .ratio = *ratio };
}

void cell_duration(struct cell *cell, double us)
{
    *cell = (struct cell){ .known = isfinite(us), .us = us };
}

void cell_lasts(struct cell *cell, int64_t lasts_ms)
{
    *cell = (struct cell){ .known = true, .lasts_ms = lasts_ms };
}

void cell_p(struct cell *cell, double p)
{
    cell_real(cell, p);
}
