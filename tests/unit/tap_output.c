/* tap_output.c - of what a program says, the beginning and the end are kept. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tap/output.h"

/* No two places of a text like this look alike. */
static char *counted(size_t bytes)
{
    char *text;
    FILE *out = mem_stream(&text);

    for (size_t at = 0; at < bytes; at += 8)
        fprintf(out, "%07zu\n", at);
    fclose(out);
    text[bytes] = '\0';
    return text;
}

static void expect_kept(size_t bytes, size_t piece)
{
    CLEANUP(mem_freep) char *text = counted(bytes), *kept = NULL, *wanted = NULL;
    struct output output = OUTPUT_NULL;

    for (size_t at = 0; at < bytes; at += piece)
        output_add(&output,
                   (struct str){ text + at, bytes - at < piece ? bytes - at : piece });
    kept = output_text(&output);
    if (bytes <= OUTPUT_FIRST + OUTPUT_LAST)
        wanted = mem_strdup(text);
    else
        wanted =
            mem_printf("%.*s[%zu bytes are left out here]\n%s", (int)OUTPUT_FIRST, text,
                       bytes - OUTPUT_FIRST - OUTPUT_LAST, text + bytes - OUTPUT_LAST);
    cr_expect_eq(output.bytes, bytes);
    cr_expect(strcmp(kept, wanted) == 0, "%zu bytes in pieces of %zu", bytes, piece);
    output_release(&output);
}

Test(output, the_first_and_the_last_are_kept)
{
    static const size_t pieces[] = { 1, 1000, OUTPUT_FIRST, OUTPUT_LAST, 65536, 1 << 20 };
    const size_t room = OUTPUT_FIRST + OUTPUT_LAST;
    const size_t lengths[] = { 0,
                               1,
                               OUTPUT_FIRST,
                               OUTPUT_FIRST + 1,
                               room - 1,
                               room,
                               room + 1,
                               room + OUTPUT_LAST - 1,
                               1000000,
                               room + OUTPUT_LAST,
                               room + 2 * OUTPUT_LAST + 7 };

    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
        for (size_t j = 0; j < ARRAY_SIZE(pieces); j++)
            expect_kept(lengths[i], pieces[j]);
}
