/* shift.c - what programs say of instants, told to a server by another clock
 * (tap/shift.h). */
#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "tap/shift.h"
#include "tap/stream.h"

#define MOST 12
#define NOW 1700000000500 /* by the server's clock, in ms */

static size_t split(const char *command, struct str *words)
{
    size_t count = 0;

    for (const char *at = command; *at && count < MOST; count++) {
        size_t length = strcspn(at, " ");

        words[count] = (struct str){ at, length };
        at += length + (at[length] == ' ');
    }
    return count;
}

/* What is sent, its words with one space between them; the caller frees it. */
static char *sent(const struct buffer *bytes)
{
    struct command_stream stream = command_stream_new();
    struct command_frame frame;
    char *text = NULL;
    FILE *out = mem_stream(&text);

    command_stream_add(&stream, buffer_str(bytes));
    cr_assert_eq(command_stream_next(&stream, &frame), STREAM_FRAME);
    for (size_t i = 0; i < frame.count; i++) {
        fputs(i ? " " : "", out);
        fwrite(frame.words[i].bytes, 1, frame.words[i].length, out);
    }
    cr_expect_eq(command_stream_next(&stream, &frame), STREAM_MORE);
    cr_expect_eq(command_stream_pending(&stream), 0);
    command_stream_release(&stream);
    fclose(out);
    return text;
}

/* "=": the command itself. */
static char *shifted(struct shift shift, const char *command)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER_NULL;
    struct str words[MOST];
    size_t count = split(command, words);

    if (shift_command(&shift, NOW, words, count, &bytes))
        return sent(&bytes);
    cr_expect_eq(bytes.length, 0, "%s", command);
    return mem_strdup("=");
}

static void expect(struct shift shift, const char *command, const char *wanted)
{
    CLEANUP(mem_freep) char *got = shifted(shift, command);

    cr_expect_str_eq(got, wanted, "%s by %s %lld: expected %s, got %s", command,
                     shift.frozen ? "one that stands at" : "one ahead by",
                     (long long)shift.ms, wanted, got);
}

/* An hour ahead. What is told in seconds becomes milliseconds. */
#define AHEAD ((struct shift){ false, 3600 * 1000 })

