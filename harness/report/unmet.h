/* unmet.h - what a strategy does in place of what is expected of it, in a sentence. */
#pragma once

#include <stdio.h>

#include "result/figures.h"

/* "no crash point is leaked, but 2 of 4 are stuck": of one whose expectation is not met,
 * what was found, and what was not. */
void unmet_say(FILE *out, const struct finding *finding);

/* The words of all the harm that it does, "torn" or "gap" if a reader sees more than is
 * expected, or "no harm". The buffer holds at least EXPECT_TEXT bytes. */
const char *unmet_words(const struct finding *finding, char buffer[EXPECT_TEXT]);
