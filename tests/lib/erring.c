/* erring.c - a test that reads behind what was allocated, and passes: valgrind must
 * report it. */
#include <criterion/criterion.h>
#include <stdlib.h>

Test(erring, reads_behind_the_end)
{
    volatile char *bytes = malloc(16);
    volatile size_t behind = 16;

    cr_expect(bytes[behind] || !bytes[behind]);
    free((void *)bytes);
}
