/* manual.h - the manual pages, made from prose and from the tables of options.
 *
 * Prose is written as scdoc(5) has it, of which this is enough for us:
 *
 *   afterkill(1) 2026-11-29    the first line: name, section, and when it was changed
 *   # HEADING, ## HEADING
 *   *bold*, _italics_          on one line; \ before a character takes it as it is
 *   ++ at the end of a line    the line ends there
 *   <tab>text                  the text of the term on the line before
 *   ```                        around lines that are shown as they are
 *
 * and what the program says of itself stands where the prose asks for it:
 *
 *   @synopsis                  a line for each command
 *   @options COMMAND           all options of a command, up to the next heading. A term
 *   @gates, @server            is a name of one of them (--trials) or several, whose text
 *                              stands for what --help says of it; the others have that
 *
 * What comes out is for man(1), in the macros of man(7). Pure. */
#pragma once

#include <stdio.h>

#include "base/err.h"

/* Writes a page. `name` is the file's that the text is from, for messages; an error is a
 * mistake in it, with its line. */
int manual_write(FILE *out, const char *name, const char *text, struct err *err);
