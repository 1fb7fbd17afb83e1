/* tap/stream: what passes between a program and Redis falls into the same commands and
 * replies, however it was cut. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "tap/stream.h"
#include "testlib.h"

#define SEED 20260229

/* Each word in brackets, and a line for each command; what is wrong, behind them. */
static void describe_commands(FILE *out, struct command_stream *stream)
{
    struct command_frame frame;
    enum stream_found found;

    while ((found = command_stream_next(stream, &frame)) == STREAM_FRAME) {
        fprintf(out, "%zu:", frame.bytes.length);
        for (size_t i = 0; i < frame.count; i++) {
            fputc('[', out);
            fwrite(frame.words[i].bytes, 1, frame.words[i].length, out);
            fputc(']', out);
        }
        fputc('\n', out);
    }
    /* It stays nonsense, and is said once. */
    if (found == STREAM_NONSENSE && !ferror(out)) {
        cr_expect_eq(command_stream_next(stream, &frame), STREAM_NONSENSE);
        fprintf(out, "!%s\n", stream->nonsense);
    }
}

/* In pieces that end at these places. */
static char *commands_of(struct str text, const size_t *ends, size_t count)
{
    CLEANUP(command_stream_release) struct command_stream stream = command_stream_new();
    char *said = NULL;
    size_t at = 0;
    FILE *out = mem_stream(&said);

    for (size_t i = 0; i < count && !stream.nonsense[0]; at = ends[i++]) {
        CLEANUP(mem_freep) char *exact = mem_copy(text.bytes + at, ends[i] - at);

        command_stream_add(&stream, (struct str){ exact, ends[i] - at });
        describe_commands(out, &stream);
    }
    if (!stream.nonsense[0])
        fprintf(out, "%zu left\n", command_stream_pending(&stream));
    fclose(out);
    return said;
}

#define ROW(text, said)                                                                  \
    {                                                                                    \
        STR(text), said                                                                  \
    }
static const struct {
    struct str text;
    const char *said;
} commands[] = {
    ROW("*1\r\n$4\r\nPING\r\n", "14:[PING]\n0 left\n"),
    ROW("*3\r\n$3\r\nset\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n*1\r\n$0\r\n\r\n",
        "30:[set][k][a\r\nb]\n10:[]\n0 left\n"),
    ROW("*0\r\n*-1\r\n*-9000000000\r\nPING\r\n", "4:\n5:\n14:\n6:[PING]\n0 left\n"),
    ROW("\r\n\n  \r\nPING\n", "2:\n1:\n4:\n5:[PING]\n0 left\n"),
    ROW("  set  k \t v \r\n", "15:[set][k][v]\n0 left\n"),
    ROW("set \"a \\x41\\n\\\"\\q\" 'b \\' \\n' \"\" ''\n",
        "35:[set][a A\n\"q][b ' \\n][][]\n0 left\n"),
    ROW("a\"b c\" d\r\n", "10:[ab c][d]\n0 left\n"),
    ROW("a\vb \fc\r\n", "8:[a\vb][c]\n0 left\n"),
    ROW("set \"a\r\n", "!Protocol error: unbalanced quotes in request\n"),
    ROW("set \"a\"b\r\n", "!Protocol error: unbalanced quotes in request\n"),
    ROW("set 'a'b\r\n", "!Protocol error: unbalanced quotes in request\n"),
    ROW("set \"a\\\r\n", "!Protocol error: unbalanced quotes in request\n"),
    ROW("*x\r\n", "!Protocol error: invalid multibulk length\n"),
    ROW("*01\r\n", "!Protocol error: invalid multibulk length\n"),
    ROW("*+1\r\n", "!Protocol error: invalid multibulk length\n"),
    ROW("* 1\r\n", "!Protocol error: invalid multibulk length\n"),
    ROW("*\r\n", "!Protocol error: invalid multibulk length\n"),
    ROW("*2147483648\r\n", "!Protocol error: invalid multibulk length\n"),
    ROW("*9223372036854775808\r\n", "!Protocol error: invalid multibulk length\n"),
    ROW("*1\r\n:1\r\n", "!Protocol error: expected '$', got ':'\n"),
    ROW("*1\r\n\r\n", "!Protocol error: expected '$', got '\r'\n"),
    ROW("*1\r\n$-1\r\n", "!Protocol error: invalid bulk length\n"),
    ROW("*1\r\n$536870913\r\n", "!Protocol error: invalid bulk length\n"),
    ROW("*1\r\n$a\r\n", "!Protocol error: invalid bulk length\n"),
    ROW("*1\r\n$536870912\r\nx", "17 left\n"),
    ROW("*2147483647\r\n$1\r\n", "17 left\n"),
    ROW("PING\r\n*1\r\n$1\r\nx\r\n*q\r\n", "6:[PING]\n11:[x]\n"
                                           "!Protocol error: invalid multibulk length\n"),
    /* Redis looks at neither the second byte of a line's end nor at what ends a word. */
    ROW("*1\rx$1\rxaxx", "11:[a]\n0 left\n"),
    ROW("PI\0NG\r\n", "7 left\n"),
    ROW("", "0 left\n"),
};

