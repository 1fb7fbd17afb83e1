/* svg.c - see svg.h. */
#include "report/svg.h"

#include <stdarg.h>

#include "base/mem.h"
#include "report/html.h"

void svg_begin(FILE *out, int height, const char *label, ...)
{
    va_list args;

    fprintf(out,
            "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"figure\">"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
            "role=\"img\" aria-label=\"",
            SVG_WIDTH, height);
    va_start(args, label);
    html_vsay(out, label, args);
    va_end(args);
    fputs("\">\n", out);
}

void svg_end(FILE *out)
{
    fputs("</svg></div>\n", out);
}

/* Closes an element, of which the tip is the title. */
static void end(FILE *out, const char *element, const char *tip)
{
    if (!tip) {
        fputs("/>\n", out);
        return;
    }
    fputs("><title>", out);
    html_text(out, tip);
    fprintf(out, "</title></%s>\n", element);
}

void svg_rect(FILE *out, const char *class, int x, int y, int width, int height,
              const char *tip)
{
    fprintf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"", class,
            x, y, width, height);
    end(out, "rect", tip);
}

void svg_line(FILE *out, const char *class, int x1, int y1, int x2, int y2)
{
    fprintf(out, "<path class=\"%s\" d=\"M%d %dL%d %d\"/>\n", class, x1, y1, x2, y2);
}

void svg_text(FILE *out, const char *class, enum svg_anchor anchor, int x, int y,
              const char *format, ...)
{
    static const char *const anchors[] = { "start", "middle", "end" };
    va_list args;

    fprintf(out, "<text class=\"%s\" text-anchor=\"%s\" x=\"%d\" y=\"%d\">", class,
            anchors[anchor], x, y);
    va_start(args, format);
    html_vsay(out, format, args);
    va_end(args);
    fputs("</text>\n", out);
}

void svg_slanted(FILE *out, int x, int y, const char *text)
{
    fprintf(out, "<text text-anchor=\"end\" transform=\"translate(%d %d) rotate(-50)\">",
            x, y);
    html_text(out, text);
    fputs("</text>\n", out);
}

/* Around 0, within 6 to each side. */
static const char *const shapes[] = {
    "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z", /* circle */
    "M-5 -5h10v10h-10z",                     /* square */
    "M0 -7l6.5 12h-13z",                     /* triangle */
    "M0 -7l7 7l-7 7l-7 -7z",                 /* diamond */
    "M0 7l6.5 -12h-13z",                     /* triangle that stands on its tip */
    "M-2 -6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",    /* cross */
};

void svg_mark(FILE *out, const char *class, size_t number, int x, int y, const char *tip)
{
    fprintf(out, "<path class=\"%s\" transform=\"translate(%d %d)\" d=\"%s\"", class, x,
            y, shapes[number % ARRAY_SIZE(shapes)]);
    end(out, "path", tip);
}

void svg_none(FILE *out, const char *why)
{
    fputs("<p class=\"dim\">", out);
    html_text(out, why);
    fputs("</p>\n", out);
}
