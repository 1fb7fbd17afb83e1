/* programs_json.c - what is said of a strategy that is a program: its recordings and
 * their proof, and its survivors that failed. */
#include "report/json_put.h"
#include "report/parts.h"

json_t *program_json(const struct finding *finding)
{
    json_t *object = json_object(), *proofs = json_array();

    for (size_t i = 0; i < finding->proof_count; i++) {
        const struct proof_count *proof = &finding->proofs[i];
        json_t *one = json_object();

        json_put_whole(one, "point", proof->point);
        json_put_whole(one, "kills", proof->tried);
        json_put_whole(one, "came", proof->came);
        json_put_whole(one, "proved", proof->proved);
        json_put_whole(one, "same_state", proof->same);
        json_put_later(one, "later", proof->words);
        json_array_append_new(proofs, one);
    }
    json_put_whole(object, "connections", finding->connections);
    json_put_whole(object, "states", finding->states);
    json_put_whole(object, "varying", finding->varying);
    json_put_whole(object, "resent_compared", finding->compared);
    json_put_whole(object, "resent_same", finding->same);
    json_put_flag(object, "true_time", finding->true_time);
    json_put(object, "proofs", proofs);
    return object;
}

json_t *failures_json(const struct finding *finding)
{
    json_t *array = json_array();

    for (size_t i = 0; i < finding->failure_count; i++) {
        const struct failure *failure = &finding->failures[i];
        json_t *one = json_object();

        if (failure->point >= 0)
            json_put_whole(one, "point", (uint64_t)failure->point);
        json_put_flag(one, "killed", failure->killed);
        json_put_text(one, "survivor", failure->what);
        json_put_text(one, "command", failure->command);
        json_put_text(one, "fate", failure->fate);
        json_put_text(one, "printed", failure->printed);
        json_put_whole(one, "printed_bytes", failure->bytes);
        json_array_append_new(array, one);
    }
    return array;
}
