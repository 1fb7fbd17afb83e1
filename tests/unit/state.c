/* state: a bag of atoms. Its signature sees everything that makes two bags different and
 * nothing else; differences and atoms are shown in words. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "state/state.h"

#define BYTES(literal)                                                                   \
    {                                                                                    \
        (literal), sizeof(literal) - 1                                                   \
    }

#define ATOM(key_, type_, id_, value_, expiry_)                                          \
    {                                                                                    \
        .key = BYTES(key_), .type = BYTES(type_), .id = BYTES(id_),                      \
        .value = BYTES(value_), .expiry = (expiry_)                                      \
    }

/* All different, most of them in one part only, or by one byte that stands in another
 * part. */
static const struct atom atoms[] = {
    ATOM("work", "hash", "t1", "job", EXPIRY_NEVER),
    ATOM("work", "hash", "t1", "job", EXPIRY_BOUNDED),
    ATOM("work", "hash", "t1", "job", EXPIRY_BEYOND),
    ATOM("work", "hash", "t1", "jo", EXPIRY_NEVER),
    ATOM("work", "hash", "t1", "job\0", EXPIRY_NEVER),
    ATOM("work", "hash", "t1", "", EXPIRY_NEVER),
    ATOM("work", "hash", "t2", "job", EXPIRY_NEVER),
    ATOM("work", "hash", "", "t1job", EXPIRY_NEVER),
    ATOM("work", "hash", "t1job", "", EXPIRY_NEVER),
    ATOM("work", "hash", "t1j", "ob", EXPIRY_NEVER),
    ATOM("work", "hasht", "1", "job", EXPIRY_NEVER),
    ATOM("work", "zset", "t1", "job", EXPIRY_NEVER),
    ATOM("wor", "khash", "t1", "job", EXPIRY_NEVER),
    ATOM("works", "hash", "t1", "job", EXPIRY_NEVER),
    ATOM("", "hash", "t1", "job", EXPIRY_NEVER),
    ATOM("\0\0", "hash", "t1", "job", EXPIRY_NEVER),
    ATOM("\0", "hash", "\0t1", "job", EXPIRY_NEVER),
};

/* The signature of the atoms of these indices; -1 ends the list. */
static struct signature signature_of(const int *indices)
{
    struct state state = STATE_NULL;
    struct signature signature;

    for (; *indices >= 0; indices++)
        state_add(&state, atoms[*indices]);
    signature = state_signature(&state);
    state_release(&state);
    return signature;
}
#define SIGNATURE(...) signature_of((const int[]){ __VA_ARGS__, -1 })

Test(signature, sees_every_part_of_an_atom)
{
    for (int i = 0; i < (int)ARRAY_SIZE(atoms); i++) {
        for (int j = 0; j < i; j++) {
            cr_expect(!signature_equal(SIGNATURE(i), SIGNATURE(j)), "%d and %d", i, j);
            cr_expect_neq(atom_compare(&atoms[i], &atoms[j]), 0, "%d and %d", i, j);
            cr_expect(!signature_equal(SIGNATURE(i, j), SIGNATURE(i)), "%d with %d", i,
                      j);
            cr_expect(!signature_equal(SIGNATURE(i, j), SIGNATURE(i, i)), "%d with %d", i,
                      j);
            cr_expect(!signature_equal(SIGNATURE(i, i), SIGNATURE(j, j)),
                      "%d and %d twice", i, j);
        }
        cr_expect(signature_equal(SIGNATURE(i), SIGNATURE(i)));
    }
}

/* Parts that change places between two atoms: the sum over both must not stay the
 * same. */
Test(signature, sees_which_parts_belong_together)
{
    static const struct atom a1 = ATOM("k", "hash", "a", "1", 0);
    static const struct atom b2 = ATOM("k", "hash", "b", "2", 0);
    static const struct atom a2 = ATOM("k", "hash", "a", "2", 0);
    static const struct atom b1 = ATOM("k", "hash", "b", "1", 0);
    struct state straight = STATE_NULL, crossed = STATE_NULL;

    state_add(&straight, a1);
    state_add(&straight, b2);
    state_add(&crossed, a2);
    state_add(&crossed, b1);
    cr_expect(!signature_equal(state_signature(&straight), state_signature(&crossed)));
    state_release(&straight);
    state_release(&crossed);
}

Test(signature, does_not_see_order_but_number)
{
    struct signature once = SIGNATURE(0, 6, 11, 16);

    cr_expect(signature_equal(once, SIGNATURE(16, 11, 6, 0)));
    cr_expect(signature_equal(once, SIGNATURE(6, 0, 16, 11)));
    cr_expect(!signature_equal(once, SIGNATURE(0, 6, 11)));
    cr_expect(!signature_equal(once, SIGNATURE(0, 0, 6, 11, 16)));
    cr_expect(!signature_equal(SIGNATURE(0), SIGNATURE(0, 0)));
    cr_expect(!signature_equal(SIGNATURE(0, 0), SIGNATURE(0, 0, 0)));
    cr_expect(!signature_equal(SIGNATURE(0, 0, 6), SIGNATURE(0, 6, 6)));
    cr_expect(!signature_equal(SIGNATURE(-1), SIGNATURE(14)),
              "nothing is not an empty key");
}

