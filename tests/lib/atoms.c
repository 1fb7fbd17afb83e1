/* atoms.c - see atoms.h. */
#include "atoms.h"

#include <criterion/criterion.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"

static struct str part(const char **at, const char *ends)
{
    size_t length = strcspn(*at, ends);
    struct str text = { *at, length };

    *at += length;
    return text;
}

/* What stands behind a mark, if the mark is there. */
static struct str marked(const char **at, char mark, const char *ends)
{
    if (**at != mark)
        return STR("");
    ++*at;
    return part(at, ends);
}

struct state atoms_parse(const char *at)
{
    struct state state = STATE_NULL;

    while (*at) {
        struct atom atom = { .type = part(&at, ":") };

        atom.key = marked(&at, ':', ":=~ ");
        atom.id = marked(&at, ':', "=~ ");
        atom.value = marked(&at, '=', "~ ");
        for (; *at == '~'; at++)
            atom.expiry = atom.expiry == EXPIRY_NEVER ? EXPIRY_BOUNDED : EXPIRY_BEYOND;
        cr_assert(*at == ' ' || *at == '\0', "the test itself is wrong at '%s'", at);
        state_add(&state, atom);
        at += *at == ' ';
    }
    state_sort(&state);
    return state;
}

struct state atoms_random(uint64_t number)
{
    static const struct atom atoms[] = {
        { STR("a"), STR("string"), STR(""), STR("1"), EXPIRY_NEVER, STR(""), false },
        { STR("a"), STR("string"), STR(""), STR("2"), EXPIRY_NEVER, STR(""), false },
        { STR("a"), STR("string"), STR(""), STR("2"), EXPIRY_BOUNDED, STR(""), false },
        { STR("h"), STR("hash"), STR("f"), STR("1"), EXPIRY_NEVER, STR(""), false },
        { STR("h"), STR("hash"), STR("f"), STR("2"), EXPIRY_NEVER, STR(""), false },
        { STR("l"), STR("list"), STR("j"), STR(""), EXPIRY_NEVER, STR(""), false },
        { STR("l"), STR("list"), STR("k"), STR(""), EXPIRY_NEVER, STR(""), false },
    };
    size_t count = rng_below(6, 1, number, 0);
    struct state state = STATE_NULL;

    for (size_t i = 0; i < count; i++)
        state_add(&state, atoms[rng_below(ARRAY_SIZE(atoms), 1, number, i + 1)]);
    state_sort(&state);
    return state;
}

struct state atoms_lapsed(const struct state *state)
{
    struct state residue = STATE_NULL;

    for (size_t i = 0; i < state->count; i++)
        if (state->atoms[i].expiry == EXPIRY_NEVER)
            state_add(&residue, state->atoms[i]);
    state_sort(&residue);
    return residue;
}
