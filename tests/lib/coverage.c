/* coverage.c - see coverage.h. */
#include "coverage.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

double binomial(uint64_t k, uint64_t n, double p)
{
    double a = (double)k, b = (double)(n - k);

    if (p <= 0 || p >= 1)
        return k == (p <= 0 ? 0 : n);
    return exp(lgamma(a + b + 1) - lgamma(a + 1) - lgamma(b + 1) + a * log(p) +
               b * log1p(-p));
}

void coverage_add(struct coverage *coverage, struct interval interval, uint64_t kills,
                  double truth)
{
    uint64_t likeliest = (uint64_t)((double)(kills + 1) * truth);
    double most;

    if (likeliest > kills)
        likeliest = kills;
    most = coverage->confidence + 2 * binomial(likeliest, kills, truth);
    coverage->campaigns++;
    coverage->covered += interval.low <= truth && truth <= interval.high;
    coverage->most += most < 1 ? most : 1;
}

/* The first counts from below and from above that do not lie in a tail. */
static void find_bounds(const struct coverage *coverage, double error,
                        uint64_t *ret_least, uint64_t *ret_most)
{
    uint64_t n = coverage->campaigns, least = 0, most = n;
    double mean = coverage->most / (double)n;
    double tail = binomial(0, n, coverage->confidence);

    while (tail < error)
        tail += binomial(++least, n, coverage->confidence);
    tail = binomial(n, n, mean);
    while (tail < error)
        tail += binomial(--most, n, mean);
    *ret_least = least;
    *ret_most = most;
}

bool coverage_is_right(const struct coverage *coverage, double error)
{
    uint64_t least, most;

    find_bounds(coverage, error, &least, &most);
    return least <= coverage->covered && coverage->covered <= most;
}

void coverage_expect(const struct coverage *coverage, double error, const char *what)
{
    uint64_t least, most;
    char text[200];

    find_bounds(coverage, error, &least, &most);
    snprintf(text, sizeof(text),
             "%s: %d of %d intervals cover at %g%%; %d to %d would be right", what,
             (int)coverage->covered, (int)coverage->campaigns, 100 * coverage->confidence,
             (int)least, (int)most);
    fprintf(stderr, "%s\n", text);
    cr_expect(coverage_is_right(coverage, error), "%s", text);
}
