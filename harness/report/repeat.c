/* repeat.c - see repeat.h. */
#include "report/repeat.h"

#include <string.h>

#include "base/mem.h"
#include "base/sensitive.h"
#include "base/str.h"

static bool is_file(const struct outline *scenario, const char *file)
{
    const char *path = scenario->path ? scenario->path : "";
    const char *slash = strrchr(path, '/');

    return strcmp(slash ? slash + 1 : path, file) == 0;
}

static void say_strategies(FILE *out, const struct result *result)
{
    if (result->plan.strategies == result->scenario->strategy_count)
        return;
    result_foreach (finding, result) {
        fputs(" --strategy ", out);
        str_print_shell(out, finding->strategy->name);
    }
}

static void say_parameters(FILE *out, const struct outline *scenario)
{
    for (size_t i = 0; i < scenario->parameter_count; i++) {
        const struct parameter *parameter = &scenario->parameters[i];
        bool secret = strcmp(parameter->value, SENSITIVE) == 0;
        CLEANUP(mem_freep)
        char *set = mem_printf("%s=%s", parameter->name, secret ? "" : parameter->value);

        fputs(" --set ", out);
        str_print_shell(out, set);
        fputs(secret ? ".." : "", out);
    }
}

static void say_number(FILE *out, const char *option, double value, double unless,
                       const char *unit)
{
    if (value > 0 && value != unless)
        fprintf(out, " --%s %.12g%s", option, value, unit);
}

static void say_kills(FILE *out, const struct result *result)
{
    if (result->faults[FAULT_BYTE])
        fprintf(out, " --fault %sstep,byte", result->kills_wanted ? "kill," : "");
    if (!result->kills_wanted)
        fputs(" --trials 0", out);
    else if (result->plan.attempts < ATTEMPTS_MOST)
        fprintf(out, " --trials %llu", (unsigned long long)result->plan.attempts);
    say_number(out, "until-width", result->stopping.width, 0, "");
    say_number(out, "until-below", result->stopping.below, 0, "");
    say_number(out, "time", result->stopping.time_s, 0, "s");
    if (strcmp(result->killer, "timer") != 0)
        fprintf(out, " --killer %s", result->killer);
}

char *repeat_command(const struct result *result, struct report_style style)
{
    const struct outline *scenario = result->scenario;
    CLEANUP(mem_freep) char *file = mem_printf("%s.lua", scenario->name);
    char *command;
    FILE *out;

    if (!is_file(scenario, file))
        return NULL;
    out = mem_stream(&command);
    fprintf(out, "%s run ./", style_program(style));
    str_print_shell(out, file);
    say_strategies(out, result);
    say_parameters(out, scenario);
    fprintf(out, " --seed %llu --now %lld", (unsigned long long)result->plan.seed,
            (long long)scenario->now);
    say_kills(out, result);
    say_number(out, "rtt", result->rtt_us, 0, "us");
    say_number(out, "confidence", result->confidence, 0.95, "");
    if (strncmp(result->transport, "unix", strlen("unix")) != 0)
        fputs(" --transport tcp", out);
    fclose(out);
    return command;
}
