/* gate_options.c - see gate_options.h. */
#include "cmd/gate_options.h"

#define RATIO_MOST 1e6
#define AT(member) offsetof(struct gate_options, member)

static int take_rate(const struct cmd_option *option, void *target, const char *text,
                     struct err *err)
{
    struct gate_bound *gate = target;

    gate->asked = true;
    return option_share(option, &gate->bound, text, err);
}

static int take_ratio(const struct cmd_option *option, void *target, const char *text,
                      struct err *err)
{
    struct gate_bound *gate = target;

    gate->asked = true;
    return option_real(option, &gate->bound, text, err);
}

static const struct cmd_option table[] = {
    { "max-harm-rate", "P",
      "Fail if a strategy does harm of any kind at a rate surely above P; pass if it is "
      "surely below; status 3 if these kills do not decide. Of several strategies those "
      "that are expected to do harm are left out, unless --strategy names them",
      0, .take = take_rate, .at = AT(gates.of[GATE_HARM]), .below = 1 },
    { "max-leak-rate", "P", "The same for leaks alone, whatever other harm is done", 0,
      .take = take_rate, .at = AT(gates.of[GATE_LEAK]), .below = 1 },
    { "max-torn-rate", "P", "The same for states that are torn right after the death", 0,
      .take = take_rate, .at = AT(gates.of[GATE_TORN]), .below = 1 },
    { "min-updates-ratio", "R",
      "Fail if the reference strategy makes surely less than R times the updates per "
      "second of every other strategy; with --against or --baseline, a strategy of what "
      "it made there. Runs that were made at different times do not decide that: status "
      "3",
      0, .take = take_ratio, .at = AT(gates.of[GATE_UPDATES]), .below = RATIO_MOST },
    { "against", "BASE",
      "Compare with the run that is kept in the directory BASE; a regression is a "
      "failure. To `afterkill run`, BASE may also be another scenario, or another "
      "afterkill for the same one: then base and new are run in turns",
      0, .take = option_text, .at = AT(against) },
    { "baseline", "FILE", "Compare with a baseline that `afterkill baseline save` wrote",
      0, .take = option_text, .at = AT(baseline) },
    { "margin", "D",
      "With --against or --baseline: pass if the rate of harm is surely not greater by "
      "D, fail if it surely is",
      0, .take = option_share, .at = AT(margin), .below = 1 },
    { .name = NULL },
};

static int check(void *parsed, struct err *err)
{
    const struct gate_options *options = parsed;

    if (options->against && options->baseline)
        return err_set(err, ERR_USAGE,
                       "--against and --baseline: a run is compared with one of them");
    if (options->margin > 0 && !options->against && !options->baseline)
        return err_set(err, ERR_USAGE,
                       "--margin: with what? Add --against DIR or --baseline FILE");
    return 0;
}

const struct command_line gate_line = { .options = table, .check = check };
