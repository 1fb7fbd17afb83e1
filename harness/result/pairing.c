/* pairing.c - see pairing.h. */
#include "result/pairing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "stats/sample.h"

#define ROOM_LEAST 1024
#define BLOCKS 64       /* of attempts, one after the other */
#define CONFIDENCE 0.95 /* of tests, which have none */

/* The room is a power of two, as it is only ever doubled. */
static size_t room_for(size_t count)
{
    size_t room = ROOM_LEAST;

    while (room < count)
        room *= 2;
    return count ? room : 0;
}

static void make_room(struct attempts *attempts, size_t count)
{
    size_t had = room_for(attempts->count), room = room_for(count);

    if (room > had) {
        attempts->what = mem_grow(attempts->what, room, sizeof(*attempts->what));
        attempts->weights = mem_grow(attempts->weights, room, sizeof(*attempts->weights));
        memset(attempts->what + had, 0, (room - had) * sizeof(*attempts->what));
        memset(attempts->weights + had, 0, (room - had) * sizeof(*attempts->weights));
    }
    if (count > attempts->count)
        attempts->count = count;
}

void attempts_add(struct attempts *attempts, uint64_t attempt, unsigned what,
                  double weight)
{
    make_room(attempts, (size_t)attempt + 1);
    attempts->what[attempt] = (uint8_t)what;
    attempts->weights[attempt] = (float)weight;
}

struct attempts *attempts_free(struct attempts *attempts)
{
    if (attempts) {
        free(attempts->what);
        free(attempts->weights);
    }
    free(attempts);
    return NULL;
}

/* One side, and what it shows of a rate. */
struct side {
    const struct attempts *attempts;
    unsigned counted;
    size_t shift;
    bool weightless; /* not all weights are known: then they are equal */
    struct weighted all;
    double rate;
};

static unsigned what_of(const struct side *side, size_t attempt)
{
    size_t i = attempt + side->shift;

    return i < side->attempts->count ? side->attempts->what[i] : 0;
}

static double weight_of(const struct side *side, size_t attempt)
{
    return side->weightless ? 1 : (double)side->attempts->weights[attempt + side->shift];
}

static struct side side_of(const struct attempts *attempts, unsigned counted)
{
    struct side side = { .attempts = attempts, .counted = counted };
    double hits = 0;

    for (size_t i = 0; i < attempts->count; i++)
        side.weightless |= what_of(&side, i) && !(attempts->weights[i] > 0);
    for (size_t i = 0; i < attempts->count; i++) {
        if (!what_of(&side, i))
            continue;
        weighted_add(&side.all, weight_of(&side, i));
        hits += what_of(&side, i) & counted ? weight_of(&side, i) : 0;
    }
    side.rate = side.all.sum > 0 ? hits / side.all.sum : 0;
    return side;
}

/* What an attempt adds to a side's rate less `rate`. */
static double added(const struct side *side, size_t attempt, double rate)
{
    unsigned what = what_of(side, attempt);

    if (!what)
        return 0;
    return ((what & side->counted ? 1 : 0) - rate) * weight_of(side, attempt) /
           side->all.sum;
}

/* If the rates are the same, this is it; each side's chance of being wrong about it is
 * the same, however many attempts it has. */
static double common_rate(const struct side *base, const struct side *new)
{
    return (base->rate + new->rate) / 2;
}

/* What attempts add to the difference, altogether and by the time at which they came. */
struct addends {
    struct paired_sum sum;
    struct cluster blocks[BLOCKS];
    size_t count;
};

static void add(struct addends *addends, size_t attempt, double addend)
{
    struct cluster *block = &addends->blocks[attempt * BLOCKS / addends->count];

    paired_add(&addends->sum, addend);
    block->all += 1;
    block->hit += addend;
}

static struct design design_of(const struct addends *addends, const struct paired *paired)
{
    const struct clustered clustered = {
        .blocks = addends->blocks,
        .count = addends->count < BLOCKS ? 0 : BLOCKS,
        .rarer = paired->more + paired->fewer,
        .single = addends->sum.squares -
                  addends->sum.sum * addends->sum.sum / (double)addends->count,
    };

    return clusters_design(&clustered);
}

struct pairing pairing_of(const struct attempts *base_attempts,
                          const struct attempts *new_attempts, unsigned counted)
{
    struct side base = side_of(base_attempts, counted);
    struct side new = side_of(new_attempts, counted);
    size_t count = base_attempts->count > new_attempts->count ? base_attempts->count
                                                              : new_attempts->count;
    struct addends addends = { .count = count };
    struct sample all;
    struct pairing pairing = { .pairs = 0 };
    double rate = common_rate(&base, &new);

    if (!base.all.count || !new.all.count)
        return pairing;
    new.shift = mutant("pairs-shifted");
    for (size_t i = 0; i < count; i++) {
        unsigned b = what_of(&base, i), n = what_of(&new, i);

        pairing.pairs += b && n;
        pairing.alone += !b != !n;
        pairing.base_only += b && n && (b & counted) && !(n & counted);
        pairing.new_only += b && n && !(b & counted) && (n & counted);
        add(&addends, i, added(&new, i, rate) - added(&base, i, rate));
    }
    pairing.paired = paired_from(
        &addends.sum, fmin(weighted_effective(&base.all), weighted_effective(&new.all)));
    pairing.design = design_of(&addends, &pairing.paired);
    all = (struct sample){ .of = count, .design = pairing.design };
    pairing.paired = paired_scaled(&pairing.paired, 1 / sample_effect(&all, CONFIDENCE));
    return pairing;
}
