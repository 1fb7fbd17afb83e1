/* address.h - where a Redis, or a relay to one, is listening: a unix socket, or a port of
 * this machine's loopback. Numbers only: nothing here asks a resolver. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/secret.h"

enum transport { TRANSPORT_UNIX, TRANSPORT_TCP };

struct address {
    char *path;    /* of a unix socket, owned; NULL: TCP */
    uint16_t port; /* of LOOPBACK, if there is no path */
    /* What the server asks everybody for who connects, for any user of the machine can
     * connect to a port; "": nothing. */
    char password[SECRET_TEXT];
};
#define LOOPBACK "127.0.0.1"

void address_release(struct address *address);

/* Fails, and says what to do, if the path is too long for a unix socket. */
int address_check(const struct address *address, struct err *err);

/* Returns a connected blocking socket, of which the server knows that it may be there
 * (the password has been given); connecting, and every later send or receive, ends with
 * an error after so many seconds. */
int address_connect(const struct address *address, int timeout_s, struct err *err);

/* The one line of a reply, without its end; nothing may follow it, for nothing else was
 * asked. False: it is not whole in time, or is too long, or somebody wants an end
 * meanwhile (base/signals.h). */
bool address_read_line(int fd, int timeout_s, char *line, size_t size);

/* Returns a listening socket. A port of 0 is replaced by one that was free. */
int address_listen(struct address *address, struct err *err);

/* A port that nobody uses at this moment. Somebody else may take it before it is used. */
int address_free_port(uint16_t *ret, struct err *err);

/* Sends small pieces at once. Does nothing to a unix socket. */
void address_no_delay(int fd);
