/* slot.c - see slot.h. */
#include "redis/slot.h"

#include <string.h>

static unsigned crc16(struct str text)
{
    unsigned crc = 0;

    for (size_t i = 0; i < text.length; i++) {
        crc ^= (unsigned)(unsigned char)text.bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
    }
    return crc;
}

static struct str tag_of(struct str key)
{
    const char *open = key.length ? memchr(key.bytes, '{', key.length) : NULL, *close;

    if (!open)
        return key;
    close = memchr(open, '}', key.length - (size_t)(open - key.bytes));
    if (!close || close == open + 1)
        return key;
    return (struct str){ open + 1, (size_t)(close - open - 1) };
}

unsigned slot_of(struct str key)
{
    return crc16(tag_of(key)) % SLOTS;
}