static const struct {
    const char *command, *sent;
} setters[] = {
    { "EXPIREAT k 1700003660", "PEXPIREAT k 1700000060000" },
    { "expireat k 1700003660 NX", "PEXPIREAT k 1700000060000 NX" },
    { "PEXPIREAT k 1700003660001", "PEXPIREAT k 1700000060001" },
    { "pExpireAt k 1700003660001 gt", "pExpireAt k 1700000060001 gt" },
    { "HEXPIREAT h 1700003660 FIELDS 1 f", "HPEXPIREAT h 1700000060000 FIELDS 1 f" },
    { "HEXPIREAT h 1700003660 LT FIELDS 1 f",
      "HPEXPIREAT h 1700000060000 LT FIELDS 1 f" },
    { "hpexpireat h 1700003660001 FIELDS 1 f", "hpexpireat h 1700000060001 FIELDS 1 f" },

    /* Options, in any order and case. */
    { "SET k v EXAT 1700003660", "SET k v PXAT 1700000060000" },
    { "SET k v PXAT 1700003660001", "SET k v PXAT 1700000060001" },
    { "set k v nx get exat 1700003660", "set k v nx get PXAT 1700000060000" },
    { "SET k v pxat 1700003660001 XX GET", "SET k v pxat 1700000060001 XX GET" },
    { "GETEX k EXAT 1700003660", "GETEX k PXAT 1700000060000" },
    { "getex k PXAT 1700003660001", "getex k PXAT 1700000060001" },
    { "HSETEX h FNX EXAT 1700003660 FIELDS 1 f v",
      "HSETEX h FNX PXAT 1700000060000 FIELDS 1 f v" },
    { "HSETEX h PXAT 1700003660001 fxx FIELDS 1 f v",
      "HSETEX h PXAT 1700000060001 fxx FIELDS 1 f v" },
    { "HGETEX h EXAT 1700003660 FIELDS 1 f", "HGETEX h PXAT 1700000060000 FIELDS 1 f" },

    /* Claims: an id at least comes before the options. */
    { "XCLAIM s g c 0 1-1 TIME 1700003660001", "XCLAIM s g c 0 1-1 TIME 1700000060001" },
    { "xclaim s g c 0 1-1 2-1 force time 1700003660001 JUSTID",
      "xclaim s g c 0 1-1 2-1 force time 1700000060001 JUSTID" },
    { "XCLAIM s g c 0 1-1 IDLE 1700003660001", "=" },
    { "XCLAIM s g TIME 1700003660001 1-1", "=" },
    { "XCLAIM TIME TIME TIME 0 1-1 TIME 3600002", "XCLAIM TIME TIME TIME 0 1-1 TIME 2" },
    { "XCLAIM s g c 0 TIME 1700003660001", "=" },
    { "XCLAIM s g c 0 1-1 TIME soon", "=" },
    { "XCLAIM s g c 0 1-1 TIME", "=" },
    { "XAUTOCLAIM s g c 0 0 TIME 1700003660001", "=" },

    /* Keys, values and fields that are called like options. */
    { "SET EXAT EXAT 5", "=" },
    { "SET EXAT EXAT", "=" },
    { "SET PXAT EXAT EXAT 1700003660", "SET PXAT EXAT PXAT 1700000060000" },
    { "GETEX EXAT EXAT 1700003660", "GETEX EXAT PXAT 1700000060000" },
    { "GETEX EXAT", "=" },
    { "HSETEX FIELDS EXAT 1700003660 FIELDS 1 f v",
      "HSETEX FIELDS PXAT 1700000060000 FIELDS 1 f v" },
    { "HSETEX h FIELDS 2 PXAT 1700003660001 f v", "=" },
    { "HSETEX h EX 5 fields 1 EXAT 1700003660", "=" },
    { "HGETEX h FIELDS 2 PXAT 1700003660001", "=" },
    { "SET k v PXATE 1700003660001", "=" },
    { "SET k v PXA 1700003660001", "=" },

    /* RESTORE tells an instant only if it says so. */
    { "RESTORE k 1700003660001 x ABSTTL", "RESTORE k 1700000060001 x ABSTTL" },
    { "restore k 1700003660001 x REPLACE absttl FREQ 1",
      "restore k 1700000060001 x REPLACE absttl FREQ 1" },
    { "RESTORE k 60000 x", "=" },
    { "RESTORE k 60000 x REPLACE", "=" },
    { "RESTORE k 60000 ABSTTL REPLACE", "=" },
    { "RESTORE ABSTTL 60000 ABSTTL", "=" },
    { "RESTORE k 0 x ABSTTL", "=" }, /* for ever */

    /* Spans are what they are, by any clock. */
    { "EXPIRE k 60", "=" },
    { "PEXPIRE k 60000", "=" },
    { "SET k v EX 60", "=" },
    { "SET k v PX 60000", "=" },
    { "SETEX k 60 v", "=" },
    { "GETEX k PERSIST", "=" },

    /* What makes no sense is Redis's to say. */
    { "EXPIREAT k", "=" },
    { "EXPIREAT", "=" },
    { "EXPIREAT k soon", "=" },
    { "EXPIREAT k -5", "=" },
    { "EXPIREAT k 0", "=" },
    { "EXPIREAT k +1700003660", "=" },
    { "EXPIREAT k 01700003660", "=" },
    { "EXPIREAT k 1700003660.5", "=" },
    { "EXPIREAT k 0x65f0", "=" },
    { "EXPIREAT k 9223372036854775807", "=" }, /* in ms it is none */
    { "EXPIREAT k 99999999999999999999", "=" },
    { "PEXPIREAT k 9223372036854775808", "=" },
    { "PEXPIREAT k 9223372036854775807", "PEXPIREAT k 9223372036851175807" },
    { "SET k v EXAT", "=" },
    { "SET k v EXAT EXAT", "=" },
    { "SET k v EXAT soon", "=" },
    { "SET k", "=" },
    { "SET", "=" },

    /* Long ago is past, and no number that Redis would refuse. */
    { "EXPIREAT k 5", "PEXPIREAT k 1" },
    { "SET k v PXAT 3600000", "SET k v PXAT 1" },
    { "SET k v PXAT 3600002", "SET k v PXAT 2" },

    /* Others. */
    { "PING", "=" },
    { "GET EXPIREAT", "=" },
    { "EXPIREATS k 1700003660", "=" },
    { "LPUSH EXAT EXAT 1700003660", "=" },
};

