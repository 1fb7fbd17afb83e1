/* cmd.c - see cmd.h. */
#include "cmd/cmd.h"

#include <string.h>

#include "base/mem.h"

static const struct subcommand commands[] = {
    { "run", "SCENARIO", "kill the workers of a scenario's strategies, and report",
      cmd_run },
    { "check", "[SCENARIO...]", "does every strategy do what its scenario expects?",
      cmd_check },
    { "try", "COMMANDS", "is an update safe? as in: afterkill try 'INCR k | EXPIRE k 60'",
      cmd_try },
    { "report", "RUN", "the report of a run that is kept", cmd_report },
    { "replay", "RUN TRIAL", "one trial of it again, narrated", cmd_replay },
    { "compare", "BASE [NEW]", "two runs beside each other, or the strategies of one",
      cmd_compare },
    { "baseline", "save|show", "what a repository keeps of a run", cmd_baseline },
    { "merge", "SHARD...", "the shards of a run, put together", cmd_merge },
    { "new", "NAME", "write a scenario to start from", cmd_new },
    { "list", "", "the scenarios and their strategies", cmd_list },
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
