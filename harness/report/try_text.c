/* try_text.c - what `afterkill try` says: the crash points of the update that was given,
 * one by one, and what they come to. What it is compared with is of interest only where
 * it does harm itself. */
#include "report/parts.h"
#include "report/words.h"

void try_text(FILE *out, const struct result *result, struct report_style style)
{
    style.points = true;
    words_title(out, result, style);
    fputc('\n', out);
    if (result->kills_wanted)
        run_findings(out, result, style);
    run_points_of(out, result, &result->findings[0], style);
    result_foreach (finding, result)
        if (finding != result->findings)
            fprintf(out, "Compared with %s: %s\n\n", finding->strategy->name,
                    finding->strategy->about);
    run_sentences(out, result, style);
    run_verdict(out, result, style);
}
