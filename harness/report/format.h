/* format.h - the formats of reports: the one table of them, and which documents there are
 * in each.
 *
 * A format has a writer of its own for a document, or a layout that takes any document
 * which can be a sheet. Where there are formats to choose from, as in --format, they come
 * from here, and so do their names in --help and in messages. */
#pragma once

#include "report/layouts.h"
#include "report/style.h"
#include "report/writers.h"

enum document {
    DOCUMENT_RUN,
    DOCUMENT_SWEEP,
    DOCUMENT_COMPARISON,
    DOCUMENT_CHECK,
    DOCUMENT_TRY,
    DOCUMENT_LIST,
    DOCUMENT_REPLAY,
    DOCUMENT_AUDIT,
    DOCUMENTS,
};

struct format {
    const char *name;
    const char *file; /* a run's report in its directory; NULL: it has none */
    bool attempts;    /* of a run it needs what came of each attempt (result.h) */
    /* NULL: there is no such document in this format; or it is a sheet, laid out. */
    void (*run)(FILE *out, const struct result *result, struct report_style style);
    void (*sweep)(FILE *out, const struct sweep *sweep, struct report_style style);
    void (*compare)(FILE *out, const struct comparison *comparison,
                    struct report_style style);
    void (*check)(FILE *out, const struct check *check, struct report_style style);
    void (*try)(FILE *out, const struct result *result, struct report_style style);
    void (*list)(FILE *out, const struct list *list, struct report_style style);
    void (*audit)(FILE *out, const struct audit *audit, struct report_style style);
    int (*replay)(FILE *out, const struct replayed *replayed, struct report_style style,
                  struct err *err);
    /* Lays out any sheet (sheets.h); NULL: it does not. */
    void (*sheet)(FILE *out, const struct sheet *sheet, struct report_style style);
};

const struct format *format_by_name(const char *name); /* NULL if there is none */
const struct format *format_at(size_t index);          /* NULL past the end */

/* Is there such a document? */
bool format_has(const struct format *format, enum document document);
/* The names of those that have it: "text, json or csv". The caller frees it. */
char *format_names(enum document document);

/* Write a document that the format has, by its own writer or as a sheet. */
void format_run(const struct format *format, FILE *out, const struct result *result,
                struct report_style style);
void format_sweep(const struct format *format, FILE *out, const struct sweep *sweep,
                  struct report_style style);
void format_compare(const struct format *format, FILE *out,
                    const struct comparison *comparison, struct report_style style);
void format_check(const struct format *format, FILE *out, const struct check *check,
                  struct report_style style);
void format_audit(const struct format *format, FILE *out, const struct audit *audit,
                  struct report_style style);
