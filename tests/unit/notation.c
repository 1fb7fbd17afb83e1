/* notation: what is parsed, what is refused and where, and that print and parse are
 * inverse to each other. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "scenario/notation.h"
#include "testlib.h"

#define SEED 15
#define ROUNDS 20000

static void parse(struct str text, struct notation *ret)
{
    struct err err = ERR_NULL;

    cr_assert_eq(notation_parse(text, ret, &err), 0, "'%.*s': %s", (int)text.length,
                 text.bytes, err.msg);
}

/* What is parsed is printed so. */
static void expect_printed(const char *text, const char *printed)
{
    CLEANUP(notation_release) struct notation notation = NOTATION_NULL;
    CLEANUP(mem_freep) char *again = NULL;

    parse(str_of(text), &notation);
    again = notation_text(&notation);
    cr_expect_str_eq(again, printed);
}

/* The words of the only command. */
static void expect_words(const char *text, size_t count, const struct str *words)
{
    CLEANUP(notation_release) struct notation notation = NOTATION_NULL;

    parse(str_of(text), &notation);
    cr_assert_eq(notation.count, 1, "%s", text);
    cr_assert_eq(notation.steps[0].word_count, count, "%s: %zu words", text,
                 notation.steps[0].word_count);
    for (size_t i = 0; i < count; i++)
        cr_expect_eq(str_compare(notation.steps[0].words[i], words[i]), 0,
                     "%s: word %zu is '%.*s'", text, i,
                     (int)notation.steps[0].words[i].length,
                     notation.steps[0].words[i].bytes);
}

#define WORDS(text, ...)                                                                 \
    expect_words((text), sizeof((struct str[]){ __VA_ARGS__ }) / sizeof(struct str),     \
                 (struct str[]){ __VA_ARGS__ })

Test(notation, separators_and_brackets)
{
    CLEANUP(notation_release) struct notation notation = NOTATION_NULL;

    parse(STR("RPOP w | LPUSH q a;INCR n|[DEL k; lua(SET k 1;GET k)]|LUA( INCR k )"),
          &notation);
    cr_assert_eq(notation.count, 5);
    for (size_t i = 0; i < 5; i++)
        cr_expect_eq(notation.steps[i].joined, i == 2, "step %zu", i);
    cr_expect_eq(notation.steps[0].kind, NOTATION_COMMAND);
    cr_expect_eq(notation.steps[3].kind, NOTATION_MULTI);
    cr_assert_eq(notation.steps[3].step_count, 2);
    cr_expect_eq(notation.steps[3].steps[1].kind, NOTATION_LUA);
    cr_expect_eq(notation.steps[3].steps[1].step_count, 2);
    cr_expect_eq(notation.steps[4].kind, NOTATION_LUA);

    expect_printed(" INCR  k|EXPIRE\tk 60 ", "INCR k | EXPIRE k 60");
    expect_printed("[ a;b ];[c]", "[a ; b] ; [c]");
    expect_printed("Lua(a;b)", "lua(a ; b)");
    expect_printed("[lua(a)]", "[lua(a)]");
    expect_printed("lua (a\")\"", "lua \"(a)\"");
    expect_printed("MULTI | INCR a | EXEC", "MULTI | INCR a | EXEC");
}

Test(notation, quotes_are_those_of_redis_cli)
{
    WORDS("SET k \"\"", STR("SET"), STR("k"), STR(""));
    WORDS("SET '' \"a b\"", STR("SET"), STR(""), STR("a b"));
    WORDS("SET \"\\n\\r\\t\\b\\a\" \"\\\"\\\\\\q\\x\\xg\"", STR("SET"), STR("\n\r\t\b\a"),
          STR("\"\\qxxg"));
    WORDS("SET \"\\x00\\xfF\\x3a1\" '\\n\\'\\\"'", STR("SET"), STR("\x00\xff:1"),
          STR("\\n'\\\""));
    WORDS("SET a\\b a'b c'", STR("SET"), STR("a\\b"), STR("ab c"));
}

