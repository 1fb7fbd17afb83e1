/* acted.c - see acted.h. */
#include "acted.h"

#include <stdio.h>
#include <stdlib.h>

char *acted_scenario(const char *directory, const char *entries)
{
    const char *actor = getenv("ACTOR");
    CLEANUP(mem_freep) char *text = NULL;

    cr_assert_not_null(actor, "ACTOR is not set; run the tests with meson test");
    text = mem_printf("local function actor(...) return { '%s', ... } end\n"
                      "return {\n%s\n}\n",
                      actor, entries);
    return test_file(directory, "s.lua", text);
}

static long long whole(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    cr_assert(json_is_integer(value), "%s is not a whole number", key);
    return json_integer_value(value);
}

static void tell_points(FILE *out, const json_t *points)
{
    CLEANUP(mem_freep) char *last = mem_strdup("");

    for (size_t i = 0; i < json_array_size(points); i++) {
        char *words = json_words(json_object_get(json_array_get(points, i), "later"));

        if (strcmp(words, last) != 0)
            fprintf(out, "%s%s", i ? ", " : "", words);
        free(last);
        last = words;
    }
}

static void tell_proofs(FILE *out, const json_t *points, const json_t *proofs)
{
    for (size_t i = 0; i < json_array_size(proofs); i++) {
        const json_t *proof = json_array_get(proofs, i);
        CLEANUP(mem_freep) char *words = json_words(json_object_get(proof, "later"));

        const json_t *point = json_array_get(points, (size_t)whole(proof, "point"));

        fprintf(out, "; %s: %s %lld of %lld",
                json_string_value(json_object_get(point, "command")), words,
                whole(proof, "proved"), whole(proof, "kills"));
    }
}

char *acted_story(const struct run *run)
{
    const json_t *strategies = json_object_get(run->json, "strategies");
    char *text = NULL;
    FILE *out = mem_stream(&text);

    for (size_t i = 0; i < json_array_size(strategies); i++) {
        const json_t *strategy = json_array_get(strategies, i);
        const json_t *program = json_object_get(strategy, "program");
        const json_t *points = json_object_get(strategy, "points");

        if (!program)
            continue;
        fprintf(out, "%s%s %s: %lld connections, %lld states: ", ftell(out) ? "\n" : "",
                json_string_value(json_object_get(strategy, "name")),
                json_string_value(json_object_get(strategy, "verdict")),
                whole(program, "connections"), whole(program, "states"));
        tell_points(out, points);
        tell_proofs(out, points, json_object_get(program, "proofs"));
    }
    fclose(out);
    return text;
}

void acted_expect(const char *entries, int status, const char *story)
{
    char *directory = test_directory();
    CLEANUP(mem_freep) char *path = acted_scenario(directory, entries);
    struct run run = RUN("run", path, "--no-store", "--format", "json");
    CLEANUP(mem_freep) char *told = acted_story(&run);

    cr_expect_eq(run.status, status, "%s\nstatus %d: %s", entries, run.status, run.err);
    cr_expect_str_eq(told, story, "%s\nexpected %s\n     got %s", entries, story, told);
    run_release(&run);
    test_directory_remove(directory);
}