Test(shift, what_sets_an_expiry)
{
    for (size_t i = 0; i < ARRAY_SIZE(setters); i++)
        expect(AHEAD, setters[i].command, setters[i].sent);
}

/* Clocks differ by whatever they differ. */
static const struct {
    struct shift shift;
    const char *command, *sent;
} clocks[] = {
    { { false, 1500 }, "EXPIREAT k 1700000060", "PEXPIREAT k 1700000058500" },
    { { false, -1500 }, "EXPIREAT k 1700000060", "PEXPIREAT k 1700000061500" },
    { { false, -3600000 }, "SET k v PXAT 1699996460001", "SET k v PXAT 1700000060001" },
    { { false, -1 },
      "PEXPIREAT k 9223372036854775806",
      "PEXPIREAT k 9223372036854775807" },
    { { false, -1 }, "PEXPIREAT k 9223372036854775807", "=" },
    /* One that stands, in another year, before the server's or behind it. */
    { { true, 1000000000000 }, "EXPIREAT k 1000000060", "PEXPIREAT k 1700000060500" },
    { { true, 3000000000000 }, "SET k v EXAT 3000000060", "SET k v PXAT 1700000060500" },
    { { true, 3000000000000 },
      "GETEX k PXAT 3000000060001",
      "GETEX k PXAT 1700000060501" },
    { { true, 3000000000000 }, "EXPIREAT k 5", "PEXPIREAT k 1" },
    { { true, 0 }, "SET k v PXAT 60000", "SET k v PXAT 1700000060500" },
    { { true, NOW }, "SET k v PXAT 60000", "SET k v PXAT 60000" },
    /* One that is right. */
    { { false, 0 }, "EXPIREAT k 1700000060", "=" },
    { { false, 0 }, "SET k v PXAT 60000", "=" },
    { { false, 0 }, "TIME", "=" },
    { { false, 0 }, "PEXPIRETIME k", "=" },
};

Test(shift, by_as_much_as_the_clocks_differ)
{
    for (size_t i = 0; i < ARRAY_SIZE(clocks); i++)
        expect(clocks[i].shift, clocks[i].command, clocks[i].sent);
}

/* What asks becomes a script, with the key and how the clocks differ. */
static const struct {
    struct shift shift;
    const char *command;
    const char *end; /* of what is sent; NULL: the command itself */
} askers[] = {
    { { false, 3600000 }, "TIME", " 0 3600 3600000  " },
    { { false, -3600000 }, "time", " 0 -3600 -3600000  " },
    { { true, 1700000060750 }, "TIME", " 0 60 60250 1700000060 750000" },
    { { false, 3600000 }, "EXPIRETIME k", " 1 k 3600 3600000  " },
    { { false, 3600000 }, "pexpiretime k", " 1 k 3600 3600000  " },
    { { true, 1700000060750 }, "PEXPIRETIME k", " 1 k 60 60250 1700000060 750000" },
    { { false, 3600000 }, "HEXPIRETIME h FIELDS 1 f", " 1 h 3600 3600000   f" },
    { { false, 3600000 }, "hpexpiretime h fields 2 f g", " 1 h 3600 3600000   f g" },
    { { true, 1700000060750 },
      "HPEXPIRETIME h FIELDS 1 FIELDS",
      " 1 h 60 60250 1700000060 750000 FIELDS" },
    { { false, 3600000 }, "HEXPIRETIME h FIELDS 2 f", NULL },
    { { false, 3600000 }, "HEXPIRETIME h FIELDS 1 f g", NULL },
    { { false, 3600000 }, "HEXPIRETIME h FIELDS 0", NULL },
    { { false, 3600000 }, "HEXPIRETIME h FIELDS one f", NULL },
    { { false, 3600000 }, "HEXPIRETIME h FIELD 1 f", NULL },
    { { false, 3600000 }, "HEXPIRETIME h", NULL },
    { { false, 3600000 }, "HEXPIRETIME", NULL },
    { { false, 3600000 }, "HTTL h FIELDS 1 f", NULL },
    { { false, 3600000 }, "TIME now", NULL },
    { { false, 3600000 }, "EXPIRETIME", NULL },
    { { false, 3600000 }, "EXPIRETIME k k", NULL },
    { { false, 3600000 }, "PEXPIRETIME k k", NULL },
    { { false, 3600000 }, "TTL k", NULL },
    { { false, 3600000 }, "GET TIME", NULL },
};

