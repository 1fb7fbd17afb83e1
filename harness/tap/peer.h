/* peer.h - whose the other end of a connection over the loopback is.
 *
 * Any user of the machine can connect to a port, and the programs that are tested know no
 * password. The kernel knows who made the socket at the other end, and tells it by
 * sock_diag(7), or else in /proc/net/tcp. A unix socket is not asked about: its directory
 * lets nobody else in. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* Where a closed socket has its user until the end of its stream is acknowledged, the
 * kernel acknowledges none of those who come in by this socket, until it is known who
 * they are: who writes and is gone at once is known, too. The end comes a fifth of a
 * second later then, and nothing else does. */
void peer_hold_ends(int listener);

struct peer_rules {
    /* Is this user one of the program's? Our own and root are, whatever this says; NULL:
     * nobody else is. */
    bool (*knows)(void *context, uid_t uid);
    /* Is the program dying? Who has connected, written and gone before he was looked at
     * cannot be asked any more whose he was; a program that dies does that, and of others
     * it is an error. NULL: it may be. */
    bool (*dies)(void *context);
    void *context;
};

/* Is who has connected the program, or may it be? A kernel that tells nobody lets all in.
 * The end of its stream is held no longer. */
#define PEER_NOBODY_KNOWS (-ENOTUNIQ)
int peer_check(int fd, const struct peer_rules *rules, bool *ret_welcome,
               struct err *err);

/* Does any process at or below this one have this user? It may have changed it. */
bool peer_is_below(pid_t top, uid_t uid);
