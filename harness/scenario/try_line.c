/* try_line.c - see try_line.h. */
#include "scenario/try_line.h"

#include <lua.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "scenario/lua_text.h"
#include "scenario/notation.h"

/* Is there something that `try` has no option for? */
static bool asks_more(lua_State *lua, int scenario)
{
    static const char *const more[] = { "ignore",  "ordered",    "zero",
                                        "effects", "invariants", "recover_after",
                                        "moments", "vary" };
    bool found = false;

    for (size_t i = 0; i < ARRAY_SIZE(more); i++) {
        found |= lua_getfield(lua, scenario, more[i]) != LUA_TNIL;
        lua_pop(lua, 1);
    }
    return found;
}

/* The strategy's own, else the scenario's, on top of the stack. */
static int get(lua_State *lua, int scenario, int strategy, const char *key)
{
    int type = lua_getfield(lua, strategy, key);

    if (type != LUA_TNIL)
        return type;
    lua_pop(lua, 1);
    return lua_getfield(lua, scenario, key);
}

/* The text on top of the stack in one line. NULL: it is none. */
static char *line_of(lua_State *lua)
{
    const struct str text = lua_text_bytes(lua, -1);
    CLEANUP(notation_release) struct notation notation = NOTATION_NULL;
    struct err ignored = ERR_NULL;

    return notation_parse(text, &notation, &ignored) == 0 ? notation_text(&notation)
                                                          : NULL;
}

/* False: no option can say it. */
static bool put(FILE *out, lua_State *lua, int type, const char *key)
{
    CLEANUP(mem_freep) char *line = type == LUA_TSTRING ? line_of(lua) : NULL;

    if (line) {
        fprintf(out, "--%s ", key);
        str_print_shell(out, line);
        fputc(' ', out);
    }
    return line || type == LUA_TNIL;
}

static const char *const keys[] = { "before", "recover", "alive" };

char *try_line_options(lua_State *lua, int scenario)
{
    int strategy = lua_gettop(lua);
    CLEANUP(mem_freep) char *options = NULL;
    bool said = !asks_more(lua, scenario);
    FILE *out = mem_stream(&options);

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        said &= put(out, lua, get(lua, scenario, strategy, keys[i]), keys[i]);
        lua_pop(lua, 1);
    }
    fclose(out);
    return said && strlen(options) <= TRY_LINE_COLUMNS ? TAKE_PTR(options) : NULL;
}

/* Behind a word as str_print_shell() prints one that is printable: in quotes, each quote
 * in it as '\'', or of letters that no shell minds. NULL: it is none. */
static const char *behind_word(const char *text)
{
    static const char quote[] = "'\\''";
    size_t plain = strspn(text, STR_SHELL_PLAIN);

    if (*text != '\'')
        return plain ? text + plain : NULL;
    for (text++;;) {
        text += strcspn(text, "'");
        if (strncmp(text, quote, strlen(quote)) != 0)
            return *text ? text + 1 : NULL;
        text += strlen(quote);
    }
}

bool try_line_is(const char *text)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        CLEANUP(mem_freep) char *option = mem_printf("--%s ", keys[i]);

        if (strncmp(text, option, strlen(option)) != 0)
            continue;
        text = behind_word(text + strlen(option));
        if (!text || *text++ != ' ')
            return false;
    }
    return !*text;
}