Test(shift, what_asks_for_an_instant)
{
    for (size_t i = 0; i < ARRAY_SIZE(askers); i++) {
        CLEANUP(mem_freep) char *got = shifted(askers[i].shift, askers[i].command);
        const char *end = askers[i].end ? askers[i].end : "=";
        size_t length = strlen(got), tail = strlen(end);

        cr_expect_eq(strncmp(got, "EVAL ", 5) == 0, askers[i].end != NULL, "%s: %s",
                     askers[i].command, got);
        cr_expect(length >= tail && strcmp(got + length - tail, end) == 0,
                  "%s: expected ..%s, got %s", askers[i].command, end, got);
    }
}

/* Keys and values hold any bytes, and no number does. */
Test(shift, of_any_bytes)
{
    const struct str setter[] = { STR("SET"), STR("k\0 \r\n"), STR("EXAT\0"), STR("EXAT"),
                                  STR("1700003660") };
    const struct str asker[] = { STR("PEXPIRETIME"), STR("\0\r\n$3") };
    const struct str cut[] = { STR("EXPIREAT"), STR("k"), STR("1700003660\0") };
    const struct str blank[] = { STR("EXPIREAT"), STR("k"), STR(" 1700003660") };
    const struct str empty[] = { STR("EXPIREAT"), STR("k"), STR("") };
    const struct str nothing[] = { STR(""), STR("k"), STR("1700003660") };
    const struct str option[] = { STR("SET"), STR("k"), STR("v"), STR("EXAT\0"),
                                  STR("1700003660") };
    static const char wanted[] = "*5\r\n$3\r\nSET\r\n$5\r\nk\0 \r\n\r\n$5\r\nEXAT\0\r\n"
                                 "$4\r\nPXAT\r\n$13\r\n1700000060000\r\n";
    static const char key[] = "$1\r\n1\r\n$5\r\n\0\r\n$3\r\n";
    CLEANUP(buffer_release) struct buffer set = BUFFER_NULL;
    CLEANUP(buffer_release) struct buffer asked = BUFFER_NULL;
    CLEANUP(buffer_release) struct buffer none = BUFFER_NULL;

    cr_assert(shift_command(&AHEAD, NOW, setter, ARRAY_SIZE(setter), &set));
    cr_expect_eq(set.length, sizeof(wanted) - 1);
    cr_expect(set.length == sizeof(wanted) - 1 &&
              memcmp(set.bytes, wanted, set.length) == 0);
    cr_assert(shift_command(&AHEAD, NOW, asker, ARRAY_SIZE(asker), &asked));
    cr_expect_not_null(memmem(asked.bytes, asked.length, key, sizeof(key) - 1));
    cr_expect_not(shift_command(&AHEAD, NOW, cut, ARRAY_SIZE(cut), &none));
    cr_expect_not(shift_command(&AHEAD, NOW, blank, ARRAY_SIZE(blank), &none));
    cr_expect_not(shift_command(&AHEAD, NOW, empty, ARRAY_SIZE(empty), &none));
    cr_expect_not(shift_command(&AHEAD, NOW, nothing, ARRAY_SIZE(nothing), &none));
    cr_expect_not(shift_command(&AHEAD, NOW, option, ARRAY_SIZE(option), &none));
    cr_expect_not(shift_command(&AHEAD, NOW, NULL, 0, &none));
    cr_expect_eq(none.length, 0);
}
