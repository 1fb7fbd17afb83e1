/* base: errors that are cut but never overflow, random numbers that are the same
 * everywhere, bytes shown to people, files that are whole or not there, directories
 * that do not outlive their owner.
 *
 * Everything on disk happens in a directory of the test's own, which is TMPDIR as
 * well. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/intern.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/rng.h"
#include "base/sha1.h"
#include "base/signals.h"
#include "base/str.h"
#include "testlib.h"

/* ---- err ---- */

Test(err, says_what_was_done_and_to_what)
{
    struct err err = ERR_NULL;

    cr_expect_eq(err_set(&err, ERR_USAGE, "lane %d", 7), ERR_USAGE);
    cr_expect_str_eq(err.msg, "lane 7");
    cr_expect_eq(err_wrap(&err, "trial %d", 12), ERR_USAGE, "wrapping keeps the code");
    cr_expect_str_eq(err.msg, "trial 12: lane 7");
    errno = ENOENT;
    cr_expect_eq(err_errno(&err, "open '%s'", "/x"), -ENOENT);
    cr_expect_eq(err.code, -ENOENT);
    cr_expect_str_eq(err.msg, "open '/x': No such file or directory");
}

/* Whatever the lengths, the message is the beginning of "text: inner", as much as there
 * is room for, and the bytes behind it are left alone. */
/* All of it, and its beginning where a message was cut; not what may be any word. */
Test(err, repeats_nothing_that_is_hidden)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "--count 'redis://me:hush-hush-hush@h'", "--count 'redis://me:***@h'" },
        { "hush-hush-hush", "***" },
        { "at hush-hush-h: no", "at ***: no" },
        { "hush-hus", "***" },
        { "hush-hu", "hush-hu" },
        { "hush-hush-hushhush-hush-hush!", "******!" },
        { "secretsecret", "******" },
        { "secre", "secre" },
        { "'redis://me:hush-hu'", "'redis://me:***'" }, /* cut by who quotes it */
        { "'redis://me:h'", "'redis://me:***'" },
        { "'redis://me:'", "'redis://me:'" },
        { "'redis://me:other@h'", "'redis://me:other@h'" },
        { "tiny", "tiny" },
    };
    struct err err = ERR_NULL;

    err_hide("redis://me:hush-hush-hush@h", 11, 14);
    err_hide("secret", 0, 6);
    err_hide("tiny", 0, 4);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        err_set(&err, ERR_USAGE, "%s", cases[i].text);
        cr_expect_str_eq(err.msg, cases[i].says);
        err_wrap(&err, "%s", cases[i].text);
        cr_expect_null(strstr(err.msg, "hush-hush"), "%s", err.msg);
    }
}

/* Wherever a message ends within a secret, or just behind it. */
Test(err, hides_what_it_cuts)
{
    struct err err = ERR_NULL;

    err_hide("?hush-hush-hush", 1, 14);
    for (size_t i = 0; i < 30; i++) {
        CLEANUP(mem_freep) char *text = mem_printf("%0*d%s", (int)(sizeof(err.msg) - i),
                                                   0, "hush-hush-hushhush-hush-hush!");

        err_set(&err, ERR_USAGE, "%s", text);
        cr_expect_null(strchr(err.msg, 'h'), "%zu: %s", i, err.msg + 900);
        err_set(&err, ERR_USAGE, "in");
        err_wrap(&err, "%s", text);
        cr_expect_null(strchr(err.msg, 'h'), "%zu: %s", i, err.msg + 900);
    }
}

/* What takes the place of a few bytes of one is longer, and may cut another. */
Test(err, hides_what_another_one_cuts)
{
    struct err err = ERR_NULL;

    err_hide("redis://me:mine-mine@h", 11, 9);
    err_hide("?hush-hush", 1, 9);
    for (size_t i = 0; i < 12; i++) {
        size_t zeros = sizeof(err.msg) - 1 - strlen("redis://me:m'") - i;
        CLEANUP(mem_freep) char *text =
            mem_printf("redis://me:m'%0*d%.*s", (int)zeros, 0, (int)i, "hush-hush");

        err_set(&err, ERR_USAGE, "%s", text);
        cr_expect_null(strchr(err.msg, 'h'), "%zu: %s", i, err.msg + 900);
    }
}