Test(signature, sorting_and_clearing_change_nothing)
{
    struct state state = STATE_NULL;
    struct signature unsorted;

    for (size_t i = ARRAY_SIZE(atoms); i-- > 0;)
        state_add(&state, atoms[i]);
    unsorted = state_signature(&state);
    state_sort(&state);
    cr_expect(signature_equal(unsorted, state_signature(&state)));
    for (size_t i = 1; i < state.count; i++)
        cr_expect_lt(atom_compare(&state.atoms[i - 1], &state.atoms[i]), 0, "atom %zu",
                     i);
    state_add(&state, atoms[0]); /* behind the last: a sorted state is none any more */
    state_sort(&state);
    for (size_t i = 1; i < state.count; i++)
        cr_expect_leq(atom_compare(&state.atoms[i - 1], &state.atoms[i]), 0, "atom %zu",
                      i);
    state_clear(&state);
    cr_expect(signature_equal(state_signature(&state), SIGNATURE(-1)));
    state_release(&state);
    state_release(&state);
}

Test(atoms, place_is_key_type_and_id)
{
    static const struct {
        int a, b;
        bool same_place;
    } cases[] = {
        { 0, 1, true },   { 0, 3, true },   { 0, 5, true },    { 0, 6, false },
        { 0, 11, false }, { 0, 13, false }, { 14, 15, false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        cr_expect_eq(atom_compare_place(&atoms[cases[i].a], &atoms[cases[i].b]) == 0,
                     cases[i].same_place, "%d and %d", cases[i].a, cases[i].b);
}

Test(atoms, are_described_in_words)
{
    static const struct {
        struct atom atom;
        const char *words[4]; /* that must be there, in this order */
    } cases[] = {
        { ATOM("app:work", "hash", "t1", "job", EXPIRY_NEVER),
          { "hash 'app:work", "'t1'", "'job'", "never expires" } },
        { ATOM("s", "string", "", "v", EXPIRY_BOUNDED),
          { "string 's'", "'v'", "with an expiry", "" } },
        { ATOM("s", "set", "m", "", EXPIRY_BEYOND),
          { "set 's", "'m'", "later than is right", "" } },
        { ATOM("a\0b", "hash", "\xff", "\n\x7f", EXPIRY_NEVER),
          { "hash 'a\\x00b", "'\\xff'", "'\\x0a\\x7f'", "never" } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char buffer[200];
        const char *at = buffer;

        atom_describe(buffer, sizeof(buffer), &cases[i].atom);
        for (size_t w = 0; w < 4 && at; w++) {
            at = strstr(at, cases[i].words[w]);
            cr_expect_not_null(at, "'%s' does not say %s", buffer, cases[i].words[w]);
        }
    }
}

Test(atoms, descriptions_are_cut)
{
    static char long_text[1000];
    struct atom atom = { .key = { long_text, sizeof(long_text) },
                         .type = BYTES("hash"),
                         .id = { long_text, sizeof(long_text) },
                         .value = { long_text, sizeof(long_text) } };
    char buffer[300];

    memset(long_text, 'x', sizeof(long_text));
    for (size_t size = 1; size < sizeof(buffer); size++) {
        memset(buffer, '#', sizeof(buffer));
        atom_describe(buffer, size, &atom);
        cr_expect_lt(strlen(buffer), size);
        cr_expect_eq(buffer[size], '#', "size %zu", size);
    }
    cr_expect_not_null(strstr(buffer, "never expires"),
                       "'%s' leaves no room for the rest", buffer);
}

/* What is only in one of the two; the first in order if there is more than one. */
Test(difference, names_an_atom_that_is_in_one_only)
{
    static const struct {
        const char *name;
        int a[5], b[5];
        bool differ;
        const char *says;
    } cases[] = {
        { "both empty", { -1 }, { -1 }, false, "" },
        { "equal", { 0, 6, 11, -1 }, { 11, 0, 6, -1 }, false, "" },
        { "only a", { 0, 6, -1 }, { 0, -1 }, true, "'t2'" },
        { "only b", { -1 }, { 13, -1 }, true, "works" },
        { "a value", { 0, 11, -1 }, { 3, 11, -1 }, true, "'jo'" },
        { "an expiry", { 0, -1 }, { 1, -1 }, true, "never" },
        { "one more", { 0, 0, -1 }, { 0, -1 }, true, "'job'" },
        { "the first", { 6, 13, 11, -1 }, { 11, -1 }, true, "'t2'" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct state a = STATE_NULL, b = STATE_NULL;
        char forth[200], back[200];

        for (const int *n = cases[i].a; *n >= 0; n++)
            state_add(&a, atoms[*n]);
        for (const int *n = cases[i].b; *n >= 0; n++)
            state_add(&b, atoms[*n]);
        state_sort(&a);
        state_sort(&b);
        cr_expect_eq(state_difference(&a, &b, forth, sizeof(forth)), cases[i].differ,
                     "%s", cases[i].name);
        cr_expect_eq(state_difference(&b, &a, back, sizeof(back)), cases[i].differ, "%s",
                     cases[i].name);
        cr_expect_not_null(strstr(forth, cases[i].says), "%s: '%s'", cases[i].name,
                           forth);
        cr_expect_str_eq(forth, back, "%s", cases[i].name);
        cr_expect_eq(forth[0] != '\0', cases[i].differ);
        state_release(&a);
        state_release(&b);
    }
}
