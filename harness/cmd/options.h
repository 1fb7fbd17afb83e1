/* options.h - what the options of several subcommands have in common. A value that is not
 * understood ends the program as argp does: status 2, with the option and what was
 * expected. */
#pragma once

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/format.h"

#define LANES_MOST 256

uint64_t option_whole(const char *text, const char *option, uint64_t least, uint64_t most,
                      struct argp_state *state);
double option_real(const char *text, const char *option, double above, double below,
                   struct argp_state *state);

const struct format *option_format(const char *text, struct argp_state *state);
const char *option_color(const char *text, struct argp_state *state); /* one of three */
/* Is standard output to be coloured? `color` is what option_color() has returned. */
bool option_color_wanted(const char *color);
