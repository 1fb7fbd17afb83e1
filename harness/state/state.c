/* state.c - see state.h. */
#include "state/state.h"

#include <assert.h>
#include <stdlib.h>
#include <xxhash.h>

#include "base/mem.h"
#include "base/printable.h"

void state_add(struct state *state, struct atom atom)
{
    if (state->count == state->room) {
        state->room = state->room ? 2 * state->room : 16;
        state->atoms = mem_grow(state->atoms, state->room, sizeof(*state->atoms));
    }
    state->atoms[state->count++] = atom;
    state->sorted = false;
}

void state_clear(struct state *state)
{
    state->count = 0;
    state->sorted = false;
}

void state_release(struct state *state)
{
    free(state->atoms);
    *state = STATE_NULL;
}

bool atom_same_key(const struct atom *a, const struct atom *b)
{
    return str_compare(a->key, b->key) == 0 && str_compare(a->type, b->type) == 0;
}

int atom_compare_place(const struct atom *a, const struct atom *b)
{
    int order = str_compare(a->key, b->key);

    if (!order)
        order = str_compare(a->type, b->type);
    return order ? order : str_compare(a->id, b->id);
}

int atom_compare(const struct atom *a, const struct atom *b)
{
    int order = atom_compare_place(a, b);

    if (!order)
        order = str_compare(a->value, b->value);
    return order ? order : (int)a->expiry - (int)b->expiry;
}

static int compare(const void *a, const void *b)
{
    return atom_compare(a, b);
}

void state_sort(struct state *state)
{
    if (!state->sorted && state->count)
        qsort(state->atoms, state->count, sizeof(*state->atoms), compare);
    state->sorted = true;
}

/* The first atom that does not come before this one. */
static size_t not_before(const struct state *state, const struct atom *atom)
{
    size_t from = 0, to = state->count;

    assert(state->sorted);
    while (from < to) {
        size_t middle = from + (to - from) / 2;

        if (atom_compare(&state->atoms[middle], atom) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

size_t state_copies(const struct state *state, const struct atom *atom)
{
    size_t first = not_before(state, atom), at = first;

    while (at < state->count && atom_compare(&state->atoms[at], atom) == 0)
        at++;
    return at - first;
}

const struct atom *state_at_place(const struct state *state, const struct atom *atom)
{
    const struct atom least = { .key = atom->key, .type = atom->type, .id = atom->id };
    size_t at = not_before(state, &least);
    const struct atom *found = at < state->count ? &state->atoms[at] : NULL;

    return found && atom_compare_place(found, atom) == 0 ? found : NULL;
}

const struct atom *state_of_key(const struct state *state, const struct atom *atom)
{
    const struct atom least = { .key = atom->key };
    size_t at = not_before(state, &least);
    const struct atom *found = at < state->count ? &state->atoms[at] : NULL;

    return found && str_compare(found->key, atom->key) == 0 ? found : NULL;
}

/* Each part is hashed with the one before it as seed, so that ("ab", "c") is not ("a",
 * "bc"). */
static XXH128_hash_t atom_hash(const struct atom *atom)
{
    XXH64_hash_t seed = XXH3_64bits_withSeed(atom->key.bytes, atom->key.length,
                                             (XXH64_hash_t)atom->expiry);

    seed = XXH3_64bits_withSeed(atom->type.bytes, atom->type.length, seed);
    seed = XXH3_64bits_withSeed(atom->id.bytes, atom->id.length, seed);
    return XXH3_128bits_withSeed(atom->value.bytes, atom->value.length, seed);
}

struct signature state_signature(const struct state *state)
{
    unsigned __int128 sum = state->count;

    for (size_t i = 0; i < state->count; i++) {
        XXH128_hash_t hash = atom_hash(&state->atoms[i]);

        sum += (unsigned __int128)hash.high64 << 64 | hash.low64;
    }
    return (struct signature){ (uint64_t)sum, (uint64_t)(sum >> 64) };
}

void atom_describe(char *buffer, size_t size, const struct atom *atom)
{
    static const char *const expiries[] = {
        [EXPIRY_NEVER] = "which never expires",
        [EXPIRY_BOUNDED] = "with an expiry",
        [EXPIRY_BEYOND] = "with an expiry later than is right",
    };
    FILE *out = fmemopen(buffer, size, "w");

    if (!out)
        return;
    str_print(out, atom->type, 20);
    fputs(" '", out);
    str_print_text(out, atom->key, 80);
    if (atom_element(atom).length) {
        fputs("', element '", out);
        str_print_text(out, atom_element(atom), 60);
    }
    if (atom->value.length) {
        fputs("' = '", out);
        str_print_text(out, atom->value, 40);
    }
    fprintf(out, "', %s", expiries[atom->expiry]);
    fclose(out);
    buffer[size - 1] = '\0';
    printable_trim(buffer);
}

bool state_difference(const struct state *a, const struct state *b, char *buffer,
                      size_t size)
{
    size_t i = 0, j = 0;

    assert(a->sorted && b->sorted);
    while (i < a->count && j < b->count && atom_compare(&a->atoms[i], &b->atoms[j]) == 0)
        i++, j++;
    buffer[0] = '\0';
    if (i == a->count && j == b->count)
        return false;
    if (j == b->count || (i < a->count && atom_compare(&a->atoms[i], &b->atoms[j]) < 0))
        atom_describe(buffer, size, &a->atoms[i]);
    else
        atom_describe(buffer, size, &b->atoms[j]);
    return true;
}
