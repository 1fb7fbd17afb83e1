/* one_line.c - see one_line.h. */
#include "replay/one_line.h"

#include <string.h>
#include <strings.h>

#include "scenario/notation.h"

#define BYTES_MOST 2000

/* Commands that are added to a notation with room for all. */
struct line {
    const struct recording *recording;
    struct notation notation;
};

static void add_command(void *context, size_t index, int argc, const char *const *argv,
                        const size_t *lengths)
{
    struct line *line = context;
    struct arena *arena = &line->notation.arena;
    struct notation_step *step = &line->notation.steps[line->notation.count++];

    *step = (struct notation_step){
        .joined = line->recording->traces[index].replies < index,
        .words = arena_take(arena, (size_t)argc * sizeof(struct str)),
        .word_count = (size_t)argc,
    };
    for (int i = 0; i < argc; i++) {
        char *bytes = arena_take(arena, lengths[i] + 1);

        memcpy(bytes, argv[i], lengths[i]);
        step->words[i] = (struct str){ bytes, lengths[i] };
    }
}

static bool is_word(const struct notation_step *step, const char *word)
{
    return step->word_count == 1 && step->words[0].length == strlen(word) &&
           strncasecmp(step->words[0].bytes, word, strlen(word)) == 0;
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

static void fold_transactions(struct notation *notation)
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

int one_line_of(const struct recording *recording, char **ret, struct err *err)
{
    struct line line = { recording, NOTATION_NULL };
    int code;

    *ret = NULL;
    if (!recording->commands || recording->output_bytes > BYTES_MOST)
        return 0;
    line.notation.steps = arena_take(&line.notation.arena,
                                     recording->commands * sizeof(*line.notation.steps));
    code = recording_each(recording, add_command, &line, err);
    if (code == 0) {
        fold_transactions(&line.notation);
        *ret = notation_text(&line.notation);
    }
    notation_release(&line.notation);
    return code;
}
