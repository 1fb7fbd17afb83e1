/* junit.c - a sheet's cases in the XML that CI servers take for test results: a testsuite
 * per scenario, a testcase per case. What is not as it should be, or not decided, is a
 * failure; what could not be run or explained is an error; what has no expectation, or
 * cannot be run on this server, is skipped.
 *
 * Texts can hold any bytes (a message quotes a file): those that XML 1.0 does not have,
 * and those that are not UTF-8, are written as \xHH. */
#include <string.h>

#include "base/mem.h"
#include "base/printable.h"
#include "report/layouts.h"

/* How many bytes the character at the text has; 0 if XML has no such character. */
static size_t character(const char *text)
{
    uint32_t code = 0;
    size_t length = printable_decode(text, &code);

    return (code < ' ' && !strchr("\t\n\r", (int)code)) || code == 0xFFFE ||
                   code == 0xFFFF
               ? 0
               : length;
}

/* Right in attributes and between tags. White space in an attribute is kept only as a
 * reference. */
static void write_escaped(FILE *out, const char *text)
{
    while (*text) {
        size_t length = character(text);

        if (!length)
            fprintf(out, "\\x%02X", (unsigned)(unsigned char)*text);
        else if (length == 1 && strchr("<>&\"'\t\n\r", *text))
            fprintf(out, "&#%d;", *text);
        else
            fwrite(text, 1, length, out);
        text += length ? length : 1;
    }
}

static void write_attribute(FILE *out, const char *name, const char *text)
{
    fprintf(out, " %s=\"", name);
    write_escaped(out, text);
    fputc('"', out);
}

/* What a case that has not passed has in it; NULL: nothing. */
static const char *const elements[CASE_OUTCOMES] = {
    [CASE_SKIPPED] = "skipped",
    [CASE_OPEN] = "failure",
    [CASE_FAILED] = "failure",
    [CASE_ERROR] = "error",
};

static bool is_element(const struct sheet_case *item, const char *element)
{
    return elements[item->outcome] && strcmp(elements[item->outcome], element) == 0;
}

/* Cases of one scenario stand together. */
static size_t suite_end(const struct sheet *sheet, size_t from)
{
    size_t end = from;

    while (end < sheet->case_count &&
           strcmp(sheet->cases[end].suite, sheet->cases[from].suite) == 0)
        end++;
    return end;
}

static void write_totals(FILE *out, const struct sheet *sheet, size_t from, size_t end,
                         double seconds)
{
    static const char *const counted[][2] = { { "failures", "failure" },
                                              { "errors", "error" },
                                              { "skipped", "skipped" } };

    fprintf(out, " tests=\"%zu\"", end - from);
    for (size_t i = 0; i < ARRAY_SIZE(counted); i++) {
        size_t count = 0;

        for (size_t c = from; c < end; c++)
            count += is_element(&sheet->cases[c], counted[i][1]);
        fprintf(out, " %s=\"%zu\"", counted[i][0], count);
    }
    fprintf(out, " time=\"%.3f\"", seconds);
}

static void write_line(FILE *out, const char *before, const char *text)
{
    if (!text)
        return;
    fputs(before, out);
    write_escaped(out, text);
}

static void write_problem(FILE *out, const struct sheet_case *item, const char *element)
{
    fprintf(out, "      <%s", element);
    if (item->outcome > CASE_SKIPPED)
        write_attribute(out, "type", item->type);
    write_attribute(out, "message", item->message);
    if (item->outcome == CASE_SKIPPED) {
        fputs("/>\n", out);
        return;
    }
    fputc('>', out);
    write_escaped(out, item->message);
    write_line(out, "\n", item->advice);
    write_line(out, "\nSee: ", item->command);
    fprintf(out, "</%s>\n", element);
}

static void write_case(FILE *out, const struct sheet_case *item)
{
    fputs("    <testcase", out);
    write_attribute(out, "classname", item->suite);
    write_attribute(out, "name", item->name ? item->name : "(scenario)");
    fprintf(out, " time=\"%.3f\">\n", item->seconds);
    if (elements[item->outcome])
        write_problem(out, item, elements[item->outcome]);
    if (item->found) {
        fputs("      <system-out>", out);
        write_escaped(out, item->found);
        write_line(out, "\n", item->note);
        fputs("</system-out>\n", out);
    }
    fputs("    </testcase>\n", out);
}

static void write_suite(FILE *out, const struct sheet *sheet, size_t from, size_t end)
{
    double seconds = 0;

    for (size_t i = from; i < end; i++)
        seconds += sheet->cases[i].seconds;
    fputs("  <testsuite", out);
    write_attribute(out, "name", sheet->cases[from].suite);
    write_totals(out, sheet, from, end, seconds);
    fputs(">\n", out);
    for (size_t i = from; i < end; i++)
        write_case(out, &sheet->cases[i]);
    fputs("  </testsuite>\n", out);
}

void junit_write(FILE *out, const struct sheet *sheet, struct report_style style)
{
    (void)style;
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<testsuites name=\"afterkill %s\"",
            sheet->what);
    write_totals(out, sheet, 0, sheet->case_count, sheet->seconds);
    fputs(">\n", out);
    for (size_t from = 0, end; from < sheet->case_count; from = end) {
        end = suite_end(sheet, from);
        write_suite(out, sheet, from, end);
    }
    fputs("</testsuites>\n", out);
}
