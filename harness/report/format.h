/* format.h - the formats of reports, and which documents there are in each. */
#pragma once

#include "report/style.h"
#include "report/writers.h"

struct format {
    const char *name;
    const char *file; /* a run's report in its directory; NULL: it has none */
    /* NULL: there is no such document in this format. */
    void (*run)(FILE *out, const struct result *result, struct report_style style);
    void (*sweep)(FILE *out, const struct sweep *sweep, struct report_style style);
    void (*compare)(FILE *out, const struct comparison *comparison,
                    struct report_style style);
    void (*check)(FILE *out, const struct check *check, struct report_style style);
    void (*try)(FILE *out, const struct result *result, struct report_style style);
    void (*list)(FILE *out, const struct list *list, struct report_style style);
    int (*replay)(FILE *out, const struct replayed *replayed, struct report_style style,
                  struct err *err);
};

const struct format *format_by_name(const char *name); /* NULL if there is none */
const struct format *format_at(size_t index);          /* NULL past the end */
