/* heap.c - see heap.h. */
#include "scenario/heap.h"

#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"
#include "base/sanitizer.h"

/* Sizes are rounded up: to a multiple of 16 up to 1 kB, then to a power of two. */
#define GRAIN ((size_t)16)
#define SMALL_SIZES 64
#define SMALL_MOST (SMALL_SIZES * GRAIN)
#define SIZES (SMALL_SIZES + 32)

/* Left of younger blocks; more goes back to the kernel. */
#define LEFT_MOST ((size_t)4 << 20)

struct block {
    struct block *next;
};

/* Stands at the beginning of its own memory. */
struct heap {
    size_t room;       /* bytes of the whole mapping */
    size_t end;        /* of what was ever given out */
    size_t used;       /* the sum of all blocks, as they were asked for */
    char *copy;        /* owned; NULL: none was kept */
    size_t kept_bytes; /* of the heap */
    size_t copy_bytes; /* with the sanitizer's book */
    _Alignas(GRAIN) struct block *free[SIZES];
};

static size_t size_of(size_t bytes)
{
    if (bytes <= SMALL_MOST)
        return (bytes + GRAIN - 1) / GRAIN - 1;
    return SMALL_SIZES + (size_t)(63 - __builtin_clzll((bytes - 1) / SMALL_MOST));
}

static size_t room_of(size_t size)
{
    return size < SMALL_SIZES ? (size + 1) * GRAIN
                              : 2 * SMALL_MOST << (size - SMALL_SIZES);
}

struct heap *heap_new(size_t room)
{
    struct heap *heap = mem_map(room, MAP_PRIVATE | MAP_NORESERVE);

    if (!heap)
        return NULL;
    *heap = (struct heap){ .room = room, .end = sizeof(*heap) };
    return heap;
}

struct heap *heap_free(struct heap *heap)
{
    if (heap) {
        if (heap->copy)
            munmap(heap->copy, heap->copy_bytes);
        SANITIZER_ALLOW(heap, heap->end);
        munmap(heap, heap->room);
    }
    return NULL;
}

static void put(struct heap *heap, char *at, size_t size)
{
    struct block *block = (struct block *)at;

    SANITIZER_ALLOW(block, sizeof(*block));
    block->next = heap->free[size];
    heap->free[size] = block;
    SANITIZER_FORBID(block, room_of(size));
}

/* Makes free blocks of a piece of memory, the largest first. */
static void put_piece(struct heap *heap, char *at, size_t bytes)
{
    while (bytes) {
        size_t size = size_of(bytes);

        if (room_of(size) > bytes)
            size--;
        put(heap, at, size);
        at += room_of(size);
        bytes -= room_of(size);
    }
}

static char *take(struct heap *heap, size_t size)
{
    struct block *block = heap->free[size];

    if (block) {
        SANITIZER_ALLOW(block, sizeof(*block));
        heap->free[size] = block->next;
    }
    return (char *)block;
}

/* When nothing else is left: of a block that is too large. */
static char *take_part(struct heap *heap, size_t size)
{
    for (size_t larger = size + 1; larger < SIZES; larger++) {
        char *block = take(heap, larger);

        if (block) {
            put_piece(heap, block + room_of(size), room_of(larger) - room_of(size));
            return block;
        }
    }
    return NULL;
}

static char *take_block(struct heap *heap, size_t size)
{
    char *block = take(heap, size);

    if (block)
        return block;
    if (room_of(size) > heap->room - heap->end)
        return take_part(heap, size);
    block = (char *)heap + heap->end;
    heap->end += room_of(size);
    return block;
}

static char *resize(struct heap *heap, char *block, size_t old_bytes, size_t new_bytes)
{
    size_t old_size = block ? size_of(old_bytes) : 0, size = size_of(new_bytes);
    char *moved = block && size == old_size ? block : take_block(heap, size);

    if (!moved && block && size < old_size) { /* nothing is left: what follows is free */
        put_piece(heap, block + room_of(size), room_of(old_size) - room_of(size));
        return block;
    }
    if (!moved || moved == block)
        return moved;
    SANITIZER_ALLOW(moved, new_bytes);
    if (block) {
        memcpy(moved, block, old_bytes < new_bytes ? old_bytes : new_bytes);
        put(heap, block, old_size);
    }
    return moved;
}

void *heap_resize(struct heap *heap, void *block, size_t old_bytes, size_t new_bytes)
{
    char *resized = NULL;

    if (new_bytes > heap->room)
        return NULL;
    if (new_bytes == 0) {
        if (block)
            put(heap, block, size_of(old_bytes));
    } else {
        resized = resize(heap, block, old_bytes, new_bytes);
        if (!resized)
            return NULL;
        SANITIZER_FORBID(resized, room_of(size_of(new_bytes)));
        SANITIZER_ALLOW(resized, new_bytes);
    }
    heap->used += new_bytes - (block ? old_bytes : 0);
    return resized;
}

size_t heap_used(const struct heap *heap)
{
    return heap->used;
}

size_t heap_bytes(const struct heap *heap)
{
    return heap->end;
}

#if ADDRESS_SANITIZED
#define BOOK_BYTES(bytes) SANITIZER_BOOK_BYTES(bytes)
static uint64_t *kept_book(const struct heap *heap)
{
    return (uint64_t *)(heap->copy + heap->copy_bytes - BOOK_BYTES(heap->kept_bytes));
}

static void keep_book(struct heap *heap)
{
    sanitizer_copy_book(kept_book(heap), sanitizer_book(heap), heap->kept_bytes);
}

static void put_book_back(struct heap *heap)
{
    sanitizer_copy_book(sanitizer_book(heap), kept_book(heap), heap->kept_bytes);
}
#else
#define BOOK_BYTES(bytes) 0
static void keep_book(struct heap *heap)
{
    (void)heap;
}

static void put_book_back(struct heap *heap)
{
    (void)heap;
}
#endif

void heap_keep(struct heap *heap)
{
    /* Of whole blocks, and of whole words of the book. */
    size_t bytes = (heap->end + 63) / 64 * 64, all = bytes + BOOK_BYTES(bytes);
    char *copy;

    if (heap->copy)
        return;
    copy = mem_map(all, MAP_PRIVATE);
    if (!copy)
        mem_give_up(all);
    heap->copy = copy;
    heap->kept_bytes = bytes;
    heap->copy_bytes = all;
    keep_book(heap);
    SANITIZER_ALLOW(heap, bytes);
    memcpy(copy, heap, bytes);
    put_book_back(heap);
}

void heap_put_back(struct heap *heap)
{
    size_t end = heap->end;

    SANITIZER_ALLOW(heap, end);
    memcpy(heap, heap->copy, heap->kept_bytes);
    put_book_back(heap);
    if (end - heap->end > LEFT_MOST)
        mem_give_back((char *)heap + heap->end, end - heap->end, MADV_DONTNEED);
}
