/* refusal.c - see refusal.h. */
#include "scenario/refusal.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

#define ELSEWHERE "a scenario's state is in database 0"
#define SHARED "the server belongs to all strategies"
#define FAULTS "faults are afterkill's, not the scenario's"
#define NEEDED "the connection is needed until the end of the update"
#define LISTENS "what a listening connection hears are no replies, and cannot be counted"
#define RESP2 "the connection speaks RESP2"
#define SCRIPTS "the server's scripts are afterkill's too"
#define LIBRARIES                                                                        \
    "libraries of functions are part of no state; load them in `before` (FUNCTION LOAD " \
    "REPLACE)"

/* With a word, only commands that have it as argument number `place` are meant; if that
 * is behind the first, where options stand, or anywhere behind it. */
struct row {
    const char *command;
    const char *word;
    int place;
    struct refusal refusal;
};

static const struct row rows[] = {
    { "SELECT", NULL, 0, { "SELECT", ELSEWHERE } },
    { "SWAPDB", NULL, 0, { "SWAPDB", ELSEWHERE } },
    { "MOVE", NULL, 0, { "MOVE", ELSEWHERE } },
    { "COPY", "DB", 3, { "COPY with DB", ELSEWHERE } },
    { "MIGRATE", NULL, 0, { "MIGRATE", ELSEWHERE } },
    { "FLUSHALL",
      NULL,
      0,
      { "FLUSHALL", "other databases hold the old state; FLUSHDB does the same to the "
                    "scenario's" } },
    { "SHUTDOWN", NULL, 0, { "SHUTDOWN", FAULTS } },
    { "DEBUG", NULL, 0, { "DEBUG", FAULTS } },
    { "FAILOVER", NULL, 0, { "FAILOVER", FAULTS } },
    { "CONFIG", NULL, 0, { "CONFIG", SHARED } },
    { "ACL", NULL, 0, { "ACL", SHARED } },
    { "MODULE", NULL, 0, { "MODULE", SHARED } },
    { "REPLICAOF", NULL, 0, { "REPLICAOF", SHARED } },
    { "SLAVEOF", NULL, 0, { "SLAVEOF", SHARED } },
    { "SCRIPT", "FLUSH", 1, { "SCRIPT FLUSH", SCRIPTS } },
    { "SCRIPT", "KILL", 1, { "SCRIPT KILL", SCRIPTS } },
    { "SCRIPT", "DEBUG", 1, { "SCRIPT DEBUG", SCRIPTS } },
    { "FUNCTION", "KILL", 1, { "FUNCTION KILL", SCRIPTS } },
    { "CLIENT", "KILL", 1, { "CLIENT KILL", FAULTS } },
    { "CLIENT", "PAUSE", 1, { "CLIENT PAUSE", SHARED } },
    { "CLIENT", "UNPAUSE", 1, { "CLIENT UNPAUSE", SHARED } },
    { "CLIENT", "REPLY", 1, { "CLIENT REPLY", "every command must have its reply" } },
    { "CLIENT", "TRACKING", 1, { "CLIENT TRACKING", LISTENS } },
    { "SUBSCRIBE", NULL, 0, { "SUBSCRIBE", LISTENS } },
    { "PSUBSCRIBE", NULL, 0, { "PSUBSCRIBE", LISTENS } },
    { "SSUBSCRIBE", NULL, 0, { "SSUBSCRIBE", LISTENS } },
    { "UNSUBSCRIBE", NULL, 0, { "UNSUBSCRIBE", LISTENS } },
    { "PUNSUBSCRIBE", NULL, 0, { "PUNSUBSCRIBE", LISTENS } },
    { "SUNSUBSCRIBE", NULL, 0, { "SUNSUBSCRIBE", LISTENS } },
    { "MONITOR", NULL, 0, { "MONITOR", LISTENS } },
    { "SYNC", NULL, 0, { "SYNC", LISTENS } },
    { "PSYNC", NULL, 0, { "PSYNC", LISTENS } },
    { "REPLCONF", NULL, 0, { "REPLCONF", LISTENS } },
    { "QUIT", NULL, 0, { "QUIT", NEEDED } },
    { "RESET", NULL, 0, { "RESET", NEEDED } },
    { "HELLO", NULL, 0, { "HELLO", RESP2 } },
};

/* By all functions but `before`. */
static const struct row rows_later[] = {
    { "FUNCTION", "LOAD", 1, { "FUNCTION LOAD", LIBRARIES } },
    { "FUNCTION", "DELETE", 1, { "FUNCTION DELETE", LIBRARIES } },
    { "FUNCTION", "FLUSH", 1, { "FUNCTION FLUSH", LIBRARIES } },
    { "FUNCTION", "RESTORE", 1, { "FUNCTION RESTORE", LIBRARIES } },
};

static bool has_word(int argc, const char *const *argv, const char *word, int place)
{
    int last = place > 1 ? argc - 1 : place;

    for (int i = place; i <= last && i < argc; i++)
        if (strcasecmp(argv[i], word) == 0)
            return true;
    return false;
}

static const struct refusal *find(const struct row *table, size_t count, int argc,
                                  const char *const *argv)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(argv[0], table[i].command) == 0 &&
            (!table[i].word || has_word(argc, argv, table[i].word, table[i].place)))
            return &table[i].refusal;
    return NULL;
}

const struct refusal *refusal_of(bool preparing, int argc, const char *const *argv)
{
    const struct refusal *refusal = find(rows, ARRAY_SIZE(rows), argc, argv);

    return refusal || preparing ? refusal
                                : find(rows_later, ARRAY_SIZE(rows_later), argc, argv);
}
