/* layouts.h - what lays out any sheet: the formats without a layout of their own for each
 * document. */
#pragma once

#include <stdio.h>

#include "report/sheet.h"
#include "report/style.h"

/* Rows and columns. */
void csv_write(FILE *out, const struct sheet *sheet, struct report_style style);
/* The same line by line, of what is too much to be held at once. */
void csv_header(FILE *out, const struct sheet *sheet);
void csv_row(FILE *out, const struct sheet *sheet, size_t row);

/* Both: for a comment on a pull request, below so many bytes; it says what has no room.
 */
#define MARKDOWN_MOST 65000
void markdown_write(FILE *out, const struct sheet *sheet, struct report_style style);

/* Cases: as annotations in GitHub's words, and in Markdown to `style.summary`. */
void github_write(FILE *out, const struct sheet *sheet, struct report_style style);

/* Cases: as test points, and as test results in XML. */
void tap_write(FILE *out, const struct sheet *sheet, struct report_style style);
void junit_write(FILE *out, const struct sheet *sheet, struct report_style style);
