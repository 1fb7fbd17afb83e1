/* ttls.c - times to live of what is told by a file: found by key and field. */
#include <criterion/criterion.h>

#include "base/mem.h"
#include "state/snapshot.h"

#define T(key, field, ms)                                                                \
    {                                                                                    \
        { key, sizeof(key) - 1 }, { field, sizeof(field) - 1 }, ms                       \
    }

/* In their order: the key itself comes before its fields. */
static struct ttl items[] = {
    T("a", "", 1000),  T("a\0", "", 2000), T("b", "f", 3000),
    T("b", "g", 4000), T("bb", "", 0),
};
static const struct ttls ttls = { items, ARRAY_SIZE(items) };

static const struct {
    struct str key, field;
    int64_t ms;
} cases[] = {
    { STR("a"), STR(""), 1000 },  { STR("a\0"), STR(""), 2000 },
    { STR("b"), STR("f"), 3000 }, { STR("b"), STR("g"), 4000 },
    { STR("bb"), STR(""), 0 },    { STR("b"), STR(""), -1 },
    { STR("a"), STR("f"), -1 },   { STR("c"), STR(""), -1 },
    { STR(""), STR(""), -1 },
};

Test(ttls, are_found)
{
    const struct snapshot snapshot = { .told = &ttls };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cr_expect_eq(ttls_find(&ttls, cases[i].key, cases[i].field), cases[i].ms, "%zu",
                     i);
        cr_expect_eq(snapshot_ttl_ms(&snapshot, cases[i].key, cases[i].field),
                     cases[i].ms, "%zu", i);
    }
}

Test(ttls, are_in_order)
{
    for (size_t i = 1; i < ARRAY_SIZE(items); i++)
        cr_expect_lt(ttl_compare_place(&items[i - 1], &items[i]), 0, "%zu", i);
}

Test(ttls, of_nothing)
{
    static const struct ttls none = TTLS_NULL;
    struct snapshot nothing = SNAPSHOT_NULL;
    struct ttls found = ttls_of(&nothing);

    cr_expect_eq(ttls_find(&none, STR("a"), STR("")), -1);
    cr_expect_eq(found.count, 0);
    ttls_release(&found);
    ttls_release(&found);
}
