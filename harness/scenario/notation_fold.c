/* notation_fold.c - see notation.h: MULTI and EXEC, as they were sent, are [..]. */
#include <string.h>

#include "scenario/notation.h"

static bool is_word(const struct notation_step *step, const char *word)
{
    return step->word_count == 1 && str_is_word(step->words[0], word);
}

/* How many commands stand between a MULTI and an EXEC for which nobody waited; 0: it is
 * no MULTI, or not such a one. */
static size_t inside(const struct notation_step *steps, size_t count)
{
    size_t i = 1;

    if (!is_word(&steps[0], "MULTI"))
        return 0;
    while (i < count && steps[i].joined && !is_word(&steps[i], "EXEC"))
        i++;
    return i < count && steps[i].joined ? i - 1 : 0;
}

void notation_fold(struct notation *notation)
{
    struct notation_step *steps = notation->steps;
    size_t kept = 0, within;

    for (size_t i = 0; i < notation->count; i += within ? within + 2 : 1) {
        bool joined = steps[i].joined;

        within = inside(steps + i, notation->count - i);
        if (within) {
            struct notation_step *inner =
                arena_take(&notation->arena, within * sizeof(*inner));

            memcpy(inner, steps + i + 1, within * sizeof(*inner));
            steps[kept++] = (struct notation_step){
                .kind = NOTATION_MULTI,
                .joined = joined,
                .steps = inner,
                .step_count = within,
            };
        } else {
            steps[kept++] = steps[i];
        }
    }
    notation->count = kept;
}
