/* atom_words.c - see atom_words.h. */
#include "state/atom_words.h"

#include "base/mem.h"

const char *const atom_expiries[] = { " without an expiry", " with an expiry",
                                      " with a later expiry" };

bool atom_expires(const struct atom *atom)
{
    return atom && atom->expiry != EXPIRY_NEVER;
}

bool atom_persists(const struct atom *atom)
{
    return atom && atom->expiry == EXPIRY_NEVER;
}

bool atom_is_string(const struct atom *atom)
{
    return str_compare(atom->type, STR("string")) == 0;
}

bool atom_same_value(const struct atom *a, const struct atom *b)
{
    return str_compare(a->value, b->value) == 0;
}

void atom_print_quoted(FILE *out, struct str text, size_t columns)
{
    fputc('\'', out);
    str_print_text(out, text, columns);
    fputc('\'', out);
}

void atom_print_key(FILE *out, const struct atom *atom)
{
    str_print(out, atom->type, ATOM_ELEMENT_COLUMNS);
    fputc(' ', out);
    atom_print_quoted(out, atom->key, ATOM_KEY_COLUMNS);
}

/* A key that has no elements is there or not, as a whole. */
bool atom_is_whole(const struct atom *atom)
{
    return !atom->id.length && !atom->value.length && !atom_is_string(atom);
}

void atom_print_content(FILE *out, const struct atom *atom)
{
    struct str element = atom_element(atom);

    if (element.length)
        atom_print_quoted(out, element, ATOM_KEY_COLUMNS);
    if (element.length && atom->value.length)
        fputs(" = ", out);
    if (atom->value.length || !element.length)
        atom_print_quoted(out, atom->value, ATOM_ELEMENT_COLUMNS);
}

/* "hash 'work', element 'a' = '1'", "string 'lock' = 'me'" */
void atom_print(FILE *out, const struct atom *atom)
{
    atom_print_key(out, atom);
    if (atom_is_whole(atom))
        return;
    fputs(atom->id.length ? ", element " : " = ", out);
    atom_print_content(out, atom);
}

void atom_print_times(FILE *out, size_t times)
{
    static const char *const few[] = { "not at all", "once", "twice" };

    if (times < ARRAY_SIZE(few))
        fputs(few[times], out);
    else
        fprintf(out, "%zu times", times);
}
