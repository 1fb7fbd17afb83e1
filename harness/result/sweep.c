/* sweep.c - see sweep.h. */
#include "result/sweep.h"

#include <stdlib.h>
#include <string.h>

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
    for (size_t i = 0; sweep->scenarios && i < sweep->wanted; i++)
        scenario_free(sweep->scenarios[i]);
    free(sweep->results);
    free(sweep->scenarios);
    forget_values(sweep);
    sweep_init(sweep);
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
        sweep->values =
            mem_grow(sweep->values, sweep->wanted + 1, sizeof(*sweep->values));
        sweep->values[sweep->wanted++] = mem_strdup(value);
    }
    return 0;
}

static const struct parameter *swept(const struct sweep *sweep, size_t run)
{
    const struct outline *scenario = &sweep->scenarios[run]->outline;
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

static int refuse_twice(const struct sweep *sweep, size_t run, struct err *err)
{
    for (size_t i = 0; i < run; i++)
        if (same(swept(sweep, i), swept(sweep, run)))
            return err_set(err, ERR_USAGE,
                           "--sweep %s: '%.60s' and '%.60s' are the same value; give it "
                           "once",
                           sweep->parameter, sweep->values[i], sweep->values[run]);
    return 0;
}

/* Which of --set and --sweep would win must not be a matter of order. */
static int refuse_both(const struct sweep *sweep,
                       const struct parameter_settings *settings, struct err *err)
{
    size_t length = strlen(sweep->parameter);

    for (size_t i = 0; i < settings->count; i++)
        if (strncmp(settings->assignments[i], sweep->parameter, length) == 0 &&
            settings->assignments[i][length] == '=')
            return err_set(err, ERR_USAGE,
                           "parameter '%.60s' is in --set and in --sweep; give it in one "
                           "of them",
                           sweep->parameter);
    return 0;
}

static int load_value(struct sweep *sweep, size_t run, const char *path,
                      const struct parameter_settings *settings, struct err *err)
{
    CLEANUP(mem_freep) char *assignment =
        mem_printf("%s=%s", sweep->parameter, sweep->values[run]);
    struct parameter_settings with = *settings;
    int code;

    with.swept = assignment;
    code = scenario_load(path, &with, &sweep->scenarios[run], err);
    return code == 0 ? refuse_twice(sweep, run, err) : code;
}

int sweep_load(struct sweep *sweep, const char *path,
               const struct parameter_settings *settings, struct err *err)
{
    int code = 0;

    sweep->scenarios = mem_alloc(sweep->wanted * sizeof(void *));
    if (!sweep->parameter)
        return scenario_load(path, settings, &sweep->scenarios[0], err);
    code = refuse_both(sweep, settings, err);
    for (size_t i = 0; i < sweep->wanted && code == 0; i++)
        code = load_value(sweep, i, path, settings, err);
    return code;
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
