/* cmd.c - see cmd.h. */
#include "cmd/cmd.h"

#include <string.h>

#include "base/mem.h"

#define RUN "Run:"
#define LOOK "Look at a run:"
#define COMPARE "Compare runs:"
#define LIVE "Look at a live server:"
#define SCENARIOS "Scenarios:"

static const struct subcommand commands[] = {
    { "run", RUN, "SCENARIO", "kill the workers of a scenario's strategies, and report",
      &run_line, cmd_run },
    { "check", RUN, "[SCENARIO...]", "does every strategy do what its scenario expects?",
      &check_line, cmd_check },
    { "try", RUN, "COMMANDS", "is an update safe? as in: try 'INCR k | EXPIRE k 60'",
      &try_line, cmd_try },
    { "merge", RUN, "SHARD...", "the shards of a run, put together", &merge_line,
      cmd_merge },
    { "report", LOOK, "[RUN]", "the report of a run that is kept", &report_line,
      cmd_report },
    { "replay", LOOK, "[RUN] [TRIAL]", "one trial of it again, narrated", &replay_line,
      cmd_replay },
    { "compare", COMPARE, "[BASE [NEW]]",
      "two runs side by side, or the strategies of one", &compare_line, cmd_compare },
    { "baseline", COMPARE, "save|show", "what a repository keeps of a run",
      &baseline_line, cmd_baseline },
    { "audit", LIVE, "", "keys of a live server that should have expired", &audit_line,
      cmd_audit },
    { "new", SCENARIOS, "NAME", "write a scenario to start from", &new_line, cmd_new },
    { "list", SCENARIOS, "[GLOB|NAME]", "the scenarios and their strategies", &list_line,
      cmd_list },
    { "help", NULL, "[COMMAND]", "what a command does", &help_line, cmd_help },
};

const struct subcommand *subcommand_by_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

const struct subcommand *subcommand_at(size_t index)
{
    return index < ARRAY_SIZE(commands) ? &commands[index] : NULL;
}

const char *subcommand_name(const void *ignored, size_t index)
{
    (void)ignored;
    return commands[index].name;
}
