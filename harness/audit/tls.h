/* tls.h - TLS around a connection to a live server, where hiredis comes with it
 * (hiredis_ssl, from 1.0 on), and what is said where it does not.
 *
 * A certificate must be one of an authority that is trusted, and be for the host that we
 * asked for, or the name that --sni gives; redis-cli does not look at that name. */
#pragma once

#include <hiredis/hiredis.h>
#include <stdbool.h>

#include "base/err.h"

/* As redis-cli calls them; borrowed; NULL: not given. */
struct tls_options {
    bool on;
    bool insecure; /* whoever it is that answers is taken for the server */
    const char *sni;
    const char *cacert, *cacertdir; /* neither: what the system trusts */
    const char *cert, *key;         /* ours: both, or none */
};

/* The version of hiredis_ssl that this was built with; NULL: without. */
const char *tls_version(void);
/* Without TLS: an error that says so, and what to do. */
int tls_check(struct err *err);

/* Shakes hands on a connection to the host. */
int tls_start(const struct tls_options *options, const char *host,
              redisContext *connection, struct err *err);
/* Are there bytes that have been taken from the socket, and not been read? */
bool tls_has_more(const redisContext *connection);
/* Has the server asked for a certificate of ours, and got none? It may hang up then, and
 * say nothing. */
bool tls_lacks_certificate(const redisContext *connection);
