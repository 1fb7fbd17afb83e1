/* html_name.c - names of others where there is little room. */
#include <string.h>

#include "base/printable.h"
#include "report/html_parts.h"

#define COLUMNS 30

const char *html_name(char buffer[HTML_NAME], const char *name)
{
    size_t left = strlen(name), used = 0, columns = 0, length;

    while (used < left && columns < COLUMNS && used + 8 < HTML_NAME) {
        size_t wide = printable_columns(name + used, left - used, &length);

        used += wide ? length : 1;
        columns += wide ? wide : strlen("\\xHH");
    }
    memcpy(buffer, name, used);
    strcpy(buffer + used, used < left ? "\xe2\x80\xa6" : "");
    return buffer;
}
