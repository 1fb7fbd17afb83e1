/* format.c - see format.h. */
#include "report/format.h"

#include <string.h>

#include "base/mem.h"

/* To add a format, add a row; to add a document, a column. */
static const struct format formats[] = {
    { "text", "report.txt", run_text, sweep_text, compare_text, check_text, try_text,
      list_text, replay_text },
    { "json", "run.json", run_json, sweep_json, compare_json, check_json, run_json,
      list_json, replay_json },
    { "tap", NULL, NULL, NULL, NULL, check_tap, NULL, NULL, NULL },
    { "junit", NULL, NULL, NULL, NULL, check_junit, NULL, NULL, NULL },
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
