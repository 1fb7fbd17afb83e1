/* stars.c - see stars.h. */
#include "audit/stars.h"

#include <string.h>

bool stars_can(const char *name)
{
    const char *first = strchr(name, '*');
    size_t count = stars_count(name);

    return count <= 1 || (count == STARS_MOST && first[1] == ':');
}

size_t stars_count(const char *name)
{
    size_t count = 0;

    for (; (name = strchr(name, '*')); name++)
        count++;
    return count;
}

static bool begins_with(struct str text, const char *with, size_t length)
{
    return text.length >= length && memcmp(text.bytes, with, length) == 0;
}

/* What stands at the front of the text before a byte, or is all of it. */
static struct str until(struct str text, char byte)
{
    const char *at = text.length ? memchr(text.bytes, byte, text.length) : NULL;

    return (struct str){ text.bytes, at ? (size_t)(at - text.bytes) : text.length };
}

/* "..*:..*..": what stands behind the head, and before the tail. */
static bool match_two(const char *between, struct str key, struct str ret[STARS_MOST])
{
    size_t length = strcspn(between, "*");

    ret[0] = until(key, ':');
    ret[1] = (struct str){ key.bytes + ret[0].length, key.length - ret[0].length };
    if (!ret[0].length || !begins_with(ret[1], between, length))
        return false;
    ret[1].bytes += length;
    ret[1].length -= length;
    return ret[1].length && until(ret[1], ':').length == ret[1].length;
}

bool stars_match(const char *name, struct str key, struct str ret[STARS_MOST])
{
    size_t head = strcspn(name, "*"), length = strlen(name), tail;

    if (!begins_with(key, name, head))
        return false;
    if (head == length)
        return key.length == length;
    tail = strlen(strrchr(name, '*') + 1);
    if (key.length < head + tail + 1 ||
        memcmp(key.bytes + key.length - tail, name + length - tail, tail) != 0)
        return false;
    key = (struct str){ key.bytes + head, key.length - head - tail };
    ret[0] = key;
    return head + tail + 1 == length || match_two(name + head + 1, key, ret);
}

struct buffer stars_fill(const char *name, const struct str *words)
{
    struct buffer ret = BUFFER_NULL;
    const char *star;

    for (; (star = strchr(name, '*')); name = star + 1) {
        buffer_add(&ret, (struct str){ name, (size_t)(star - name) });
        buffer_add(&ret, *words++);
    }
    buffer_add(&ret, str_of(name));
    return ret;
}
