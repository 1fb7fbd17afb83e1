/* run_options.h - the options of `afterkill run`, and the terms (terms.h) that follow
 * from them.
 *
 * A run that is gone on with is asked for again by the options that it was asked for
 * first: its terms are put in front of the command line, and both are parsed as one. What
 * comes out must be the same terms; so there is one way from options to a run. */
#pragma once

#include "cmd/gate_options.h"
#include "cmd/output.h"
#include "plan/request.h"
#include "plan/shard.h"
#include "result/sweep.h"
#include "trial/fault.h"
#include "trial/worker.h"

struct run_options {
    const char *scenario;
    char *strategies; /* "A,B"; NULL: all */
    uint64_t trials;
    bool trials_given;
    bool faults[FAULT_COUNT];
    uint64_t seed;
    size_t lanes;             /* 0: one per CPU */
    const char **assignments; /* owned */
    size_t assignment_count;
    double confidence;
    enum killer killer;
    double timeout_s;
    const char *redis_server;
    enum transport transport;
    double rtt_s;
    struct stopping stopping;
    struct shard shard;
    int64_t now;        /* seconds since 1970 */
    const char *resume; /* directory; NULL: a new run */
    bool keep;          /* the run in a directory */
    struct gate_options gates;
    struct destination destination;
    struct sweep sweep;
    char **again; /* the command line with the terms of the run that is gone on with;
                     owned, and borrowed from by all of the above */
};

/* Parses the command line. Ends the program as argp does if it is not understood. */
int run_options_parse(int argc, char **argv, struct run_options *ret, struct err *err);
void run_options_release(struct run_options *options);

/* What is asked for, of one value of a sweep. `strategies`: `count` of those of the
 * scenario take part. */
int run_options_terms(const struct run_options *options, const struct outline *scenario,
                      const size_t *strategies, size_t count, struct terms *ret,
                      struct err *err);
