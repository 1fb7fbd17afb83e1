/* baseline.c - afterkill baseline: what a repository keeps of a run. */
#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/results_dir.h"
#include "report/baseline_text.h"
#include "store/baseline.h"
#include "store/load.h"

struct options {
    struct operands operands; /* save [RUN] FILE, or show FILE */
    const char *color;
};

static const struct cmd_option table[] = {
    { "color", "auto|always|never", "Colour (default auto)", 1, .take = option_word,
      .at = offsetof(struct options, color) },
    { .name = NULL },
};

static int save(const struct options *options, struct err *err)
{
    CLEANUP(saved_release) struct saved saved = { .directory = NULL };
    struct operands run = { options->operands.items + 1, options->operands.count - 2 };
    CLEANUP(mem_freep) char *directory = NULL;

    if (results_dir_named(&run, 0, &directory, err) < 0 ||
        saved_load(directory, &saved, err) < 0)
        return err->code;
    return baseline_save(run.items[run.count], &saved.result, err);
}

static int show(const struct options *options, struct err *err)
{
    CLEANUP(baseline_freep) struct baseline *baseline = NULL;
    int code = baseline_load(options->operands.items[1], &baseline, err);

    if (code == 0)
        baseline_text_write(stdout, baseline, option_style(options->color));
    return code;
}

static const struct action {
    const char *name;
    size_t least, most; /* operands, with the name */
    const char *usage;
    int (*run)(const struct options *options, struct err *err);
} actions[] = {
    { "save", 2, 3, "save [RUN] FILE", save },
    { "show", 2, 2, "show FILE", show },
};

static const struct action *find_action(const struct operands *operands)
{
    for (size_t i = 0; operands->count && i < ARRAY_SIZE(actions); i++)
        if (strcmp(operands->items[0], actions[i].name) == 0)
            return &actions[i];
    return NULL;
}

static int check(void *parsed, struct err *err)
{
    const struct operands *operands = &((const struct options *)parsed)->operands;
    const struct action *action = find_action(operands);

    if (!action)
        return err_set(err, ERR_USAGE, "expected `%s` or `%s`", actions[0].usage,
                       actions[1].usage);
    if (operands->count < action->least || operands->count > action->most)
        return err_set(err, ERR_USAGE, "expected `%s`", action->usage);
    return 0;
}

const struct command_line baseline_line = {
    .options = table,
    .check = check,
    .operands_doc = "save [RUN] FILE\nshow FILE",
    .about = "Keep the figures of a run in a small file for a repository, or show one."
             "\vWithout RUN, results/latest is kept, the newest run. `afterkill run "
             "SCENARIO "
             "--baseline FILE` holds a run to it.",
};

int cmd_baseline(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    struct options options = { .color = "auto" };

    options_parse(&baseline_line, argc, argv, &options);
    *ret_status = EXIT_PASS;
    return find_action(&options.operands)->run(&options, err);
}
