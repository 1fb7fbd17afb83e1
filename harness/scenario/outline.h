/* outline.h - what a scenario is called, says of itself and is expected to be, without
 * its functions: all that results, stored runs and reports need of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strategy {
    char *name;
    char *about;
    unsigned expect; /* see verdict.h; 0 if the scenario does not say */
    bool noop;       /* it is meant that the update changes nothing */
    bool is_program; /* its update is a command; of a run that was kept nobody knows */
    unsigned line;   /* of the scenario's file, on which its name stands; 0: not known */
    char *try_options; /* see try_line.h; NULL also: the run was kept by an older
                          afterkill */
};

struct parameter {
    char *name;
    char *value;           /* as text: what --set takes */
    bool is_text, is_flag; /* else a number */
};

/* What a scenario says of time, as text: seconds, moments in ascending order with commas.
 * "": it says nothing; NULL: nobody knows, because what was kept does not say. */
enum outline_time { TIME_TOLERATE, TIME_RECOVER_AFTER, TIME_MOMENTS, TIME_COUNT };

struct outline {
    char *path;
    char *name; /* the file's name without .lua */
    char *title;
    char *source; /* "" if not given */
    struct strategy *strategies;
    size_t strategy_count;
    size_t reference; /* whose completed update is right: index into strategies */
    struct parameter *parameters;
    size_t parameter_count;
    char *times[TIME_COUNT];
    int64_t now; /* seconds since 1970: what the functions see as p.now */
};

void outline_release(struct outline *outline); /* all zeros are fine */

/* Is it what a scenario can be called? It stands in the name of a run's directory, and in
 * reports; so it is printable, and the name of one file in one folder. */
bool outline_is_name(const char *name);

const char *outline_time_name(enum outline_time time); /* the scenario's key */

/* Finds the lines on which the strategies' names stand in the scenario's text: between
 * quotes, and once. */
void outline_find_lines(struct outline *outline, const char *text);

/* The index of a strategy; -1 if there is none of that name. */
ptrdiff_t outline_find(const struct outline *outline, const char *name);
/* The parameter that "NAME=VALUE" assigns; NULL if there is none of that name. */
struct parameter *outline_assigned(const struct outline *outline, const char *assignment);
/* For str_nearest(). */
const char *outline_strategy_name(const void *outline, size_t index);
