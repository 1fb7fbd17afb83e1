/* hanging.c - a test that never ends by itself: deadline.c must end it. */
#include <criterion/criterion.h>
#include <unistd.h>

Test(hanging, waits_for_ever)
{
    for (;;)
        pause();
}
