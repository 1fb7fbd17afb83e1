/* aim.c - see aim.h. */
#include "plan/aim.h"

#include <math.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "stats/durations.h"

/* Of attempts in the first stratum, how many are to land inside the update. */
#define VALID_SHARE 0.88
/* The first stratum's length is a power of this, and changes by more than one. */
#define GRID 1.0905077326652577 /* 2^(1/8) */
#define GROWTH 1.5
/* Of the second, the third, and any other stratum as many updates are taken to reach it,
 * if none did: the machine may be slower in a moment, and a longer update come. */
static const double running_least[] = { 1, 1.0 / 16, 1.0 / 64, 1.0 / 256 };
#define LAST_LEAST (sizeof(running_least) / sizeof(running_least[0]) - 1)
/* What strata from the last of these on get at most. */
#define FAR_MOST 0.2
#define GRAINS_PER_NS 1024

/* The longest duration such that, of instants drawn up to it, so many find the update
 * still running; at least the median. Of attempts over a span s, the share
 * mean(min(duration, s)) / s lands inside. It falls as s grows. */
static double span_of_most(const uint64_t *durations_ns, size_t count)
{
    CLEANUP(mem_freep) uint64_t *sorted_ns = durations_sorted(durations_ns, count);
    double sum = 0, span;

    span = (double)sorted_ns[count / 2];
    for (size_t i = 0; i < count; i++) {
        double s = (double)sorted_ns[i];

        sum += s;
        if (sum + s * (double)(count - i - 1) >= VALID_SHARE * s * (double)count)
            span = fmax(span, s);
    }
    return fmax(span, 1);
}

double aim_most_of(const uint64_t *durations_ns, size_t count)
{
    return GRID * span_of_most(durations_ns, count);
}

/* The share of a stratum's time in which updates are still running. */
static double running(const struct stratum *stratum, uint64_t before_ns,
                      const uint64_t *durations_ns, size_t count)
{
    double length = stratum->end_ns - stratum->start_ns, sum = 0;

    for (size_t i = 0; i < count; i++) {
        double inside = (double)(durations_ns[i] + before_ns) - stratum->start_ns;

        sum += fmin(fmax(inside, 0), length) / length;
    }
    return sum / (double)count;
}

/* Rounded up to a power of four, at least the least: else each update that is looked at
 * would make other weights. */
static double rounded(double share, double least)
{
    while (least < share)
        least *= 4;
    return fmin(least, 1);
}

static void add_stratum(struct aim *aim, double end_ns)
{
    double start_ns = aim->strata ? aim->stratum[aim->strata - 1].end_ns : 0;

    aim->stratum[aim->strata++] = (struct stratum){ start_ns, end_ns, 0 };
}

static void cut(struct aim *aim, double first_ns, double longest_ns)
{
    double before_ns = (double)aim->before_ns, end_ns = first_ns - before_ns;

    aim->strata = 0;
    add_stratum(aim, first_ns);
    if (mutant("aim-short"))
        return;
    do {
        end_ns *= GROWTH;
        add_stratum(aim, before_ns + end_ns);
    } while (end_ns < GROWTH * longest_ns && aim->strata < AIM_STRATA);
}

/* Scales the probabilities of strata from `first` on, which have `far_time` of all the
 * time, so that they are not too many. */
static void limit(struct aim *aim, size_t first, double far_time)
{
    double most = fmax(FAR_MOST, far_time), far = 0, all = 0;

    for (size_t i = 0; i < aim->strata; i++) {
        all += aim->stratum[i].probability;
        far += i < first ? 0 : aim->stratum[i].probability;
    }
    if (far > most * all) {
        double factor = most / (1 - most) * (all - far) / far;

        for (size_t i = first; i < aim->strata; i++)
            aim->stratum[i].probability *= factor;
        all += far * (factor - 1);
    }
    for (size_t i = 0; i < aim->strata; i++)
        aim->stratum[i].probability /= all;
}

static void share_out(struct aim *aim, const uint64_t *durations_ns, size_t count)
{
    double time = 0, far_time = 0;

    for (size_t i = 0; i < aim->strata; i++) {
        struct stratum *stratum = &aim->stratum[i];
        double length = stratum->end_ns - stratum->start_ns;
        double share = running(stratum, aim->before_ns, durations_ns, count);
        double least = running_least[i < LAST_LEAST ? i : LAST_LEAST];

        stratum->probability = length * sqrt(rounded(share, least));
        time += length * share;
        far_time += i < LAST_LEAST ? 0 : length * share;
    }
    limit(aim, LAST_LEAST, far_time / time);
}

void aim_by(struct aim *aim, const uint64_t *durations_ns, size_t count,
            uint64_t longest_ns)
{
    double wanted_ns = (double)aim->before_ns + span_of_most(durations_ns, count);
    double first_ns = aim->strata ? aim->stratum[0].end_ns : INFINITY;
    double longest = (double)longest_ns;

    for (size_t i = 0; i < count; i++)
        longest = fmax(longest, (double)durations_ns[i]);
    if (wanted_ns > first_ns * GRID || wanted_ns * GRID * GRID < first_ns)
        first_ns = pow(GRID, ceil(log(wanted_ns) / log(GRID)));
    cut(aim, first_ns, longest);
    share_out(aim, durations_ns, count);
}

static double whole_grains(double ns)
{
    return mutant("weights-uneven") ? ns : rint(ns * GRAINS_PER_NS) / GRAINS_PER_NS;
}

struct aimed aim_at(const struct aim *aim, double fraction)
{
    size_t i = 0;
    double at;
    const struct stratum *stratum;

    if (aim->strata == 0)
        return (struct aimed){ 0, 0 };
    while (i + 1 < aim->strata && fraction >= aim->stratum[i].probability)
        fraction -= aim->stratum[i++].probability;
    stratum = &aim->stratum[i];
    at = fmin(fraction / stratum->probability, 1);
    return (struct aimed){
        .instant_ns =
            (uint64_t)(stratum->start_ns + at * (stratum->end_ns - stratum->start_ns)),
        .weight_ns =
            whole_grains((stratum->end_ns - stratum->start_ns) / stratum->probability),
    };
}

double aim_end_ns(const struct aim *aim)
{
    return aim->strata ? aim->stratum[aim->strata - 1].end_ns - (double)aim->before_ns
                       : 0;
}

double aim_most_ns(const struct aim *aim)
{
    return aim->strata ? aim->stratum[0].end_ns - (double)aim->before_ns : 0;
}
