/* csv.c - a sheet as comma-separated values, as RFC 4180 has them: a header of keys,
 * lines that end in CR LF, quotes where a field needs them. What is not known is empty.
 * An interval is three fields: KEY, KEY_low, KEY_high.
 *
 * Numbers have a point, whatever the locale. A name that a spreadsheet would take for a
 * formula gets an apostrophe in front, which it shows as text: such a name is changed,
 * and JSON has it as it is. */
#include <string.h>

#include "base/mem.h"
#include "report/layouts.h"
#include "state/verdict.h"

static void write_text(FILE *out, const char *text)
{
    bool quoted = text[strcspn(text, ",\"\r\n")] || text[0] == ' ' || !text[0];

    if (!quoted) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void put_text(FILE *out, const struct cell *cell)
{
    write_text(out, cell->text);
}

static void put_name(FILE *out, const struct cell *cell)
{
    char *guarded = NULL;

    if (cell->text[0] && strchr("=+-@\t\r", cell->text[0]))
        guarded = mem_printf("'%s", cell->text);
    write_text(out, guarded ? guarded : cell->text);
    mem_freep(&guarded);
}

static void put_whole(FILE *out, const struct cell *cell)
{
    fprintf(out, "%llu", (unsigned long long)cell->whole);
}

static void write_real(FILE *out, double number)
{
    fprintf(out, "%.9g", number);
}

static void put_real(FILE *out, const struct cell *cell)
{
    write_real(out, cell->real);
}

static void put_flag(FILE *out, const struct cell *cell)
{
    fputs(cell->flag ? "true" : "false", out);
}

static void write_interval(FILE *out, double estimate, struct interval interval)
{
    write_real(out, estimate);
    fputc(',', out);
    write_real(out, interval.low);
    fputc(',', out);
    write_real(out, interval.high);
}

static void put_share(FILE *out, const struct cell *cell)
{
    write_interval(out, cell->share.estimate, cell->share.interval);
}

static void put_difference(FILE *out, const struct cell *cell)
{
    write_interval(out, cell->difference.estimate, cell->difference.interval);
}

static void put_ratio(FILE *out, const struct cell *cell)
{
    if (cell->ratio.bounded)
        write_interval(out, cell->ratio.estimate, cell->ratio.interval);
    else
        fprintf(out, "%.9g,,", cell->ratio.estimate);
}

static void put_duration(FILE *out, const struct cell *cell)
{
    write_real(out, cell->us);
}

static void put_lasts(FILE *out, const struct cell *cell)
{
    if (cell->lasts_ms == LASTS_FOREVER)
        fputs("forever", out);
    else
        write_real(out, (double)cell->lasts_ms / 1e3);
}

static const struct {
    void (*put)(FILE *out, const struct cell *cell);
    bool interval; /* three fields */
} types[CELL_TYPES] = {
    [CELL_TEXT] = { put_text, false },
    [CELL_NAME] = { put_name, false },
    [CELL_WHOLE] = { put_whole, false },
    [CELL_REAL] = { put_real, false },
    [CELL_FLAG] = { put_flag, false },
    [CELL_SHARE] = { put_share, true },
    [CELL_DIFFERENCE] = { put_difference, true },
    [CELL_RATIO] = { put_ratio, true },
    [CELL_DURATION] = { put_duration, false },
    [CELL_LASTS] = { put_lasts, false },
    [CELL_P] = { put_real, false },
};

void csv_header(FILE *out, const struct sheet *sheet)
{
    for (size_t c = 0; c < sheet->column_count; c++) {
        const char *key = sheet->columns[c].key;

        fprintf(out, "%s%s", c ? "," : "", key);
        if (types[sheet->columns[c].type].interval)
            fprintf(out, ",%s_low,%s_high", key, key);
    }
    fputs("\r\n", out);
}

void csv_row(FILE *out, const struct sheet *sheet, size_t row)
{
    for (size_t c = 0; c < sheet->column_count; c++) {
        const struct cell *cell = sheet_cell(sheet, row, c);

        fputs(c ? "," : "", out);
        if (cell->known)
            types[sheet->columns[c].type].put(out, cell);
        else if (types[sheet->columns[c].type].interval)
            fputs(",,", out);
    }
    fputs("\r\n", out);
}

void csv_write(FILE *out, const struct sheet *sheet, struct report_style style)
{
    (void)style;
    csv_header(out, sheet);
    for (size_t row = 0; row < sheet->row_count; row++)
        csv_row(out, sheet, row);
}
