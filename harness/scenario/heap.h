/* heap.h - a heap in one piece of memory, which can be put back as it was.
 *
 * Blocks are known by their sizes, which whoever uses them keeps, as Lua does. Free
 * blocks of a size are chained, and the heap knows where it ends: all that it consists of
 * lies in that one piece, so that copying the piece copies the heap. */
#pragma once

#include <stddef.h>

struct heap;

/* The memory is taken from the kernel as it is touched. NULL and errno if there is no
 * room in the address space. */
struct heap *heap_new(size_t room);
struct heap *heap_free(struct heap *heap); /* NULL is fine; returns NULL */

/* What realloc(3) does, for a block of which the caller tells the size. A block can
 * always become smaller. NULL: the room is used up. */
void *heap_resize(struct heap *heap, void *block, size_t old_bytes, size_t new_bytes);

size_t heap_used(const struct heap *heap);  /* the sum of all blocks */
size_t heap_bytes(const struct heap *heap); /* how much there is to copy */

/* Keeps a copy of the whole heap, once; and makes the heap what it was then. Blocks that
 * are younger are gone. */
void heap_keep(struct heap *heap);
void heap_put_back(struct heap *heap);
