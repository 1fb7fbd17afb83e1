/* reasons.h - the reasons for a verdict, as they are written: "PASS: this; that." */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Reasons that are being written, joined by "; ". */
struct reasons {
    FILE *out;
    size_t count;
    bool asks; /* the last of them ends with a question mark */
};

/* Begins with the word; the text is the caller's once they have ended. */
struct reasons reasons_begin(const char *word, char **ret);
void reasons_end(struct reasons *reasons);

__attribute__((format(printf, 2, 3))) void because(struct reasons *reasons,
                                                   const char *format, ...);
/* Of what went wrong, which may be told in several lines, the first. */
void because_of_trouble(struct reasons *reasons, const char *trouble);
