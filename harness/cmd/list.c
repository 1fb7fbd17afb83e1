/* list.c - afterkill list: the scenarios that can be run by name, and their strategies.
 */
#include <argp.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/scenario_files.h"
#include "scenario/scenario.h"
#include "state/verdict.h"

static error_t parse(int key, char *argument, struct argp_state *state)
{
    (void)argument;
    if (key == ARGP_KEY_ARG)
        argp_error(state, "list takes no operands");
    return key == ARGP_KEY_ARG ? 0 : ARGP_ERR_UNKNOWN;
}

static int list_one(const char *directory, const char *name, struct err *err)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/%s.lua", directory, name);
    CLEANUP(scenario_freep) struct scenario *scenario = NULL;
    struct parameter_settings settings = { .seed = 1 };
    int code = scenario_load(path, &settings, &scenario, err);

    if (code < 0)
        return code;
    printf("%s   %s\n", scenario->outline.name, scenario->outline.title);
    for (size_t i = 0; i < scenario->outline.strategy_count; i++) {
        const struct strategy *strategy = &scenario->outline.strategies[i];
        char expect[64];

        expect_text(strategy->expect, expect);
        printf("    %-16s %-12s %s\n", strategy->name, expect, strategy->about);
    }
    for (size_t i = 0; i < scenario->outline.parameter_count; i++)
        printf("%s%s=%s", i ? " " : "    --set ", scenario->outline.parameters[i].name,
               scenario->outline.parameters[i].value);
    printf(scenario->outline.parameter_count ? "\n\n" : "\n");
    return 0;
}

int cmd_list(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    static const struct argp argp = { .parser = parse,
                                      .doc = "List the scenarios and their strategies." };
    CLEANUP(mem_freep) char *directory = scenario_files_directory();
    char **names;
    size_t count;
    int code;

    argp_parse(&argp, argc, argv, 0, NULL, NULL);
    code = scenario_files_known(directory, &names, &count, err);
    if (code < 0)
        return code;
    for (size_t i = 0; i < count && code == 0; i++)
        code = list_one(directory, names[i], err);
    scenario_files_free(names, count);
    *ret_status = EXIT_PASS;
    return code;
}
