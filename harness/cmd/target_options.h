/* target_options.h - which live server, and as whom: with the names that redis-cli has
 * for it.
 *
 * There is no option for a password itself: every user of a machine can read command
 * lines. It comes from a file, from the terminal, or from the environment (REDIS_URL,
 * REDISCLI_AUTH). */
#pragma once

#include "audit/target.h"
#include "cmd/options.h"

struct target_options {
    const char *url, *host, *socket, *user, *pass_file; /* NULL: not given */
    uint64_t port;                                      /* 0: not given */
    bool askpass;
    struct tls_options tls;
};

/* A line for `more` of a subcommand's. */
extern const struct command_line target_options_line;

/* Where that is. Asks for the password, if it has to. The caller releases it. */
int target_options_target(const struct target_options *options, struct target *ret,
                          struct err *err);
