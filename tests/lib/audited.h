/* audited.h - a live server for tests of `afterkill audit`, one a test, and a connection
 * to it. */
#pragma once

#include "testlib.h"

#include <hiredis/hiredis.h>

extern char *directory; /* a temporary one */
extern struct server server;
extern redisContext *connection;

void audited_begin(void);     /* all of it */
void audited_directory(void); /* it alone: the test starts the server, and connects */
void audited_end(void);

redisContext *audited_connect(const struct server *to);

/* A port that nobody has at the moment, below those from which a node of a cluster would
 * have none for its bus, which is 10000 above. */
unsigned audited_free_port(void);
