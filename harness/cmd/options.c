/* options.c - see options.h. */
#include "cmd/options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

uint64_t option_whole(const char *text, const char *option, uint64_t least, uint64_t most,
                      struct argp_state *state)
{
    uint64_t value = least;

    if (!str_whole(text, least, most, &value))
        argp_error(state, "--%s '%s': expected a whole number from %llu to %llu", option,
                   text, (unsigned long long)least, (unsigned long long)most);
    return value;
}

double option_real(const char *text, const char *option, double above, double below,
                   struct argp_state *state)
{
    double value = 0;

    if (!str_real(text, above, below, &value))
        argp_error(state, "--%s '%s': expected a number between %g and %g", option, text,
                   above, below);
    return value;
}

const struct format *option_format(const char *text, struct argp_state *state)
{
    const struct format *format = format_by_name(text);

    if (!format || !format->run)
        argp_error(state, "--format '%s': expected text or json", text);
    return format;
}

const char *option_color(const char *text, struct argp_state *state)
{
    if (strcmp(text, "auto") != 0 && strcmp(text, "always") != 0 &&
        strcmp(text, "never") != 0)
        argp_error(state, "--color '%s': expected auto, always or never", text);
    return text;
}

bool option_color_wanted(const char *color)
{
    const char *no_color = getenv("NO_COLOR");

    if (strcmp(color, "auto") != 0)
        return strcmp(color, "always") == 0;
    return isatty(STDOUT_FILENO) && !(no_color && *no_color);
}
