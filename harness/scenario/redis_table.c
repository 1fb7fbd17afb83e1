/* redis_table.c - see redis_table.h.
 *
 * What is pending in a pipeline is a Lua table with one entry per command: true if an
 * error reply raises (call), false if not (pcall), and for an EXEC the place of its
 * MULTI, so that its replies can be told whose they are. The table lives in the registry
 * while the pipeline is open. */
#include "scenario/redis_table.h"

#include <lauxlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "redis/wire.h"
#include "scenario/lua_text.h"
#include "scenario/refusal.h"

static const char table_key, pending_key;

static struct redis_table **table_place(lua_State *lua)
{
    return lua_getextraspace(lua);
}

struct redis_table *redis_table_of(lua_State *lua)
{
    return *table_place(lua);
}

int redis_table_raise(lua_State *lua, const struct err *err)
{
    if (err->code != ERR_USAGE)
        redis_table_of(lua)->broken = err->code;
    return luaL_error(lua, "%s", err->msg);
}

/* redis.call(60.0) means 60, as in Redis scripts, where every number is a double. */
static struct str argument(lua_State *lua, const char *function, int index)
{
    int type = lua_type(lua, index);

    if (type != LUA_TSTRING && type != LUA_TNUMBER) {
        luaL_error(lua, "%s: argument %d is %s; expected a string or a number", function,
                   index, luaL_typename(lua, index));
    } else if (type == LUA_TNUMBER && !lua_isinteger(lua, index)) {
        lua_Number number = lua_tonumber(lua, index);
        lua_Integer integer;

        if (lua_numbertointeger(number, &integer) && (lua_Number)integer == number)
            lua_pushinteger(lua, integer);
        else
            lua_pushfstring(lua, "%f", number);
        lua_replace(lua, index);
    }
    return lua_text_bytes(lua, index);
}

static void check_allowed(lua_State *lua, const char *function, int argc,
                          const char *const *argv)
{
    const struct refusal *refusal =
        refusal_of(redis_table_of(lua)->preparing, argc, argv);

    redis_table_of(lua)->refusal = refusal ? refusal : redis_table_of(lua)->refusal;
    if (refusal)
        luaL_error(lua, "%s: %s is refused: %s", function, refusal->what,
                   refusal->reason);
}

/* Keeps track of a MULTI that the scenario sends as a command of its own. */
static void note_transaction(struct redis_table *table, struct str command)
{
    if (str_is_word(command, "MULTI"))
        table->in_transaction = true;
    else if (str_is_word(command, "EXEC") || str_is_word(command, "DISCARD"))
        table->in_transaction = false;
}

/* Queues the command whose words are on the stack. */
static void append(lua_State *lua, struct redis_table *table, const char *function)
{
    int argc = lua_gettop(lua);
    struct err err = ERR_NULL;
    const char **argv;
    size_t *lengths;

    if (argc == 0)
        luaL_error(lua, "%s: no command; expected %s(command, ...)", function, function);
    if (!table->wire)
        luaL_error(lua,
                   "%s: not here; a scenario talks to Redis only inside its functions",
                   function);
    luaL_checkstack(lua, 8, function);
    argv = lua_newuserdatauv(lua, (size_t)argc * sizeof(*argv), 0);
    lengths = lua_newuserdatauv(lua, (size_t)argc * sizeof(*lengths), 0);
    for (int i = 0; i < argc; i++) {
        struct str word = argument(lua, function, i + 1);

        argv[i] = word.bytes;
        lengths[i] = word.length;
    }
    check_allowed(lua, function, argc, argv);
    note_transaction(table, (struct str){ argv[0], lengths[0] });
    if (wire_append(table->wire, argc, argv, lengths, &err) < 0)
        redis_table_raise(lua, &err);
}

static void push_tagged(lua_State *lua, const char *tag, const redisReply *reply)
{
    lua_createtable(lua, 0, 1);
    lua_pushlstring(lua, reply->str, (size_t)reply->len);
    lua_setfield(lua, -2, tag);
}

