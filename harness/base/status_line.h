/* status_line.h - the line that says how far something is while it goes on: on a terminal
 * it is drawn again in its place, with a bar; elsewhere it is a new line now and then. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct status_line {
    FILE *out; /* borrowed; NULL: nobody looks */
    bool terminal;
    bool shown;       /* a line stands on the terminal */
    uint64_t next_ns; /* when the next one is due */
};

/* What is over soon shows nothing: the first line is due after a quarter of a second on a
 * terminal, and after two seconds elsewhere. */
void status_line_init(struct status_line *line, FILE *out, bool terminal);
/* Is it time for a line? The next one is due after a tenth of a second, or five. */
bool status_line_is_due(struct status_line *line, uint64_t now_ns);

/* A line is begun, written to `out` with or without a bar, and ended. */
void status_line_begin(struct status_line *line);
/* How much of it is done (total 0: nothing is known), on a terminal; elsewhere nothing.
 */
void status_line_bar(struct status_line *line, uint64_t done, uint64_t total);
void status_line_end(struct status_line *line);

void status_line_wipe(struct status_line *line); /* from the terminal */
