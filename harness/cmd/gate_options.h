/* gate_options.h - the options that bound a run, for the commands that take them: those
 * whose command_line names gate_line as `more`. */
#pragma once

#include "cmd/options.h"
#include "result/gate.h"

struct gate_options {
    struct gates gates;
    double margin;        /* 0: none */
    const char *baseline; /* a file; NULL: none */
    const char *against;  /* a directory; NULL: none */
};

extern const struct command_line gate_line;