Test(err, cuts_long_messages)
{
    static const size_t lengths[] = {
        0, 1, 500, 1020, 1021, 1022, 1023, 1024, 1025, 5000
    };
    struct {
        struct err err;
        char guard[16];
    } guarded;

    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(lengths); j++) {
            CLEANUP(mem_freep) char *outer = mem_alloc(lengths[i] + 1);
            CLEANUP(mem_freep) char *inner = mem_alloc(lengths[j] + 1);
            CLEANUP(mem_freep) char *whole = NULL;

            memset(outer, 'o', lengths[i]);
            memset(inner, 'i', lengths[j]);
            memset(&guarded, '#', sizeof(guarded));
            err_set(&guarded.err, -EIO, "%s", inner);
            cr_expect_eq(strncmp(guarded.err.msg, inner, sizeof(guarded.err.msg) - 1), 0);
            err_wrap(&guarded.err, "%s", outer);
            inner[lengths[j] < 1023 ? lengths[j] : 1023] = '\0';
            whole = mem_printf("%s: %s", outer, inner);
            if (strlen(whole) > sizeof(guarded.err.msg) - 1)
                whole[sizeof(guarded.err.msg) - 1] = '\0';
            cr_expect_str_eq(guarded.err.msg, whole, "%zu before %zu", lengths[i],
                             lengths[j]);
            errno = EIO;
            err_errno(&guarded.err, "%s", outer);
            cr_expect_lt(strlen(guarded.err.msg), sizeof(guarded.err.msg));
            cr_expect_arr_eq(guarded.guard, "################", sizeof(guarded.guard));
        }
    }
}

/* ---- rng ---- */

/* Computed by another implementation (Python's integers). If these change, no old run can
 * be repeated. */
Test(rng, is_the_same_everywhere)
{
    static const struct {
        uint64_t seed, stream, index, bits;
    } cases[] = {
        { 0, 0, 0, 0xa26ab114db1f32cc },
        { 1, 0, 0, 0x26f21c114de32a44 },
        { 1, 1, 0, 0x34e561b7c1dc405d },
        { 1, 0, 1, 0x3794f0fee3223923 },
        { 42, 1, 1000, 0xd63568c440093b91 },
        { UINT64_MAX, UINT64_MAX, UINT64_MAX, 0x179f01f0d2fba97a },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        uint64_t bits = rng_bits(cases[i].seed, cases[i].stream, cases[i].index);

        cr_expect_eq(bits, cases[i].bits, "case %zu: %#llx", i, (unsigned long long)bits);
    }
}

Test(rng, unit_is_in_the_half_open_interval)
{
    for (uint64_t i = 0; i < 100000; i++) {
        double u = rng_unit(3, 0, i);

        cr_assert(u >= 0 && u < 1, "number %llu: %g", (unsigned long long)i, u);
    }
}

/* Draws per cell are binomial: mean 10000, deviation below 100. A right generator is
 * farther off than 7 deviations in one of the 3 * 29 cells with a probability below 87 *
 * 2.6e-12 < 1e-9. */
Test(rng, is_uniform_along_every_argument)
{
    static const uint64_t bounds[] = { 2, 3, 7, 17 };

    for (int along = 0; along < 3; along++) {
        for (size_t b = 0; b < ARRAY_SIZE(bounds); b++) {
            uint64_t counts[17] = { 0 }, draws = 10000 * bounds[b];

            for (uint64_t i = 0; i < draws; i++) {
                uint64_t value = rng_below(bounds[b], along == 0 ? i : 5,
                                           along == 1 ? i : 6, along == 2 ? i : 7);

                cr_assert_lt(value, bounds[b]);
                counts[value]++;
            }
            for (size_t v = 0; v < bounds[b]; v++)
                cr_expect(llabs((long long)counts[v] - 10000) < 700,
                          "%d: %zu of %d: %d times", along, v, (int)bounds[b],
                          (int)counts[v]);
        }
    }
    cr_expect_eq(rng_below(1, 1, 2, 3), 0);
}

Test(rng, streams_have_nothing_in_common)
{
    for (uint64_t i = 0; i < 1000; i++) {
        cr_expect_neq(rng_bits(1, 0, i), rng_bits(1, 1, i));
        cr_expect_neq(rng_bits(1, 0, i), rng_bits(2, 0, i));
        cr_expect_neq(rng_bits(1, 0, i + 1), rng_bits(1, 1, i));
        cr_expect_neq(rng_bits(2, 0, i), rng_bits(1, 1, i));
    }
}

/* ---- str ---- */

