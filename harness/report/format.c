/* format.c - see format.h. */
#include "report/format.h"

#include <string.h>

#include "base/mem.h"
#include "report/sheets.h"

/* To add a format, add a row; to add a document, a column. */
static const struct format formats[] = {
    { .name = "text",
      .file = "report.txt",
      .run = run_text,
      .sweep = sweep_text,
      .compare = compare_text,
      .check = check_text,
      .try = try_text,
      .list = list_text,
      .audit = audit_text,
      .replay = replay_text },
    { .name = "json",
      .file = "run.json",
      .run = run_json,
      .sweep = sweep_json,
      .compare = compare_json,
      .check = check_json,
      .try = run_json,
      .list = list_json,
      .audit = audit_json,
      .replay = replay_json },
    { .name = "html",
      .file = "run.html",
      .attempts = true, /* pairs of strategies are compared by them */
      .run = run_html,
      .sweep = sweep_html,
      .compare = compare_html,
      .check = check_html,
      .audit = audit_html },
    { .name = "csv", .sheet = csv_write },
    { .name = "markdown", .sheet = markdown_write },
    { .name = "github", .sheet = github_write },
    { .name = "tap", .sheet = tap_write },
    { .name = "junit", .sheet = junit_write },
    { .name = "prometheus", .audit = audit_prometheus },
};

const struct format *format_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (strcmp(formats[i].name, name) == 0)
            return &formats[i];
    return NULL;
}

const struct format *format_at(size_t index)
{
    return index < ARRAY_SIZE(formats) ? &formats[index] : NULL;
}

/* Documents that can be a sheet. */
static const bool is_sheet[DOCUMENTS] = {
    [DOCUMENT_RUN] = true,   [DOCUMENT_SWEEP] = true, [DOCUMENT_COMPARISON] = true,
    [DOCUMENT_CHECK] = true, [DOCUMENT_TRY] = true,   [DOCUMENT_AUDIT] = true,
};

bool format_has(const struct format *format, enum document document)
{
    const bool own[DOCUMENTS] = {
        [DOCUMENT_RUN] = format->run,
        [DOCUMENT_SWEEP] = format->sweep,
        [DOCUMENT_COMPARISON] = format->compare,
        [DOCUMENT_CHECK] = format->check,
        [DOCUMENT_TRY] = format->try,
        [DOCUMENT_LIST] = format->list,
        [DOCUMENT_REPLAY] = format->replay,
        [DOCUMENT_AUDIT] = format->audit,
    };

    return own[document] || (format->sheet && is_sheet[document]);
}

char *format_names(enum document document)
{
    const char *names[ARRAY_SIZE(formats)];
    size_t count = 0;
    char *text;
    FILE *out = mem_stream(&text);

    for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
        if (format_has(&formats[i], document))
            names[count++] = formats[i].name;
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%s", !i ? "" : i + 1 < count ? ", " : " or ", names[i]);
    fclose(out);
    return text;
}

/* Lays it out, and releases it. */
static void lay_out(const struct format *format, FILE *out, struct sheet *sheet,
                    struct report_style style)
{
    format->sheet(out, sheet, style);
    sheet_release(sheet);
}

void format_run(const struct format *format, FILE *out, const struct result *result,
                struct report_style style)
{
    struct sheet sheet;

    if (format->run) {
        format->run(out, result, style);
        return;
    }
    run_sheet(&sheet, result, style);
    lay_out(format, out, &sheet, style);
}

void format_sweep(const struct format *format, FILE *out, const struct sweep *sweep,
                  struct report_style style)
{
    struct sheet sheet;

    if (format->sweep) {
        format->sweep(out, sweep, style);
        return;
    }
    sweep_sheet(&sheet, sweep, style);
    lay_out(format, out, &sheet, style);
}

void format_compare(const struct format *format, FILE *out,
                    const struct comparison *comparison, struct report_style style)
{
    struct sheet sheet;

    if (format->compare) {
        format->compare(out, comparison, style);
        return;
    }
    compare_sheet(&sheet, comparison, style);
    lay_out(format, out, &sheet, style);
}

void format_check(const struct format *format, FILE *out, const struct check *check,
                  struct report_style style)
{
    struct sheet sheet;

    if (format->check) {
        format->check(out, check, style);
        return;
    }
    check_sheet(&sheet, check, style);
    lay_out(format, out, &sheet, style);
}

void format_audit(const struct format *format, FILE *out, const struct audit *audit,
                  struct report_style style)
{
    struct sheet sheet;

    if (format->audit) {
        format->audit(out, audit, style);
        return;
    }
    audit_sheet(&sheet, audit, style);
    lay_out(format, out, &sheet, style);
}
