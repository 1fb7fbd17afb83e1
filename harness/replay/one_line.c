/* one_line.c - see one_line.h. */
#include "replay/one_line.h"

#include <string.h>

#include "replay/narrative.h"
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

/* The caller frees *ret; NULL: there is none. */
static int line_of(const struct recording *recording, char **ret, struct err *err)
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
        notation_fold(&line.notation);
        *ret = notation_text(&line.notation);
    }
    notation_release(&line.notation);
    return code;
}

int one_line_write(FILE *out, const struct recording *recording, const char *program,
                   struct err *err)
{
    CLEANUP(mem_freep) char *line = NULL;
    int code = line_of(recording, &line, err);

    if (code < 0 || !line)
        return code;
    fprintf(out,
            "  The whole update in one line; --before would say what it finds:\n"
            "%c%s try ",
            NARRATIVE_COPY, program ? program : "afterkill");
    str_print_shell(out, line);
    fputc('\n', out);
    return 0;
}
