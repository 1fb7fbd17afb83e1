/* run_cases.h - what a run is held to, as cases of a sheet. */
#pragma once

#include "report/sheet.h"
#include "report/style.h"
#include "result/result.h"

/* A case per strategy, per gate, per strategy that is compared with another run's, and
 * one of what went wrong, if something did. */
void run_cases(struct sheet *sheet, const struct result *result, const char *suite,
               struct report_style style);
/* The command that prints the whole report; the caller frees it. NULL: the run is not
 * kept. */
char *run_command(const struct result *result, struct report_style style);
