/* parameters.c - see parameters.h. Values are kept as text, which is what --set takes. */
#include "scenario/parameters.h"

#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "base/redact.h"
#include "base/sensitive.h"
#include "base/str.h"
#include "scenario/keys.h"
#include "scenario/lua_text.h"
#include "scenario/mistake.h"
#include "scenario/outline.h"

static int compare_parameters(const void *a, const void *b)
{
    return strcmp(((const struct parameter *)a)->name,
                  ((const struct parameter *)b)->name);
}

/* The name of an entry of `params`, whose value is on top of the stack. */
static int take_name(const struct mistake_file *file, const char **ret)
{
    const char *name;

    if (lua_type(file->lua, -2) != LUA_TSTRING)
        return mistake(file, "params", "params has an entry without a name");
    if (lua_text_get(file, -2, "params", "the name of a parameter", &name) < 0)
        return file->err->code;
    if (!mistake_is_name(name) || strchr(name, '='))
        return mistake(file, "params",
                       "a parameter is named '%s'; expected a name without spaces, "
                       "commas and '=', and with no ':' at either end",
                       name);
    if (strcmp(name, "seed") == 0 || strcmp(name, "now") == 0)
        return mistake(file, "params",
                       "parameter '%s' is afterkill's own; choose another name", name);
    *ret = name;
    return 0;
}

/* Reads `params` (on top of the stack) into the outline's list, sorted by name. */
static int list_all(const struct mistake_file *file, struct outline *outline)
{
    lua_State *lua = file->lua;

    for (lua_pushnil(lua); lua_next(lua, -2); lua_pop(lua, 1)) {
        CLEANUP(mem_freep) char *what = NULL;
        struct parameter *parameter;
        int type = lua_type(lua, -1);
        const char *name = NULL;

        if (take_name(file, &name) < 0)
            return file->err->code;
        if (type != LUA_TNUMBER && type != LUA_TSTRING && type != LUA_TBOOLEAN)
            return mistake(
                file, name,
                "parameter '%s' is a %s; expected a number, a string or a boolean", name,
                luaL_typename(lua, -1));
        outline->parameters = mem_grow(outline->parameters, outline->parameter_count + 1,
                                       sizeof(*outline->parameters));
        parameter = &outline->parameters[outline->parameter_count++];
        *parameter = (struct parameter){ .name = mem_strdup(name),
                                         .is_text = type == LUA_TSTRING,
                                         .is_flag = type == LUA_TBOOLEAN };
        what = mem_printf("parameter '%s'", name);
        if (keys_value(file, name, what, &parameter->value) < 0)
            return file->err->code;
    }
    if (outline->parameter_count)
        qsort(outline->parameters, outline->parameter_count, sizeof(*outline->parameters),
              compare_parameters);
    return 0;
}

static const char *parameter_name(const void *context, size_t i)
{
    return ((const struct outline *)context)->parameters[i].name;
}

static bool is_number(const char *text)
{
    char *end;
    double value = strtod(text, &end);

    return end != text && !*end && isfinite(value);
}

/* A number is none, whatever it is called: `tokens = 10`. */
static bool is_secret(const struct parameter *parameter)
{
    return parameter->is_text && sensitive_name(str_of(parameter->name));
}

/* Is the value what is kept in the place of one that must not be? */
static bool is_hidden(const struct parameter *parameter, const char *value)
{
    return is_secret(parameter) && strcmp(value, SENSITIVE) == 0;
}

static void put_value(struct parameter *parameter, const char *value)
{
    free(parameter->value);
    parameter->value = mem_strdup(value);
}

static bool takes(const struct parameter *parameter, const char *value)
{
    if (parameter->is_flag)
        return strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
    return parameter->is_text || is_number(value);
}

/* "name=value" from the command line's option. */
static int assign(struct outline *outline, const char *option, const char *assignment,
                  struct err *err)
{
    const char *equals = strchr(assignment, '=');
    struct parameter *parameter = outline_assigned(outline, assignment);
    CLEANUP(mem_freep) char *name = NULL;
    CLEANUP(mem_freep) char *offer = NULL;
    CLEANUP(mem_freep) char *shown = redact_urls(assignment);

