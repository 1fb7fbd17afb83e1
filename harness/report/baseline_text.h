/* baseline_text.h - a baseline for people: `afterkill baseline show`. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "report/style.h"
#include "store/baseline.h"

void baseline_text_write(FILE *out, const struct baseline *baseline,
                         struct report_style style);
