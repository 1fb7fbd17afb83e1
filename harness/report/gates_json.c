/* gates_json.c - what gates say of a run, as a part of its JSON object. */
#include <math.h>

#include "base/mem.h"
#include "report/gates_words.h"
#include "report/json_put.h"
#include "report/parts.h"

static json_t *outcome_object(const struct gate_outcome *outcome)
{
    CLEANUP(mem_freep) char *sentence = gates_sentence(outcome);
    bool rate = gate_is_rate(outcome->gate);
    bool known = rate ? outcome->rate.of > 0 : outcome->ratio.known;
    bool bounded = rate ? known : outcome->ratio.bounded;
    struct interval interval = rate ? outcome->rate.interval : outcome->ratio.interval;
    json_t *object = json_object();

    json_put_text(object, "gate", gate_option(outcome->gate));
    json_put_real(object, "bound", outcome->bound);
    json_put_text(object, "strategy", outcome->finding->strategy->name);
    if (outcome->against)
        json_put_text(object, "against", outcome->against->strategy->name);
    json_put_text(object, "verdict", gate_verdict_name(outcome->verdict));
    json_put_real(object, "estimate",
                  known ? rate ? outcome->rate.estimate : outcome->ratio.estimate
                        : INFINITY);
    json_put_real(object, "low", bounded ? interval.low : INFINITY);
    json_put_real(object, "high", bounded ? interval.high : INFINITY);
    if (rate)
        json_put_whole(object, "valid", outcome->rate.of);
    json_put_needed(object, "kills_needed", outcome->kills_needed);
    json_put_text(object, "sentence", sentence);
    return object;
}

json_t *gates_json(const struct gate_report *report)
{
    json_t *array = json_array();

    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(array, outcome_object(&report->outcomes[i]));
    return array;
}
