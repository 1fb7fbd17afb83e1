/* output.c - see output.h. */
#include "tap/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Where in the ring the next byte goes, and the oldest one is. */
static size_t turning_point(const struct output *output)
{
    return (size_t)((output->bytes - output->first.length) % OUTPUT_LAST);
}

void output_add(struct output *output, struct str bytes)
{
    size_t n = lesser(bytes.length, OUTPUT_FIRST - output->first.length);

    buffer_add(&output->first, (struct str){ bytes.bytes, n });
    output->bytes += n;
    for (size_t at = n; at < bytes.length; at += n) {
        size_t to = turning_point(output);

        n = lesser(bytes.length - at, OUTPUT_LAST - to);
        if (output->last.length < OUTPUT_LAST)
            buffer_add(&output->last, (struct str){ bytes.bytes + at, n });
        else
            memcpy(output->last.bytes + to, bytes.bytes + at, n);
        output->bytes += n;
    }
}

static void print(FILE *out, struct str bytes)
{
    if (bytes.length)
        fwrite(bytes.bytes, 1, bytes.length, out);
}

char *output_text(const struct output *output)
{
    struct str first = buffer_str(&output->first), last = buffer_str(&output->last);
    uint64_t left_out = output->bytes - first.length - last.length;
    size_t oldest = left_out ? turning_point(output) : 0;
    char *text;
    FILE *out = mem_stream(&text);

    print(out, first);
    if (left_out)
        fprintf(out, "%s[%" PRIu64 " bytes are left out here]\n",
                first.bytes[first.length - 1] == '\n' ? "" : "\n", left_out);
    print(out, (struct str){ last.bytes + oldest, last.length - oldest });
    print(out, (struct str){ last.bytes, oldest });
    fclose(out);
    return text;
}

void output_release(struct output *output)
{
    buffer_release(&output->first);
    buffer_release(&output->last);
    output->bytes = 0;
}
