/* programs.c - see programs.h. */
#include "scenario/programs.h"

#include <ctype.h>
#include <errno.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/str.h"
#include "scenario/keys.h"
#include "scenario/lua_text.h"
#include "scenario/times.h"

#define PREFIX "AFTERKILL_"

static const char *const clocks[] = { "real", "frozen" };

static const char *clock_name(const void *context, size_t i)
{
    (void)context;
    return clocks[i];
}

static int load_clock(const struct mistake_file *file, bool *ret_frozen)
{
    CLEANUP(mem_freep) char *name = NULL;
    CLEANUP(mem_freep) char *offer = NULL;

    if (keys_string(file, "clock", &name) < 0)
        return file->err->code;
    *ret_frozen = strcmp(name, "frozen") == 0;
    if (!*name || *ret_frozen || strcmp(name, "real") == 0)
        return 0;
    offer = str_offer(name, ARRAY_SIZE(clocks), clock_name, NULL);
    return mistake(file, "clock", "clock is '%.40s'; %s", name, offer);
}

/* ---- where ---- */

/* The folder of a file, or of what it is a link to, for its programs stand there; what is
 * read from a descriptor has none. */
static char *folder_of(const char *path)
{
    struct stat st;
    bool is_link = lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
    CLEANUP(mem_freep) char *real = is_link ? realpath(path, NULL) : NULL;
    const char *file = real ? real : path, *slash = strrchr(file, '/');

    if (!slash || strncmp(path, "/dev/", 5) == 0)
        return mem_strdup(".");
    return mem_printf("%.*s", slash == file ? 1 : (int)(slash - file), file);
}

