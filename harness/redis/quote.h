/* quote.h - the words of commands as people write them: quoted as in redis-cli, so that
 * what is printed is read back as the same bytes. Pure.
 *
 * It is printable ASCII, and only words that need it are in quotes: blanks and quotes do,
 * and so does what the notation of updates gives a meaning (scenario/notation.h). */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/str.h"

/* One word; the first one of a command must not look like [ or lua(. */
void quote_print(FILE *out, struct str word, bool first);

/* Does it begin with lua(, in capitals or not? */
bool quote_begins_script(struct str text);

/* The letter behind a backslash, between "", and the byte that it stands for: n and the
 * end of a line. '\0': there is none. */
char quote_letter(char byte);
char quote_byte(char letter);
