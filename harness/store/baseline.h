/* baseline.h - what a repository keeps of a run, to compare later runs with.
 *
 * A small JSON file with a line for every crash point and every kind of figure, always in
 * the same order, so that a new version of it is a diff that can be read. It is read back
 * into a result, so that whoever compares runs compares baselines, too. Of that result
 * only what compare.h and gate.h look at is there: no timelines, no signatures, no
 * examples.
 *
 * Durations of updates are kept as means of neighbours: the sorted samples are cut at
 * fixed shares, more finely towards the slow end, and each part is kept as its mean. So
 * the mean of all is exact, quantiles are nearly so, and a thousand samples are thirty
 * numbers. */
#pragma once

#include "base/mem.h"
#include "result/result.h"

/* 1: nobody asked how long harm lasts; it can be shown, but not compared with. */
#define BASELINE_SCHEMA 2

struct baseline {
    struct outline scenario;  /* made by hand: names and parameters, nothing of Lua */
    struct result result;     /* borrows from it */
    char *version;            /* of the afterkill that wrote it */
    char *transport, *killer; /* the result's */
};

/* The file's content; the caller frees it. The result must be one that can be kept. */
char *baseline_text(const struct result *result);

/* Writes a baseline. ERR_USAGE if the result is not worth keeping: not complete, or with
 * unexplained deaths. */
int baseline_save(const char *path, const struct result *result, struct err *err);

/* Whatever is wrong with the file is ERR_USAGE with its name and the key. */
int baseline_load(const char *path, struct baseline **ret, struct err *err);
/* The same from memory; `name` is for messages. */
int baseline_parse(const char *name, const char *bytes, size_t length,
                   struct baseline **ret, struct err *err);
/* NULL is fine; returns NULL. */
struct baseline *baseline_free(struct baseline *baseline);
DEFINE_CLEANUP(struct baseline *, baseline_free)

/* How samples are kept: as the means of `baseline_parts` parts, of which part i has the
 * sorted samples from baseline_cut(count, i) to baseline_cut(count, i + 1); parts without
 * samples are left out. */
extern const size_t baseline_parts;
size_t baseline_cut(size_t count, size_t part);

/* How weights of kills are kept: under these names, those of all valid ones, and of those
 * that a rate counts. */
#define BASELINE_WEIGHTS 5
extern const char *const baseline_weights[BASELINE_WEIGHTS];
struct weighted *baseline_weighted(struct kills *kills, size_t i);
