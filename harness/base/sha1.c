/* sha1.c - see sha1.h. Variables have the names that the standard gives them. */
#include "base/sha1.h"

#include <stdint.h>
#include <string.h>

#define BLOCK 64

static uint32_t rotate(uint32_t word, int bits)
{
    return word << bits | word >> (32 - bits);
}

static uint32_t get_word(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
           bytes[3];
}

static void schedule(const unsigned char *block, uint32_t w[80])
{
    for (int t = 0; t < 16; t++)
        w[t] = get_word(block + 4 * t);
    for (int t = 16; t < 80; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
}

static void add_block(uint32_t h[5], const unsigned char *block)
{
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

    schedule(block, w);
    for (int t = 0; t < 80; t++) {
        uint32_t f, k, next;

        if (t < 20)
            f = (b & c) | (~b & d), k = 0x5a827999;
        else if (t < 40)
            f = b ^ c ^ d, k = 0x6ed9eba1;
        else if (t < 60)
            f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
        else
            f = b ^ c ^ d, k = 0xca62c1d6;
        next = rotate(a, 5) + f + e + k + w[t];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

/* The end of the message: what is left of it, a one, zeros, and its length in bits. */
static void add_end(uint32_t h[5], struct str bytes)
{
    size_t left = bytes.length % BLOCK;
    unsigned char end[2 * BLOCK] = { 0 };
    size_t size = left + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
    uint64_t bits = (uint64_t)bytes.length * 8;

    if (left)
        memcpy(end, bytes.bytes + bytes.length - left, left);
    end[left] = 0x80;
    for (size_t i = 0; i < 8; i++)
        end[size - 1 - i] = (unsigned char)(bits >> 8 * i);
    for (size_t at = 0; at < size; at += BLOCK)
        add_block(h, end + at);
}

void sha1_text(struct str bytes, char ret[SHA1_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };

    for (size_t at = 0; at + BLOCK <= bytes.length; at += BLOCK)
        add_block(h, (const unsigned char *)bytes.bytes + at);
    add_end(h, bytes);
    for (int i = 0; i < 40; i++)
        ret[i] = digits[h[i / 8] >> (28 - 4 * (i % 8)) & 15];
    ret[40] = '\0';
}
