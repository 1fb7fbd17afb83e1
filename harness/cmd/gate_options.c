/* gate_options.c - see gate_options.h. */
#include "cmd/gate_options.h"

#include "cmd/options.h"

#define RATIO_MOST 1e6

enum {
    KEY_MAX_LEAK_RATE = 0x6701,
    KEY_MAX_TORN_RATE,
    KEY_MIN_UPDATES_RATIO,
    KEY_MARGIN,
    KEY_BASELINE,
    KEY_AGAINST,
};

static const struct argp_option argp_options[] = {
    { "max-leak-rate", KEY_MAX_LEAK_RATE, "P", 0,
      "Fail if a strategy's leak rate is surely above P; pass if it is surely below; "
      "status 3 if these kills do not decide",
      0 },
    { "max-torn-rate", KEY_MAX_TORN_RATE, "P", 0,
      "The same for states that are torn right after the death", 0 },
    { "min-updates-ratio", KEY_MIN_UPDATES_RATIO, "R", 0,
      "Fail if a strategy makes surely less than R times the updates per second that it "
      "makes in the run of --against or --baseline; without one, the reference strategy "
      "of every other strategy's",
      0 },
    { "against", KEY_AGAINST, "DIR", 0,
      "Compare with the saved run in DIR; a regression is a failure", 0 },
    { "baseline", KEY_BASELINE, "FILE", 0,
      "Compare with a baseline that `afterkill baseline save` wrote", 0 },
    { "margin", KEY_MARGIN, "D", 0,
      "With --against or --baseline: pass if the rate of harm is surely not greater by "
      "D, fail if it surely is",
      0 },
    { 0 },
};

double option_share(const char *text, const char *option, struct argp_state *state)
{
    return option_real(text, option, 0, 1, state);
}

static void set_gate(struct gates *gates, enum gate_id gate, double bound)
{
    gates->of[gate].asked = true;
    gates->of[gate].bound = bound;
}

static void check(const struct gate_options *options, struct argp_state *state)
{
    if (options->against && options->baseline)
        argp_error(state, "--against and --baseline: a run is compared with one of them");
    if (options->margin > 0 && !options->against && !options->baseline)
        argp_error(state, "--margin: with what? Add --against DIR or --baseline FILE");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct gate_options *options = state->input;

    switch (key) {
    case KEY_MAX_LEAK_RATE:
        set_gate(&options->gates, GATE_LEAK,
                 option_share(argument, "max-leak-rate", state));
        break;
    case KEY_MAX_TORN_RATE:
        set_gate(&options->gates, GATE_TORN,
                 option_share(argument, "max-torn-rate", state));
        break;
    case KEY_MIN_UPDATES_RATIO:
        set_gate(&options->gates, GATE_UPDATES,
                 option_real(argument, "min-updates-ratio", 0, RATIO_MOST, state));
        break;
    case KEY_MARGIN:
        options->margin = option_share(argument, "margin", state);
        break;
    case KEY_BASELINE:
        options->baseline = argument;
        break;
    case KEY_AGAINST:
        options->against = argument;
        break;
    case ARGP_KEY_END:
        check(options, state);
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp gate_argp = { .options = argp_options, .parser = parse };
