/* glob.c - see glob.h. */
#include "redis/glob.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* In the place of zero bytes, at which fnmatch() would take the text to end. */
#define STAND_IN '\1'

/* A text for fnmatch(). */
struct subject {
    char *text;
    bool has_zeros;
};

static void subject_release(struct subject *subject)
{
    free(subject->text);
}

static struct subject subject_of(struct str text)
{
    struct subject subject = { mem_alloc(text.length + 1), false };

    memcpy(subject.text, text.bytes, text.length);
    for (char *end = subject.text + text.length, *at = subject.text;
         (at = memchr(at, '\0', (size_t)(end - at))) != NULL;) {
        *at = STAND_IN;
        subject.has_zeros = true;
    }
    return subject;
}

/* A pattern that asks for what stands in for zero bytes does not mean them. */
static bool matches(const char *glob, const struct subject *subject)
{
    return !(subject->has_zeros && strchr(glob, STAND_IN)) &&
           fnmatch(glob, subject->text, 0) == 0;
}

bool patterns_match(const struct patterns *patterns, struct str key)
{
    CLEANUP(subject_release) struct subject subject = { NULL, false };

    if (!patterns || patterns->count == 0)
        return false;
    subject = subject_of(key);
    for (size_t i = 0; i < patterns->count; i++)
        if (matches(patterns->globs[i], &subject))
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
    CLEANUP(subject_release) struct subject holder = { NULL, false };
    CLEANUP(subject_release) struct subject name = { NULL, false };

    if (!ignored || ignored->fields.count == 0)
        return false;
    holder = subject_of(key);
    name = subject_of(field);
    for (size_t i = 0; i < ignored->fields.count; i++)
        if (matches(ignored->holders.globs[i], &holder) &&
            matches(ignored->fields.globs[i], &name))
            return true;
    return false;
}

void ignored_release(struct ignored *ignored)
{
    patterns_release(&ignored->keys);
    patterns_release(&ignored->holders);
    patterns_release(&ignored->fields);
}
