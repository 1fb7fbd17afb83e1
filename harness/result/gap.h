/* gap.h - where an update does harm that lasts, gap by gap, and the usual cure of each.
 * Pure.
 *
 * A gap begins with a command that adds a word to the verdict, and ends with the one that
 * takes it away. Gaps may overlap; those without a clean point between them are a run.
 * The cure of the first makes one of all commands from where the run begins to where it
 * ends, and so ends the others, too. Only where it is of another kind (a lock needs an
 * expiry, whatever is done under it) they need cures of their own. */
#pragma once

#include "result/cure.h"
#include "result/result.h"

struct gap {
    uint64_t first, last; /* crash points */
    unsigned words;       /* that the first adds; each point has at least one of them */
    uint64_t run;         /* the first point of its run */
    uint64_t shown;       /* the point whose example shows these words best */
};

/* The first gap that begins at a crash point or behind it. False: there is none. */
bool gap_find(const struct finding *finding, uint64_t from, struct gap *ret);

/* Have they the same words, and begin and end with commands of the same names? As the
 * same update of two keys, one after the other, has. */
bool gap_alike(const struct finding *finding, const struct gap *a, const struct gap *b);

#define CURE_TEXT 400
/* One line that names the commands that must be atomic, and how that is usually done
 * (cure.h). False: there is nothing to say that the cure of its run does not say. */
bool gap_cure(const struct finding *finding, const struct gap *gap, char *buffer,
              size_t size);
/* What was not tried beside it (cure.h). */
bool gap_beside(const struct finding *finding, const struct gap *gap, char *buffer,
                size_t size);
/* Where there is none because the update is a program's: what can be said (cure.h). */
bool gap_advice(const struct finding *finding, const struct gap *gap, char *buffer,
                size_t size);
/* What can be tried (cure.h); 0: nothing, or the cure of its run does. */
size_t gap_remedies(const struct finding *finding, const struct gap *gap,
                    struct remedy ret[CURE_REMEDIES]);
/* What came of it, if something was tried and is another name for the update: it left
 * what the update leaves. NULL: the cure is advice. */
const struct cured *gap_cured(const struct finding *finding, const struct gap *gap);
/* That of the first gap; false also if the census was not finished. */
bool gap_first_cure(const struct finding *finding, char *buffer, size_t size);
