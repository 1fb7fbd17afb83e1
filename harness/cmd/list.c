/* list.c - afterkill list: the scenarios that can be run by name, with their strategies.
 */

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/scenario_files.h"
#include "scenario/scenario.h"
#include "state/verdict.h"

static int check(void *operands, struct err *err)
{
    if (!((const struct operands *)operands)->count)
        return 0;
    return err_set(err, ERR_USAGE, "list takes no operands");
}

static int list_one(const char *directory, const char *name, struct err *err)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/%s.lua", directory, name);
    CLEANUP(scenario_freep) struct scenario *scenario = NULL;
    struct parameter_settings settings = { .seed = 1 };

    if (scenario_load(path, &settings, &scenario, err) < 0)
        return err->code;
    printf("%s   %s\n", scenario->outline.name, scenario->outline.title);
    for (size_t i = 0; i < scenario->outline.strategy_count; i++) {
        const struct strategy *strategy = &scenario->outline.strategies[i];
        char expect[64];

        printf("    %-16s %-12s %s\n", strategy->name,
               expect_text(strategy->expect, expect), strategy->about);
    }
    for (size_t i = 0; i < scenario->outline.parameter_count; i++)
        printf("%s%s=%s", i ? " " : "    --set ", scenario->outline.parameters[i].name,
               scenario->outline.parameters[i].value);
    printf(scenario->outline.parameter_count ? "\n\n" : "\n");
    return 0;
}

int cmd_list(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    static const struct command_line line = {
        .check = check, .about = "List the scenarios and their strategies."
    };
    struct operands operands = { NULL, 0 };
    CLEANUP(mem_freep) char *directory = scenario_files_directory();
    char **names;
    size_t count;

    options_parse(&line, argc, argv, &operands);
    if (scenario_files_known(directory, &names, &count, err) < 0)
        return err->code;
    for (size_t i = 0; i < count && !err->code; i++)
        list_one(directory, names[i], err);
    scenario_files_free(names, count);
    *ret_status = EXIT_PASS;
    return err->code;
}
