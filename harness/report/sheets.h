/* sheets.h - documents as sheets. The caller releases them (sheet.h). */
#pragma once

#include "report/sheet.h"
#include "report/style.h"
#include "result/check.h"
#include "result/compare.h"
#include "result/sweep.h"

struct audit;

/* A row per strategy; of a sweep, per value and strategy. */
void run_sheet(struct sheet *ret, const struct result *result, struct report_style style);
void sweep_sheet(struct sheet *ret, const struct sweep *sweep, struct report_style style);
/* A row per strategy, or per pair of them. */
void compare_sheet(struct sheet *ret, const struct comparison *comparison,
                   struct report_style style);
/* A row per strategy, and per scenario that did not run. */
void check_sheet(struct sheet *ret, const struct check *check, struct report_style style);
/* A row per group of keys; or per key that is new. */
void audit_sheet(struct sheet *ret, const struct audit *audit, struct report_style style);