    if (!equals || equals == assignment)
        return err_set(err, ERR_USAGE,
                       "%s '%.100s': expected name=value, or the name of a variable that "
                       "the environment has",
                       option, shown);
    if (parameter && takes(parameter, equals + 1)) {
        put_value(parameter, equals + 1);
        return 0;
    }
    if (parameter && sensitive_name(str_of(parameter->name)))
        return err_set(err, ERR_USAGE, "%s %s: expected %s, and something else is given",
                       option, parameter->name,
                       parameter->is_flag ? "true or false" : "a number");
    if (parameter)
        return err_set(err, ERR_USAGE, "%s %s='%.100s': expected %s", option,
                       parameter->name, equals + 1,
                       parameter->is_flag ? "true or false" : "a number");
    name = mem_printf("%.*s", (int)(equals - assignment), assignment);
    offer = str_offer(name, outline->parameter_count, parameter_name, outline);
    return err_set(err, ERR_USAGE, "%s: %s has no parameter '%.60s'; %s", option,
                   outline->path, name, offer);
}

static void push_parameter(lua_State *lua, const struct parameter *parameter)
{
    if (parameter->is_flag)
        lua_pushboolean(lua, strcmp(parameter->value, "true") == 0);
    else if (parameter->is_text || !lua_stringtonumber(lua, parameter->value))
        lua_pushstring(lua, parameter->value);
}

static int check_values(const struct mistake_file *file, const struct outline *outline)
{
    int code = 0;

    for (size_t i = 0; i < outline->parameter_count && code == 0; i++) {
        const struct parameter *parameter = &outline->parameters[i];
        CLEANUP(mem_freep) char *what = mem_printf("parameter '%s'", parameter->name);

        if (is_hidden(parameter, parameter->value))
            return err_set(file->err, ERR_USAGE,
                           "the value of the parameter '%s' was not kept, for its name "
                           "says that it is a secret: give it again, by --set %s=.., or "
                           "by --set %s if the environment has it",
                           parameter->name, parameter->name, parameter->name);
        code = mistake_unless_printable(file, parameter->name, what, parameter->value);
        if (code < 0 && is_secret(parameter))
            code = mistake(file, parameter->name,
                           "%s is a secret that is no UTF-8 without control characters, "
                           "such as ends of lines and escapes",
                           what);
    }
    return code;
}

void parameters_hide(const struct parameter_settings *settings, struct outline *outline)
{
    for (size_t i = 0; i < settings->count; i++) {
        struct parameter *parameter = outline_assigned(outline, settings->assignments[i]);

        if (parameter && is_secret(parameter) && !mutant("secrets-kept"))
            put_value(parameter, SENSITIVE);
    }
}

static int check_swept(const struct parameter_settings *settings,
                       const struct outline *outline, struct err *err)
{
    const struct parameter *swept =
        settings->swept ? outline_assigned(outline, settings->swept) : NULL;

    if (!swept || !is_secret(swept))
        return 0;
    return err_set(err, ERR_USAGE,
                   "--sweep %s: its name says that it is a secret, and a sweep shows and "
                   "keeps the values",
                   swept->name);
}

int parameters_load(const struct mistake_file *file,
                    const struct parameter_settings *settings, struct outline *outline)
{
    lua_State *lua = file->lua;
    int code = 0;

    if (lua_getfield(lua, -1, "params") == LUA_TTABLE)
        code = list_all(file, outline);
    lua_pop(lua, 1);
    for (size_t i = 0; i < settings->count && code == 0; i++)
        code = assign(outline, "--set", settings->assignments[i], file->err);
    if (settings->swept && code == 0)
        code = assign(outline, "--sweep", settings->swept, file->err);
    if (code == 0)
        code = check_swept(settings, outline, file->err);
    if (code == 0)
        code = check_values(file, outline);
    if (code < 0)
        return code;
    lua_newtable(lua);
    for (size_t i = 0; i < outline->parameter_count; i++) {
        push_parameter(lua, &outline->parameters[i]);
        lua_setfield(lua, -2, outline->parameters[i].name);
    }
    lua_pushinteger(lua, (lua_Integer)settings->seed);
    lua_setfield(lua, -2, "seed");
    lua_pushinteger(lua, settings->now);
    lua_setfield(lua, -2, "now");
    return 0;
}
