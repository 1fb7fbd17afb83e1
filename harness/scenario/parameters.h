/* parameters.h - a scenario's `params`: listed, changed by --set, and handed to its
 * functions. */
#pragma once

struct loader;

/* Reads `params` of the table on top of the stack into the scenario's list, sorted by
 * name, applies the settings' assignments, and pushes the table p that functions see. */
int parameters_load(const struct loader *loader);
