/* replay_text.c - a death in words, as they were written (replay/narrative.h). */
#include <string.h>

#include "report/words.h"
#include "report/writers.h"

/* Headings begin a line, and death stands between dashes. */
int replay_text(FILE *out, const struct replayed *replayed, struct report_style style,
                struct err *err)
{
    const char *narrative = replayed->narrative;

    (void)err;
    while (*narrative) {
        size_t length = strcspn(narrative, "\n");
        bool death = strncmp(narrative + strspn(narrative, " "), "--- ", 4) == 0;

        words_color(out, style.color && death, "\033[31m");
        words_color(out, style.color && !death && *narrative != ' ', "\033[1m");
        fwrite(narrative, 1, length, out);
        words_color(out, style.color, "\033[0m");
        fputc('\n', out);
        narrative += length + (narrative[length] == '\n');
    }
    return 0;
}
