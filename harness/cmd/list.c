/* list.c - afterkill list: the scenarios that can be run by name, with their strategies;
 * or one of them in full. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "cmd/load.h"
#include "cmd/options.h"
#include "cmd/scenario_files.h"
#include "report/format.h"
#include "scenario/scenario.h"

struct options {
    struct operands operands; /* [GLOB] or [NAME] */
    const struct format *format;
};

static const struct cmd_option table[] = {
    OPTION_FORMAT(DOCUMENT_LIST, 1, offsetof(struct options, format)),
    { .name = NULL },
};

static int check(void *parsed, struct err *err)
{
    const struct operands *operands = &((const struct options *)parsed)->operands;

    if (operands->count <= 1)
        return 0;
    return err_set(err, ERR_USAGE,
                   "more than one name: '%s' and '%s'; of several, give a pattern in "
                   "quotes",
                   operands->items[0], operands->items[1]);
}

/* The scenarios that are listed. */
struct listed {
    struct scenario **scenarios; /* owned */
    const struct outline **outlines;
    size_t count;
};

static void release(struct listed *listed)
{
    for (size_t i = 0; i < listed->count; i++)
        scenario_free(listed->scenarios[i]);
    free(listed->scenarios);
    free(listed->outlines);
}

static int add(struct listed *listed, const char *path, struct err *err)
{
    const struct parameter_settings settings = { .seed = 1 };
    struct scenario *scenario;

    if (load_scenario(path, &settings, &scenario, err) < 0)
        return err->code;
    listed->scenarios =
        mem_grow(listed->scenarios, listed->count + 1, sizeof(*listed->scenarios));
    listed->outlines =
        mem_grow(listed->outlines, listed->count + 1, sizeof(*listed->outlines));
    listed->scenarios[listed->count] = scenario;
    listed->outlines[listed->count++] = &scenario->outline;
    return 0;
}

static const char *name_at(const void *names, size_t i)
{
    return ((char *const *)names)[i];
}

/* All whose names match; NULL: all. A mistake in one is told when the others have been
 * listed. */
static int add_matching(struct listed *listed, const char *glob, struct err *err)
{
    CLEANUP(mem_freep) char *directory = scenario_files_directory();
    CLEANUP(mem_freep) char *offer = NULL;
    struct err mistake = ERR_NULL;
    bool any = false;
    char **names;
    size_t count;

    if (scenario_files_known(directory, &names, &count, err) < 0)
        return err->code;
    for (size_t i = 0; i < count; i++) {
        CLEANUP(mem_freep) char *path = mem_printf("%s/%s.lua", directory, names[i]);
        struct err own = ERR_NULL;

        if (glob && fnmatch(glob, names[i], 0) != 0)
            continue;
        any = true;
        if (add(listed, path, &own) < 0 && !mistake.code)
            mistake = own;
    }
    if (!any) {
        offer = str_offer(glob, count, name_at, names);
        err_set(&mistake, ERR_USAGE, "no scenario is called '%.100s'; %s", glob, offer);
    }
    scenario_files_free(names, count);
    *err = mistake;
    return err->code;
}

const struct command_line list_line = {
    .options = table,
    .operands_doc = "[GLOB|NAME]",
    .check = check,
    .about = "List the scenarios and their strategies, or tell more of one."
             "\vGLOB is a pattern like 'control_*'. NAME is a scenario, or a Lua "
             "file: where it comes from, its parameters, and what each strategy is "
             "expected to do.",
};

int cmd_list(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    struct options options = { .format = format_by_name("text") };
    CLEANUP(release) struct listed listed = { .count = 0 };
    CLEANUP(mem_freep) char *path = NULL;
    const char *name;
    bool one;

    options_parse(&list_line, argc, argv, &options);
    name = options.operands.count ? options.operands.items[0] : NULL;
    one = name && !name[strcspn(name, "*?[")];
    if (!one)
        add_matching(&listed, name, err);
    else if (scenario_files_path(name, &path, err) < 0 || add(&listed, path, err) < 0)
        return err->code;
    if (listed.count)
        options.format->list(stdout, &(struct list){ listed.outlines, listed.count },
                             (struct report_style){ .full = one });
    *ret_status = EXIT_PASS;
    return err->code;
}
