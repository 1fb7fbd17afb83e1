/* repeat.h - the command that makes a run again. Pure. */
#pragma once

#include "report/style.h"
#include "result/result.h"

/* As options of `run`, all that decides what is found, of a run whose scenario is a file,
 * which is named as from where it lies: who reads this need not know where that was.
 * Values that were not kept are "..". The caller frees it; NULL: there is no such file.
 */
char *repeat_command(const struct result *result, struct report_style style);
