/* glob.c - see glob.h. */
#include "redis/glob.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

bool patterns_match(const struct patterns *patterns, struct str key)
{
    CLEANUP(mem_freep) char *text = NULL;

    if (!patterns || patterns->count == 0)
        return false;
    text = mem_alloc(key.length + 1);
    memcpy(text, key.bytes, key.length);
    for (size_t i = 0; i < patterns->count; i++)
        if (fnmatch(patterns->globs[i], text, 0) == 0)
            return true;
    return false;
}

void patterns_release(struct patterns *patterns)
{
    for (size_t i = 0; i < patterns->count; i++)
        free(patterns->globs[i]);
    free(patterns->globs);
    *patterns = PATTERNS_NULL;
}