/* An array without its elements. */
static void push_value(lua_State *lua, const redisReply *reply)
{
    switch (reply->type) {
    case REDIS_REPLY_INTEGER:
        lua_pushinteger(lua, reply->integer);
        break;
    case REDIS_REPLY_STRING:
        lua_pushlstring(lua, reply->str, (size_t)reply->len);
        break;
    case REDIS_REPLY_STATUS:
        push_tagged(lua, "ok", reply);
        break;
    case REDIS_REPLY_ERROR:
        push_tagged(lua, "err", reply);
        break;
    case REDIS_REPLY_ARRAY:
        lua_createtable(lua, (int)reply->elements, 0);
        break;
    default:
        lua_pushboolean(lua, 0); /* nil, as Redis scripts see it */
    }
}

/* The next element of the array that is being filled, on top of the stack; NULL: it is
 * full, and only its table is left there. */
static const redisReply *next_element(lua_State *lua)
{
    const redisReply *array = lua_touserdata(lua, -2);
    lua_Integer next = lua_tointeger(lua, -1);

    lua_pop(lua, 1);
    if ((size_t)next < array->elements) {
        lua_pushinteger(lua, next + 1);
        return array->element[next];
    }
    lua_pop(lua, 1);
    return NULL;
}

/* Arrays that are being filled stand on Lua's stack, each as its table, the reply, and
 * how many of its elements were begun: C's has no room for all that a script can nest. */
static void push_reply(lua_State *lua, const redisReply *reply)
{
    size_t open = 0;

    while (reply) {
        luaL_checkstack(lua, 6, "reply nested too deeply");
        push_value(lua, reply);
        if (reply->elements) {
            lua_pushlightuserdata(lua, (void *)(uintptr_t)reply);
            lua_pushinteger(lua, 0);
            open++;
        } else if (open) {
            lua_rawseti(lua, -4, lua_tointeger(lua, -2));
        }
        reply = NULL;
        while (open && !reply) {
            reply = next_element(lua);
            if (!reply && --open)
                lua_rawseti(lua, -4, lua_tointeger(lua, -2));
        }
    }
}

static void push_next_reply(lua_State *lua, struct redis_table *table)
{
    struct err err = ERR_NULL;
    const redisReply *reply;

    if (wire_read(table->wire, &reply, &err) < 0)
        redis_table_raise(lua, &err);
    push_reply(lua, reply);
}

static bool is_error(lua_State *lua, int index)
{
    bool error;

    if (!lua_istable(lua, index))
        return false;
    error = lua_getfield(lua, index, "err") == LUA_TSTRING;
    lua_pop(lua, 1);
    return error;
}

/* Raises the error reply at the index: "file:line: WRONGTYPE Operation against ...". */
static int raise_reply(lua_State *lua, int index)
{
    lua_getfield(lua, index, "err");
    return luaL_error(lua, "Redis: %s", lua_text_shown(lua, -1));
}

static void flush(lua_State *lua, struct redis_table *table)
{
    struct err err = ERR_NULL;

    if (wire_flush(table->wire, &err) < 0)
        redis_table_raise(lua, &err);
}

/* Notes what the command that was just queued does with an error; the value is on the
 * stack. */
static void note_pending(lua_State *lua)
{
    lua_rawgetp(lua, LUA_REGISTRYINDEX, &pending_key);
    lua_insert(lua, -2);
    lua_rawseti(lua, -2, (lua_Integer)lua_rawlen(lua, -2) + 1);
    lua_pop(lua, 1);
}

static lua_Integer pending_count(lua_State *lua)
{
    lua_Integer count;

    lua_rawgetp(lua, LUA_REGISTRYINDEX, &pending_key);
    count = (lua_Integer)lua_rawlen(lua, -1);
    lua_pop(lua, 1);
    return count;
}

static int command(lua_State *lua, const char *function, bool raises)
{
    struct redis_table *table = redis_table_of(lua);

    append(lua, table, function);
    if (table->in_pipeline) {
        lua_pushboolean(lua, raises);
        note_pending(lua);
        return 0;
    }
    flush(lua, table);
    push_next_reply(lua, table);
    if (raises && is_error(lua, -1))
        return raise_reply(lua, -1);
    return 1;
}

static int redis_call(lua_State *lua)
{
    return command(lua, "redis.call", true);
}

static int redis_pcall(lua_State *lua)
{
    return command(lua, "redis.pcall", false);
}

