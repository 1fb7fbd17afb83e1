/* check.h - many scenarios against what they expect: of each scenario what became of it,
 * of each strategy whether it does what is expected. Pure.
 *
 * The census is the judge, because it has no sampling error: an expected leak that is not
 * found is as wrong as one that nobody expected. Kills only add evidence: for a strategy
 * that is expected to do no harm they must not show any either; a leak they need not
 * reach.
 *
 * What a run found is condensed into this, and then freed: lanes are forks of the process
 * that holds it, and a big process forks slowly. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "result/exit_status.h"
#include "result/figures.h"

enum check_verdict {
    CHECK_OK,
    CHECK_UNJUDGED,    /* nothing is expected of it */
    CHECK_FAILED,      /* it does not do what is expected */
    CHECK_UNEXPLAINED, /* a kill left what no crash point leaves: trust nothing */
    CHECK_VERDICTS,
};

struct check_strategy {
    char *name;            /* owned, as are the other texts */
    unsigned expect, line; /* see outline.h */
    enum check_verdict verdict;
    uint64_t points;
    struct words census;
    unsigned unbegun, uncrashed;
    char *unbegun_example, *uncrashed_example;
    bool harmful;          /* there is a crash point that does harm; the first is... */
    uint64_t first;        /* this one, */
    unsigned first_words;  /* does this, */
    char *first_command;   /* comes after this command ("": before any), */
    char *first_place;     /* which is this one of several alike (place.h), */
    char *first_example;   /* and shows it so */
    unsigned beyond;       /* words at crash points that the expectation rules out; the
                              first that has one of them */
    char *beyond_place;    /* comes after this command, */
    char *beyond_example;  /* and shows it so */
    struct damage harm;    /* of all of these; how long it lasts */
    struct damage passing; /* what ends before it is not tolerated */
    char *cure;            /* what is told of it (cured.h); "": nothing */
    struct kills kills;
};

enum check_state {
    CHECK_NOT_RUN,
    CHECK_RAN,
    CHECK_STOPPED, /* a signal asked to stop; that is no fault of the scenario's */
    CHECK_SKIPPED, /* the server does not have what it needs, and nothing was tried */
    CHECK_REFUSED, /* the scenario has a mistake */
    CHECK_BROKE,   /* something else went wrong */
};

struct check_scenario {
    char *name;    /* owned, as are the other texts */
    char *operand; /* how to name it on a command line */
    char *title;   /* "" until it is loaded */
    enum check_state state;
    char *trouble;     /* why it was refused or skipped, or what went wrong; "" */
    char *unexplained; /* the first unexplained death, in words; "" */
    char *first_error; /* why a kill ended in an error and counts for nothing; "" */
    double seconds;
    struct check_strategy *strategies; /* of one that ran; owned */
    size_t strategy_count;
};

struct check {
    struct check_scenario *scenarios; /* in the order in which they run; owned */
    size_t count;
    uint64_t seed, trials;
    const char *redis_server; /* as given; NULL: none was; borrowed */
    char server[64];          /* "redis 7.0.15"; "" until known */
    bool interrupted;
    double seconds;
    const char *nothing; /* why nothing ran; NULL; borrowed */
};

/* Adds a scenario that is to be run; valid until the next is added. */
struct check_scenario *check_add(struct check *check, const char *name,
                                 const char *operand);
/* What its run found. */
void check_take(struct check *check, struct check_scenario *scenario,
                const struct result *result);
/* It could not be loaded, or its run ended with this error. */
void check_trouble(struct check_scenario *scenario, const struct err *err);
void check_scenario_release(struct check_scenario *scenario);
void check_release(struct check *check); /* may be called twice */

struct check_counts {
    size_t scenarios[CHECK_BROKE + 1]; /* by state */
    size_t strategies;                 /* of those that ran */
    size_t verdicts[CHECK_VERDICTS];
};
struct check_counts check_count(const struct check *check);

/* Strategies that do no harm but what passes, and that of which this lasts longest. */
struct check_passing {
    size_t strategies;
    const struct check_scenario *scenario; /* NULL: there are none */
    const struct check_strategy *longest;
};
struct check_passing check_passing(const struct check *check);

/* The worst of: interrupted; infrastructure or unexplained; a scenario with a mistake; an
 * expectation that is not met; nothing ran; pass. */
enum exit_status check_exit_status(const struct check *check);
