/* request.c - see request.h. */
#include "plan/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "plan/plan.h"

#define RTT_MOST_S 1.0    /* a connection's first reply takes two, and has 10 s to come */
#define TIME_LEAST_S 1e-9 /* as many digits are printed */
#define TIME_MOST_S 1e8
#define CONFIDENCE_MOST (1 - 0.9e-9) /* 0.999999999: a baseline has nine digits */
#define NOW_MOST (INT64_C(1) << 40)  /* some thousands of years */

struct item;

/* How values of a kind are printed (allocated; NULL: not asked for) and parsed (false:
 * not understood). */
struct kind {
    char *(*print)(const struct item *item, const void *value);
    bool (*parse)(const struct item *item, void *value, const char *text);
    const char *also; /* what a number may be instead; NULL: nothing else */
};

struct unit {
    const char *name; /* NULL: the last */
    double seconds;
};

struct item {
    const char *name;
    size_t at; /* offset in struct request */
    const struct kind *kind;
    const char *expected;     /* NULL: a number of the range below */
    uint64_t whole_most;      /* of a whole number, from 0 */
    double least, most;       /* real numbers lie strictly between */
    const char *const *words; /* of a choice; ends with NULL */
    const struct unit *units; /* of a duration */
    bool needed;              /* always there in a run's file */
    bool apart;               /* may differ between two parts of one run */
};

/* ---- kinds ---- */

static char *print_text(const struct item *item, const void *value)
{
    const char *text = *(char *const *)value;

    (void)item;
    return text ? mem_strdup(text) : NULL;
}

static bool parse_text(const struct item *item, void *value, const char *text)
{
    (void)item;
    free(*(char **)value);
    *(char **)value = mem_strdup(text);
    return true;
}

static char *print_whole(const struct item *item, const void *value)
{
    (void)item;
    return mem_printf("%llu", (unsigned long long)*(const uint64_t *)value);
}

static bool parse_whole(const struct item *item, void *value, const char *text)
{
    return str_whole(text, 0, item->whole_most, value);
}

static char *print_real(const struct item *item, const void *value)
{
    double real = *(const double *)value;

    return real > 0 || item->needed ? mem_printf("%.15g", real) : NULL;
}

static bool parse_share(const struct item *item, void *value, const char *text)
{
    return str_share(text, item->least, item->most, value);
}

static bool parse_seconds(const struct item *item, void *value, const char *text)
{
    return str_seconds(text, item->least, item->most, value);
}

static char *print_duration(const struct item *item, const void *value)
{
    double lasts = *(const double *)value;

    (void)item;
    return lasts > 0 ? mem_printf("%.9fs", lasts) : NULL;
}

/* Numbers are digits with a point: strtod() alone would take "nan" and "0x1p3", and
 * blanks. */
static bool parse_duration(const struct item *item, void *value, const char *text)
{
    size_t digits = strspn(text, "0123456789.");
    char *end;
    double number = strtod(text, &end);

    for (const struct unit *unit = item->units; unit->name; unit++) {
        double lasts = number * unit->seconds;

        if (digits && end == text + digits && strcmp(end, unit->name) == 0 &&
            lasts >= item->least && lasts <= item->most) {
            *(double *)value = lasts;
            return true;
        }
    }
    return false;
}

static char *print_choice(const struct item *item, const void *value)
{
    return mem_strdup(item->words[*(const unsigned *)value]);
}

static bool parse_choice(const struct item *item, void *value, const char *text)
{
    for (unsigned i = 0; item->words[i]; i++)
        if (strcmp(text, item->words[i]) == 0) {
            *(unsigned *)value = i;
            return true;
        }
    return false;
}

static char *print_shard(const struct item *item, const void *value)
{
    const struct shard *shard = value;

    (void)item;
    return mem_printf("%llu/%llu", (unsigned long long)shard->index + 1,
                      (unsigned long long)shard->total);
}

