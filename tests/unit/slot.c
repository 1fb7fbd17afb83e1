/* slot: as CLUSTER KEYSLOT says it. */
#include <criterion/criterion.h>

#include "redis/slot.h"

Test(slot, of_keys)
{
    static const struct {
        const char *key;
        unsigned slot;
    } cases[] = {
        { "123456789", 0x31c3 },  { "foo", 12182 },
        { "bar", 5061 },          { "{foo}.bar", 12182 },
        { "x{foo}{bar}", 12182 }, { "{}foo", 9500 },
        { "foo{", 7673 },         { "", 0 },
        { "user1000", 3443 },     { "{user1000}.following", 3443 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_expect_eq(slot_of(str_of(cases[i].key)), cases[i].slot, "%s: %u", cases[i].key,
                     slot_of(str_of(cases[i].key)));
}