/* The same, whichever two places it is cut at. */
static void expect_at_every_cut(char *(*describe)(struct str text, const size_t *ends,
                                                  size_t count),
                                struct str text, const char *said)
{
    for (size_t a = 0; a <= text.length; a++)
        for (size_t b = a; b <= text.length; b++) {
            size_t ends[] = { a, b, text.length };
            CLEANUP(mem_freep) char *now = describe(text, ends, 3);

            cr_assert_str_eq(now, said, "cut at %zu and %zu: %s", a, b, text.bytes);
        }
}

Test(tap_stream, commands_as_redis_takes_them)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
        expect_at_every_cut(commands_of, commands[i].text, commands[i].said);
}

Test(tap_stream, lines_of_commands_have_an_end)
{
    static const struct {
        const char *begin, *error;
    } rows[] = {
        { "", "!Protocol error: too big inline request\n" },
        { "*", "!Protocol error: too big mbulk count string\n" },
        { "*1\r\n$", "!Protocol error: too big bulk count string\n" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t least = strlen(rows[i].begin), length = least + STREAM_LINE_MOST + 1;
        CLEANUP(mem_freep) char *text = mem_alloc(length + 1), *said = NULL;

        memset(text, '1', length);
        memcpy(text, rows[i].begin, least);
        said = commands_of((struct str){ text, length }, &length, 1);
        cr_expect_str_eq(said, rows[i].error);
    }
}

Test(tap_stream, a_longest_inline_command_is_one)
{
    size_t length = STREAM_LINE_MOST + 1;
    CLEANUP(mem_freep) char *text = mem_alloc(length), *said = NULL;

    memset(text, 'x', length);
    text[length - 1] = '\n';
    said = commands_of((struct str){ text, length }, &length, 1);
    cr_expect(strncmp(said, "65537:[xxx", 10) == 0);
}

/* Kind, marks, length, elements and head of each reply. */
static bool describe_replies(FILE *out, struct reply_stream *stream, struct str bytes)
{
    enum stream_found found = STREAM_FRAME;

    while (bytes.length) {
        const struct reply_frame *frame = &stream->frame;
        size_t used;

        found = reply_stream_next(stream, bytes, &used);
        bytes = (struct str){ bytes.bytes + used, bytes.length - used };
        if (found == STREAM_NONSENSE)
            fputs("!\n", out);
        if (found != STREAM_FRAME)
            return found == STREAM_MORE;
        cr_expect(frame->head_whole);
        fprintf(out, "%c%s%s%s %d %d ", frame->kind, frame->is_error ? "E" : "",
                frame->is_push ? "P" : "", frame->is_null ? "N" : "", (int)frame->bytes,
                (int)frame->elements);
        fwrite(frame->head, 1, frame->head_length, out);
        fputc('\n', out);
    }
    return true;
}

static char *replies_of(struct str text, const size_t *ends, size_t count)
{
    struct reply_stream stream = REPLY_STREAM_NULL;
    char *said = NULL;
    size_t at = 0;
    bool sense = true;
    FILE *out = mem_stream(&said);

    for (size_t i = 0; i < count && sense; at = ends[i++]) {
        CLEANUP(mem_freep) char *exact = mem_copy(text.bytes + at, ends[i] - at);

        sense = describe_replies(out, &stream, (struct str){ exact, ends[i] - at });
    }
    if (sense && stream.missing)
        fputs("unfinished\n", out);
    fclose(out);
    return said;
}

static const struct {
    struct str text;
    const char *said;
} replies[] = {
    ROW("+OK\r\n-ERR no\r\n:-12\r\n", "+ 5 0 OK\n-E 9 0 ERR no\n: 6 0 -12\n"),
    ROW("$0\r\n\r\n$5\r\na\r\nbc\r\n", "$ 6 0 \n$ 11 0 a\r\nbc\n"),
    ROW("$-1\r\n*-1\r\n_\r\n", "$N 5 0 \n*N 5 0 \n_N 3 0 \n"),
    ROW("*0\r\n*1\r\n$-1\r\n*1\r\n*-1\r\n", "* 4 0 \n* 9 1 \n* 9 1 \n"),
    ROW("*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n", "* 32 3 message\n"),
    ROW("*2\r\n*1\r\n+a\r\n:7\r\n*1\r\n:8\r\n", "* 16 2 \n* 8 1 8\n"),
    ROW("#t\r\n,1.5e3\r\n,inf\r\n(3492890328409238509324850943850943825024385\r\n",
        "# 4 0 t\n, 8 0 1.5e3\n, 6 0 inf\n"
        "( 46 0 34928903284092385093248509438509\n"),
    ROW("!21\r\nSYNTAX invalid syntax\r\n=15\r\ntxt:Some string\r\n",
        "!E 28 0 SYNTAX invalid syntax\n= 22 0 txt:Some string\n"),
    ROW("%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n~2\r\n+x\r\n+y\r\n", "% 24 4 a\n~ 12 2 x\n"),
    ROW(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n:1\r\n",
        ">P 32 2 invalidate\n: 4 0 1\n"),
    /* Attributes belong to what follows, also within. */
    ROW("|1\r\n+ttl\r\n:3\r\n$1\r\nv\r\n", "$ 21 0 v\n"),
    ROW("|1\r\n+p\r\n%1\r\n$1\r\na\r\n,0.1\r\n*2\r\n:1\r\n|1\r\n+t\r\n:5\r\n:2\r\n",
        "* 49 2 1\n"),
    ROW("|0\r\n:1\r\n", ": 8 0 1\n"),
    ROW("%0\r\n>0\r\n~0\r\n", "% 4 0 \n>P 4 0 \n~ 4 0 \n"),
    ROW("+a\rb\r\n", "+ 6 0 a\rb\n"),
    ROW("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        "* 44 1 \n"),
    ROW("$3\r\nab", "unfinished\n"),
    ROW("?\r\n", "!\n"),
    ROW("\r\n", "!\n"),
    ROW("+OK\r\nOK\r\n", "+ 5 0 OK\n!\n"),
    ROW("$-2\r\n", "!\n"),
    ROW("%-1\r\n", "!\n"),
    ROW("$1x\r\n", "!\n"),
    ROW("$?\r\n", "!\n"),
    ROW("*1\rx", "!\n"),
    ROW("*99999999999999999999\r\n", "!\n"),
};

Test(tap_stream, replies_of_all_kinds)
{
    for (size_t i = 0; i < ARRAY_SIZE(replies); i++)
        expect_at_every_cut(replies_of, replies[i].text, replies[i].said);
}

/* Where a value of 512 MB ends is found without holding it. */
Test(tap_stream, long_replies_are_not_held)
{
    struct reply_stream stream = REPLY_STREAM_NULL;
    static char piece[1 << 20];
    size_t used;

    cr_expect_eq(reply_stream_next(&stream, STR("*2\r\n$536870912\r\n"), &used),
                 STREAM_MORE);
    for (int i = 0; i < 512; i++)
        cr_expect_eq(
            reply_stream_next(&stream, (struct str){ piece, sizeof(piece) }, &used),
            STREAM_MORE);
    cr_expect_eq(reply_stream_next(&stream, STR("\r\n:1\r\n+OK\r\n"), &used),
                 STREAM_FRAME);
    cr_expect_eq(used, 6);
    cr_expect_eq(stream.frame.bytes, 4 + 12 + (UINT64_C(512) << 20) + 2 + 4);
    cr_expect_eq(stream.frame.head_length, REPLY_HEAD);
}

/* Draws of one property's case. */
struct draws {
    uint64_t number, next;
};
static size_t draw(struct draws *draws, uint64_t bound)
{
    return rng_below(bound, SEED, draws->number, draws->next++);
}

/* Three ascending places. */
static void cut(struct draws *draws, size_t length, size_t ends[3])
{
    ends[2] = length;
    ends[1] = draw(draws, length + 1);
    ends[0] = draw(draws, ends[1] + 1);
}

static void put_value(FILE *out, struct draws *draws, int depth)
{
    static const char lines[] = "+-:_#,(", aggregates[] = "*~>%|";
    char bytes[3000];
    size_t count, type;

    switch (draw(draws, depth < 4 ? 3 : 2)) {
    case 0:
        fprintf(out, "%c%zu\r\n", lines[draw(draws, 7)], draw(draws, 100000));
        break;
    case 1:
        count = draw(draws, draw(draws, 2) ? 8 : sizeof(bytes));
        for (size_t i = 0; i < count; i++)
            bytes[i] = "\r\n*$x\0"[draw(draws, 6)];
        fprintf(out, "%c%zu\r\n", "$!="[draw(draws, 3)], count);
        fwrite(bytes, 1, count, out);
        fputs("\r\n", out);
        break;
    default:
        type = draw(draws, 5);
        count = draw(draws, 5);
        fprintf(out, "%c%zu\r\n", aggregates[type], count);
        count = type < 3 ? count : type == 3 ? 2 * count : 2 * count + 1;
        while (count--)
            put_value(out, draws, depth + 1);
    }
}

Test(tap_stream, any_reply_ends_where_it_ends)
{
    for (struct draws draws = { 0, 0 }; draws.number < UNLESS_VALGRIND(3000, 300);
         draws.number++) {
        CLEANUP(mem_freep) char *text = NULL, *whole = NULL, *pieces = NULL;
        FILE *out = mem_stream(&text);
        size_t ends[3], length;

        draws.next = 0;
        for (int i = 0; i < 3; i++)
            put_value(out, &draws, 0);
        length = (size_t)ftell(out);
        fclose(out);
        whole = replies_of((struct str){ text, length }, &length, 1);
        cut(&draws, length, ends);
        pieces = replies_of((struct str){ text, length }, ends, 3);
        cr_assert_str_eq(whole, pieces, "case %zu", (size_t)draws.number);
        cr_assert_null(strstr(whole, "unfinished"), "case %zu", (size_t)draws.number);
    }
}

Test(tap_stream, any_command_comes_out_as_it_went_in)
{
    for (struct draws draws = { 0, 0 }; draws.number < UNLESS_VALGRIND(3000, 300);
         draws.number++) {
        CLEANUP(mem_freep) char *text = NULL, *said = NULL, *meant = NULL;
        FILE *out = mem_stream(&text), *means = mem_stream(&meant);
        size_t ends[3], length;

        draws.next = 0;
        for (int i = 0; i < 4; i++) {
            size_t words = 1 + draw(&draws, 6);
            long begin = ftell(out), end;
            CLEANUP(mem_freep) char *shown = NULL;
            FILE *show = mem_stream(&shown);

            fprintf(out, "*%zu\r\n", words);
            while (words--) {
                size_t count = draw(&draws, 40);

                fprintf(out, "$%zu\r\n", count);
                fputc('[', show);
                while (count--) {
                    char byte = "\r\n*$x1"[draw(&draws, 6)];

                    fputc(byte, out);
                    fputc(byte, show);
                }
                fputs("\r\n", out);
                fputc(']', show);
            }
            end = ftell(out);
            fclose(show);
            fprintf(means, "%ld:%s\n", end - begin, shown);
        }
        length = (size_t)ftell(out);
        fclose(out);
        fputs("0 left\n", means);
        fclose(means);
        cut(&draws, length, ends);
        said = commands_of((struct str){ text, length }, ends, 3);
        cr_assert_str_eq(said, meant, "case %zu", (size_t)draws.number);
    }
}
