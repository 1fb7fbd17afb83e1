/* notation_lua.c - see notation_lua.h. */
#include "scenario/notation_lua.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "redis/command.h"

/* Lua has 255 registers for the arguments of a call; behind so many they are unpacked. */
#define WORDS_IN_CALL 100

void notation_lua_literal(FILE *out, struct str word)
{
    fputc('\'', out);
    for (size_t i = 0; i < word.length; i++) {
        unsigned char byte = (unsigned char)word.bytes[i];

        if (isascii(byte) && isprint(byte) && byte != '\'' && byte != '\\')
            fputc(byte, out);
        else
            fprintf(out, "\\%03d", byte);
    }
    fputc('\'', out);
}

/* Keys that a script is given, each once. */
struct script_keys {
    struct str *items;
    size_t count;
};

static struct command parsed(const struct notation_step *step)
{
    CLEANUP(mem_freep) const char **argv = MEM_ARRAY(const char *, step->word_count);
    CLEANUP(mem_freep) size_t *lengths = MEM_ARRAY(size_t, step->word_count);
    struct command command;

    for (size_t i = 0; i < step->word_count; i++) {
        argv[i] = step->words[i].bytes;
        lengths[i] = step->words[i].length;
    }
    command_parse(&command, (int)step->word_count, argv, lengths);
    return command;
}

/* The number of a key among those of the script, from 1 on. */
static size_t script_key(struct script_keys *keys, struct str key)
{
    for (size_t i = 0; i < keys->count; i++)
        if (str_compare(keys->items[i], key) == 0)
            return i + 1;
    keys->items = mem_grow(keys->items, keys->count + 1, sizeof(*keys->items));
    keys->items[keys->count] = key;
    return ++keys->count;
}

/* redis.call('SET', 'k', '1'); in a script, the first key is KEYS[1]. */
static void write_call(FILE *out, const struct notation_step *step,
                       struct script_keys *keys)
{
    uint64_t key = keys ? parsed(step).key_hash : 0;
    bool many = step->word_count > WORDS_IN_CALL;

    fputs(many ? "redis.call(unpack({" : "redis.call(", out);
    for (size_t i = 0; i < step->word_count; i++) {
        fputs(i ? ", " : "", out);
        if (key && i && command_key_hash(step->words[i]) == key) {
            fprintf(out, "KEYS[%zu]", script_key(keys, step->words[i]));
            key = 0;
        } else {
            notation_lua_literal(out, step->words[i]);
        }
    }
    fputs(many ? "}))" : ")", out);
}

/* redis.call('EVAL', TEXT, COUNT, KEYS..): its reply is the last call's. */
static void write_script(FILE *out, const struct notation_step *step)
{
    struct script_keys keys = { NULL, 0 };
    CLEANUP(mem_freep) char *text = NULL;
    FILE *script = mem_stream(&text);

    for (size_t i = 0; i < step->step_count; i++) {
        fputs(i ? " " : "", script);
        fputs(i + 1 == step->step_count ? "return " : "", script);
        write_call(script, &step->steps[i], &keys);
    }
    fclose(script);
    fputs("redis.call(unpack({'EVAL', ", out);
    notation_lua_literal(out, str_of(text));
    fprintf(out, ", %zu", keys.count);
    for (size_t i = 0; i < keys.count; i++) {
        fputs(", ", out);
        notation_lua_literal(out, keys.items[i]);
    }
    fputs("}))", out);
    free(keys.items);
}

static void write_step(FILE *out, const struct notation_step *step)
{
    switch (step->kind) {
    case NOTATION_COMMAND:
        write_call(out, step, NULL);
        break;
    case NOTATION_LUA:
        write_script(out, step);
        break;
    case NOTATION_MULTI:
        fputs("redis.multi(function() ", out);
        for (size_t i = 0; i < step->step_count; i++) {
            write_step(out, &step->steps[i]);
            fputc(' ', out);
        }
        fputs("end)", out);
    }
}

/* Steps that leave in one buffer. */
struct flight {
    const struct notation_step *steps;
    size_t count;
    bool last;
};

static struct flight flight_at(const struct notation *notation, size_t i)
{
    struct flight flight = { &notation->steps[i], 1, false };

    while (i + flight.count < notation->count && flight.steps[flight.count].joined)
        flight.count++;
    flight.last = i + flight.count == notation->count;
    return flight;
}

static void write_flight(FILE *out, const struct flight *flight)
{
    fputs("r = ", out);
    if (flight->count > 1)
        fputs("redis.pipeline(function() ", out);
    for (size_t i = 0; i < flight->count; i++) {
        write_step(out, &flight->steps[i]);
        fputc(' ', out);
    }
    fputs(flight->count > 1 ? "end) " : "", out);
}

/* The last command of a step, whose reply is the step's. */
static const struct notation_step *last_of(const struct notation_step *step)
{
    while (step->step_count)
        step = &step->steps[step->step_count - 1];
    return step;
}

/* Raises if a reply, as it stands in Lua, says that the step did not do it. */
static void write_check(FILE *out, const struct notation_step *step, const char *reply,
                        bool last)
{
    bool wants_absence = parsed(last_of(step)).flags & COMMAND_IF_ABSENT;
    CLEANUP(mem_freep) char *text = NULL;
    FILE *message;

    if (!wants_absence && !last)
        return;
    message = mem_stream(&text);
    notation_print(message, step, 1);
    fclose(message);
    fprintf(out, "if not %s%s%s%s then error(", reply, wants_absence ? " or " : "",
            wants_absence ? reply : "", wants_absence ? " == 0" : "");
    notation_lua_literal(out, str_of(text));
    fprintf(out, " .. ' was answered with ' .. (%s == 0 and '0' or 'nil')) end ", reply);
}

/* Replies of a pipeline stand in a list, those of a transaction in EXEC's. */
static void write_checks(FILE *out, const struct flight *flight)
{
    size_t place = 0;

    for (size_t i = 0; i < flight->count; i++) {
        const struct notation_step *step = &flight->steps[i];
        bool last = flight->last && i + 1 == flight->count;
        char reply[64] = "r";

        place += step->kind == NOTATION_MULTI ? step->step_count + 2 : 1;
        if (flight->count > 1)
            snprintf(reply, sizeof(reply), "r[%zu]", place);
        if (step->kind != NOTATION_MULTI)
            write_check(out, step, reply, last);
        for (size_t k = 0; step->kind == NOTATION_MULTI && k < step->step_count; k++) {
            char inner[96];

            snprintf(inner, sizeof(inner), "%s[%zu]", reply, k + 1);
            write_check(out, &step->steps[k], inner, last && k + 1 == step->step_count);
        }
    }
}

char *notation_lua(const struct notation *notation, bool looks_at_replies)
{
    char *source = NULL;
    FILE *out = mem_stream(&source);

    fputs("local unpack, error = ... return function(redis) local r ", out);
    for (size_t i = 0; i < notation->count;) {
        struct flight flight = flight_at(notation, i);

        write_flight(out, &flight);
        if (looks_at_replies && !mutant("replies-unheard"))
            write_checks(out, &flight);
        i += flight.count;
    }
    fputs("end", out);
    fclose(out);
    return source;
}
