/* sweep.c - see sweep.h. */
#include "result/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "result/range.h"
#include "result/tally.h"

void sweep_init(struct sweep *sweep)
{
    *sweep = (struct sweep){ .wanted = 1 };
}

static void forget_values(struct sweep *sweep)
{
    for (size_t i = 0; sweep->values && i < sweep->wanted; i++)
        free(sweep->values[i]);
    free(sweep->values);
    free(sweep->parameter);
    sweep->values = NULL;
    sweep->parameter = NULL;
}

void sweep_release(struct sweep *sweep)
{
    for (size_t i = 0; i < sweep->count; i++) {
        result_release(&sweep->results[i]);
        if (sweep->requests)
            request_release(&sweep->requests[i]);
        if (sweep->directories)
            free(sweep->directories[i]);
    }
    free(sweep->requests);
    free(sweep->directories);
    free(sweep->results);
    free(sweep->outlines);
    forget_values(sweep);
    sweep_init(sweep);
}

static void add_value(struct sweep *sweep, const char *value)
{
    sweep->values = mem_grow(sweep->values, sweep->wanted + 1, sizeof(*sweep->values));
    sweep->values[sweep->wanted++] = mem_strdup(value);
}

/* A value, or the values of a range. */
static int add_values(struct sweep *sweep, const char *text, struct err *err)
{
    char **values;
    size_t count;

    if (!range_is_one(text)) {
        add_value(sweep, text);
        return 0;
    }
    if (range_values(text, &values, &count, err) < 0)
        return err->code;
    for (size_t i = 0; i < count; i++) {
        add_value(sweep, values[i]);
        free(values[i]);
    }
    free(values);
    return 0;
}

int sweep_parse(struct sweep *sweep, const char *text, struct err *err)
{
    const char *equals = strchr(text, '=');
    CLEANUP(mem_freep) char *copy = NULL;
    char *rest, *value;

    if (!equals || equals == text)
        return err_set(err, ERR_USAGE, "--sweep '%.100s': expected NAME=V1,V2,...", text);
    if (sweep->parameter)
        return err_set(err, ERR_USAGE,
                       "--sweep is there twice, for %s and for %.*s; sweep one parameter "
                       "at a time",
                       sweep->parameter, (int)(equals - text), text);
    sweep->parameter = mem_strdup(text);
    sweep->parameter[equals - text] = '\0';
    sweep->wanted = 0;
    copy = mem_strdup(equals + 1);
    rest = copy;
    while ((value = strsep(&rest, ","))) {
        if (!*value)
            return err_set(err, ERR_USAGE,
                           "--sweep '%.100s': value %zu is empty; expected "
                           "NAME=V1,V2,...",
                           text, sweep->wanted + 1);
        if (add_values(sweep, value, err) < 0)
            return err_wrap(err, "--sweep %s", sweep->parameter);
    }
    return 0;
}

static const struct parameter *swept(const struct sweep *sweep, size_t run)
{
    const struct outline *scenario = sweep->outlines[run];
    size_t i = 0;

    while (strcmp(scenario->parameters[i].name, sweep->parameter) != 0)
        i++; /* it is there: the scenario has taken its value */
    return &scenario->parameters[i];
}

static bool is_number(const struct parameter *parameter)
{
    return !parameter->is_text && !parameter->is_flag;
}

static bool same(const struct parameter *a, const struct parameter *b)
{
    return is_number(a) ? !(strtod(a->value, NULL) < strtod(b->value, NULL)) &&
                              !(strtod(a->value, NULL) > strtod(b->value, NULL))
                        : strcmp(a->value, b->value) == 0;
}

int sweep_add(struct sweep *sweep, size_t run, const struct outline *outline,
              struct err *err)
{
    if (!sweep->outlines)
        sweep->outlines = mem_alloc(sweep->wanted * sizeof(*sweep->outlines));
    sweep->outlines[run] = outline;
    for (size_t i = 0; sweep->parameter && i < run; i++)
        if (same(swept(sweep, i), swept(sweep, run)))
            return err_set(err, ERR_USAGE,
                           "--sweep %s: '%.60s' and '%.60s' are the same value; give it "
                           "once",
                           sweep->parameter, sweep->values[i], sweep->values[run]);
    return 0;
}

static bool before(const struct sweep *sweep, size_t a, size_t b)
{
    const struct parameter *left = swept(sweep, a), *right = swept(sweep, b);

    return is_number(left) && strtod(left->value, NULL) < strtod(right->value, NULL);
}

size_t *sweep_order(const struct sweep *sweep)
{
    size_t *order = MEM_ARRAY(size_t, sweep->count ? sweep->count : 1);

    for (size_t i = 0; i < sweep->count; i++) {
        size_t at = i;

        for (; at > 0 && before(sweep, i, order[at - 1]); at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

bool sweep_is_numeric(const struct sweep *sweep)
{
    return is_number(swept(sweep, 0));
}

enum exit_status sweep_exit_status(const struct sweep *sweep)
{
    enum exit_status worst = sweep->count ? EXIT_PASS : EXIT_NOTHING_RAN;

    for (size_t i = 0; i < sweep->count; i++)
        worst = exit_status_worse(worst, tally_exit_status(&sweep->results[i]));
    return worst;
}