static const struct kind text = { print_text, parse_text, NULL },
                         whole = { print_whole, parse_whole, NULL },
                         share = { print_real, parse_share, ", or a percentage" },
                         seconds = { print_real, parse_seconds,
                                     ", or a duration like 500ms or 2m" },
                         duration = { print_duration, parse_duration, NULL },
                         choice = { print_choice, parse_choice, NULL },
                         shard = { print_shard, NULL, NULL }; /* shard.h explains
                                                                 mistakes */

/* ---- the table ---- */

#define AT(member) offsetof(struct request, member)

_Static_assert(sizeof(enum request_killer) == sizeof(unsigned) &&
                   sizeof(enum transport) == sizeof(unsigned),
               "a choice is kept in an unsigned");

static const char *const killers[] = { "timer", "parent", NULL };
static const char *const transports[] = { "unix", "tcp", NULL };
static const struct unit short_units[] = {
    { "us", 1e-6 }, { "ms", 1e-3 }, { "s", 1 }, { NULL, 0 }
};
static const struct unit long_units[] = {
    { "s", 1 }, { "m", 60 }, { "h", 3600 }, { NULL, 0 }
};

static const struct item items[] = {
    { "confidence", AT(confidence), &share, .most = CONFIDENCE_MOST, .needed = true },
    { "fault", AT(faults), &text, .needed = true },
    { "killer", AT(killer), &choice, .expected = "timer or parent", .words = killers,
      .needed = true },
    { "now", AT(now), &whole, .whole_most = NOW_MOST, .needed = true },
    { "rtt", AT(rtt_s), &duration,
      .expected = "a duration like 500us, 2ms or 0.1s, at most 1s", .most = RTT_MOST_S,
      .units = short_units },
    { "scenario.name", AT(name), &text, .needed = true },
    { "scenario.path", AT(path), &text, .needed = true, .apart = true },
    { "scenario.sha1", AT(sha1), &text, .needed = true,
      .apart = true }, /* differs if the text does */
    { "scenario.text", AT(text), &text, .needed = true },
    { "seed", AT(seed), &whole, .whole_most = INT64_MAX, .needed = true },
    { "shard", AT(shard), &shard, .needed = true },
    { "strategy", AT(strategies), &text, .needed = true },
    { "time", AT(stopping.time_s), &duration,
      .expected = "a duration like 60s, 10m or 1h", .least = TIME_LEAST_S,
      .most = TIME_MOST_S, .units = long_units },
    { "timeout", AT(timeout_s), &seconds, .most = 1e6, .needed = true },
    { "transport", AT(transport), &choice, .expected = "unix or tcp", .words = transports,
      .needed = true },
    { "trials", AT(trials), &whole, .whole_most = ATTEMPTS_MOST, .needed = true },
    { "until-below", AT(stopping.below), &share, .most = 1 },
    { "until-width", AT(stopping.width), &share, .most = 1 },
};

const size_t request_items = ARRAY_SIZE(items);

const char *request_item_name(size_t item)
{
    return items[item].name;
}

bool request_item_is_needed(size_t item)
{
    return items[item].needed;
}

char *request_item_text(const struct request *request, size_t item)
{
    return items[item].kind->print(&items[item], (const char *)request + items[item].at);
}

static const struct item *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(items); i++)
        if (strcmp(items[i].name, name) == 0)
            return &items[i];
    return NULL;
}

int request_set(struct request *request, const char *name, const char *value,
                struct err *err)
{
    const struct item *item = find(name);

    if (!item)
        return err_set(err, ERR_USAGE, "nobody can ask for '%.60s'", name);
    if (item->kind == &shard)
        return shard_parse(value, &request->shard, err);
    if (item->kind->parse(item, (char *)request + item->at, value))
        return 0;
    if (item->expected)
        return err_set(err, ERR_USAGE, "--%s '%s': expected %s", name, value,
                       item->expected);
    if (item->kind == &whole)
        return err_set(err, ERR_USAGE,
                       "--%s '%s': expected a whole number from 0 to %llu", name, value,
                       (unsigned long long)item->whole_most);
    return err_set(err, ERR_USAGE, "--%s '%s': expected a number between %g and %g%s",
                   name, value, item->least, item->most, item->kind->also);
}

