/* peer.h - whose the other end of a connection over the loopback is.
 *
 * Any user of the machine can connect to a port, and the programs that are tested know no
 * password. The kernel knows who made the socket at the other end, and tells it by
 * sock_diag(7), or else in /proc/net/tcp. A unix socket is not asked about: its directory
 * lets nobody else in. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum peer {
    PEER_KNOWN,  /* *ret_uid has made it */
    PEER_GONE,   /* it is closed already, and nobody's any more */
    PEER_UNTOLD, /* this kernel tells nobody */
};

enum peer peer_ask(int fd, uid_t *ret_uid);

/* Does any process at or below this one have this user? It may have changed it. */
bool peer_is_below(pid_t top, uid_t uid);
