/* cured.h - what is told about the cure of a gap: what was tried, and what came of it.
 * Pure.
 *
 * "Cure" is said of what has been tried, and of nothing else; the rest is advice. */
#pragma once

#include "result/gap.h"

/* Sentences, the last with its full stop: "Cure: .. Tried: harmless at all 5 points.",
 * "Advice (not tried): ..". NULL: there is nothing to say. The caller frees it. */
char *cured_sentence(const struct finding *finding, const struct gap *gap);

/* Why the cure of a gap is advice: a clause. */
const char *cured_reason(const struct finding *finding, const struct gap *gap);

/* That of the first gap; NULL also if the census was not finished. */
char *cured_first(const struct finding *finding);

/* The gap whose cure is told of another one: the other one itself; or the first whose
 * cure leaves no harm at all, and so ends it, too. */
void cured_by(const struct finding *finding, const struct gap *gap, struct gap *ret);

/* Was its cure tried in one list with those of other gaps that are not like it? */
bool cured_together(const struct finding *finding, const struct gap *gap);

/* The cured update as it was tried, in a line that is short enough to be read; NULL: it
 * is not, or nothing has helped, or it is the line of a gap before this one. */
#define CURED_COLUMNS 240
const char *cured_line(const struct finding *finding, const struct gap *gap);

/* Is less wrong with it than without it? */
bool cured_helps(const struct finding *finding, const struct gap *gap,
                 const struct cured *cured);
