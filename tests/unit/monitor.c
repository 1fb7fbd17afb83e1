/* monitor: what Redis says of the commands it executes, taken apart. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "redis/monitor.h"

#define MOST 4

static void expect_words(const char *line, int count, const struct str *words)
{
    CLEANUP(mem_freep) char *copy = mem_strdup(line);
    const char *argv[MOST];
    size_t lengths[MOST];
    int argc = monitor_parse(copy, MOST, argv, lengths);

    cr_assert_eq(argc, count, "%s: %d words", line, argc);
    for (int i = 0; i < argc; i++)
        cr_expect_eq(str_compare((struct str){ argv[i], lengths[i] }, words[i]), 0,
                     "%s: word %d is '%.*s'", line, i, (int)lengths[i], argv[i]);
}

#define WORDS(line, ...)                                                                 \
    expect_words((line), sizeof((struct str[]){ __VA_ARGS__ }) / sizeof(struct str),     \
                 (struct str[]){ __VA_ARGS__ })

Test(monitor, lines_are_taken_apart)
{
    WORDS("1795464616.426197 [0 unix:/tmp/r.sock] \"PING\"", STR("PING"));
    WORDS("1795464616.430401 [0 lua] \"INCR\" \"k\"", STR("INCR"), STR("k"));
    WORDS("1.2 [0 [::1]:7] \"SET\" \"\" \"] \\\"x\\\"\"", STR("SET"), STR(""),
          STR("] \"x\""));
    WORDS("1.2 [0 lua] \"SET\" \"a\\x00\\xffb\" \"\\n\\r\\t\\a\\b\\\\n\"", STR("SET"),
          STR("a\x00\xff"
              "b"),
          STR("\n\r\t\a\b\\n"));
    WORDS("1.2 [0 lua] \"DEL\" \"x\"\\n\" \"1\"", STR("DEL"), STR("x\"\n"), STR("1"));
    WORDS("1.2 [0 lua] \"DEL\" \"1\" \"2\" \"3\" \"4\"", STR("DEL"), STR("1"), STR("2"),
          STR("3"));
}

Test(monitor, other_lines_are_none)
{
    static const char *const lines[] = {
        "",
        "OK",
        "1.2 [0 lua] ",
        "1.2 [0 lua] \"SET",
        "1.2 [0 lua] \"SET\\",
        "1.2 [0 lua] \"SET\" \"\\",
        "1.2 [0 lua] \"SET\" \"\\\"",
    };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
        expect_words(lines[i], -1, NULL);
}
