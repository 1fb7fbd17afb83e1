/* list_json.c - scenarios as JSON: an array of objects, one for each. */
#include "report/json_put.h"
#include "report/writers.h"

static json_t *strategies_of(const struct outline *scenario)
{
    json_t *array = json_array();

    for (size_t i = 0; i < scenario->strategy_count; i++) {
        const struct strategy *strategy = &scenario->strategies[i];
        json_t *object = json_object();

        json_put_text(object, "name", strategy->name);
        json_put_text(object, "about", strategy->about);
        json_put_expect(object, "expect", strategy->expect);
        json_put_flag(object, "reference", i == scenario->reference);
        json_array_append_new(array, object);
    }
    return array;
}

void list_json(FILE *out, const struct list *list, struct report_style style)
{
    json_t *array = json_array();

    (void)style;
    for (size_t i = 0; i < list->count; i++) {
        const struct outline *scenario = list->scenarios[i];
        json_t *object = json_object();

        json_put_text(object, "name", scenario->name);
        json_put_text(object, "title", scenario->title);
        json_put_text(object, "source", scenario->source);
        json_put_text(object, "path", scenario->path);
        json_put_parameters(object, "parameters", scenario);
        json_put(object, "strategies", strategies_of(scenario));
        json_array_append_new(array, object);
    }
    json_put_end(out, array);
}
