/* names.c - ids and times get the same names in states of two runs (state/names.h). */
#include <criterion/criterion.h>

#include "atoms.h"
#include "base/mem.h"
#include "state/names.h"

#define UUID "5b1f1c1e-2b44-4d8a-9f3e-0a1b2c3d4e5f"
#define UUID2 "c0ffee00-1234-4abc-8def-abcdefabcdef"
#define UUID3 "00000000-0000-4000-8000-000000000001"
#define HEX "0123456789abcdef01234567"

/* ---- tokens ---- */

static const struct {
    const char *text;
    enum token token;
    size_t length;
} tokens[] = {
    { UUID, TOKEN_ID, 36 },
    { "5B1F1C1E-2B44-4D8A-9F3E-0A1B2C3D4E5F", TOKEN_ID, 36 },
    { UUID ":lock", TOKEN_ID, 36 },
    { UUID "-1", TOKEN_ID, 36 },
    { HEX, TOKEN_ID, 24 },
    { HEX ".x", TOKEN_ID, 24 },
    { "V1StGXR8Z5jdHi6B", TOKEN_ID, 16 },
    { "0000000000000001", TOKEN_ID, 16 },
    { "01ARZ3NDEKTSV4RRFFQ69G5FAV", TOKEN_ID, 26 },

    { "1764400000", TOKEN_TIME, 10 },
    { "1764400000000", TOKEN_TIME, 13 },
    { "1764400000000000", TOKEN_TIME, 16 },
    { "1764400000.25", TOKEN_TIME, 13 },
    { "1764400000.", TOKEN_TIME, 10 },
    { "1764400000-0", TOKEN_TIME, 10 },
    { "1764400000,5", TOKEN_TIME, 10 },
    { "2026-11-29T07:25:48", TOKEN_TIME, 19 },
    { "2026-11-29 07:25:48", TOKEN_TIME, 19 },
    { "2026-11-29T07:25:48Z", TOKEN_TIME, 20 },
    { "2026-11-29T07:25:48.123456Z", TOKEN_TIME, 27 },
    { "2026-11-29T07:25:48.123+01:00", TOKEN_TIME, 29 },
    { "2026-11-29T07:25:48-05:30 ", TOKEN_TIME, 25 },

    /* Too short, or too long, or something else. */
    { "", TOKEN_NONE, 1 },
    { ":x", TOKEN_NONE, 1 },
    { "job", TOKEN_NONE, 3 },
    { "job:1", TOKEN_NONE, 3 },
    { "abcdefghijklmnopqrstuvwxyz", TOKEN_NONE, 26 },
    { "V1StGXR8Z5jdHi6", TOKEN_NONE, 15 },
    { "0764400000", TOKEN_NONE, 10 },
    { "176440000", TOKEN_NONE, 9 },
    { "17644000000", TOKEN_NONE, 11 },
    { "1764400000s", TOKEN_NONE, 11 },
    { "2026-11-29", TOKEN_NONE, 4 },
    { "2026-11-29T07:25", TOKEN_NONE, 4 },
};

Test(tokens, that_are_ids_and_times)
{
    for (size_t i = 0; i < ARRAY_SIZE(tokens); i++) {
        size_t length = 0;
        enum token token = token_at(str_of(tokens[i].text), &length);

        cr_expect_eq(token, tokens[i].token, "%s: %d", tokens[i].text, (int)token);
        cr_expect_eq(length, tokens[i].length, "%s: %zu", tokens[i].text, length);
    }
}

/* A text that ends anywhere within one is not read beyond. */
Test(tokens, that_are_cut)
{
    static const char *const whole[] = { UUID, HEX, "1764400000000.25",
                                         "2026-11-29T07:25:48.123+01:00" };

    for (size_t i = 0; i < ARRAY_SIZE(whole); i++)
        for (size_t length = 0; length <= strlen(whole[i]); length++) {
            char *copy = mem_alloc(length ? length : 1); /* sanitizers look */
            size_t token = 0;

            memcpy(copy, whole[i], length);
            token_at((struct str){ copy, length }, &token);
            cr_expect_leq(token, length ? length : 1, "%s, %zu", whole[i], length);
            free(copy);
        }
}

/* ---- names ---- */