static int load_directory(const struct mistake_file *file, const char *path, char **ret)
{
    CLEANUP(mem_freep) char *folder = folder_of(path);
    CLEANUP(mem_freep) char *name = NULL;
    struct stat st;

    if (keys_string(file, "dir", &name) < 0)
        return file->err->code;
    *ret = !*name           ? TAKE_PTR(folder)
           : name[0] == '/' ? TAKE_PTR(name)
                            : mem_printf("%s/%s", folder, name);
    if (stat(*ret, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    return mistake(file, "dir",
                   "dir: '%s' is no directory; expected where the programs run, from the "
                   "folder of the scenario's file",
                   *ret);
}

/* ---- environment ---- */

static size_t count_of(char *const *environment)
{
    size_t count = 0;

    while (environment && environment[count])
        count++;
    return count;
}

/* Does it have a variable of that name? */
static bool has(char *const *environment, const char *name)
{
    size_t length = strlen(name);

    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return true;
    return false;
}

static void add(char ***environment, const char *name, const char *value)
{
    size_t count = count_of(*environment);

    *environment = mem_grow(*environment, count + 2, sizeof(**environment));
    (*environment)[count] = mem_printf("%s=%s", name, value);
    (*environment)[count + 1] = NULL;
}

/* The name on top of the stack, less one. */
static int take_name(const struct mistake_file *file, const char **ret)
{
    const char *name;

    if (lua_type(file->lua, -2) != LUA_TSTRING)
        return mistake(file, "env",
                       "env has an entry without a name; expected NAME = value");
    if (lua_text_get(file, -2, "env", "the name of a variable of env", &name) < 0)
        return file->err->code;
    if (!*name || strchr(name, '='))
        return mistake(file, "env",
                       "a variable of env is named '%.40s'; expected a name without '='",
                       name);
    if (strncmp(name, PREFIX, strlen(PREFIX)) == 0)
        return mistake(file, name,
                       "env: names like '%.60s' are those of parameters; expected "
                       "another one, or a parameter in params",
                       name);
    *ret = name;
    return 0;
}

static int add_own(const struct mistake_file *file, char ***environment)
{
    lua_State *lua = file->lua;
    int top = lua_gettop(lua);

    if (lua_getfield(lua, -1, "env") == LUA_TNIL) {
        lua_settop(lua, top);
        return 0;
    }
    for (lua_pushnil(lua); lua_next(lua, -2); lua_pop(lua, 1)) {
        CLEANUP(mem_freep) char *value = NULL;
        const char *name = NULL;
        char what[64];

        if (take_name(file, &name) < 0)
            return file->err->code;
        snprintf(what, sizeof(what), "%.40s of env", name);
        if (keys_text(file, name, what, &value) < 0)
            return file->err->code;
        add(environment, name, value);
    }
    lua_settop(lua, top);
    return 0;
}

/* "AFTERKILL_JOBS"; the caller frees it. */
static char *variable_of(const char *parameter)
{
    char *name = mem_printf(PREFIX "%s", parameter);

    for (char *p = name + strlen(PREFIX); *p; p++)
        *p = isalnum((unsigned char)*p) ? (char)toupper((unsigned char)*p) : '_';
    return name;
}

static int add_parameters(const struct mistake_file *file, const struct outline *outline,
                          char ***environment)
{
    for (size_t i = 0; i < outline->parameter_count; i++) {
        const struct parameter *parameter = &outline->parameters[i];
        CLEANUP(mem_freep) char *name = variable_of(parameter->name);

        if (has(*environment, name))
            return mistake(file, parameter->name,
                           "parameter '%.60s' reaches programs as %.80s, and so does "
                           "another one, or the seed; choose another name",
                           parameter->name, name);
        add(environment, name, parameter->value);
    }
    return 0;
}

static int read_seed(const struct mistake_file *file, uint64_t *ret)
{
    lua_State *lua = file->lua;
    bool there = lua_getfield(lua, -1, "seed") != LUA_TNIL;
    int is_whole = 1;
    lua_Integer seed = there ? lua_tointegerx(lua, -1, &is_whole) : 0;
    double told = lua_tonumber(lua, -1);

    lua_pop(lua, 1);
    if (!is_whole || seed < 0)
        return mistake(file, "seed", "seed is %g; expected a whole number, 0 or more",
                       told);
    if (there)
        *ret = (uint64_t)seed;
    return 0;
}

/* Python takes 32 bits. */
static int add_seed(const struct mistake_file *file, uint64_t seed, char ***environment)
{
    CLEANUP(mem_freep) char *text = NULL;
    CLEANUP(mem_freep) char *python = NULL;

    if (read_seed(file, &seed) < 0)
        return file->err->code;
    text = mem_printf("%llu", (unsigned long long)seed);
    python = mem_printf("%u", (unsigned)(seed & UINT32_MAX));
    add(environment, PREFIX "SEED", text);
    if (!has(*environment, "PYTHONHASHSEED"))
        add(environment, "PYTHONHASHSEED", python);
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int load_environment(const struct mistake_file *file,
                            const struct parameter_settings *settings,
                            const struct outline *outline, char ***ret)
{
    int code = add_own(file, ret);

    if (code == 0)
        code = add_seed(file, settings->seed, ret);
    if (code == 0)
        code = add_parameters(file, outline, ret);
    if (*ret) /* after a mistake there may be none */
        qsort(*ret, count_of(*ret), sizeof(**ret), compare);
    return code;
}

/* ---- all of it ---- */

/* A time that must be more than none. */
static int load_time(const struct mistake_file *file, const struct outline *outline,
                     const char *name, double *ret_s)
{
    bool there = lua_getfield(file->lua, -1, name) != LUA_TNIL;
    int64_t ms = 0;
    int code = there ? times_read(file, outline, name, &ms) : 0;

    lua_pop(file->lua, 1);
    if (code == 0 && there && ms == 0)
        return mistake(file, name, "%s is 0; expected more than no time", name);
    *ret_s = (double)ms / 1e3;
    return code;
}

/* What nobody would look at. */
static int refuse_all(const struct mistake_file *file)
{
    static const char *const names[] = { "dir",  "env",     "clock", "seed",
                                         "vary", "timeout", "settle" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        bool there = lua_getfield(file->lua, -1, names[i]) != LUA_TNIL;

        lua_pop(file->lua, 1);
        if (there)
            return mistake(
                file, names[i],
                "%s is about programs, and nothing in the scenario is one; "
                "expected a strategy with command = { \"node\", \"work.js\" }, "
                "or the like in before, recover or alive",
                names[i]);
    }
    return 0;
}

int programs_load(const struct mistake_file *file,
                  const struct parameter_settings *settings,
                  const struct outline *outline, bool any, struct program_settings *ret)
{
    int code = keys_patterns(file, "effects", &ret->effects);

    ret->any = any;
    if (code < 0)
        return code;
    if (!any)
        return refuse_all(file);
    code = keys_patterns(file, "vary", &ret->vary);
    if (code == 0)
        code = load_clock(file, &ret->frozen);
    if (code == 0)
        code = load_time(file, outline, "timeout", &ret->timeout_s);
    if (code == 0)
        code = load_time(file, outline, "settle", &ret->settle_s);
    if (code == 0)
        code = load_directory(file, outline->path, &ret->directory);
    if (code == 0)
        code = load_environment(file, settings, outline, &ret->environment);
    return code;
}

void programs_release(struct program_settings *programs)
{
    for (size_t i = 0; i < count_of(programs->environment); i++)
        free(programs->environment[i]);
    free(programs->environment);
    free(programs->directory);
    patterns_release(&programs->effects);
    patterns_release(&programs->vary);
}
