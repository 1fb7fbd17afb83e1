/* notation.c - any bytes as commands in the notation: a mistake has a caret under what is
 * shown of them; what is understood is printed to what is understood again, and is Lua.
 *
 * The entry is libFuzzer's, as in loader.c. */
#include "fuzz.h"

#include <lauxlib.h>
#include <lua.h>
#include <string.h>

#include "base/mem.h"
#include "scenario/notation_lua.h"

/* What it is, what is shown, and a caret that stands under it or right behind. */
static void check_mistake(const char *message)
{
    const char *shown = strchr(message, '\n'), *caret = strrchr(message, '\n');

    MUST(shown && caret != shown && strspn(message, "\n") == 0);
    MUST(strchr(shown + 1, '\n') == caret);
    MUST(caret[strlen(caret) - 1] == '^');
    MUST(strspn(caret + 1, " ") == strlen(caret) - 2);
    MUST((size_t)(caret - shown) + 1 >= strlen(caret));
    for (const char *p = message; *p; p++)
        MUST(*p == '\n' || (*p >= ' ' && *p <= '~'));
}

/* Is it Lua that can be compiled? It is not run. */
static void check_lua(const struct notation *notation)
{
    lua_State *lua = luaL_newstate();

    MUST(lua);
    for (int looks = 0; looks < 2; looks++) {
        CLEANUP(mem_freep) char *source = notation_lua(notation, looks);

        MUST(luaL_loadbufferx(lua, source, strlen(source), "=fuzz", "t") == LUA_OK);
    }
    lua_close(lua);
}

static void check_printed(const struct notation *notation)
{
    CLEANUP(notation_release) struct notation again = NOTATION_NULL;
    CLEANUP(mem_freep) char *printed = notation_text(notation), *reprinted = NULL;
    struct err err = ERR_NULL;

    MUST(notation_parse(str_of(printed), &again, &err) == 0);
    reprinted = notation_text(&again);
    MUST(strcmp(printed, reprinted) == 0);
}

static void check_atomic(const struct notation *notation)
{
    CLEANUP(notation_release) struct notation atomic = NOTATION_NULL;
    CLEANUP(mem_freep) char *text = NULL;
    struct err err = ERR_NULL;

    if (notation_atomic(notation, &text, &err) < 0)
        return;
    MUST(notation_parse(str_of(text), &atomic, &err) == 0);
    MUST(notation_is_atomic(&atomic));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP(notation_release) struct notation notation = NOTATION_NULL;
    struct err err = ERR_NULL;
    int code = notation_parse((struct str){ (const char *)bytes, size }, &notation, &err);

    if (code < 0) {
        MUST(code == ERR_USAGE && !notation.steps);
        check_mistake(err.msg);
        return 0;
    }
    MUST(notation.count > 0);
    check_printed(&notation);
    check_atomic(&notation);
    check_lua(&notation);
    return 0;
}
