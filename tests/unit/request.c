/* request: what a run was asked for becomes text and the same again, what is not
 * understood is refused with the option's name, and the first difference between two is
 * told in words that help. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/request.h"

#define MOST 4

/* Name, value, name, value...; ends with NULL. "set" is an assignment. */
static struct request request_of(const char *const *pairs)
{
    struct request request = { .text = NULL, .shard = SHARD_WHOLE };

    for (size_t i = 0; pairs[i]; i += 2) {
        struct err err = ERR_NULL;

        if (strcmp(pairs[i], "set") == 0)
            request_assign(&request, pairs[i + 1]);
        else
            cr_assert_eq(request_set(&request, pairs[i], pairs[i + 1], &err), 0, "%s",
                         err.msg);
    }
    return request;
}

static char *text_of(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request_items; i++)
        if (strcmp(request_item_name(i), name) == 0)
            return request_item_text(request, i);
    cr_assert_fail("there is no item '%s'", name);
    return NULL;
}

Test(request, items_are_in_order)
{
    for (size_t i = 1; i < request_items; i++)
        cr_expect_lt(strcmp(request_item_name(i - 1), request_item_name(i)), 0);
}

/* What a text becomes when it is printed; the canonical form is its own. */
Test(request, becomes_text_and_the_same_again)
{
    static const struct {
        const char *name, *given, *printed; /* NULL: not asked for */
    } rows[] = {
        { "confidence", "0.950", "0.95" },
        { "confidence", "0.999999999", "0.999999999" },
        { "fault", "step,kill", "step,kill" },
        { "killer", "parent", "parent" },
        { "killer", "timer", "timer" },
        { "now", "0", "0" },
        { "now", "1099511627776", "1099511627776" },
        { "rtt", "500us", "0.000500000s" },
        { "rtt", "0.5ms", "0.000500000s" },
        { "rtt", "0s", NULL },
        { "scenario.text", "", "" },
        { "scenario.text", "return {\n}\n", "return {\n}\n" },
        { "seed", "9223372036854775807", "9223372036854775807" },
        { "seed", "007", "7" },
        { "shard", "2/4", "2/4" },
        { "strategy", "a,b", "a,b" },
        { "time", "1.5m", "90.000000000s" },
        { "time", "2h", "7200.000000000s" },
        { "timeout", "1e1", "10" },
        { "transport", "tcp", "tcp" },
        { "trials", "1000000000", "1000000000" },
        { "until-below", "1e-4", "0.0001" },
        { "until-width", "0.01", "0.01" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *const pairs[] = { rows[i].name, rows[i].given, NULL };
        struct request request = request_of(pairs), copy;
        char *text = text_of(&request, rows[i].name), *again;
        struct err err = ERR_NULL;

        cr_expect_eq(!text, !rows[i].printed, "%s", rows[i].name);
        cr_expect_str_eq(text ? text : "", rows[i].printed ? rows[i].printed : "");
        request_copy(&copy, &request);
        if (text)
            cr_expect_eq(request_set(&copy, rows[i].name, text, &err), 0, "%s", err.msg);
        again = text_of(&copy, rows[i].name);
        cr_expect_str_eq(again ? again : "", text ? text : "");
        request_release(&request);
        request_release(&request);
        request_release(&copy);
        free(text);
        free(again);
    }
}

Test(request, refuses_what_it_does_not_understand)
{
    static const struct {
        const char *name, *value, *says;
    } rows[] = {
        { "confidence", "1", "--confidence '1': expected a number between 0 and 1" },
        { "confidence", "0", "--confidence '0': expected a number between 0 and 1" },
        { "confidence", "nan", "--confidence 'nan': expected a number between 0 and 1" },
        { "confidence", " 0.5", "--confidence ' 0.5': expected a number" },
        { "killer", "nobody", "--killer 'nobody': expected timer or parent" },
        { "killer", "", "--killer '': expected timer or parent" },
        { "now", "1099511627777", "--now '1099511627777': expected a whole number" },
        { "rtt", "5", "--rtt '5': expected a duration like 500us, 2ms or 0.1s" },
        { "rtt", "1.1s", "--rtt '1.1s': expected a duration" },
        { "rtt", "0x1p3s", "--rtt '0x1p3s': expected a duration" },
        { "rtt", "1m", "--rtt '1m': expected a duration" },
        { "seed", "-1",
          "--seed '-1': expected a whole number from 0 to "
          "9223372036854775807" },
        { "seed", "9223372036854775808", "expected a whole number" },
        { "seed", "1 ", "--seed '1 ': expected a whole number" },
        { "seed", "", "--seed '': expected a whole number" },
        { "shard", "5/4", "--shard '5/4': there is no such shard" },
        { "shard", "auto", "--shard 'auto': expected i/n" },
        { "time", "0s", "--time '0s': expected a duration like 60s, 10m or 1h" },
        { "timeout", "0", "--timeout '0': expected a number between 0 and 1e+06" },
        { "transport", "udp", "--transport 'udp': expected unix or tcp" },
        { "trials", "1000000001",
          "--trials '1000000001': expected a whole number from 0 "
          "to 1000000000" },
        { "until-below", "1", "--until-below '1': expected a number between 0 and 1" },
        { "lanes", "2", "'lanes'" },
        { "", "2", "''" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct request request = { .seed = 5, .shard = SHARD_WHOLE }, before = request;
        struct err err = ERR_NULL;

        cr_expect_eq(request_set(&request, rows[i].name, rows[i].value, &err), ERR_USAGE,
                     "%s '%s'", rows[i].name, rows[i].value);
        cr_expect_not_null(strstr(err.msg, rows[i].says), "%s", err.msg);
        cr_expect_eq(memcmp(&request, &before, sizeof(request)), 0, "%s: changed",
                     rows[i].name);
        request_release(&request);
    }
}

Test(request, copies_own_what_they_have)
{
    char assignment[] = "jobs=5", text[] = "return {}";
    const char *const pairs[] = { "set", assignment, "scenario.text", text, NULL };
    struct request request = request_of(pairs), copy;

    memset(assignment, 'x', 4);
    memset(text, 'x', 6);
    request_copy(&copy, &request);
    request_release(&request);
    cr_assert_eq(copy.assignment_count, 1);
    cr_expect_str_eq(copy.assignments[0], "jobs=5", "texts are copied");
    cr_expect_str_eq(copy.text, "return {}");
    cr_expect_null(copy.strategies);
    request_release(&copy);
    cr_expect_eq(copy.assignment_count, 0);
}

Test(request, differences)
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
        { { "now", "1", NULL }, { "now", "2", NULL }, NULL },
        { { "scenario.path", "/a.lua", NULL },
          { "scenario.path", "/b.lua", NULL },
          NULL },
        { { "scenario.sha1", "a", NULL }, { "scenario.sha1", "b", NULL }, NULL },
        { { "seed", "1", NULL }, { "seed", "2", NULL }, "seed: 1 there, 2 here" },
        { { "strategy", "a", NULL },
          { "strategy", "a ", NULL },
          "strategy: a there, a  here" },
        { { "strategy", "a", NULL }, { NULL }, "strategy: a there, nothing here" },
        { { NULL }, { "rtt", "1s", NULL }, "rtt: nothing there, 1.000000000s here" },
        { { "until-width", "0.1", NULL },
          { NULL },
          "until-width: 0.1 there, nothing here" },
        { { "seed", "1", "trials", "5", NULL },
          { "trials", "6", "seed", "2", NULL },
          "seed: 1 there, 2 here" },
        { { "shard", "1/2", "seed", "1", NULL },
          { "shard", "2/2", "seed", "3", NULL },
          "seed: 1 there, 3 here" },
        { { "set", "n=1", NULL }, { "set", "n=1", NULL }, NULL },
        { { "set", "n=1", NULL }, { "set", "n=2", NULL }, "set n: 1 there, 2 here" },
        { { "set", "n=1", NULL }, { NULL }, "set n: 1 there, nothing here" },
        { { NULL }, { "set", "n=1", NULL }, "set n: nothing there, 1 here" },
        { { "set", "n=1", "set", "nn=2", NULL },
          { "set", "nn=2", "set", "n=1", NULL },
          NULL },
        { { "set", "n=1", NULL },
          { "set", "nn=1", NULL },
          "set n: 1 there, nothing here" },
        { { "set", "n=a\nb", NULL },
          { "set", "n=a\nc", NULL },
          "set n: a\\x0ab there, a\\x0ac here" },
        { { "scenario.text", "a\nb\nc\n", NULL },
          { "scenario.text", "a\nb\nc\n", NULL },
          NULL },
        { { "scenario.text", "a\n  b\nc\n", NULL },
          { "scenario.text", "a\n  B\nc\n", NULL },
          "line 2 of the scenario: 'b' there, 'B' here" },
        { { "scenario.text", "a\nb\n", NULL },
          { "scenario.text", "a\nb\nc\n", NULL },
          "line 3 of the scenario: '' there, 'c' here" },
        { { "scenario.text", "ab\n", NULL },
          { "scenario.text", "a\n", NULL },
          "line 1 of the scenario: 'ab' there, 'a' here" },
        { { "scenario.text", "", NULL },
          { "scenario.text", "a\n", NULL },
          "line 1 of the scenario: '' there, 'a' here" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct request a = request_of(rows[i].a), b = request_of(rows[i].b);
        char text[400] = "untouched";
        bool differ =
            request_difference(&a, "there", &b, "here", own, text, sizeof(text));

        cr_expect_eq(differ, rows[i].says != NULL, "row %zu: %s", i, text);
        cr_expect_str_eq(text, rows[i].says ? rows[i].says : "untouched");
        request_release(&a);
        request_release(&b);
    }
}

/* Whatever the buffer, it holds the beginning of the words, and nothing is written behind
 * it. */
Test(request, differences_fit)
{
    static const char *const a_pairs[] = { "scenario.text", "one line\nanother\n", NULL };
    static const char *const b_pairs[] = { "scenario.text", "one line\nsomething\n",
                                           NULL };
    struct request a = request_of(a_pairs), b = request_of(b_pairs);
    char whole[400];

    cr_assert(request_difference(&a, "there", &b, "here", NULL, whole, sizeof(whole)));
    for (size_t size = 1; size < 80; size++) {
        char text[100];

        memset(text, '#', sizeof(text));
        cr_expect(request_difference(&a, "there", &b, "here", NULL, text, size));
        cr_expect_lt(strlen(text), size);
        cr_expect_eq(strncmp(text, whole, strlen(text)), 0, "%s", text);
        cr_expect_eq(text[size], '#');
    }
    request_release(&a);
    request_release(&b);
}
