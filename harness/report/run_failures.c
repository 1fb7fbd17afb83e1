/* run_failures.c - survivors that are programs and did not end well, and what they
 * printed: its beginning and its end, since the reason stands in one of them mostly. All
 * that is kept of it is in the run's file (docs/results.md). */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/printable.h"
#include "base/str.h"
#include "report/parts.h"
#include "report/words.h"

#define LINES_FIRST 5
#define LINES_LAST 5
#define LINE_COLUMNS 84

static bool is_alike(const struct failure *a, const struct failure *b)
{
    return strcmp(a->what, b->what) == 0 && strcmp(a->command, b->command) == 0 &&
           strcmp(a->fate, b->fate) == 0;
}

/* Has one like it been told? */
static bool is_told(const struct finding *finding, size_t i)
{
    for (size_t before = 0; before < i; before++)
        if (is_alike(&finding->failures[before], &finding->failures[i]))
            return true;
    return false;
}

static void say_after(FILE *out, const struct finding *finding,
                      const struct failure *failure)
{
    if (failure->point < 0)
        fprintf(out, "%s when nobody had died", finding->strategy->name);
    else
        fprintf(out, "%s:%lld%s", finding->strategy->name, (long long)failure->point,
                failure->killed ? ", after a real kill" : "");
}

/* Those that are like it, behind it. */
static void say_others(FILE *out, const struct finding *finding, size_t i)
{
    const struct failure *last = NULL;
    size_t count = 0;

    for (size_t k = i + 1; k < finding->failure_count; k++)
        if (is_alike(&finding->failures[k], &finding->failures[i])) {
            last = &finding->failures[k];
            count++;
        }
    if (!count)
        return;
    fprintf(out, " It did so %zu time%s more, the last time at ", count,
            count == 1 ? "" : "s");
    say_after(out, finding, last);
    fputc('.', out);
}

static size_t count_lines(const char *text)
{
    size_t count = 0;

    for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
        count++;
    return count;
}

static void write_printed(FILE *out, const char *text)
{
    size_t lines = count_lines(text);

    for (size_t i = 0; *text; i++) {
        size_t length = strcspn(text, "\n");

        if (i < LINES_FIRST || i + LINES_LAST >= lines) {
            fputs("        ", out);
            if (printable_command(text)) /* to who shows logs, behind blanks as well */
                fputc('\\', out);
            str_print(out, (struct str){ text, length }, LINE_COLUMNS);
            fputc('\n', out);
        } else if (i == LINES_FIRST) {
            fprintf(out, "        [%zu lines more]\n", lines - LINES_FIRST - LINES_LAST);
        }
        text += length + (text[length] == '\n');
    }
}

static void write_failure(FILE *out, const struct finding *finding, size_t i,
                          struct report_style style)
{
    const struct failure *failure = &finding->failures[i];
    CLEANUP(mem_freep) char *sentence = NULL;
    FILE *memory = mem_stream(&sentence);

    say_after(memory, finding, failure);
    fprintf(memory, ": `%s`, which is ", failure->what);
    str_print(memory, str_of(failure->command), 200);
    fprintf(memory, ", %s.", failure->fate);
    say_others(memory, finding, i);
    fputs(failure->bytes ? " It printed:" : " It printed nothing.", memory);
    fclose(memory);
    words_wrapped(out, style, sentence);
    write_printed(out, failure->printed);
}

void run_failures(FILE *out, const struct result *result, struct report_style style)
{
    result_foreach (finding, result)
        for (size_t i = 0; i < finding->failure_count; i++)
            if (!is_told(finding, i))
                write_failure(out, finding, i, style);
}
