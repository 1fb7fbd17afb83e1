/* baseline_text.h - a baseline for people: `afterkill baseline show`. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "store/baseline.h"

void report_baseline_text(FILE *out, const struct baseline *baseline, bool color);
