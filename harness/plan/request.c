/* request.c - see request.h. */
#include "plan/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

void terms_add(struct terms *terms, const char *name, const char *value)
{
    terms->items = mem_grow(terms->items, terms->count + 1, sizeof(*terms->items));
    terms->items[terms->count++] = (struct term){ mem_strdup(name), mem_strdup(value) };
}

void terms_print(struct terms *terms, const char *name, const char *format, ...)
{
    char value[128];
    va_list args;

    va_start(args, format);
    vsnprintf(value, sizeof(value), format, args);
    va_end(args);
    terms_add(terms, name, value);
}

void terms_release(struct terms *terms)
{
    for (size_t i = 0; i < terms->count; i++) {
        free(terms->items[i].name);
        free(terms->items[i].value);
    }
    free(terms->items);
    *terms = (struct terms)TERMS_NULL;
}

const char *terms_get(const struct terms *terms, const char *name)
{
    for (size_t i = 0; i < terms->count; i++)
        if (strcmp(terms->items[i].name, name) == 0)
            return terms->items[i].value;
    return NULL;
}

bool term_is_parameter(const struct term *term)
{
    return strncmp(term->name, TERM_PARAMETER, strlen(TERM_PARAMETER)) == 0;
}

bool term_is_option(const struct term *term)
{
    return !term_is_parameter(term) &&
           strncmp(term->name, TERM_FACT, strlen(TERM_FACT)) != 0;
}

/* The first line in which two texts differ, and where both come to it. */
static size_t first_line(const char **a, const char **b)
{
    size_t line = 1;

    for (;; line++) {
        size_t m = strcspn(*a, "\n"), n = strcspn(*b, "\n");

        if (m != n || strncmp(*a, *b, m) != 0 || !(*a)[m] || !(*b)[n])
            return line;
        *a += m + 1;
        *b += n + 1;
    }
}

/* A line is shown without what it is indented by; other values as a whole. */
static void show(char *buffer, size_t size, const char *text, bool line)
{
    if (line)
        text += strspn(text, " ");
    str_show(buffer, size,
             (struct str){ text, line ? strcspn(text, "\n") : strlen(text) });
}

static void describe(const char *name, const char *a, const char *was, const char *b,
                     const char *is, char *buffer, size_t size)
{
    char left[96], right[96];
    size_t line = 0;

    if (strcmp(name, TERM_TEXT) == 0)
        line = first_line(&a, &b);
    show(left, sizeof(left), a, line > 0);
    show(right, sizeof(right), b, line > 0);
    if (line)
        snprintf(buffer, size, "line %zu of the scenario: '%s' %s, '%s' %s", line, left,
                 was, right, is);
    else
        snprintf(buffer, size, "%s: %s %s, %s %s", name, left[0] ? left : "nothing", was,
                 right[0] ? right : "nothing", is);
}

static bool is_among(const char *name, const char *const *names)
{
    for (size_t i = 0; names && names[i]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

bool terms_difference(const struct terms *a, const char *was, const struct terms *b,
                      const char *is, const char *const *own, char *buffer, size_t size)
{
    for (size_t i = 0; i < a->count + b->count; i++) {
        const char *name = i < a->count ? a->items[i].name : b->items[i - a->count].name;
        const char *left = terms_get(a, name), *right = terms_get(b, name);

        if (is_among(name, own) || (left && right && strcmp(left, right) == 0))
            continue;
        describe(name, left ? left : "", was, right ? right : "", is, buffer, size);
        return true;
    }
    return false;
}
