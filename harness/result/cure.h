/* cure.h - which two commands must be one, and how that is usually done. Pure.
 *
 * The census knows the first crash point that does harm for good, and the first later one
 * that does none. The command before the former begins the harm and the one before the
 * latter ends it: this pair must be atomic. A table of patterns, each from real bugs,
 * tells the usual cure from what the two commands are (cure_patterns.h). It is advice
 * until it has been tried (trial/cure.h); what was tried is told in the words that are
 * its own. */
#pragma once

#include "result/pair.h"
#include "trial/remedy.h"

/* One line, terminated. False if there is nothing sensible to say; the buffer is "" then.
 * 300 bytes are enough for keys of usual length.
 *
 * Of a program, which is most often a library's user, what to do with its keys would be a
 * guess: it is told of plain commands on keys that a right state does not keep for good
 * (values that expire, locks), and not of queues, of what it keeps, and of scripts. */
bool cure_write(const struct pair_input *input, char *buffer, size_t size);

/* What can be done besides what was tried, or in its place, and was not tried itself: a
 * clause. False: there is nothing, or cure_write() has said it, as nothing was tried. */
bool cure_beside(const struct pair_input *input, char *buffer, size_t size);

/* Of a program of which no cure is told: what is done in part, and by whom it would have
 * to be mended. */
bool cure_advice(const struct pair_input *input, char *buffer, size_t size);

/* What can be tried, the best first; 0: it is advice, and nothing can be made of a
 * recording. */
#define CURE_REMEDIES 2
size_t cure_remedies(const struct pair_input *input, struct remedy ret[CURE_REMEDIES]);

/* Does it make one of all commands between the two? Else other harm that begins there may
 * be left. */
bool cure_is_whole(const struct pair_input *input);
