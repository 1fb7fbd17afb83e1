/* times.c - see times.h. */
#include "scenario/times.h"

#include <ctype.h>
#include <lua.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "scenario/keys.h"
#include "scenario/lua_text.h"

#define SECONDS_MOST 1e9 /* 32 years */

static const struct parameter *parameter_named(const struct outline *outline,
                                               const char *name)
{
    for (size_t i = 0; i < outline->parameter_count; i++)
        if (strcmp(outline->parameters[i].name, name) == 0)
            return &outline->parameters[i];
    return NULL;
}

/* A number with a unit: "60" alone is as good a name of a parameter. */
static bool read_duration(const char *text, double *ret)
{
    return *text && !isdigit((unsigned char)text[strlen(text) - 1]) &&
           str_seconds(text, -1, HUGE_VAL, ret);
}

int times_read(const struct mistake_file *file, const struct outline *outline,
               const char *name, int64_t *ret_ms)
{
    double seconds = lua_tonumber(file->lua, -1);

    if (lua_type(file->lua, -1) == LUA_TSTRING) {
        const struct parameter *parameter;
        const char *text;

        if (lua_text_get(file, -1, name, name, &text) < 0)
            return file->err->code;
        parameter = parameter_named(outline, text);
        if (parameter && !parameter->is_text && !parameter->is_flag)
            seconds = strtod(parameter->value, NULL);
        else if (!read_duration(text, &seconds))
            return mistake(file, text,
                           "%s: there is no parameter '%.60s' that is a number of "
                           "seconds, and it is no duration like \"90s\" or \"5m\"",
                           name, text);
    }
    if (!(seconds >= 0 && seconds <= SECONDS_MOST))
        return mistake(file, name,
                       "%s is %g; expected seconds, from 0 to %g, or the name of a "
                       "parameter",
                       name, seconds, SECONDS_MOST);
    *ret_ms = (int64_t)round(1e3 * seconds);
    return 0;
}

static int get_seconds(const struct mistake_file *file, const struct outline *outline,
                       const char *name, int64_t *ret_ms)
{
    bool there = lua_getfield(file->lua, -1, name) != LUA_TNIL;
    int code = there ? times_read(file, outline, name, ret_ms) : 0;

    lua_pop(file->lua, 1);
    return code;
}

static int get_moments(const struct mistake_file *file, const struct outline *outline,
                       struct lapses *ret)
{
    static const char name[] = "moments";
    lua_State *lua = file->lua;
    bool there = lua_getfield(lua, -1, name) != LUA_TNIL;
    size_t count = there ? lua_rawlen(lua, -1) : 0;
    int code = 0;

    if (there && !keys_is_list(lua))
        code = mistake(file, name,
                       "%s has entries with names, or nil among them; expected a list of "
                       "seconds, { 60, 3600 }, or of names of parameters",
                       name);
    for (size_t i = 1; i <= count && code == 0; i++) {
        int type = lua_rawgeti(lua, -1, (lua_Integer)i);
        int64_t ms = 0;

        if (type != LUA_TNUMBER && type != LUA_TSTRING)
            code = mistake(file, name, "entry %zu of %s is a %s; expected seconds", i,
                           name, lua_typename(lua, type));
        else
            code = times_read(file, outline, name, &ms);
        lapses_add(ret, ms, 0);
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
    return code;
}

static int compare_ms(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* "60.5"; "" if it is none. */
static char *seconds_text(int64_t ms, bool some)
{
    return some ? mem_printf("%.10g", (double)ms / 1e3) : mem_strdup("");
}

/* "10,60.5", in ascending order. */
static char *moments_text(const struct lapses *moments)
{
    CLEANUP(mem_freep) int64_t *ms = MEM_ARRAY(int64_t, moments->count + 1);
    char *text;
    FILE *out = mem_stream(&text);

    for (size_t i = 0; i < moments->count; i++)
        ms[i] = moments->items[i].ms;
    qsort(ms, moments->count, sizeof(*ms), compare_ms);
    for (size_t i = 0; i < moments->count; i++)
        fprintf(out, "%s%.10g", i ? "," : "", (double)ms[i] / 1e3);
    fclose(out);
    return text;
}

static void outline_times(const struct times *times, struct outline *outline)
{
    outline->times[TIME_TOLERATE] =
        seconds_text(times->tolerate_ms, times->tolerate_ms != LASTS_FOREVER);
    outline->times[TIME_RECOVER_AFTER] =
        seconds_text(times->recover_after_ms, times->recover_after_ms > 0);
    outline->times[TIME_MOMENTS] = moments_text(&times->moments);
}

int times_load(const struct mistake_file *file, struct outline *outline,
               struct times *ret)
{
    int code;

    *ret = (struct times){ .tolerate_ms = LASTS_FOREVER };
    code = get_seconds(file, outline, "recover_after", &ret->recover_after_ms);
    if (code == 0)
        code = get_seconds(file, outline, "tolerate", &ret->tolerate_ms);
    if (code == 0)
        code = get_moments(file, outline, &ret->moments);
    if (code == 0)
        outline_times(ret, outline);
    lapses_add(&ret->moments, ret->recover_after_ms, 0);
    return code;
}

void times_release(struct times *times)
{
    lapses_release(&times->moments);
}
