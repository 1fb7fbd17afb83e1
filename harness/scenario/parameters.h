/* parameters.h - a scenario's `params`: listed, changed by --set, and handed to its
 * functions. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct mistake_file;
struct outline;

/* What a scenario is loaded with. */
struct parameter_settings {
    const char *const *assignments; /* "name=value" */
    size_t count;
    uint64_t seed;
    int64_t now;
    const char *swept; /* one more assignment, from --sweep; NULL: none */
};

/* Reads `params` of the table on top of the stack into the outline, sorted by name,
 * applies the settings' assignments, and pushes the table p that functions see. */
int parameters_load(const struct mistake_file *file,
                    const struct parameter_settings *settings, struct outline *outline);

/* What functions and programs see is not all that may be told and kept: a text that was
 * assigned to a name that says that it is a secret is not. (A default is in the file for
 * everybody.) When all is loaded. */
void parameters_hide(const struct parameter_settings *settings, struct outline *outline);