/* Is the option on top of the stack the second of these words? It must be one of them. */
static bool is_second(lua_State *lua, const char *function, const char *name,
                      const char *first, const char *second)
{
    const char *value = lua_text(lua, -1);

    if (!value || (strcmp(value, first) != 0 && strcmp(value, second) != 0))
        luaL_error(lua, "%s: %s is '%s'; expected \"%s\" or \"%s\"", function, name,
                   lua_type(lua, -1) == LUA_TSTRING ? lua_text_shown(lua, -1) : "?",
                   first, second);
    return strcmp(value, second) == 0;
}

/* The options of a pipeline: each one takes the value on top of the stack. */
static void option_writes(lua_State *lua, const char *function, struct wire_manner *ret)
{
    if (is_second(lua, function, "writes", "one", "each"))
        ret->chunk = WIRE_EACH.chunk;
}

static void option_chunk(lua_State *lua, const char *function, struct wire_manner *ret)
{
    int is_whole = 0;
    lua_Integer bytes =
        lua_type(lua, -1) == LUA_TNUMBER ? lua_tointegerx(lua, -1, &is_whole) : 0;

    if (!is_whole || bytes < 1)
        luaL_error(lua, "%s: chunk is %s; expected a number of bytes, 1 or more",
                   function, lua_text_shown(lua, -1));
    ret->chunk = (size_t)bytes;
}

static void option_replies(lua_State *lua, const char *function, struct wire_manner *ret)
{
    ret->reads = !is_second(lua, function, "replies", "read", "unread");
}

static const struct {
    const char *name;
    void (*take)(lua_State *lua, const char *function, struct wire_manner *ret);
} pipeline_options[] = {
    { "writes", option_writes },
    { "chunk", option_chunk },
    { "replies", option_replies },
};

/* Takes the option whose name and value are on top of the stack. */
static void take_option(lua_State *lua, const char *function, struct wire_manner *ret)
{
    const char *name = lua_text(lua, -2);

    for (size_t i = 0; name && i < ARRAY_SIZE(pipeline_options); i++) {
        if (strcmp(name, pipeline_options[i].name) == 0) {
            pipeline_options[i].take(lua, function, ret);
            return;
        }
    }
    luaL_error(lua, "%s: unknown option '%s'; expected writes, chunk or replies",
               function,
               lua_type(lua, -2) == LUA_TSTRING ? lua_text_shown(lua, -2) : "?");
}

static struct wire_manner options(lua_State *lua, const char *function, int index)
{
    struct wire_manner manner = WIRE_ONE_BUFFER;

    if (lua_isnoneornil(lua, index))
        return manner;
    if (!lua_istable(lua, index))
        luaL_error(lua, "%s: options are %s; expected a table like {writes = \"each\"}",
                   function, luaL_typename(lua, index));
    if (lua_getfield(lua, index, "writes") != LUA_TNIL &&
        lua_getfield(lua, index, "chunk") != LUA_TNIL)
        luaL_error(lua, "%s: both writes and chunk; expected one of them", function);
    lua_settop(lua, index);
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1))
        take_option(lua, function, &manner);
    return manner;
}

static void queue_word(lua_State *lua, struct redis_table *table, const char *word)
{
    struct err err = ERR_NULL;
    size_t length = strlen(word);

    if (wire_append(table->wire, 1, &word, &length, &err) < 0)
        redis_table_raise(lua, &err);
}

/* Queues MULTI, what the function at the index calls, and EXEC. */
static void queue_multi(lua_State *lua, struct redis_table *table, int function)
{
    lua_Integer multi;
    int status;

    queue_word(lua, table, "MULTI");
    lua_pushboolean(lua, 1);
    note_pending(lua);
    multi = pending_count(lua);
    table->in_multi = true;
    lua_pushvalue(lua, function);
    status = lua_pcall(lua, 0, 0, 0);
    table->in_multi = false;
    queue_word(lua, table, status == LUA_OK ? "EXEC" : "DISCARD");
    lua_pushinteger(lua, multi);
    note_pending(lua);
    if (status != LUA_OK)
        lua_error(lua);
}

/* The body of a pipeline, called protected so that the wire can be put in order if fn
 * raises. Stack: fn, multi?. Leaves the table of replies. */