void request_assign(struct request *request, const char *assignment)
{
    request->assignments = mem_grow(request->assignments, request->assignment_count + 1,
                                    sizeof(*request->assignments));
    request->assignments[request->assignment_count++] = mem_strdup(assignment);
}

void request_copy(struct request *ret, const struct request *request)
{
    *ret = *request;
    for (size_t i = 0; i < ARRAY_SIZE(items); i++)
        if (items[i].kind == &text)
            *(char **)((char *)ret + items[i].at) = request_item_text(request, i);
    ret->assignments = NULL;
    ret->assignment_count = 0;
    for (size_t i = 0; i < request->assignment_count; i++)
        request_assign(ret, request->assignments[i]);
}

void request_release(struct request *request)
{
    for (size_t i = 0; i < ARRAY_SIZE(items); i++)
        if (items[i].kind == &text)
            free(*(char **)((char *)request + items[i].at));
    for (size_t i = 0; i < request->assignment_count; i++)
        free(request->assignments[i]);
    free(request->assignments);
    *request = (struct request){ .text = NULL };
}

/* ---- differences ---- */

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
static void show(char *buffer, size_t size, const char *value, bool line)
{
    if (line)
        value += strspn(value, " ");
    str_show(buffer, size,
             (struct str){ value, line ? strcspn(value, "\n") : strlen(value) });
}

/* Returns false, and writes nothing, if the two are the same; NULL is no value. */
static bool describe(const char *name, const char *a, const char *was, const char *b,
                     const char *is, char *buffer, size_t size)
{
    char left[96], right[96];
    size_t line = 0;

    if (a && b ? strcmp(a, b) == 0 : a == b)
        return false;
    a = a ? a : "";
    b = b ? b : "";
    if (strcmp(name, "scenario.text") == 0)
        line = first_line(&a, &b);
    show(left, sizeof(left), a, line > 0);
    show(right, sizeof(right), b, line > 0);
    if (line)
        snprintf(buffer, size, "line %zu of the scenario: '%s' %s, '%s' %s", line, left,
                 was, right, is);
    else
        snprintf(buffer, size, "%s: %s %s, %s %s", name, left[0] ? left : "nothing", was,
                 right[0] ? right : "nothing", is);
    return true;
}

static bool is_among(const char *name, const char *const *names)
{
    for (size_t i = 0; names && names[i]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* What is assigned to the parameter that an assignment names; NULL: nothing. */
static const char *assigned(const struct request *request, const char *assignment)
{
    size_t length = strcspn(assignment, "=");

    for (size_t i = 0; i < request->assignment_count; i++)
        if (strncmp(request->assignments[i], assignment, length + 1) == 0)
            return request->assignments[i] + length + 1;
    return NULL;
}

bool request_difference(const struct request *a, const char *was, const struct request *b,
                        const char *is, const char *const *own, char *buffer, size_t size)
{
    for (size_t i = 0; i < ARRAY_SIZE(items); i++) {
        CLEANUP(mem_freep) char *left = request_item_text(a, i);
        CLEANUP(mem_freep) char *right = request_item_text(b, i);

        if (!items[i].apart && !is_among(items[i].name, own) &&
            describe(items[i].name, left, was, right, is, buffer, size))
            return true;
    }
    for (size_t i = 0; i < a->assignment_count + b->assignment_count; i++) {
        const char *one = i < a->assignment_count
                              ? a->assignments[i]
                              : b->assignments[i - a->assignment_count];
        CLEANUP(mem_freep)
        char *name = mem_printf("set %.*s", (int)strcspn(one, "="), one);

        if (describe(name, assigned(a, one), was, assigned(b, one), is, buffer, size))
            return true;
    }
    return false;
}
