/* mutant.h - places at which a test build can break the harness on purpose.
 *
 * A suite that has never failed proves little. With -DAFTERKILL_MUTANTS the environment
 * variable of that name without its S says which one place is to be broken, and
 * tests/integration/mutants.c asserts that a test fails for each. Without the define, as
 * in every program that is installed, a mutant is the constant false: nothing of it is in
 * the binary. */
#pragma once

#include <stdbool.h>

#ifdef AFTERKILL_MUTANTS

#include <stdlib.h>
#include <string.h>

static inline bool mutant(const char *name)
{
    const char *wanted = getenv("AFTERKILL_MUTANT");

    return wanted && strcmp(wanted, name) == 0;
}

#else

#define mutant(name) false

#endif
