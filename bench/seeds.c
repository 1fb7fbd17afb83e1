/* seeds.c - is a comparison of two runs to have the same seed on both sides, or another?
 *
 * Runs are computed (tests/lib/machine.h): updates take varying times, kills are aimed by
 * those that were seen, as they are in a run. In so many campaigns of 1,000 attempts on
 * each side, how many say that the rates differ? Of the same rates it should be 5%, of
 * others as many as possible. Pairs are those of the same seed; beside them Fisher's test
 * of another seed, and the test of one seed that knows no pairs.
 *
 *     seeds [CAMPAIGNS]      default 2000; half a minute */
#include <stdio.h>
#include <stdlib.h>

#include "machine.h"
#include "stats/difference.h"

#define LEVEL 0.05

enum { ATTEMPTS = 1000 };

static const struct {
    const char *name;
    struct window base, new;
} cases[] = {
    { "50%, the same", { 0.25, 0.75 }, { 0.25, 0.75 } },
    { "10%, the same", { 0.9, 1 }, { 0.9, 1 } },
    { "50%, first and second half", { 0, 0.5 }, { 0.5, 1 } },
    { "10%, at the front and at the back", { 0, 0.1 }, { 0.9, 1 } },
    { "50% and 45% of it", { 0.25, 0.75 }, { 0.25, 0.7 } },
    { "10% and 6% of it", { 0.5, 0.6 }, { 0.5, 0.56 } },
    { "50%, and 45% elsewhere", { 0, 0.5 }, { 0.55, 1 } },
    { "10%, and 6% elsewhere", { 0.1, 0.2 }, { 0.8, 0.86 } },
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

struct said {
    unsigned pairs, fisher, tails;
};

static void count(struct said *said, size_t i, const struct spread *spread, uint64_t seed)
{
    struct machine_side base = machine_side(seed, seed, spread, cases[i].base, ATTEMPTS);
    struct machine_side new =
        machine_side(seed + 1, seed, spread, cases[i].new, ATTEMPTS);
    struct machine_side other =
        machine_side(seed + 2, seed + 2, spread, cases[i].new, ATTEMPTS);
    struct pairing pairing = pairing_of(base.attempts, new.attempts, MACHINE_HARM);

    said->pairs += paired_p(&pairing.paired) <= LEVEL;
    said->fisher += difference_method(false)->p_value(base.sample, other.sample) <= LEVEL;
    said->tails += difference_method(true)->p_value(base.sample, new.sample) <= LEVEL;
    machine_side_release(&base);
    machine_side_release(&new);
    machine_side_release(&other);
}

int main(int argc, char **argv)
{
    unsigned campaigns = argc > 1 ? (unsigned)atoi(argv[1]) : 2000;
    double percent = 100.0 / campaigns;
    uint64_t seed = 1;

    printf("| harm |");
    for (size_t s = 0; s < MACHINE_SPREADS; s++)
        printf(" %s |", machine_spreads[s].name);
    printf("\n|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < CASES; i++) {
        printf("| %s |", cases[i].name);
        for (size_t s = 0; s < MACHINE_SPREADS; s++) {
            struct said said = { 0 };

            for (unsigned c = 0; c < campaigns; c++, seed += 3)
                count(&said, i, &machine_spreads[s], seed);
            printf(" %.1f, %.1f, %.1f |", percent * said.pairs, percent * said.fisher,
                   percent * said.tails);
            fflush(stdout);
        }
        printf("\n");
    }
    return 0;
}
