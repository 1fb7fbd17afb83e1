/* variables.h - the environment of a program behind a tap, by which it finds its Redis.
 *
 * It is the harness's own, without what says there where a Redis is and what is meant for
 * the harness (AFTERKILL_*); then REDIS_URL, REDIS_HOST, REDIS_PORT and REDIS_SOCKET of
 * the tap; then what is given. Who comes later takes the place of who has the same name.
 * In the values that are given, {url}, {host}, {port} and {socket} stand for those of the
 * tap; any other {word} stays as it is. Pure. */
#pragma once

#include "redis/address.h"

/* "NAME=value" each, NULL-terminated, as what is returned, which is freed with
 * variables_free(). `given` may be NULL. */
char **variables_make(char *const *own, const struct address *tcp,
                      const struct address *socket, char *const *given);
void variables_free(char **variables); /* NULL is fine */
