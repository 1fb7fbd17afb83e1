/* heap: blocks do not overlap, keep what is in them, and come back as they were. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/sanitizer.h"
#include "scenario/heap.h"

#define ROOM ((size_t)64 << 20)
#define BLOCKS 400

struct held {
    unsigned char *at;
    size_t bytes;
    unsigned char mark;
};

static void fill(struct held *held, unsigned char mark)
{
    held->mark = mark;
    memset(held->at, mark, held->bytes);
}

static bool is_whole(const struct held *held, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (held->at[i] != held->mark)
            return false;
    return true;
}

/* Draws one of so many after the other. */
static size_t any(size_t count)
{
    static uint64_t drawn;

    return (size_t)rng_below(count, 11, 0, drawn++);
}

/* Mostly small, some large, some nothing. */
static size_t any_size(void)
{
    static const size_t most[] = { 1, 16, 200, 1100, 5000, 70000 };

    return any(most[any(ARRAY_SIZE(most))]);
}

static void change(struct heap *heap, struct held *held)
{
    size_t bytes = any_size(), kept = bytes < held->bytes ? bytes : held->bytes;
    unsigned char *at = heap_resize(heap, held->at, held->bytes, bytes);

    cr_assert_eq(at == NULL, bytes == 0);
    cr_assert_eq((uintptr_t)at % 16, 0);
    held->at = at;
    held->bytes = bytes;
    cr_assert(is_whole(held, kept));
    if (at)
        fill(held, (unsigned char)any(256));
}

static size_t sum(const struct held *all)
{
    size_t bytes = 0;

    for (size_t i = 0; i < BLOCKS; i++)
        bytes += all[i].bytes;
    return bytes;
}

Test(heap, blocks_keep_what_is_in_them)
{
    static struct held all[BLOCKS];
    struct heap *heap = heap_new(ROOM);

    cr_assert_not_null(heap);
    for (size_t step = 0; step < 40000; step++) {
        change(heap, &all[any(BLOCKS)]);
        cr_assert_eq(heap_used(heap), sum(all));
    }
    for (size_t i = 0; i < BLOCKS; i++)
        cr_expect(is_whole(&all[i], all[i].bytes));
    cr_expect_lt(heap_bytes(heap), 4 * sum(all) + (8 << 20));
    heap_free(heap);
}

/* Whatever happens to it, also nonsense, it is the same heap again. */
Test(heap, comes_back_as_it_was)
{
    static struct held all[BLOCKS], then[BLOCKS];
    struct heap *heap = heap_new(ROOM);
    size_t bytes;

    for (size_t step = 0; step < 4000; step++)
        change(heap, &all[any(BLOCKS)]);
    heap_keep(heap);
    bytes = heap_bytes(heap);
    memcpy(then, all, sizeof(then));
    for (size_t round = 0; round < 20; round++) {
        for (size_t step = 0; step < 500; step++)
            change(heap, &all[any(BLOCKS)]);
        for (size_t i = 0; i < BLOCKS && round % 2; i++)
            if (all[i].at)
                memset(all[i].at, 0xa5, all[i].bytes);
        heap_put_back(heap);
        cr_assert_eq(heap_bytes(heap), bytes);
        memcpy(all, then, sizeof(then));
        cr_assert_eq(heap_used(heap), sum(all));
        for (size_t i = 0; i < BLOCKS; i++)
            cr_assert(is_whole(&all[i], all[i].bytes));
    }
    heap_free(heap);
}

#if ADDRESS_SANITIZED
/* What may be touched is known again, too: neither what follows a block, nor what is
 * free, whatever was given out and came back meanwhile. */
Test(heap, knows_what_may_be_touched_when_it_is_put_back)
{
    struct heap *heap = heap_new(ROOM);
    char *free_block = heap_resize(heap, NULL, 0, 200);
    char *block = heap_resize(heap, NULL, 0, 21);

    heap_resize(heap, free_block, 200, 0);
    heap_keep(heap);
    for (int round = 0; round < 3; round++) {
        cr_expect_not(__asan_address_is_poisoned(block + 20));
        cr_expect(__asan_address_is_poisoned(block + 21));
        cr_expect(__asan_address_is_poisoned(free_block + 100));
        cr_expect_eq(heap_resize(heap, NULL, 0, 200), free_block);
        cr_expect_eq(heap_resize(heap, block, 21, 30), block);
        cr_expect_not(__asan_address_is_poisoned(block + 21));
        cr_expect_not(__asan_address_is_poisoned(free_block + 100));
        heap_put_back(heap);
    }
    heap_free(heap);
}
#endif

/* A full heap says so, and makes small blocks of large ones that came back. */
Test(heap, ends)
{
    size_t room = 256 << 10, count = 0, later = 0, rest = 0;
    struct heap *heap = heap_new(room);
    char *blocks[64], *small[4096];

    while (count < ARRAY_SIZE(blocks) &&
           (blocks[count] = heap_resize(heap, NULL, 0, 16 << 10)))
        count++;
    cr_assert_eq(count, 15, "%zu", count);
    cr_expect_null(heap_resize(heap, NULL, 0, 2 * room));
    cr_expect_null(heap_resize(heap, blocks[0], 16 << 10, 32 << 10));
    while (heap_resize(heap, NULL, 0, 16))
        rest += 16;
    cr_expect_eq(heap_resize(heap, blocks[1], 16 << 10, 16), blocks[1]);
    for (size_t i = 0; i < count; i += 2)
        heap_resize(heap, blocks[i], 16 << 10, 0);
    while (later < ARRAY_SIZE(small) && (small[later] = heap_resize(heap, NULL, 0, 1024)))
        later++;
    cr_expect_geq(later, 8 * 16 + 15);
    cr_expect_eq(heap_used(heap), 6 * (16 << 10) + 16 + rest + later * 1024);
    heap_free(heap);
    cr_expect_null(heap_free(NULL));
}
