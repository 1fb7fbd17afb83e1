/* round_text.c - a round of an audit that goes on, in a line. */
#include <inttypes.h>
#include <time.h>

#include "audit/rounds.h"
#include "base/clock.h"
#include "report/words.h"
#include "report/writers.h"
#include "stats/durations.h"

#define NAME_COLUMNS 60
#define AMOUNT 32

static const char *const changes[] = {
    [LEAK_NEW] = "new",
    [LEAK_GROWING] = "growing",
    [LEAK_SHRINKING] = "shrinking",
};

static void write_leak(FILE *out, const char *change, const struct leak *leak)
{
    fprintf(out, "; %s: ", change);
    str_print_text(out, str_of(leak->name), NAME_COLUMNS);
    fprintf(out, " in db %u", leak->db);
    if (leak->more)
        fprintf(out, ", %" PRIu64 " more", leak->more);
}

/* With two digits, or as many as it has. */
static void write_number(FILE *out, double number)
{
    fprintf(out, "%.*f", words_decimals(number, 2), number);
}

static void write_rate(FILE *out, const struct rounds *rounds)
{
    struct interval interval;
    double estimate;

    if (!rounds_per_hour(rounds, &estimate, &interval))
        return;
    fputs(", ", out);
    write_number(out, estimate);
    fputs(" an hour [", out);
    write_number(out, interval.low);
    fputs(", ", out);
    write_number(out, interval.high);
    fputc(']', out);
}

static void write_trips(FILE *out, const struct audit *audit)
{
    char half[AMOUNT], most[AMOUNT];

    if (audit->trip_count)
        fprintf(out, "; round trips p50 %s, p99 %s",
                words_duration(half, sizeof(half),
                               ns_to_us(durations_quantile(audit->trips_ns,
                                                           audit->trip_count, 0.5))),
                words_duration(most, sizeof(most),
                               ns_to_us(durations_quantile(audit->trips_ns,
                                                           audit->trip_count, 0.99))));
}

void round_text(FILE *out, const struct audit *audit, const struct rounds *rounds)
{
    time_t now = (time_t)(clock_real_ms() / 1000);
    char clock[AMOUNT];
    struct tm local;

    strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&now, &local));
    fprintf(out, "%s  %" PRIu64 " keys, %" PRIu64 " leaked", clock, audit->keys,
            rounds_leaked(rounds));
    write_rate(out, rounds);
    write_trips(out, audit);
    for (size_t i = 0; i < rounds->now.count; i++)
        if (changes[rounds->now.items[i].change])
            write_leak(out, changes[rounds->now.items[i].change], &rounds->now.items[i]);
    for (size_t i = 0; i < rounds->gone.count; i++)
        write_leak(out, "gone", &rounds->gone.items[i]);
    fputc('\n', out);
    fflush(out);
}
