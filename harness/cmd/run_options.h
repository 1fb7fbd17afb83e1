/* run_options.h - the options of `afterkill run`: what is asked for (request.h), and what
 * changes nothing of what is found.
 *
 * A run that is gone on with is asked for again: options are parsed on top of its
 * request, and what comes out must be the same request. */
#pragma once

#include "cmd/gate_options.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "plan/request.h"
#include "result/sweep.h"

struct run_options {
    struct operands scenarios; /* one, or none with --resume */
    const char *scenario;      /* its file or name, as given */
    struct request request;
    bool trials_given, strategies_given, seed_given;
    uint64_t lanes; /* 0: one per CPU */
    bool quiet;     /* no progress */
    uint64_t prove; /* harms of programs, see run/prove.h */
    char **command; /* a program that stands in place of a scenario; NULL: none does */
    const char *redis_server;
    const char *resume; /* directory; NULL: a new run */
    bool unkept;        /* the run is not kept in a directory */
    struct gate_options gates;
    struct destination destination;
    struct sweep sweep;
};

/* What is asked for if nothing is said. */
void run_options_default(struct request *ret);

/* Takes an item of a request (struct request) that has the option's name. */
int run_option_item(const struct cmd_option *option, void *target, const char *text,
                    struct err *err);

/* Takes NAME=VALUE into a request; NAME alone is assigned what the environment says of
 * it, if it says anything: a command line can be read by any user, an environment cannot.
 */
int run_option_assignment(const struct cmd_option *option, void *target, const char *text,
                          struct err *err);

/* Parses the command line; `command` is what stood behind "--" in place of a scenario, or
 * NULL. Ends the program as argp does if it is not understood. */
int run_options_parse(int argc, char **argv, char **command, struct run_options *ret,
                      struct err *err);
void run_options_release(struct run_options *options);

/* What is asked for, of one value of a sweep: with all parameters of the scenario, and
 * the strategies (`count` of the scenario's) that take part. */
int run_options_request(const struct run_options *options, const struct outline *scenario,
                        const size_t *strategies, size_t count, struct request *ret,
                        struct err *err);