Test(notation, bytes_that_are_special_elsewhere)
{
    WORDS("ZRANGEBYSCORE z (1 5", STR("ZRANGEBYSCORE"), STR("z"), STR("(1"), STR("5"));
    WORDS("ZRANGEBYLEX z [a [b", STR("ZRANGEBYLEX"), STR("z"), STR("[a"), STR("[b"));
    WORDS("SET caf\xc3\xa9 {1}#$%", STR("SET"), STR("caf\xc3\xa9"), STR("{1}#$%"));
    WORDS("SET k\"[1]|;\"", STR("SET"), STR("k[1]|;"));
    WORDS("\"lua(x\" lua(y", STR("lua(x"), STR("lua(y"));
    WORDS("a\vb\fc", STR("a\vb\fc"));
}

Test(notation, words_are_quoted_only_where_they_need_it)
{
    expect_printed("'a' \"b\" 'a b' ''", "a b \"a b\" \"\"");
    expect_printed("ZRANGEBYLEX z [a \"(1\" 'x]' 'x)'",
                   "ZRANGEBYLEX z [a (1 \"x]\" \"x)\"");
    expect_printed("SET a\\b \"it's\" '\"'", "SET a\\b \"it's\" \"\\\"\"");
    expect_printed("SET caf\xc3\xa9 \"\\x00\\n\\\\ \"", "SET \"caf\\xc3\\xa9\" "
                                                        "\"\\x00\\n\\\\ \"");
    expect_printed("'lua(x' 'lua(x'", "\"lua(x\" lua(x");
    expect_printed("'[x' '[x'", "\"[x\" [x");
}

/* ---- mistakes ---- */

static void expect_refused(struct str text, const char *what, const char *shown,
                           size_t column)
{
    CLEANUP(notation_release) struct notation notation = NOTATION_NULL;
    CLEANUP(mem_freep) char *expected =
        mem_printf("\n    %s\n    %*s^", shown, (int)column, "");
    struct err err = ERR_NULL;

    cr_assert_eq(notation_parse(text, &notation, &err), ERR_USAGE, "%.*s",
                 (int)text.length, text.bytes);
    cr_expect(strncmp(err.msg, what, strlen(what)) == 0, "%s", err.msg);
    cr_assert(strchr(err.msg, '\n'), "%s", err.msg);
    cr_expect_str_eq(strchr(err.msg, '\n'), expected);
    cr_expect_null(notation.steps);
}

#define REFUSED(text, what, column) expect_refused(str_of(text), (what), (text), (column))

Test(notation, mistakes_have_a_caret_under_their_column)
{
    REFUSED("", "expected a command", 0);
    REFUSED("  ", "expected a command", 0);
    REFUSED("INCR k |  ", "expected a command", 8);
    REFUSED("INCR k |", "expected a command", 8);
    REFUSED("INCR k || INCR j", "expected a command", 8);
    REFUSED("; INCR k", "expected a command", 0);
    REFUSED("[INCR k ; ]", "expected a command", 10);
    REFUSED("[]", "expected a command", 1);
    REFUSED("lua()", "expected a command", 4);
    REFUSED("INCR k]", "this ] closes nothing", 6);
    REFUSED("INCR k)", "this ) closes nothing", 6);
    REFUSED("[INCR k)]", "this ) closes nothing", 7);
    REFUSED("lua(INCR k]", "this ] closes nothing", 10);
    REFUSED("[KEYS h[ae]llo]", "expected | or ;", 11);
    REFUSED("[INCR k", "this [ is not closed", 0);
    REFUSED("INCR a | lua(INCR k", "this lua( is not closed", 9);
    REFUSED("[INCR a | INCR b]", "the commands of [..] leave in one buffer", 8);
    REFUSED("lua(INCR a | INCR b)", "nobody waits inside of a script", 11);
    REFUSED("[INCR a ; [INCR b]]", "[ inside [..]", 10);
    REFUSED("lua(INCR a ; [INCR b])", "[ inside lua(..)", 13);
    REFUSED("lua(lua(INCR a))", "lua( inside lua(..)", 4);
    REFUSED("[lua(lua(INCR a))]", "lua( inside lua(..)", 5);
    REFUSED("[INCR a] INCR b", "expected | or ;", 9);
    REFUSED("lua(INCR a)x", "expected | or ;", 11);
    REFUSED("SET k \"a", "this quote is not closed", 6);
    REFUSED("SET k \"a\\\"", "this quote is not closed", 6);
    REFUSED("SET k \"a\\", "this quote is not closed", 6);
    REFUSED("SET k 'a\\'", "this quote is not closed", 6);
    REFUSED("SET k x'", "this quote is not closed", 7);
    REFUSED("SET k 'a'b", "a closing quote ends a word", 9);
    REFUSED("SET k \"a\"\"b\"", "a closing quote ends a word", 9);
}

