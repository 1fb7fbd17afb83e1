/* tap.c - a sheet's cases in the Test Anything Protocol, version 13: a test point each.
 * What only passes, which nobody expects, is a diagnostic behind. What failed is
 * explained in a YAML block, whose texts are quoted as JSON quotes them: YAML understands
 * that. */
#include "report/layouts.h"

/* In a description a hash begins a directive. */
static void write_description(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '#' || *text == '\\')
            fputc('\\', out);
        fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
}

static void write_quoted(FILE *out, const char *key, const char *text)
{
    if (!text)
        return;
    fprintf(out, "  %s: \"", key);
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            fprintf(out, "\\%c", *text);
        else if ((unsigned char)*text < ' ' || *text == '\177')
            fprintf(out, "\\x%02X", (unsigned)(unsigned char)*text);
        else
            fputc(*text, out);
    fputs("\"\n", out);
}

/* A test that did not run, or decides nothing, proves nothing: it has not passed. */
static void write_case(FILE *out, size_t number, const struct sheet_case *item)
{
    bool ok = item->outcome <= CASE_SKIPPED;

    fprintf(out, "%sok %zu - ", ok ? "" : "not ", number);
    write_description(out, item->suite);
    if (item->name) {
        fputc('/', out);
        write_description(out, item->name);
    }
    if (item->outcome == CASE_SKIPPED) {
        fputs(" # SKIP ", out);
        write_description(out, item->message);
    }
    fputc('\n', out);
    if (ok && item->note) { /* else it is in the block, which has to come first */
        fputs("# ", out);
        write_description(out, item->note);
        fputc('\n', out);
    }
    if (ok)
        return;
    fputs("  ---\n", out);
    write_quoted(out, "message", item->message);
    write_quoted(out, "expected", item->expected);
    write_quoted(out, "found", item->found);
    write_quoted(out, "advice", item->advice);
    write_quoted(out, "reproduce", item->command);
    fputs("  ...\n", out);
}

void tap_write(FILE *out, const struct sheet *sheet, struct report_style style)
{
    (void)style;
    fprintf(out, "TAP version 13\n1..%zu%s", sheet->case_count,
            sheet->case_count ? "" : " # SKIP ");
    if (!sheet->case_count)
        write_description(out, sheet->verdict);
    fputc('\n', out);
    for (size_t i = 0; i < sheet->case_count; i++)
        write_case(out, i + 1, &sheet->cases[i]);
    if (sheet->status == EXIT_INTERRUPTED)
        fputs("Bail out! a signal asked to stop\n", out);
    fputs("# ", out);
    write_description(out, sheet->verdict);
    fputc('\n', out);
}
