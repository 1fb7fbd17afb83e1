/* layouts.h - what lays out any sheet: the formats without a layout of their own for each
 * document. */
#pragma once

#include <stdio.h>

#include "report/sheet.h"
#include "report/style.h"

void csv_write(FILE *out, const struct sheet *sheet, struct report_style style);
/* Line by line, of what is too much to be held at once. */
void csv_header(FILE *out, const struct sheet *sheet);
void csv_row(FILE *out, const struct sheet *sheet, size_t row);
