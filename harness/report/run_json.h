/* run_json.h - parts of a run's JSON object that are written elsewhere; the caller owns
 * them. */
#pragma once

#include <jansson.h>

#include "result/compare.h"
#include "result/gate.h"

json_t *compare_json_value(const struct comparison *comparison);
json_t *gates_json(
    const struct gate_report *report); /* an object per gate and strategy */