static int pipeline_body(lua_State *lua)
{
    struct redis_table *table = redis_table_of(lua);
    lua_Integer replies = 0;

    if (lua_toboolean(lua, 2)) {
        queue_multi(lua, table, 1);
    } else {
        lua_pushvalue(lua, 1);
        lua_call(lua, 0, 0);
    }
    flush(lua, table);
    lua_newtable(lua);
    while (wire_due(table->wire)) {
        push_next_reply(lua, table);
        lua_rawseti(lua, -2, ++replies);
    }
    return 1;
}

/* Raises the first error reply among those at `replies` whose command wants that. The
 * command of reply i is at place i + offset of the pending table. An EXEC's own replies
 * are looked at too. */
static void raise_first_error(lua_State *lua, int replies, int pending,
                              lua_Integer offset)
{
    lua_Integer count = (lua_Integer)lua_rawlen(lua, replies);

    luaL_checkstack(lua, 4, "replies nested too deeply");
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(lua, pending, i + offset);
        lua_rawgeti(lua, replies, i);
        if (lua_toboolean(lua, -2) && is_error(lua, -1))
            raise_reply(lua, lua_gettop(lua));
        if (lua_isinteger(lua, -2) && lua_istable(lua, -1))
            raise_first_error(lua, lua_gettop(lua), pending, lua_tointeger(lua, -2));
        lua_pop(lua, 2);
    }
}

static int pipeline(lua_State *lua, const char *function, bool multi)
{
    struct redis_table *table = redis_table_of(lua);
    struct wire_manner manner = options(lua, function, 2);
    int status, pending, replies;

    luaL_checktype(lua, 1, LUA_TFUNCTION);
    if (!table->wire)
        return luaL_error(
            lua, "%s: not here; a scenario talks to Redis only inside its functions",
            function);
    if (table->in_pipeline)
        return luaL_error(lua,
                          "%s: inside another pipeline; only redis.multi may stand there",
                          function);
    lua_settop(lua, 1);
    lua_newtable(lua);
    pending = lua_gettop(lua);
    lua_pushvalue(lua, pending);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &pending_key);
    table->in_pipeline = true;
    wire_set_manner(table->wire, manner);
    lua_pushcfunction(lua, pipeline_body);
    lua_pushvalue(lua, 1);
    lua_pushboolean(lua, multi);
    status = lua_pcall(lua, 2, 1, 0);
    replies = lua_gettop(lua);
    wire_set_manner(table->wire, WIRE_ONE_BUFFER);
    table->in_pipeline = table->in_multi = false;
    if (status != LUA_OK) {
        struct err err = ERR_NULL;

        if (!table->broken)
            wire_abandon(table->wire, &err);
        return lua_error(lua);
    }
    raise_first_error(lua, replies, pending, 0);
    if (multi)
        lua_rawgeti(lua, replies, (lua_Integer)lua_rawlen(lua, replies)); /* EXEC's */
    return 1;
}

static int redis_pipeline(lua_State *lua)
{
    return pipeline(lua, "redis.pipeline", false);
}

static int redis_multi(lua_State *lua)
{
    struct redis_table *table = redis_table_of(lua);

    if (!table->in_pipeline)
        return pipeline(lua, "redis.multi", true);
    if (table->in_multi)
        return luaL_error(
            lua, "redis.multi: inside another redis.multi; Redis does not nest them");
    luaL_checktype(lua, 1, LUA_TFUNCTION);
    if (!lua_isnoneornil(lua, 2))
        return luaL_error(lua, "redis.multi: options belong to the pipeline around it");
    queue_multi(lua, table, 1);
    return 0;
}

void redis_table_push(lua_State *lua)
{
    static const luaL_Reg functions[] = {
        { "call", redis_call },
        { "pcall", redis_pcall },
        { "pipeline", redis_pipeline },
        { "multi", redis_multi },
        { NULL, NULL },
    };

    *table_place(lua) = lua_newuserdatauv(lua, sizeof(struct redis_table), 0);
    lua_rawsetp(lua, LUA_REGISTRYINDEX, &table_key); /* as long as the state lives */
    redis_table_use(lua, NULL, false);
    luaL_newlib(lua, functions);
}

void redis_table_use(lua_State *lua, struct wire *wire, bool preparing)
{
    *redis_table_of(lua) = (struct redis_table){ .wire = wire, .preparing = preparing };
}
