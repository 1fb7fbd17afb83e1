/* census_change.h - two censuses beside each other: what crash points do, and how long it
 * lasts. Pure.
 *
 * Points are matched by index if the commands are the same, else by the command before
 * them; a point without a partner is compared with all that the base did. Strategies of
 * one run are not matched point by point: their longest harm is compared.
 *
 * How long something lasts is a time to live that was looked at, so a second or a tenth
 * more is no change. What only ends before it is not tolerated is compared apart from
 * harm: that it lasts longer is told, and nothing more. */
#pragma once

#include "result/figures.h"

enum compare_verdict {
    COMPARE_UNKNOWN, /* no valid kills on a side, or it takes no part */
    COMPARE_UNSEEN,  /* these kills do not distinguish them */
    COMPARE_BETTER,
    COMPARE_WORSE,
};

struct census_size {
    uint64_t points, harmful;
};

/* How long what both sides do lasts; what the base did not do lasts longer than nothing.
 */
struct lasts_change {
    struct damage base, new;      /* with the longest of each side */
    enum compare_verdict verdict; /* of these; unknown: neither has any */
    /* Points, but for those that began to do harm. None in pairs. */
    uint64_t longer, shorter;
    uint64_t first;          /* the first of the longer, an index into the new side's */
    int64_t base_ms, new_ms; /* of that point; -1: there was nothing */
};

struct census_change {
    bool known; /* both censuses are complete */
    struct census_size base, new;
    /* Worse: the new side has points that do harm, the base has none. Better: the other
     * way round. Else unseen. */
    enum compare_verdict verdict;
    /* Points that do harm of a kind which they did not do before, and points that are
     * clean now and were not. None in pairs. */
    uint64_t worse, better;
    uint64_t first;  /* the first of the worse, an index into the new side's points */
    unsigned gained; /* what it does now */
    struct lasts_change harm, passing;
};

struct census_change census_compare(const struct finding *base, const struct finding *new,
                                    bool pairs);

/* Of a pair: does one of them do what is worse, whatever the kills say? By how long it
 * lasts if both do harm, or both only what passes; unseen if that is alike, too. */
enum compare_verdict census_lasts_verdict(const struct census_change *change);
