/* round_text.c - a round of an audit that goes on, in a line. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "audit/rounds.h"
#include "audit/vitals.h"
#include "base/clock.h"
#include "base/mem.h"
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
    if (leak_more(leak))
        fprintf(out, ", %" PRIu64 " more", leak_more(leak));
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

static void write_some(FILE *out, uint64_t count, const char *one, const char *more)
{
    if (count)
        fprintf(out, "; %" PRIu64 " %s", count, count == 1 ? one : more);
}

/* What may leak, and is in no figure. */
static void write_unknown(FILE *out, const struct audit *audit)
{
    struct audit_sum sum = audit_sum(audit);

    write_some(out, sum.unsure_groups, "group may leak", "groups may leak");
    write_some(out, sum.unsure_sets, "set may leak", "sets may leak");
    write_some(out, sum.unseen, "key or member of which nothing is known",
               "keys or members of which nothing is known");
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

static void write_name(FILE *out, const char *name)
{
    char shown[VITALS_NAME];

    for (size_t i = 0; i <= strlen(name); i++)
        shown[i] = (char)toupper((unsigned char)name[i]);
    str_print(out, str_of(shown), NAME_COLUMNS);
}

/* What the server took down as slow since the round before. */
static void write_slow(FILE *out, const struct vitals *vitals)
{
    const struct slow *slow = &vitals->slow;
    char most[AMOUNT];

    if (!slow->count)
        return;
    fprintf(out, "; %" PRIu64 " slow", slow->count);
    if (slow->about)
        fprintf(out, ", %" PRIu64 " of them watched", slow->about);
    if (!*slow->most)
        return;
    fputs(", longest ", out);
    write_name(out, slow->most);
    fprintf(out, " %s", words_duration(most, sizeof(most), (double)slow->most_us));
}

static void write_bound(FILE *out, const char *name, const struct latencies *latencies,
                        double share)
{
    uint64_t us = latencies_bound_us(latencies, share);
    char text[AMOUNT];

    if (us)
        fprintf(out, ", %s at most %s", name,
                words_duration(text, sizeof(text), (double)us));
}

/* How often the command ran that is watched, whatever keys it had. */
static void write_calls(FILE *out, const struct vitals *vitals)
{
    const struct calls *more = &vitals->more;
    char mean[AMOUNT];

    if (!*vitals->name || !(vitals->seconds > 0))
        return;
    fputs("; ", out);
    write_name(out, vitals->name);
    fputc(' ', out);
    write_number(out, (double)more->calls / vitals->seconds);
    fputs(" a second", out);
    if (more->calls)
        fprintf(
            out, ", mean %s",
            words_duration(mean, sizeof(mean), (double)more->usec / (double)more->calls));
    write_bound(out, "p50", &vitals->taken, 0.5);
    write_bound(out, "p99", &vitals->taken, 0.99);
    if (more->failed + more->rejected)
        fprintf(out, ", %" PRIu64 " failed", more->failed + more->rejected);
    if (vitals->reset)
        fputs(", counted from 0 meanwhile", out);
}

/* And its keys, whoever used them. */
static void write_keys(FILE *out, const struct vitals *vitals,
                       const struct watched_keys *watched)
{
    if (!vitals->keys.count)
        return;
    fputs("; ", out);
    str_print_text(out, str_of(vitals->keys.globs[0]), NAME_COLUMNS);
    fprintf(out, " %" PRIu64 " key%s", watched->keys, watched->keys == 1 ? "" : "s");
    if (vitals->seconds > 0 && watched->asked)
        fprintf(out, ", %" PRIu64 " of %" PRIu64 " used", watched->used, watched->asked);
}

static void write_vitals(FILE *out, const struct audit *audit)
{
    const struct vitals *vitals = audit->vitals;

    if (audit->info.blocked >= 0)
        fprintf(out, "; %" PRId64 " blocked", audit->info.blocked);
    if (!vitals)
        return;
    if (vitals->restarted)
        fputs("; started again meanwhile, or another server", out);
    write_slow(out, vitals);
    write_calls(out, vitals);
    write_keys(out, vitals, &audit->watched);
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
    write_unknown(out, audit);
    write_trips(out, audit);
    write_vitals(out, audit);
    for (size_t i = 0; i < rounds->now.count; i++)
        if (changes[rounds->now.items[i].change])
            write_leak(out, changes[rounds->now.items[i].change], &rounds->now.items[i]);
    for (size_t i = 0; i < rounds->gone.count; i++)
        write_leak(out, "gone", &rounds->gone.items[i]);
    fputc('\n', out);
}
