/* mem.h - memory that is there, and scopes that clean up after themselves.
 *
 * Allocation does not fail: a harness that cannot get a few kilobytes has nothing useful
 * left to do, so these functions say so on standard error and exit. Everything they
 * return is freed with free(3).
 *
 * CLEANUP(f) frees a local variable on every way out of its scope; TAKE_PTR(v) hands the
 * value to somebody else and leaves NULL behind. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

void *mem_alloc(size_t bytes); /* zeroed */
/* realloc(3) for so many items; what is new is undefined. */
void *mem_grow(void *block, size_t count, size_t item_bytes);
void *mem_copy(const void *from, size_t bytes);
char *mem_strdup(const char *text);
__attribute__((format(printf, 1, 2))) char *mem_printf(const char *format, ...);
__attribute__((format(printf, 1, 0))) char *mem_vprintf(const char *format, va_list args);
FILE *mem_stream(char **ret); /* *ret is what was written once it is closed, terminated */

/* Maps zeroed pages. `flags`: MAP_SHARED or MAP_PRIVATE, and more. NULL and errno if that
 * fails; free with munmap(). */
void *mem_map(size_t bytes, int flags);

/* The whole pages between are zero again, and the kernel's until they are touched.
 * `advice`: MADV_DONTNEED for private memory, MADV_REMOVE for shared. */
void mem_give_back(void *at, size_t bytes, int advice);

/* There is no memory left. Not by abort(3): before Linux 5.16 a core dump takes all
 * processes along that share the memory. */
__attribute__((noreturn)) void mem_give_up(size_t bytes);

#define MEM_NEW(type) ((type *)mem_alloc(sizeof(type)))
#define MEM_ARRAY(type, count) ((type *)mem_grow(NULL, (count), sizeof(type)))

#define CLEANUP(function) __attribute__((cleanup(function)))

/* Makes f##p(), which takes a pointer's address, of f(), which takes the pointer. */
#define DEFINE_CLEANUP(type, function)                                                   \
    static inline void function##p(type *pointer)                                        \
    {                                                                                    \
        if (*pointer)                                                                    \
            function(*pointer);                                                          \
    }

#define TAKE_PTR(pointer)                                                                \
    ({                                                                                   \
        __typeof__(pointer) taken_ = (pointer);                                          \
        (pointer) = NULL;                                                                \
        taken_;                                                                          \
    })

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

void mem_freep(void *pointer); /* CLEANUP(mem_freep): free(3) for any pointer variable */
