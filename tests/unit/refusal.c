/* refusal: commands that would take the ground from under the harness are told from those
 * that a scenario needs. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "scenario/refusal.h"

#define WORDS_MOST 7

struct sent {
    const char *words[WORDS_MOST];
    const char *what; /* NULL: it may be sent */
};

static void check(const struct sent *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct refusal *refusal;
        int argc = 0;

        while (argc < WORDS_MOST && cases[i].words[argc])
            argc++;
        refusal = refusal_of(false, argc, cases[i].words);
        cr_expect_eq(refusal != NULL, cases[i].what != NULL, "case %zu: %s", i,
                     cases[i].words[0]);
        if (refusal && cases[i].what) {
            cr_expect_str_eq(refusal->what, cases[i].what);
            cr_expect_gt(strlen(refusal->reason), 10, "%s", refusal->what);
        }
    }
}

Test(refusal, of_what_would_break_the_harness)
{
    static const struct sent cases[] = {
        { { "SELECT", "1" }, "SELECT" },
        { { "select", "0" }, "SELECT" },
        { { "FlushAll" }, "FLUSHALL" },
        { { "FLUSHALL", "ASYNC" }, "FLUSHALL" },
        { { "SHUTDOWN", "NOSAVE" }, "SHUTDOWN" },
        { { "DEBUG", "SLEEP", "1" }, "DEBUG" },
        { { "CONFIG", "SET", "maxmemory", "1" }, "CONFIG" },
        { { "ACL", "SETUSER", "default", "off" }, "ACL" },
        { { "CLIENT", "KILL", "TYPE", "normal" }, "CLIENT KILL" },
        { { "client", "pause", "1000" }, "CLIENT PAUSE" },
        { { "CLIENT", "REPLY", "OFF" }, "CLIENT REPLY" },
        { { "CLIENT", "TRACKING", "ON" }, "CLIENT TRACKING" },
        { { "MONITOR" }, "MONITOR" },
        { { "SUBSCRIBE", "a", "b" }, "SUBSCRIBE" },
        { { "PSUBSCRIBE", "*" }, "PSUBSCRIBE" },
        { { "SCRIPT", "FLUSH" }, "SCRIPT FLUSH" },
        { { "FUNCTION", "LOAD", "#!lua name=f" }, "FUNCTION LOAD" },
        { { "function", "flush", "async" }, "FUNCTION FLUSH" },
        { { "FUNCTION", "DELETE", "f" }, "FUNCTION DELETE" },
        { { "FUNCTION", "RESTORE", "x" }, "FUNCTION RESTORE" },
        { { "COPY", "a", "b", "DB", "1" }, "COPY with DB" },
        { { "COPY", "a", "b", "REPLACE", "db", "1" }, "COPY with DB" },
        { { "COPY", "a", "b", "REPLACE", "REPLACE", "DB", "1" }, "COPY with DB" },
        { { "COPY", "DB", "DB", "DB", "1" }, "COPY with DB" },
        { { "QUIT" }, "QUIT" },
        { { "HELLO", "3" }, "HELLO" },
        { { "REPLICAOF", "NO", "ONE" }, "REPLICAOF" },
    };

    check(cases, ARRAY_SIZE(cases));
}

Test(refusal, of_nothing_else)
{
    static const struct sent cases[] = {
        { { "SET", "FLUSHALL", "SELECT" }, NULL },
        { { "FLUSHDB" }, NULL },
        { { "CLIENT" }, NULL },
        { { "CLIENT", "SETNAME", "KILL" }, NULL },
        { { "CLIENT", "ID" }, NULL },
        { { "SCRIPT", "LOAD", "return 1" }, NULL },
        { { "SCRIPT" }, NULL },
        { { "FUNCTION", "LIST" }, NULL },
        { { "FUNCTION", "STATS" }, NULL },
        { { "FCALL", "LOAD", "0" }, NULL },
        { { "COPY", "DB", "b" }, NULL },
        { { "COPY", "a", "DB" }, NULL },
        { { "COPY", "DB", "DB", "REPLACE" }, NULL },
        { { "COPY", "a", "b", "REPLACE" }, NULL },
        { { "PUBLISH", "a", "b" }, NULL },
        { { "BLPOP", "a", "0" }, NULL },
        { { "WAIT", "0", "0" }, NULL },
        { { "MULTI" }, NULL },
        { { "" }, NULL },
    };

    check(cases, ARRAY_SIZE(cases));
}

/* What `before` loads is there for all updates. */
Test(refusal, of_less_where_a_state_is_prepared)
{
    static const char *const load[] = { "FUNCTION", "LOAD", "REPLACE", "#!lua name=f" };
    static const char *const kill[] = { "FUNCTION", "KILL" };

    cr_expect_not_null(refusal_of(false, 4, load));
    cr_expect_null(refusal_of(true, 4, load));
    cr_expect_not_null(refusal_of(true, 2, kill));
}