/* A byte that is shown as four columns counts as four. */
Test(notation, carets_stand_right_behind_any_bytes)
{
    expect_refused(STR("SET \xc3\xa9 |"), "expected a command", "SET \\xc3\\xa9 |", 14);
    expect_refused(STR("SET \xe6\xbc\xa2\t]"), "this ]", "SET \\xe6\\xbc\\xa2\\x09]", 20);
    expect_refused(STR("SET \x1b[1m ]"), "this ]", "SET \\x1b[1m ]", 12);
    expect_refused(STR("SET k a\0b"), "a zero byte", "SET k a\\x00b", 7);
}

Test(notation, of_long_texts_what_is_around_the_mistake_is_shown)
{
    CLEANUP(mem_freep) char *text = mem_printf("SET k %0200d ] %0200d", 7, 8);
    CLEANUP(mem_freep) char *shown = mem_printf("...%047d ] %022d...", 7, 0);

    expect_refused(str_of(text), "this ]", shown, 51);
}

Test(notation, of_several_lines_the_one_with_the_mistake_is_shown)
{
    expect_printed("\n  INCR k |\n  EXPIRE k 60\n", "INCR k | EXPIRE k 60");
    expect_refused(STR("INCR k |\n  EXPIRE k ]\n| GET k"), "this ]", "  EXPIRE k ]", 11);
    expect_refused(STR("INCR k\n| \n"), "expected a command", "| ", 1);
    expect_refused(STR("INCR k ; [a\n; b\n"), "this [", "INCR k ; [a", 9);
}

Test(notation, too_much_is_refused)
{
    CLEANUP(mem_freep) char *text = mem_alloc(NOTATION_BYTES_MOST + 2);
    CLEANUP(notation_release) struct notation notation = NOTATION_NULL;
    struct err err = ERR_NULL;

    memset(text, 'a', NOTATION_BYTES_MOST + 1);
    cr_expect_eq(notation_parse(str_of(text), &notation, &err), ERR_USAGE);
    text[NOTATION_BYTES_MOST] = '\0';
    parse(str_of(text), &notation);
    cr_expect_eq(notation.steps[0].words[0].length, NOTATION_BYTES_MOST);
}

/* ---- one piece ---- */

static void expect_atomic(const char *text, bool is_one, const char *atomic)
{
    CLEANUP(notation_release) struct notation notation = NOTATION_NULL;
    CLEANUP(mem_freep) char *made = NULL;
    struct err err = ERR_NULL;

    parse(str_of(text), &notation);
    cr_expect_eq(notation_is_atomic(&notation), is_one, "%s", text);
    cr_assert_eq(notation_atomic(&notation, &made, &err), 0, "%s: %s", text, err.msg);
    cr_expect_str_eq(made, atomic);
}

Test(notation, all_of_it_in_one_transaction)
{
    expect_atomic("INCR k | EXPIRE k 60", false, "[INCR k ; EXPIRE k 60]");
    expect_atomic("INCR k", true, "[INCR k]");
    expect_atomic("[a ; b]", true, "[a ; b]");
    expect_atomic("a ; [b ; lua(c)] | d", false, "[a ; b ; lua(c) ; d]");
    expect_atomic("lua(a ; b)", true, "[lua(a ; b)]");
}

Test(notation, transactions_in_words_cannot_be_put_into_one)
{
    static const char *const texts[] = { "MULTI | a | EXEC", "watch k | [a]", "a | EXEC",
                                         "UNWATCH", "DISCARD" };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        CLEANUP(notation_release) struct notation notation = NOTATION_NULL;
        struct err err = ERR_NULL;
        char *made = NULL;

        parse(str_of(texts[i]), &notation);
        cr_expect_eq(notation_atomic(&notation, &made, &err), ERR_USAGE, "%s", texts[i]);
        cr_expect_null(made);
    }
}