/* What a string of this value is called. The caller frees it. */
static char *named(const struct names *names, const char *value)
{
    struct atom atom = { .key = STR("k"), .id = STR(""), .value = str_of(value) };
    struct state state = STATE_NULL;
    struct arena arena = ARENA_NULL;
    char *text;

    state_add(&state, atom);
    names_apply(names, &state, &arena);
    text =
        mem_printf("%.*s", (int)state.atoms[0].value.length, state.atoms[0].value.bytes);
    state_release(&state);
    arena_release(&arena);
    return text;
}

#define EXPECT_NAMED(names, value, expected)                                             \
    do {                                                                                 \
        CLEANUP(mem_freep) char *named_ = named((names), (value));                       \
        cr_expect_str_eq(named_, (expected), "%s: %s", (value), named_);                 \
    } while (0)

Test(names, of_what_nobody_knows)
{
    struct names names = NAMES_NULL;

    EXPECT_NAMED(&names, UUID, "<id>");
    EXPECT_NAMED(&names, "1764400000", "<time>");
    EXPECT_NAMED(&names,
                 "{\"id\":\"" UUID "\",\"at\":1764400000000,\"n\":[1,\"" HEX "\"]}",
                 "{\"id\":\"<id>\",\"at\":<time>,\"n\":[1,\"<id>\"]}");
    EXPECT_NAMED(&names, "worker:" HEX ":2026-11-29T07:25:48Z", "worker:<id>:<time>");
    EXPECT_NAMED(&names, "nothing of the kind, 42", "nothing of the kind, 42");
    EXPECT_NAMED(&names, "", "");
    names_release(&names);
}

/* Of a text, ids and numbers are known; of a state, times as well: survivors may be told
 * the time at which something was sent. */
Test(names, of_what_is_known)
{
    struct names names = NAMES_NULL;
    struct state state = atoms_parse("string:at=1764400000");

    names_know(&names, str_of("lock:" UUID " 1764400000 4711"));
    EXPECT_NAMED(&names, UUID3 "," UUID2 "," UUID, "<id>,<id>," UUID);
    EXPECT_NAMED(&names, "1764400000", "<time>");
    cr_expect(!names.times);
    names_know_state(&names, &state);
    EXPECT_NAMED(&names, "1764400000 1764400005", "1764400000 <time>");
    cr_expect(names.times);
    state_release(&state);
    names_release(&names);
}

/* A process id, until the next one; never a number of the data. */
Test(names, of_processes)
{
    struct names names = NAMES_NULL;

    names_know(&names, STR("job:4711"));
    names_call(&names, 4711, "<pid>");
    names_call(&names, 31415, "<pid>");
    names_call(&names, 42, "<pid>");
    EXPECT_NAMED(&names, "vm:31415:4711:42 a31415", "vm:<pid>:4711:42 a31415");
    names_begin(&names);
    EXPECT_NAMED(&names, "31415", "31415");
    names_release(&names);
}

/* A reply to CLIENT LIST is full of numbers, and a survivor may get one of them for its
 * process id: that is none of a state's. */
Test(names, process_ids_that_were_heard)
{
    struct names names = NAMES_NULL;

    names_hear(&names, STR("addr=127.0.0.1:41234 tot-mem=22272 name=5dd9b1d1f2e64c0c"));
    names_know(&names, STR("HSET worker pid 41234"));
    for (int i = 0; i < 2; i++) {
        EXPECT_NAMED(&names, "22272 41234", "22272 41234");
        names_call(&names, 22272, "<pid>");
        names_call(&names, 41234, "<pid>");
        EXPECT_NAMED(&names, "22272 41234", "<pid> 41234");
        EXPECT_NAMED(&names, "5dd9b1d1f2e64c0c", "5dd9b1d1f2e64c0c");
        names_begin(&names);
    }
    names_know(&names, STR("SET tot-mem 22272"));
    names_call(&names, 22272, "<pid>");
    EXPECT_NAMED(&names, "22272", "22272");
    names_release(&names);
}

