/* audit_watch_json.c - what is known of an audit that goes on as JSON: what has leaked
 * since when, and how the server fares. */
#include <math.h>

#include "audit/rounds.h"
#include "audit/vitals.h"
#include "base/clock.h"
#include "report/json_put.h"
#include "report/parts.h"
#include "stats/durations.h"

static const char *const changes[] = {
    [LEAK_SAME] = "same",
    [LEAK_NEW] = "new",
    [LEAK_GROWING] = "growing",
    [LEAK_SHRINKING] = "shrinking",
};

static void add_leak(json_t *array, const struct leak *leak, const char *change)
{
    json_t *object = json_object();

    json_put_whole(object, "db", leak->db);
    json_put_text(object, "name", leak->name);
    json_put_text(object, "change", change);
    json_put_whole(object, "keys", leak->keys);
    json_put_whole(object, "more", leak_more(leak));
    json_array_append_new(array, object);
}

static json_t *leaks_of(const struct rounds *rounds)
{
    json_t *array = json_array();

    for (size_t i = 0; i < rounds->now.count; i++)
        add_leak(array, &rounds->now.items[i], changes[rounds->now.items[i].change]);
    for (size_t i = 0; i < rounds->gone.count; i++)
        add_leak(array, &rounds->gone.items[i], "gone");
    return array;
}

static json_t *per_hour_of(const struct rounds *rounds)
{
    struct interval interval;
    double estimate;
    json_t *object;

    if (!rounds_per_hour(rounds, &estimate, &interval))
        return json_null();
    object = json_object();
    json_put_interval(object, estimate, interval);
    return object;
}

static void put_quantile(json_t *object, const char *key, const struct audit *audit,
                         double share)
{
    json_put_real(
        object, key,
        ns_to_us(durations_quantile(audit->trips_ns, audit->trip_count, share)));
}

static json_t *trips_of(const struct audit *audit)
{
    json_t *object;

    if (!audit->trip_count)
        return json_null();
    object = json_object();
    json_put_whole(object, "count", audit->trip_count);
    put_quantile(object, "p50_us", audit, 0.5);
    put_quantile(object, "p99_us", audit, 0.99);
    return object;
}

static json_t *slow_of(const struct vitals *vitals)
{
    json_t *object, *longest = json_null();

    if (vitals->slow_refused)
        return json_null();
    object = json_object();
    json_put_whole(object, "commands", vitals->slow.count);
    json_put_whole(object, "since_first_round", vitals->slow_total);
    json_put_whole(object, "watched", vitals->slow.about);
    if (*vitals->slow.most) {
        longest = json_object();
        json_put_text(longest, "command", vitals->slow.most);
        json_put_whole(longest, "us", vitals->slow.most_us);
    }
    json_put(object, "longest", longest);
    return object;
}

static void put_bound(json_t *object, const char *key, const struct latencies *latencies,
                      double share)
{
    uint64_t us = latencies_bound_us(latencies, share);

    json_put(object, key, us ? json_integer((json_int_t)us) : json_null());
}

/* Since the round before; what that would be without one is null. */
static json_t *command_of(const struct vitals *vitals)
{
    const struct calls *more = &vitals->more;
    bool since = vitals->seconds > 0;
    json_t *object;

    if (!*vitals->name)
        return json_null();
    object = json_object();
    json_put_text(object, "name", vitals->name);
    json_put(object, "calls",
             since ? json_integer((json_int_t)more->calls) : json_null());
    json_put_real(object, "calls_per_second",
                  since ? (double)more->calls / vitals->seconds : NAN);
    json_put_real(object, "mean_us",
                  more->calls ? (double)more->usec / (double)more->calls : NAN);
    put_bound(object, "p50_at_most_us", &vitals->taken, 0.5);
    put_bound(object, "p99_at_most_us", &vitals->taken, 0.99);
    json_put(object, "failed",
             since ? json_integer((json_int_t)(more->failed + more->rejected))
                   : json_null());
    json_put_flag(object, "reset", vitals->reset);
    json_put_whole(object, "calls_ever", vitals->now.calls);
    return object;
}

static json_t *watched_of(const struct audit *audit)
{
    const struct vitals *vitals = audit->vitals;
    const struct watched_keys *watched = &audit->watched;
    json_t *object;

    if (!vitals->keys.count)
        return json_null();
    object = json_object();
    json_put_text(object, "pattern", vitals->keys.globs[0]);
    json_put_whole(object, "keys", watched->keys);
    json_put_whole(object, "without_expiry", watched->persistent);
    json_put_whole(object, "asked", watched->asked);
    json_put(object, "used",
             vitals->seconds > 0 ? json_integer((json_int_t)watched->used) : json_null());
    return object;
}

json_t *audit_watch_json(const struct audit *audit)
{
    const struct rounds *rounds = audit->rounds;
    const struct vitals *vitals = audit->vitals;
    json_t *object = json_object();

    json_put_whole(object, "round", rounds->count);
    json_put_real(object, "seconds", vitals->seconds > 0 ? vitals->seconds : NAN);
    json_put_flag(object, "restarted", vitals->restarted);
    json_put_whole(object, "leaked", rounds_leaked(rounds));
    json_put_whole(object, "leaked_since_first_round", rounds_arrived(rounds));
    json_put(object, "leaked_per_hour", per_hour_of(rounds));
    json_put(object, "leaks", leaks_of(rounds));
    json_put(object, "round_trips", trips_of(audit));
    json_put(object, "blocked_clients",
             audit->info.blocked < 0 ? json_null() : json_integer(audit->info.blocked));
    json_put(object, "slowlog", slow_of(vitals));
    json_put(object, "command", command_of(vitals));
    json_put(object, "watched_keys", watched_of(audit));
    return object;
}