/* ---- print and parse ---- */

/* Numbers that are a function of the round. */
struct dice {
    uint64_t round, thrown;
};

static size_t throw(struct dice * dice, size_t sides)
{
    return (size_t)rng_below(sides, SEED, dice->round, dice->thrown++);
}

/* Bytes of any kind, more of those that mean something. */
static struct str random_word(struct dice *dice, struct arena *arena)
{
    static const char special[] =
        "\"'\\|;[](){} \n\r\t\b\a\v\f\0\x7f\xc3\xa9\xe6\xbc\xa2xn0";
    static const char *const whole[] = { "lua(", "LUA(x", "[", "\\x41", "", "MULTI" };
    size_t length = throw(dice, 9);
    char *bytes = arena_take(arena, length + 1);

    if (throw(dice, 8) == 0)
        return str_of(whole[throw(dice, ARRAY_SIZE(whole))]);
    for (size_t i = 0; i < length; i++)
        switch (throw(dice, 3)) {
        case 0:
            bytes[i] = special[throw(dice, sizeof(special) - 1)];
            break;
        case 1:
            bytes[i] = (char) throw(dice, 256);
            break;
        default:
            bytes[i] = (char)('a' + throw(dice, 26));
        }
    return (struct str){ bytes, length };
}

/* As deep as it may be. */
static struct notation_step *random_steps(struct dice *dice, struct arena *arena,
                                          enum notation_kind within, size_t *ret_count)
{
    static const size_t kinds[] = {
        [NOTATION_COMMAND] = 3, [NOTATION_MULTI] = 2, [NOTATION_LUA] = 1
    };
    static const enum notation_kind order[] = { NOTATION_COMMAND, NOTATION_LUA,
                                                NOTATION_MULTI };
    size_t count = 1 + throw(dice, 4);
    struct notation_step *steps = arena_take(arena, count * sizeof(*steps));

    for (size_t i = 0; i < count; i++) {
        enum notation_kind kind = order[throw(dice, kinds[within])];

        steps[i] = (struct notation_step){ .kind = kind };
        steps[i].joined = i > 0 && (within != NOTATION_COMMAND || throw(dice, 2));
        if (kind != NOTATION_COMMAND) {
            steps[i].steps = random_steps(dice, arena, kind, &steps[i].step_count);
            continue;
        }
        steps[i].word_count = 1 + throw(dice, 5);
        steps[i].words = arena_take(arena, steps[i].word_count * sizeof(struct str));
        for (size_t k = 0; k < steps[i].word_count; k++)
            steps[i].words[k] = random_word(dice, arena);
    }
    *ret_count = count;
    return steps;
}

static bool same(const struct notation_step *a, size_t a_count,
                 const struct notation_step *b, size_t b_count)
{
    if (a_count != b_count)
        return false;
    for (size_t i = 0; i < a_count; i++) {
        if (a[i].kind != b[i].kind || a[i].joined != b[i].joined ||
            a[i].word_count != b[i].word_count ||
            !same(a[i].steps, a[i].step_count, b[i].steps, b[i].step_count))
            return false;
        for (size_t k = 0; k < a[i].word_count; k++)
            if (str_compare(a[i].words[k], b[i].words[k]) != 0)
                return false;
    }
    return true;
}

Test(notation, what_is_printed_is_parsed_to_the_same)
{
    for (uint64_t round = 0; round < UNLESS_VALGRIND(ROUNDS, ROUNDS / 10); round++) {
        CLEANUP(notation_release) struct notation made = NOTATION_NULL;
        CLEANUP(notation_release) struct notation read = NOTATION_NULL;
        CLEANUP(mem_freep) char *printed = NULL, *again = NULL;
        struct dice dice = { .round = round };

        made.steps = random_steps(&dice, &made.arena, NOTATION_COMMAND, &made.count);
        printed = notation_text(&made);
        parse(str_of(printed), &read);
        cr_assert(same(made.steps, made.count, read.steps, read.count), "round %zu: %s",
                  (size_t)round, printed);
        again = notation_text(&read);
        cr_assert_str_eq(again, printed);
    }
}
