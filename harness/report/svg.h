/* svg.h - the few shapes that figures are made of.
 *
 * They are ours because a figure here is rectangles, lines and short texts: libraries
 * that draw charts bring a canvas, fonts and a dialect of their own, or a script that the
 * page would need to be read, and none names what it draws for those who cannot see it.
 *
 * Units are whole: 1 is a pixel where the page gives a figure the width that it has here,
 * and figures grow and shrink with the page. What things look like is the style sheet's
 * (html_style.h), by classes. Texts are escaped. */
#pragma once

#include <stdio.h>

#define SVG_WIDTH 720

/* A figure of that height, in a frame that scrolls where it is too narrow to be read.
 * `label` says what it shows to those who do not see it, and is not empty. */
__attribute__((format(printf, 3, 4))) void svg_begin(FILE *out, int height,
                                                     const char *label, ...);
void svg_end(FILE *out);

/* `tip` is shown while one points at it; NULL: nothing is. */
void svg_rect(FILE *out, const char *class, int x, int y, int width, int height,
              const char *tip);
void svg_line(FILE *out, const char *class, int x1, int y1, int x2, int y2);

enum svg_anchor { SVG_LEFT, SVG_MIDDLE, SVG_RIGHT };
/* The text's base line is at y; `class` "dim", "in" (on a colour), or "". */
__attribute__((format(printf, 6, 7))) void svg_text(FILE *out, const char *class,
                                                    enum svg_anchor anchor, int x, int y,
                                                    const char *format, ...);
/* The same, rising to the right up to its end, which is at that place. */
void svg_slanted(FILE *out, int x, int y, const char *text);

/* A mark around a place; its shape goes by its number, so that neighbours differ. */
void svg_mark(FILE *out, const char *class, size_t number, int x, int y, const char *tip);

/* A sentence in place of a figure for which there are no data. */
void svg_none(FILE *out, const char *why);
