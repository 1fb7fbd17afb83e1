/* mem.c - see mem.h. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void mem_give_up(size_t bytes)
{
    fprintf(stderr, "afterkill: out of memory (%zu bytes)\n", bytes);
    _exit(4); /* as for a server that cannot be started */
}

static void *checked(void *block, size_t bytes)
{
    if (!block && bytes)
        mem_give_up(bytes);
    return block;
}

void *mem_alloc(size_t bytes)
{
    return checked(calloc(1, bytes), bytes);
}

void *mem_grow(void *block, size_t count, size_t item_bytes)
{
    return checked(reallocarray(block, count, item_bytes), count ? item_bytes : 0);
}

void *mem_copy(const void *from, size_t bytes)
{
    void *copy = mem_alloc(bytes ? bytes : 1);

    if (bytes)
        memcpy(copy, from, bytes);
    return copy;
}

char *mem_strdup(const char *text)
{
    return mem_copy(text, strlen(text) + 1);
}

char *mem_vprintf(const char *format, va_list args)
{
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    return checked(text, 1);
}

char *mem_printf(const char *format, ...)
{
    char *text;
    va_list args;

    va_start(args, format);
    text = mem_vprintf(format, args);
    va_end(args);
    return text;
}

FILE *mem_stream(char **ret)
{
    static size_t ignored;

    return checked(open_memstream(ret, &ignored), 1);
}

void mem_freep(void *pointer)
{
    free(*(void **)pointer);
}

void *mem_map(size_t bytes, int flags)
{
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

    return map == MAP_FAILED ? NULL : map;
}

void mem_give_back(void *at, size_t bytes, int advice)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = ((uintptr_t)at + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)at + bytes) & ~(page - 1);

    if (start < end)
        madvise((void *)start, end - start, advice);
}
