/* moments.h - when to look at what becomes of a state. Pure.
 *
 * Nothing changes by itself but at the moments at which something lapses, or somebody
 * acts. So a state is looked at at moment 0, at each of these, and once more when
 * everything has lapsed: at the last, which has no time.
 *
 * Times to live were looked at a little after they were set, and are taken up to whole
 * seconds (below two seconds: to tenths), so that the same update makes the same moments.
 * Lapses within a second and a tenth of their time are one moment, when all of them are
 * over. Times that were asked for are no lapses, and stand beside them as they are.
 *
 * Where there are more than can be looked at, neighbours become the later of the two:
 * first those at which only bystanders lapse, which all states have and at the same time,
 * then those that were asked for, and only then those at which the states come to differ.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOMENTS_MOST 8 /* but for the last */

struct moments {
    int64_t at_ms[MOMENTS_MOST]; /* ascending; the first is 0 */
    size_t count;
    bool merged; /* there were more; neighbours have become one */
};

struct lapse {
    int64_t ms;
    uint64_t whose; /* a hash of the key and the field; 0: nobody's, it was asked for */
};

/* Times at which something lapses or happens, in any order. */
struct lapses {
    struct lapse *items; /* owned */
    size_t count;
};
#define LAPSES_NULL ((struct lapses){ NULL, 0 })

/* As times to live are taken; -1 of none. */
int64_t lapse_rounded(int64_t ms);
/* Not after 0, or no time to live at all (-1): it is not added. */
void lapses_add(struct lapses *lapses, int64_t ms, uint64_t whose);
void lapses_release(struct lapses *lapses);

/* Of the lapses of so many states, and of times that were asked for. Empties the lapses.
 */
struct moments moments_of(struct lapses *lapses, size_t states,
                          const struct lapses *asked);
bool moments_equal(const struct moments *a, const struct moments *b);
