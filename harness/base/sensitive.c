/* sensitive.c - see sensitive.h. */
#include "base/sensitive.h"

#include <strings.h>

#include "base/mem.h"

bool sensitive_name(struct str name)
{
    static const char *const words[] = { "passw", "secret", "token", "auth" };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        for (size_t at = 0; at + str_of(words[i]).length <= name.length; at++)
            if (strncasecmp(name.bytes + at, words[i], str_of(words[i]).length) == 0)
                return true;
    return false;
}
