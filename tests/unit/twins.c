/* twins.c - the commands of one run found again in another (trial/twins.h). */
#include <criterion/criterion.h>

#include "base/mem.h"
#include "trial/twins.h"

#define MOST 8

/* Of a command whose words have one space between them. */
static uint64_t likeness(const char *command)
{
    struct str words[MOST];
    size_t count = 0;

    for (const char *at = command; *at && count < MOST; count++) {
        size_t length = strcspn(at, " ");

        words[count] = (struct str){ at, length };
        at += length + (at[length] == ' ');
    }
    return likeness_of(words, count);
}

static const struct {
    const char *a, *b;
    bool alike;
} pairs[] = {
    { "INCR k", "INCR k", true },
    { "INCR k", "INCR l", false },
    { "INCR k", "DECR k", false },
    { "INCR k", "INCR k 1", false },
    /* Words are not run together. */
    { "SET ab c", "SET a bc", false },
    /* Numbers, however long. */
    { "SET job:7 1", "SET job:12345 99", true },
    { "SET job:7 1", "SET job: 1", false },
    { "SET job:7:2 1", "SET job:72 1", false },
    { "SET at 1.5", "SET at 12.75", true },
    /* Ids and times. */
    { "SET lock 5b1f1c1e-2b44-4d8a-9f3e-0a1b2c3d4e5f",
      "SET lock c0ffee00-1234-4abc-8def-abcdefabcdef", true },
    { "HSET j by worker-0123456789abcdef01", "HSET j by worker-fedcba987654321099",
      true },
    { "SET at 1764400000000", "SET at 1764400000", true },
    { "SET at 2026-11-29T07:25:48.123Z", "SET at 2026-11-29T07:25:48", true },
    { "SET lock 5b1f1c1e-2b44-4d8a-9f3e-0a1b2c3d4e5f", "SET lock nobody", false },
    /* But not words that only look a little like them. */
    { "SET k alpha", "SET k beta", false },
};

Test(likeness, of_commands)
{
    for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
        cr_expect_eq(likeness(pairs[i].a) == likeness(pairs[i].b), pairs[i].alike,
                     "%s, %s", pairs[i].a, pairs[i].b);
}

/* What is kept of a command for people: the line, or a label whose words were cut. */
static uint64_t shown_likeness(const char *text)
{
    struct str words[MOST];
    const char *argv[MOST];
    size_t lengths[MOST], count = 0;
    struct command command;

    for (const char *at = text; *at && count < MOST; count++) {
        words[count] = (struct str){ at, strcspn(at, " ") };
        argv[count] = at;
        lengths[count] = words[count].length;
        at += lengths[count] + (at[lengths[count]] == ' ');
    }
    command_parse(&command, (int)count, argv, lengths);
    return likeness_of_shown(&command);
}

#define UUID "5b1f1c1e-2b44-4d8a-9f3e-0a1b2c3d4e5f"
#define OTHER_UUID "c0ffee00-1234-4abc-8def-abcdefabcdef"
#define LONG                                                                             \
    " xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
    "x"                                                                                  \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
    const char *a, *b;
    bool alike;
} shown[] = {
    { "SET lock " UUID, "SET lock " OTHER_UUID, true },
    { "SET lock " UUID, "SET lock nobody", false },
    { "SET lock:" UUID " 1", "SET lock:" OTHER_UUID " 1", true },
    { "SET lock 1", "SET lock 12345", true },
    { "SET k alphabetical-and-long", "SET k alphabetical-and-longer", false },
    { "INCR k", "INCR l", false },
    /* Too long for a line. */
    { "SET lock " UUID LONG, "SET lock " OTHER_UUID LONG, true },
    { "SET lock:" UUID LONG, "SET lock:" OTHER_UUID LONG, true },
    { "SET bull:mail:" UUID LONG, "SET bull:post:" OTHER_UUID LONG, false },
    { "SET lock " UUID LONG, "SET lock " OTHER_UUID, false },
    { "SET a" LONG, "SET b" LONG, false },
    { "HSET h f" LONG, "HSET h g" LONG, false },
};

Test(likeness, of_what_is_shown)
{
    for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
        cr_expect_eq(shown_likeness(shown[i].a) == shown_likeness(shown[i].b),
                     shown[i].alike, "%s, %s", shown[i].a, shown[i].b);
}

/* The first that is left, each once, in whatever order they come. */
Test(twins, are_taken_in_order)
{
    const uint64_t first[] = { 5, 9, 5, 1, 5, 9 };
    struct twins twins;

    twins_init(&twins, first, ARRAY_SIZE(first));
    cr_expect_eq(twins_take(&twins, 9), 1);
    cr_expect_eq(twins_take(&twins, 5), 0);
    cr_expect_eq(twins_take(&twins, 5), 2);
    cr_expect_eq(twins_take(&twins, 7), TWINS_NONE);
    cr_expect_eq(twins_take(&twins, 1), 3);
    cr_expect_eq(twins_take(&twins, 1), TWINS_NONE);
    cr_expect_eq(twins_take(&twins, 9), 5);
    cr_expect_eq(twins_take(&twins, 9), TWINS_NONE);
    cr_expect_eq(twins_take(&twins, 5), 4);
    cr_expect_eq(twins_take(&twins, 5), TWINS_NONE);
    cr_expect_eq(twins_take(&twins, 0), TWINS_NONE);
    cr_expect_eq(twins_take(&twins, UINT64_MAX), TWINS_NONE);
    twins_release(&twins);
}

Test(twins, of_nothing)
{
    struct twins twins;

    twins_init(&twins, NULL, 0);
    cr_expect_eq(twins_take(&twins, 0), TWINS_NONE);
    twins_release(&twins);
}
