/* output.h - what a program says, kept in as much memory as its beginning and its end
 * take, however much it says. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define OUTPUT_FIRST ((size_t)16 << 10)
#define OUTPUT_LAST ((size_t)48 << 10)

struct output {
    struct buffer first, last; /* owned; of the last bytes, a ring once it is full */
    uint64_t bytes;            /* that were said */
};
#define OUTPUT_NULL ((struct output){ BUFFER_NULL, BUFFER_NULL, 0 })

void output_add(struct output *output, struct str bytes);
/* Terminated; if something was left out, a line in its place says how much. The caller
 * frees it. */
char *output_text(const struct output *output);
void output_release(struct output *output);
