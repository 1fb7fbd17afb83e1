/* terms: what two runs were asked for is compared term by term, and the first difference
 * is told in words that help. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "plan/request.h"

#define MOST 4

/* Name, value, name, value...; ends with NULL. */
static struct terms terms_of(const char *const *pairs)
{
    struct terms terms = TERMS_NULL;

    for (size_t i = 0; pairs[i]; i += 2)
        terms_add(&terms, pairs[i], pairs[i + 1]);
    return terms;
}

Test(terms, are_looked_up_by_name)
{
    struct terms terms = TERMS_NULL;
    char name[] = "seed", value[] = "1";

    cr_expect_null(terms_get(&terms, "seed"));
    terms_add(&terms, name, value);
    memset(name, 'x', 4);
    value[0] = 'x';
    terms_print(&terms, "trials", "%d", 1000);
    terms_add(&terms, "title", "");
    cr_expect_str_eq(terms_get(&terms, "seed"), "1", "texts are copied");
    cr_expect_str_eq(terms_get(&terms, "trials"), "1000");
    cr_expect_str_eq(terms_get(&terms, "title"), "");
    cr_expect_null(terms_get(&terms, "see"));
    cr_expect_null(terms_get(&terms, "seeds"));
    cr_expect_eq(terms.count, 3);
    terms_release(&terms);
    terms_release(&terms);
    cr_expect_eq(terms.count, 0);
}

/* Long values are cut where they are printed, never where they are added. */
Test(terms, lengths)
{
    struct terms terms = TERMS_NULL;
    char text[5000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    terms_add(&terms, "added", text);
    terms_print(&terms, "printed", "%s", text);
    cr_expect_str_eq(terms_get(&terms, "added"), text);
    cr_expect_eq(strlen(terms_get(&terms, "printed")), 127);
    terms_release(&terms);
}

Test(terms, kinds)
{
    static const struct {
        const char *name;
        bool parameter, option;
    } rows[] = {
        { "seed", false, true },
        { "scenario", false, true },
        { "set", false, true },
        { "set jobs", true, false },
        { "set scenario.text", true, false },
        { TERM_TEXT, false, false },
        { TERM_SHA1, false, false },
        { TERM_PATH, false, false },
        { "scenario.name", false, false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char name[40];
        struct term term = { name, name };

        snprintf(name, sizeof(name), "%s", rows[i].name);
        cr_expect_eq(term_is_parameter(&term), rows[i].parameter, "%s", rows[i].name);
        cr_expect_eq(term_is_option(&term), rows[i].option, "%s", rows[i].name);
    }
}

Test(terms, differences)
{
    static const char *const own[] = { "shard", "now", NULL };
    static const struct {
        const char *a[2 * MOST + 1], *b[2 * MOST + 1];
        const char *says; /* NULL: they do not differ */
    } rows[] = {
        { { NULL }, { NULL }, NULL },
        { { "seed", "1", NULL }, { "seed", "1", NULL }, NULL },
        { { "seed", "1", "trials", "5", NULL },
          { "trials", "5", "seed", "1", NULL },
          NULL },
        { { "shard", "1/2", NULL }, { "shard", "2/2", NULL }, NULL },
        { { "shard", "1/2", NULL }, { NULL }, NULL },
        { { "seed", "1", NULL }, { "seed", "2", NULL }, "seed: 1 there, 2 here" },
        { { "seed", "1", NULL }, { "seed", "1 ", NULL }, "seed: 1 there, 1  here" },
        { { "seed", "1", NULL }, { NULL }, "seed: 1 there, nothing here" },
        { { NULL }, { "rtt", "1s", NULL }, "rtt: nothing there, 1s here" },
        { { "seed", "1", "trials", "5", NULL },
          { "trials", "6", "seed", "2", NULL },
          "seed: 1 there, 2 here" },
        { { "shard", "1/2", "seed", "1", NULL },
          { "shard", "2/2", "seed", "3", NULL },
          "seed: 1 there, 3 here" },
        { { "set n", "1", NULL }, { "set n", "2", NULL }, "set n: 1 there, 2 here" },
        { { "set n", "a\nb", NULL },
          { "set n", "a\nc", NULL },
          "set n: a\\x0ab there, a\\x0ac here" },
        { { TERM_TEXT, "a\nb\nc\n", NULL }, { TERM_TEXT, "a\nb\nc\n", NULL }, NULL },
        { { TERM_TEXT, "a\n  b\nc\n", NULL },
          { TERM_TEXT, "a\n  B\nc\n", NULL },
          "line 2 of the scenario: 'b' there, 'B' here" },
        { { TERM_TEXT, "a\nb\n", NULL },
          { TERM_TEXT, "a\nb\nc\n", NULL },
          "line 3 of the scenario: '' there, 'c' here" },
        { { TERM_TEXT, "ab\n", NULL },
          { TERM_TEXT, "a\n", NULL },
          "line 1 of the scenario: 'ab' there, 'a' here" },
        { { TERM_TEXT, "", NULL },
          { TERM_TEXT, "a\n", NULL },
          "line 1 of the scenario: '' there, 'a' here" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct terms a = terms_of(rows[i].a), b = terms_of(rows[i].b);
        char text[400] = "untouched";
        bool differ = terms_difference(&a, "there", &b, "here", own, text, sizeof(text));

        cr_expect_eq(differ, rows[i].says != NULL, "row %zu: %s", i, text);
        cr_expect_str_eq(text, rows[i].says ? rows[i].says : "untouched");
        terms_release(&a);
        terms_release(&b);
    }
}

/* Whatever the buffer, it holds the beginning of the words, and nothing is written behind
 * it. */
Test(terms, differences_fit)
{
    static const char *const a_pairs[] = { TERM_TEXT, "one line\nanother\n", NULL };
    static const char *const b_pairs[] = { TERM_TEXT, "one line\nsomething\n", NULL };
    struct terms a = terms_of(a_pairs), b = terms_of(b_pairs);
    char whole[400];

    cr_assert(terms_difference(&a, "there", &b, "here", NULL, whole, sizeof(whole)));
    for (size_t size = 1; size < 80; size++) {
        char text[100];

        memset(text, '#', sizeof(text));
        cr_expect(terms_difference(&a, "there", &b, "here", NULL, text, size));
        cr_expect_lt(strlen(text), size);
        cr_expect_eq(strncmp(text, whole, strlen(text)), 0, "%s", text);
        cr_expect_eq(text[size], '#');
    }
    terms_release(&a);
    terms_release(&b);
}
