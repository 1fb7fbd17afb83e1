/* tap/table: what a server says of its commands. Beside the replies of real servers
 * (tests/integration/tap_asks.c), those that one does not meet. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "tap/table.h"

#define FLAG(flag) "*1\r\n+" flag "\r\n"
#define KEYS(flag) "*1\r\n*2\r\n+flags\r\n*1\r\n+" flag "\r\n"
#define COMMAND(name, flags, keys)                                                       \
    "*9\r\n$" name "\r\n:2\r\n" flags ":1\r\n:1\r\n:1\r\n*0\r\n*0\r\n" keys

static const char commands[] = "*9\r\n" COMMAND("3\r\nget", FLAG("readonly"), KEYS("RO"))
    COMMAND("3\r\nset", FLAG("write"), KEYS("OW")) COMMAND("7\r\npfcount",
                                                           FLAG("readonly"), KEYS("RW"))
        COMMAND("4\r\nscan", FLAG("readonly"), "*0\r\n")
            COMMAND("5\r\nxread", "*2\r\n+readonly\r\n+blocking\r\n", KEYS("RO"))
                COMMAND("5\r\nblpop", "*2\r\n+write\r\n+blocking\r\n", KEYS("RW"))
                    COMMAND("5\r\nm.get", "*2\r\n+readonly\r\n+module\r\n", KEYS("RO"))
                        COMMAND("4\r\nsave", FLAG("admin"), "*0\r\n")
                            COMMAND("35\r\nm.of-a-name-that-is-longer-than-any",
                                    FLAG("readonly"), KEYS("RO"));

/* Which of them is what: r reads, o ordinary, - unknown. */
static void expect_classes(const char *reply, const char *expected)
{
    static const char *const names[] = {
        "GET",   "Set",   "PFCOUNT",
        "scan",  "xread", "blpop",
        "m.get", "save",  "m.of-a-name-that-is-longer-than-any",
        "ge",    "gett",  ""
    };
    CLEANUP(table_release) struct command_table table = TABLE_NULL;
    char found[ARRAY_SIZE(names) + 1] = "";

    table_learn(&table, str_of(reply));
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        found[i] = "-or"[table_find(&table, str_of(names[i]))];
    cr_expect_str_eq(found, expected, "%.40s", reply);
}

Test(tap_table, of_a_server)
{
    expect_classes(commands, "ro"
                             "or"
                             "r---"
                             "----");
}

Test(tap_table, nothing_is_known_of_what_is_no_table)
{
    CLEANUP(table_release) struct command_table table = TABLE_NULL;

    expect_classes("", "------------");
    expect_classes("-NOPERM\r\n", "------------");
    expect_classes("*0\r\n", "------------");
    expect_classes("*2\r\n*0\r\n:1\r\n", "------------");
    expect_classes("?\r\n", "------------");
    table_learn(&table, str_of(commands));
    table_learn(&table, STR("-NOPERM\r\n"));
    cr_expect_eq(table_find(&table, STR("get")), TABLE_UNKNOWN);
}

/* Before 7.0 nobody said what a command does to its keys. */
Test(tap_table, of_an_older_server_nothing_is_known_to_read)
{
    expect_classes("*2\r\n"
                   "*7\r\n$3\r\nget\r\n:2\r\n" FLAG(
                       "readonly") ":1\r\n:1\r\n:1\r\n*0\r\n"
                                   "*7\r\n$3\r\nset\r\n:-3\r\n" FLAG(
                                       "write") ":1\r\n:1\r\n:1\r\n*0\r\n",
                   "oo----------");
}