/* Another run of the program calls by other names what the recording calls so. */
Test(names, of_pairs)
{
    struct names names = NAMES_NULL;

    names_know(&names, STR("j:" UUID " by 1001"));
    names_pair(&names, STR("j:" UUID2 " 1764400009 by 2002"),
               STR("j:" UUID " 1764400000 by 1001"));
    EXPECT_NAMED(&names, UUID2 ":1764400009:2002", UUID ":1764400000:1001");
    names_begin(&names);
    EXPECT_NAMED(&names, UUID2, UUID);
    /* What is the same needs no other name, the first pair holds, what is known keeps its
     * value, and nothing is called by two. */
    names_pair(&names, STR(UUID), STR(UUID));
    names_pair(&names, STR(UUID2), STR(UUID3));
    names_pair(&names, STR("1001"), STR("2003"));
    names_pair(&names, STR(UUID3), STR(UUID));
    EXPECT_NAMED(&names, UUID " " UUID2 " 1001 " UUID3, UUID " " UUID " 1001 <id>");
    /* They have come apart. */
    names_pair(&names, STR("3003 " HEX), STR(HEX " 1001"));
    EXPECT_NAMED(&names, "3003", "3003");
    names_unpair(&names);
    EXPECT_NAMED(&names, UUID2 " 2002 1764400000", "<id> 2002 <time>");
    names_pair(&names, STR(UUID3), STR(UUID));
    EXPECT_NAMED(&names, UUID3, UUID);
    names_release(&names);
}

Test(names, of_words_that_vary)
{
    char glob[] = "host-*";
    const struct patterns vary = { (char *[]){ glob }, 1 };
    struct names names = NAMES_NULL;

    names.vary = &vary;
    names_know(&names, STR("host-a.example:1"));
    EXPECT_NAMED(&names, "host-a.example/host-b.example/host-c.example",
                 "host-a.example/<id>/<id>");
    EXPECT_NAMED(&names, "ghost-b.example", "ghost-b.example");
    names_release(&names);
}

/* Many of them: the table grows, and keeps all. */
Test(names, of_many)
{
    struct names names = NAMES_NULL;
    char text[32];

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++) {
            snprintf(text, sizeof(text), "known%011dx", i);
            names_know(&names, str_of(text));
            names_call(&names, (uint64_t)(100000 + i), "<pid>");
        }
        for (int i = 0; i < 1000; i++) {
            snprintf(text, sizeof(text), "known%011dx", i);
            EXPECT_NAMED(&names, text, text);
            snprintf(text, sizeof(text), "%d", 100000 + i);
            EXPECT_NAMED(&names, text, "<pid>");
        }
        names_begin(&names);
        EXPECT_NAMED(&names, text, text);
    }
    names_release(&names);
}

/* Two times may be one in another run, but two ids are not. */
Test(names, of_times_that_coincide)
{
    struct names names = NAMES_NULL;
    struct state one = atoms_parse("string:a=1764400001 string:b=1764400001");
    struct state two = atoms_parse("string:a=1764400001 string:b=1764400002");
    struct arena arena = ARENA_NULL;

    names_pair(&names, STR("1764400008 1764400009"), STR("1764400001 1764400001"));
    EXPECT_NAMED(&names, "1764400008 1764400009", "1764400001 1764400001");
    cr_expect(signature_equal(names_timeless(&names, &one, &arena),
                              names_timeless(&names, &two, &arena)));
    state_release(&one);
    state_release(&two);
    arena_release(&arena);
    names_release(&names);
}

/* Keys, ids of elements and values, and no name is given to what is known. */
Test(names, in_states)
{
    struct state state = atoms_parse("string:lock-" UUID "=" UUID2 " hash:h:" UUID2
                                     "=1764400000~ list:q=" UUID3);
    struct state expected =
        atoms_parse("string:lock-<id>=" UUID2 " hash:h:" UUID2 "=<time>~ list:q=<id>");
    struct names names = NAMES_NULL;
    struct arena arena = ARENA_NULL;

    names_know(&names, STR(UUID2));
    names_apply(&names, &state, &arena);
    names_apply(NULL, &state, &arena);
    state_sort(&state);
    cr_expect(signature_equal(state_signature(&state), state_signature(&expected)));
    names_know_state(&names, &expected);
    state_release(&state);
    state_release(&expected);
    arena_release(&arena);
    names_release(&names);
}
