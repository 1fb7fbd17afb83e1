/* baseline.c - any bytes as a baseline: refused with a message that names the file, or
 * loaded, and then compared with itself without a difference.
 *
 * The entry is libFuzzer's, as in loader.c. */
#include "fuzz.h"

#include <string.h>

#include "base/mem.h"
#include "report/writers.h"
#include "store/baseline.h"

#define NAME "fuzzed.json"

/* All that reads what was loaded: the comparison, and both of its reports. */
static void check_comparison(const struct baseline *baseline)
{
    const struct compare_options options = { .confidence = 0.95, .margin = 0.01 };
    const struct report_style style = { .full = true };
    CLEANUP(comparison_release) struct comparison comparison = { .count = 0 };
    CLEANUP(mem_freep) char *text = NULL;
    struct err err = ERR_NULL;
    size_t length;
    FILE *out;

    if (comparable_check(&baseline->result, &baseline->result, &err) < 0)
        return;
    compare_runs(&baseline->result, &baseline->result, &options, &comparison);
    for (size_t i = 0; i < comparison.count; i++)
        MUST(!compare_regressed(&comparison, &comparison.rows[i]));
    out = open_memstream(&text, &length);
    MUST(out);
    compare_text(out, &comparison, style);
    compare_json(out, &comparison, style);
    fclose(out);
    MUST(length > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct baseline *baseline = NULL;
    struct err err = ERR_NULL;
    int code = baseline_parse(NAME, (const char *)bytes, size, &baseline, &err);

    MUST((code == 0) == (baseline != NULL));
    if (code == 0)
        check_comparison(baseline);
    else
        MUST(code == ERR_USAGE && err.code == code && strstr(err.msg, NAME));
    baseline_free(baseline);
    return 0;
}
