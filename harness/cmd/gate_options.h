/* gate_options.h - the options that bound a run, for the commands that take them.
 *
 * A command has them by naming gate_argp among its children, with a struct gate_options
 * as that child's input, which its parser sets at ARGP_KEY_INIT:
 *
 *     state->child_inputs[0] = &options->gates; */
#pragma once

#include <argp.h>

#include "result/gate.h"

struct gate_options {
    struct gates gates;
    double margin;        /* 0: none */
    const char *baseline; /* a file; NULL: none */
    const char *against;  /* a directory; NULL: none */
};

extern const struct argp gate_argp;

/* A share above 0 and below 1, of digits: strtod() alone would take "nan", "0x1p-3", and
 * blanks. */
double option_share(const char *text, const char *option, struct argp_state *state);
