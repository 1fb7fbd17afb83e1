/* glob.c - see glob.h. */
#include "redis/glob.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The text terminated, for fnmatch(); the caller frees it. */
static char *terminated(struct str text)
{
    char *copy = mem_alloc(text.length + 1);

    memcpy(copy, text.bytes, text.length);
    return copy;
}

bool patterns_match(const struct patterns *patterns, struct str key)
{
    CLEANUP(mem_freep) char *text = NULL;

    if (!patterns || patterns->count == 0)
        return false;
    text = terminated(key);
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

/* The # between key and field; NULL: it is a pattern of keys. */
static char *find_mark(char *pattern)
{
    for (char *p = pattern; *p; p++) {
        if (*p == '#')
            return p;
        if (*p == '\\' && p[1])
            p++;
    }
    return NULL;
}

static void add(struct patterns *patterns, char *glob)
{
    patterns->globs =
        mem_grow(patterns->globs, patterns->count + 1, sizeof(*patterns->globs));
    patterns->globs[patterns->count++] = glob;
}

const char *ignored_split(struct ignored *ignored)
{
    struct patterns *keys = &ignored->keys;
    size_t kept = 0;

    for (size_t i = 0; i < keys->count; i++) {
        char *glob = keys->globs[i], *mark = find_mark(glob);

        if (mark && (mark == glob || !mark[1]))
            return glob;
    }
    for (size_t i = 0; i < keys->count; i++) {
        char *glob = keys->globs[i], *mark = find_mark(glob);

        if (mark) {
            add(&ignored->fields, mem_strdup(mark + 1));
            *mark = '\0';
            add(&ignored->holders, glob);
        } else {
            keys->globs[kept++] = glob;
        }
    }
    keys->count = kept;
    return NULL;
}

bool ignored_key(const struct ignored *ignored, struct str key)
{
    return ignored && patterns_match(&ignored->keys, key);
}

bool ignored_field(const struct ignored *ignored, struct str key, struct str field)
{
    CLEANUP(mem_freep) char *holder = NULL;
    CLEANUP(mem_freep) char *name = NULL;

    if (!ignored || ignored->fields.count == 0)
        return false;
    holder = terminated(key);
    name = terminated(field);
    for (size_t i = 0; i < ignored->fields.count; i++)
        if (fnmatch(ignored->holders.globs[i], holder, 0) == 0 &&
            fnmatch(ignored->fields.globs[i], name, 0) == 0)
            return true;
    return false;
}

void ignored_release(struct ignored *ignored)
{
    patterns_release(&ignored->keys);
    patterns_release(&ignored->holders);
    patterns_release(&ignored->fields);
}
