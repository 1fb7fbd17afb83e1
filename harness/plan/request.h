/* request.h - what a run was asked to do: all that must be the same for it to be gone on
 * with, or put together with others.
 *
 * Terms are names with values, as text: the long options of `afterkill run` in a
 * canonical form ("seed" = "1"), so that a run can be asked for again by the same parser;
 * the scenario's parameters, all of them, by name; and facts about its file
 * ("scenario.text"). Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define TERM_PARAMETER "set " /* begins the name of a parameter's term */
#define TERM_FACT "scenario." /* begins the name of a fact about the scenario's file */
#define TERM_TEXT "scenario.text"
#define TERM_SHA1 "scenario.sha1" /* differs if the text does */
#define TERM_PATH "scenario.path"

struct term {
    char *name, *value; /* owned */
};

struct terms {
    struct term *items; /* owned */
    size_t count;
};
#define TERMS_NULL                                                                       \
    {                                                                                    \
        NULL, 0                                                                          \
    }

/* Adds a term; the texts are copied. */
void terms_add(struct terms *terms, const char *name, const char *value);
__attribute__((format(printf, 3, 4))) void terms_print(struct terms *terms,
                                                       const char *name,
                                                       const char *format, ...);
void terms_release(struct terms *terms); /* may be called twice */

const char *terms_get(const struct terms *terms, const char *name); /* NULL: not there */
bool term_is_parameter(const struct term *term);
bool term_is_option(const struct term *term);

/* The first difference between two lists, in words that call the first `was` and the
 * second `is` ("seed: 1 in the run, 2 now"); of a scenario's text, the first line that
 * differs. Names in `own` (ends with NULL) may differ. False: there is none. */
bool terms_difference(const struct terms *a, const char *was, const struct terms *b,
                      const char *is, const char *const *own, char *buffer, size_t size);