Test(str, compares_by_bytes_then_by_length)
{
    static const struct {
        struct str a, b;
        int sign;
    } cases[] = {
        { { "", 0 }, { "", 0 }, 0 },          { { NULL, 0 }, { "", 0 }, 0 },
        { { "a", 1 }, { "a", 1 }, 0 },        { { "a", 1 }, { "b", 1 }, -1 },
        { { "a", 1 }, { "ab", 2 }, -1 },      { { "b", 1 }, { "ab", 2 }, 1 },
        { { "a\0b", 3 }, { "a\0c", 3 }, -1 }, { { "a\0", 2 }, { "a", 1 }, 1 },
        { { "\xff", 1 }, { "a", 1 }, 1 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int forth = str_compare(cases[i].a, cases[i].b),
            back = str_compare(cases[i].b, cases[i].a);

        cr_expect_eq((forth > 0) - (forth < 0), cases[i].sign, "case %zu", i);
        cr_expect_eq((back > 0) - (back < 0), -cases[i].sign, "case %zu, the other way",
                     i);
    }
    cr_expect_eq(str_of(NULL).length, 0);
    cr_expect_eq(str_of("abc").length, 3);
}

Test(str, shows_bytes_to_people)
{
    static const struct {
        struct str text;
        size_t size;
        const char *shown;
    } cases[] = {
        { { "app:work", 8 }, 64, "app:work" },
        { { "", 0 }, 64, "" },
        { { "\0\xff\n", 3 }, 64, "\\x00\\xff\\x0a" },
        { { "\xc3\xa9", 2 }, 64, "\\xc3\\xa9" },
        { { "0123456789", 10 }, 14, "0123456789" },
        { { "0123456789a", 11 }, 14, "0123456789..." },
        { { "012345678\xff", 10 }, 14, "012345678..." },
        { { "abc", 3 }, 5, "a..." },
        { { "abc", 3 }, 4, "" },
        { { "abc", 3 }, 1, "" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char buffer[65];

        memset(buffer, '#', sizeof(buffer));
        str_show(buffer, cases[i].size, cases[i].text);
        cr_expect_str_eq(buffer, cases[i].shown, "case %zu: '%s'", i, buffer);
        cr_expect_eq(buffer[cases[i].size], '#', "case %zu writes behind its buffer", i);
    }
}

static const char *const words[] = { "title",  "source",     "params",
                                     "before", "strategies", "recover",
                                     "alive",  "ignore",     "ordered" };

static const char *word(const void *context, size_t i)
{
    return ((const char *const *)context)[i];
}

/* In examples, letters of all languages are as they are, and take as much room as they
 * do; what joins others, turns the line around or is not seen is none of them. */
Test(str, shows_text_to_people)
{
    static const struct {
        const char *text;
        size_t most;
        const char *shown;
    } rows[] = {
        { "plain ~", 40, "plain ~" },
        { "caf\xc3\xa9", 40, "caf\xc3\xa9" },
        { "caf\xc3\xa9", 4, "caf\xc3\xa9" },
        { "caf\xc3\xa9", 3, "caf..." },
        { "\xd0\xb6\xce\xbb", 2, "\xd0\xb6\xce\xbb" },
        { "\xe6\x97\xa5\xe6\x9c\xac", 4, "\xe6\x97\xa5\xe6\x9c\xac" }, /* wide */
        { "\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5..." },
        { "\xf0\x9f\x98\x80!", 3, "\xf0\x9f\x98\x80!" },
        { "\x1b[31m", 40, "\\x1b[31m" },
        { "\xc2\x9b"
          "31m",
          40, "\\xc2\\x9b31m" }, /* CSI */
        { "a\xe2\x80\xae"
          "b",
          40, "a\\xe2\\x80\\xaeb" }, /* right to left */
        { "a\xe2\x81\xa6"
          "b",
          40, "a\\xe2\\x81\\xa6b" },        /* isolated */
        { "\xd7\x90", 40, "\\xd7\\x90" },   /* Hebrew */
        { "\xd8\xa8", 40, "\\xd8\\xa8" },   /* Arabic */
        { "e\xcc\x81", 40, "e\\xcc\\x81" }, /* joins the e */
        { "a\xe2\x80\x8b"
          "b",
          40, "a\\xe2\\x80\\x8bb" }, /* no width */
        { "\xc2\xad\xef\xbb\xbf", 40, "\\xc2\\xad\\xef\\xbb\\xbf" },
        { "\xff\xc3", 40, "\\xff\\xc3" },          /* no UTF-8 */
        { "\xc0\xaf", 40, "\\xc0\\xaf" },          /* nor this */
        { "\xed\xa0\x80", 40, "\\xed\\xa0\\x80" }, /* a surrogate */
        { "\xf0\x9f\x98", 40, "\\xf0\\x9f\\x98" }, /* cut */
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *text = NULL;
        FILE *out = mem_stream(&text);

        str_print_text(out, str_of(rows[i].text), rows[i].most);
        fclose(out);
        cr_expect_str_eq(text, rows[i].shown, "%zu", i);
        cr_expect_leq(str_columns(text), rows[i].most + strlen("..."), "%zu", i);
    }
    cr_expect_eq(str_columns("a\xe6\x97\xa5\xc3\xa9"), 4);
}

/* Where a buffer ends in the middle of a character. */
Test(printable, trims_what_was_cut)
{
    static const struct {
        const char *text, *trimmed;
    } rows[] = {
        { "", "" },
        { "abc", "abc" },
        { "caf\xc3\xa9", "caf\xc3\xa9" },
        { "caf\xc3", "caf" },
        { "a\xe6\x97\xa5", "a\xe6\x97\xa5" },
        { "a\xe6\x97", "a" },
        { "a\xf0\x9f\x98", "a" },
        { "\xf0", "" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *text = mem_strdup(rows[i].text);

        printable_trim(text);
        cr_expect_str_eq(text, rows[i].trimmed, "%zu", i);
    }
}

Test(str, is_one_word_to_a_shell)
{
    static const struct {
        const char *word, *quoted;
    } cases[] = {
        { "plain", "plain" },           { "results/x-1.lua:7@3", "results/x-1.lua:7@3" },
        { "two words", "'two words'" }, { "it's", "'it'\\''s'" },
        { "$HOME", "'$HOME'" },         { "", "''" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[64] = "";
        FILE *out = fmemopen(text, sizeof(text), "w");

        str_print_shell(out, cases[i].word);
        fclose(out);
        cr_expect_str_eq(text, cases[i].quoted);
    }
}

Test(str, takes_whole_numbers_in_digits_alone)
{
    static const char *const others[] = { "",
                                          "-1",
                                          " 1",
                                          "+1",
                                          " -1",
                                          "1 ",
                                          "0x1",
                                          "1.",
                                          "1e2",
                                          "a",
                                          "10",
                                          "4",
                                          "99999999999999999999" };
    uint64_t number = 77;

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        cr_expect_not(str_whole(others[i], 5, 9, &number), "'%s'", others[i]);
    cr_expect_not(str_whole(" -1", 0, UINT64_MAX, &number), "which is a very large one");
    cr_expect_eq(number, 77);
    cr_expect(str_whole("007", 5, 9, &number) && number == 7);
    cr_expect(str_whole("18446744073709551615", 0, UINT64_MAX, &number) &&
              number == UINT64_MAX);
}

Test(str, takes_bytes_in_two_hexadecimal_digits)
{
    static const char *const others[] = { "", "a", "g0", "0g", "-1", " 1", "0x" };
    char byte = 'n';

    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        cr_expect_not(str_hex(others[i], &byte), "'%s'", others[i]);
    cr_expect_eq(byte, 'n');
    cr_expect(str_hex("00", &byte) && byte == 0);
    cr_expect(str_hex("fF", &byte) && byte == (char)255);
    cr_expect(str_hex("4A9", &byte) && byte == 'J', "what follows is not looked at");
}

Test(str, finds_typos_but_not_other_words)
{
    static const struct {
        const char *typed, *nearest;
    } cases[] = {
        { "strategy", "strategies" },
        { "stratagies", "strategies" },
        { "recovery", "recover" },
        { "beforre", "before" },
        { "Title", "title" },
        { "oredred", "ordered" },
        { "alive", "alive" },
        { "completely", NULL },
        { "xyzzy", NULL },
        { "", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        const char *nearest = str_nearest(cases[i].typed, ARRAY_SIZE(words), word, words);

        cr_expect_str_eq(nearest ? nearest : "none",
                         cases[i].nearest ? cases[i].nearest : "none", "'%s'",
                         cases[i].typed);
    }
    cr_expect_null(str_nearest("title", 0, word, words));
}

/* ---- file ---- */

static char *directory;

static void enter_directory(void)
{
    directory = test_directory();
}

static void leave_directory(void)
{
    test_directory_remove(directory);
}

static char *inside(const char *name)
{
    return mem_printf("%s/%s", directory, name);
}

static bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static void expect_content(int fd, const char *bytes, size_t length)
{
    char buffer[64];
    ssize_t n = read(fd, buffer, sizeof(buffer));

    cr_assert_eq(n, (ssize_t)length, "%zd bytes instead of %zu", n, length);
    cr_expect_eq(memcmp(buffer, bytes, length), 0);
    close(fd);
}

TestSuite(file, .init = enter_directory, .fini = leave_directory);

/* A reader that opened the old file goes on reading the old file, whole: it is another
 * file. */
Test(file, write_replaces_as_a_whole)
{
    CLEANUP(mem_freep) char *path = inside("result.json");
    struct err err = ERR_NULL;
    struct stat st;
    int reader;

    cr_assert_eq(file_write(path, "old\0bytes", 9, &err), 0, "%s", err.msg);
    reader = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert_eq(file_write(path, "new", 3, &err), 0, "%s", err.msg);
    expect_content(reader, "old\0bytes", 9);
    expect_content(open(path, O_RDONLY | O_CLOEXEC), "new", 3);
    cr_assert_eq(file_write(path, "", 0, &err), 0, "%s", err.msg);
    expect_content(open(path, O_RDONLY | O_CLOEXEC), "", 0);
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0644);
    cr_expect_eq(test_directory_entries(directory), 1, "a temporary file is left");
}

Test(file, write_refuses_and_names_the_path)
{
    static const struct {
        const char *path;
        int code;
    } cases[] = {
        { "a_directory", -EEXIST },
        { "a_link", -EEXIST },
        { "missing/file", -ENOENT },
        { "a_file/below", -ENOTDIR },
    };
    CLEANUP(mem_freep) char *made = inside("a_directory");
    CLEANUP(mem_freep) char *link = inside("a_link");
    CLEANUP(mem_freep) char *file = test_file(directory, "a_file", "text");

    cr_assert_eq(mkdir(made, 0700), 0);
    cr_assert_eq(symlink(file, link), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(mem_freep) char *path = inside(cases[i].path);
        struct err err = ERR_NULL;

        cr_expect_eq(file_write(path, "x", 1, &err), cases[i].code, "%s: %s", path,
                     err.msg);
        cr_expect_eq(err.code, cases[i].code);
        cr_expect_not_null(strstr(err.msg, path), "'%s' does not name %s", err.msg, path);
        cr_expect_eq(test_directory_entries(directory), 3, "%s leaves something", path);
    }
    expect_content(open(file, O_RDONLY | O_CLOEXEC), "text", 4);
}

/* The disk is full, so to speak: no file may grow beyond 10 bytes. */
Test(file, write_that_fails_leaves_the_old_file)
{
    CLEANUP(mem_freep) char *path = test_file(directory, "result.json", "old");
    struct err err = ERR_NULL;
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = 10;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_eq(file_write(path, "longer than that", 16, &err), -EFBIG, "%s", err.msg);
    limit.rlim_cur = limit.rlim_max;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_not_null(strstr(err.msg, path), "%s", err.msg);
    expect_content(open(path, O_RDONLY | O_CLOEXEC), "old", 3);
    cr_expect_eq(test_directory_entries(directory), 1, "a temporary file is left");
}

/* Before a call that our own calls stand for, somebody asks for an end. */
static enum { NEVER, AT_SYNC, AT_LINK, AT_RENAME, MOMENTS } moment;
static bool all_have_names; /* in this filesystem */

static void perhaps_stop(int now)
{
    if ((int)moment == now)
        raise(SIGTERM);
}

int fsync(int fd)
{
    perhaps_stop(AT_SYNC);
    return (int)syscall(SYS_fsync, fd);
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    if (all_have_names) {
        errno = EOPNOTSUPP;
        return -1;
    }
    perhaps_stop(AT_LINK);
    return (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

int rename(const char *from, const char *to)
{
    perhaps_stop(AT_RENAME);
    return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* Ends by the signal, though not before it has done what it is at. */
static void expect_stopped(const char *path)
{
    struct err err = ERR_NULL;
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        signal(SIGTERM, SIG_DFL); /* Criterion's own process handles it */
        file_write(path, "new", 3, &err);
        _exit(0);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM, "%d", status);
}

Test(file, write_that_is_stopped_leaves_nothing_beside)
{
    for (int i = 0; i < 2 * MOMENTS; i++) {
        CLEANUP(mem_freep) char *path = test_file(directory, "result.json", "old");
        char text[4] = "";
        int reader;

        moment = (typeof(moment))(i / 2);
        all_have_names = i % 2;
        if (moment == NEVER || (moment == AT_LINK && all_have_names))
            continue;
        expect_stopped(path);
        cr_expect_eq(test_directory_entries(directory), 1, "%d: something is left", i);
        reader = open(path, O_RDONLY | O_CLOEXEC);
        cr_expect_eq(read(reader, text, 3), 3);
        cr_expect(strcmp(text, "old") == 0 || strcmp(text, "new") == 0, "%d: %s", i,
                  text);
        close(reader);
    }
}

Test(file, make_directory_makes_its_parents)
{
    static const struct {
        const char *path;
        int code;
    } cases[] = {
        { "a/b/c", 0 },   { "a/b/c", 0 },       { "a/d/", 0 },
        { "//e///f", 0 }, { "file", -ENOTDIR }, { "file/below", -ENOTDIR },
    };
    CLEANUP(mem_freep) char *file = test_file(directory, "file", "");

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(mem_freep) char *path = inside(cases[i].path);
        struct err err = ERR_NULL;
        struct stat st;

        cr_expect_eq(file_make_directory(path, &err), cases[i].code, "%s: %s", path,
                     err.msg);
        if (cases[i].code == 0)
            cr_expect(stat(path, &st) == 0 && S_ISDIR(st.st_mode), "%s is not there",
                      path);
        else
            cr_expect_not_null(strstr(err.msg, file), "'%s' does not name %s", err.msg,
                               file);
    }
}

Test(file, make_directory_needs_a_name)
{
    struct err err = ERR_NULL;

    cr_expect_eq(file_make_directory("", &err), -ENOENT, "%s", err.msg);
    cr_expect_eq(test_directory_entries(directory), 0);
}

/* Links are removed, not followed. */
Test(file, remove_tree_removes_the_tree_and_nothing_else)
{
    CLEANUP(mem_freep) char *tree = inside("tree");
    CLEANUP(mem_freep) char *deep = inside("tree/a/b");
    CLEANUP(mem_freep) char *link = inside("tree/a/link");
    CLEANUP(mem_freep) char *kept = inside("kept");
    CLEANUP(mem_freep) char *kept_file = NULL, *lost_file = NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(file_make_directory(deep, &err), 0, "%s", err.msg);
    cr_assert_eq(file_make_directory(kept, &err), 0, "%s", err.msg);
    cr_assert_eq(symlink(kept, link), 0);
    kept_file = test_file(kept, "file", "");
    lost_file = test_file(deep, "file", "");
    cr_expect_eq(file_remove_tree(tree, &err), 0, "%s", err.msg);
    cr_expect(!exists(tree));
    cr_expect(exists(kept_file));
    cr_expect_eq(file_remove_tree(tree, &err), 0, "missing is fine: %s", err.msg);
}

/* A link is where it is; a descriptor is nowhere. */
Test(file, absolute_keeps_names)
{
    CLEANUP(mem_freep) char *path = test_file(directory, "file", "");
    CLEANUP(mem_freep) char *link = inside("link");
    CLEANUP(mem_freep) char *real = realpath(path, NULL), *folder = NULL;
    CLEANUP(mem_freep) char *expected = NULL, *of_link = NULL, *of_fd = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CLEANUP(mem_freep) char *by_fd = mem_printf("/dev/fd/%d", fd);

    cr_assert_eq(symlink("file", link), 0);
    folder = realpath(directory, NULL);
    expected = mem_printf("%s/link", folder);
    of_link = file_absolute(link);
    of_fd = file_absolute(by_fd);
    cr_expect_str_eq(of_link, expected);
    cr_expect_str_eq(of_fd, real);
    close(fd);
}

Test(file, tail_gives_the_end)
{
    static const struct {
        const char *text;
        size_t size;
        const char *tail;
    } cases[] = {
        { "one\ntwo\n", 64, "one\ntwo" },
        { "one\ntwo\n\n\n", 64, "one\ntwo" },
        { "", 64, "" },
        { "\n\n", 64, "" },
        { "0123456789", 5, "6789" },
        { "0123456789", 11, "0123456789" },
        { "0123456789", 1, "" },
    };
    char buffer[65];

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(mem_freep) char *path = test_file(directory, "log", cases[i].text);

        memset(buffer, '#', sizeof(buffer));
        file_tail(path, buffer, cases[i].size);
        cr_expect_str_eq(buffer, cases[i].tail, "case %zu: '%s'", i, buffer);
        cr_expect_eq(buffer[cases[i].size], '#', "case %zu writes behind its buffer", i);
    }
    file_tail("/nonexistent/log", buffer, sizeof(buffer));
    cr_expect_str_eq(buffer, "");
}

/* ---- tempdir ---- */

TestSuite(tempdir, .init = enter_directory, .fini = leave_directory);

Test(tempdir, is_made_and_removed)
{
    struct tempdir temporary = TEMPDIR_NULL;
    struct err err = ERR_NULL;
    struct stat st;

    tempdir_remove(&temporary);
    cr_assert_eq(tempdir_make(&temporary, &err), 0, "%s", err.msg);
    cr_expect_eq(strncmp(temporary.path, directory, strlen(directory)), 0, "%s",
                 temporary.path);
    cr_assert_eq(stat(temporary.path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0700, "others can look into it");
    free(test_file(temporary.path, "socket", ""));
    tempdir_remove(&temporary);
    cr_expect_null(temporary.path);
    cr_expect_eq(test_directory_entries(directory), 0);
    tempdir_remove(&temporary);
}

Test(tempdir, names_the_directory_that_cannot_be_written)
{
    CLEANUP(mem_freep) char *missing = inside("missing");
    struct tempdir temporary = TEMPDIR_NULL;
    struct err err = ERR_NULL;

    setenv("TMPDIR", missing, 1);
    cr_expect_eq(tempdir_make(&temporary, &err), -ENOENT);
    cr_expect_not_null(strstr(err.msg, missing), "%s", err.msg);
    cr_expect_null(temporary.path, "the result is written although there is none");
    tempdir_sweep(); /* nothing to sweep is fine */
}

/* Runs a child that makes a temporary directory if told so, and leaves without a word, as
 * one that was killed does. Returns its pid, which nobody has now. */
static pid_t child_that_died(bool makes_directory)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        struct tempdir temporary = TEMPDIR_NULL;
        struct err err = ERR_NULL;

        _exit(makes_directory && tempdir_make(&temporary, &err) < 0);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
    return pid;
}

Test(tempdir, sweep_removes_what_the_dead_left_and_keeps_what_is_in_use)
{
    struct tempdir mine = TEMPDIR_NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(tempdir_make(&mine, &err), 0, "%s", err.msg);
    child_that_died(true);
    child_that_died(true);
    cr_assert_eq(test_directory_entries(directory), 3);
    tempdir_sweep();
    cr_expect_eq(test_directory_entries(directory), 1);
    cr_expect(exists(mine.path), "a directory in use is gone");
    tempdir_remove(&mine);
}

/* Directories without a lock file: only the pid in the name says whether the owner
 * lives. */
Test(tempdir, sweep_leaves_the_rest_of_the_world_alone)
{
    long dead = child_that_died(false);
    const struct {
        const char *format; /* of the name; with the pid of one who died */
        bool stays;
    } cases[] = {
        { "afterkill-%ld-abcdef", false }, { "afterkill-notes", true },
        { "afterkill-notes-%ld", true },   { "afterkill", true },
        { "other-%ld-abcdef", true },      { "Afterkill-%ld-abcdef", true },
    };
    CLEANUP(mem_freep) char *alive =
        mem_printf("%s/afterkill-%ld-abcdef", directory, (long)getpid());
    CLEANUP(mem_freep) char *link =
        mem_printf("%s/afterkill-%ld-a_link", directory, dead);
    CLEANUP(mem_freep) char *file = mem_printf("afterkill-%ld-a_file", dead);
    CLEANUP(mem_freep) char *file_path = test_file(directory, file, "");
    char *paths[ARRAY_SIZE(cases)];

    cr_assert_eq(mkdir(alive, 0700), 0);
    cr_assert_eq(symlink(alive, link), 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char name[64];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(name, sizeof(name), cases[i].format, dead);
#pragma GCC diagnostic pop
        paths[i] = inside(name);
        cr_assert_eq(mkdir(paths[i], 0700), 0);
    }
    tempdir_sweep();
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cr_expect_eq(exists(paths[i]), cases[i].stays, "%s", paths[i]);
        free(paths[i]);
    }
    cr_expect(exists(alive), "its owner is about to lock it");
    cr_expect(exists(link), "a link is nobody's directory");
    cr_expect(exists(file_path), "a file is nobody's directory");
}

/* A name alone does not make a directory afterkill's: nothing that people put there is
 * removed. */
Test(tempdir, sweep_removes_nobodys_files)
{
    long dead = child_that_died(false);
    CLEANUP(mem_freep) char *notes = inside("afterkill-notes");
    CLEANUP(mem_freep) char *backup =
        mem_printf("%s/afterkill-%ld-backup", directory, dead);
    CLEANUP(mem_freep) char *owner = NULL, *page = NULL;

    cr_assert_eq(mkdir(notes, 0700), 0);
    cr_assert_eq(mkdir(backup, 0700), 0);
    owner = test_file(notes, "owner", "of these notes");
    page = test_file(backup, "page", "of a book");
    tempdir_sweep();
    cr_expect(exists(owner), "%s", owner);
    cr_expect(exists(page), "%s", page);
}

/* ---- signals ---- */

/* Who goes on would miss one that came since it last asked. */
Test(signals, what_waits_is_told_at_the_end)
{
    struct err err = ERR_NULL;
    sigset_t before;

    for (int i = 0; i < 2; i++) {
        signals_hold(&before);
        cr_expect_not(signals_stop_asked());
        cr_expect_eq(signals_check_stop(&err), 0);
        raise(SIGTERM);
        cr_expect_eq(signals_check_stop(&err), ERR_STOPPED);
        cr_expect_str_eq(err.msg, "stopped by signal 15 (Terminated)");
        err = ERR_NULL;
        raise(SIGINT);
        cr_expect(signals_release(&before));
        signals_hold(&before);
        cr_expect_not(signals_release(&before), "it was told");
    }
}

/* ---- intern ---- */

/* Also beyond the room that it begins with, and of what contains NUL. */
Test(intern, equal_bytes_are_kept_once)
{
    enum { DIFFERENT = 1000 };
    struct intern intern = INTERN_NULL;
    const void *kept[DIFFERENT];

    for (uint32_t i = 0; i < DIFFERENT; i++)
        kept[i] = intern_keep(&intern, &i, sizeof(i));
    for (uint32_t i = 0; i < DIFFERENT; i++) {
        cr_expect_eq(memcmp(kept[i], &i, sizeof(i)), 0, "%u", i);
        cr_expect_eq(intern_keep(&intern, &i, sizeof(i)), kept[i], "%u", i);
        cr_expect_eq((uintptr_t)kept[i] % 16, 0, "%u", i);
    }
    cr_expect_eq(intern.count, DIFFERENT);
    cr_expect_neq(intern_keep(&intern, "a\0b", 3), intern_keep(&intern, "a\0c", 3));
    cr_expect_neq(intern_keep(&intern, "a\0b", 3), intern_keep(&intern, "a", 1));
    cr_expect_eq(intern_keep(&intern, "", 0), intern_keep(&intern, "x", 0));
    intern_release(&intern);
    intern_release(&intern);
}

/* ---- sha1 ---- */

/* Those of FIPS 180, and lengths around the ends of a block. */
Test(sha1, digests)
{
    static const struct {
        const char *text;
        size_t times;
        const char *digest;
    } cases[] = {
        { "", 0, "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
        { "abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
          "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
        { "a", 55, "c1c8bbdc22796e28c0e15163d20899b65621d65a" },
        { "a", 56, "c2db330f6083854c99d4b5bfb6e8f29f201be699" },
        { "a", 63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5" },
        { "a", 64, "0098ba824b5c16427bd7a1122a5a442a25ec644d" },
        { "a", 65, "11655326c708d70319be2610e8a57d9a5b959d3b" },
        { "a", 1000000, "34aa973cd4c4daa4f61eeb2bdbad27316534016f" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t length = strlen(cases[i].text), bytes = length * cases[i].times;
        CLEANUP(mem_freep) char *text = mem_alloc(bytes + 1);
        char digest[SHA1_TEXT];

        for (size_t at = 0; at < bytes; at += length)
            memcpy(text + at, cases[i].text, length);
        sha1_text((struct str){ text, bytes }, digest);
        cr_expect_str_eq(digest, cases[i].digest, "case %zu: %s", i, digest);
    }
}

/* ---- deadline ---- */

/* Of a test, which is told with all that runs meanwhile. */
Test(deadline, ends_what_hangs)
{
    CLEANUP(mem_freep) char *command =
        mem_printf("env -u BXFI_MAP -u LD_PRELOAD TEST_DEADLINE_S=1 %s/hanging 2>&1",
                   getenv("TEST_PROGRAMS"));
    char line[4096];
    bool listed = false, told = false;
    FILE *out = popen(command, "r");

    cr_assert_not_null(out);
    while (fgets(line, sizeof(line), out)) {
        listed |= strstr(line, "ps -e --forest") != NULL;
        told |= strstr(line, "waits_for_ever") != NULL;
    }
    cr_expect_neq(pclose(out), 0);
    cr_expect(listed);
    cr_expect(told);
}
