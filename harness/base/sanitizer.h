/* sanitizer.h - what the address sanitizer has to be told, where it is there. */
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||               \
    __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZED 1
#endif
#endif
#ifndef ADDRESS_SANITIZED
#define ADDRESS_SANITIZED 0
#endif

#if ADDRESS_SANITIZED
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stddef.h>
#include <stdint.h>

/* May this memory be touched? */
#define SANITIZER_FORBID(at, bytes) ASAN_POISON_MEMORY_REGION(at, bytes)
#define SANITIZER_ALLOW(at, bytes) ASAN_UNPOISON_MEMORY_REGION(at, bytes)

/* The books on memory, of which a byte stands for 8: what may be touched there. They can
 * be copied, and be put back. Not by memcpy(3), which looks into them. */
#define SANITIZER_BOOK_BYTES(bytes) (((bytes) + 63) / 64 * 8)

__attribute__((no_sanitize_address)) static inline void sanitizer_copy_book(
    volatile uint64_t *to, const volatile uint64_t *from, size_t bytes)
{
    for (size_t i = 0; i < SANITIZER_BOOK_BYTES(bytes) / 8; i++)
        to[i] = from[i];
}

/* Of memory that begins at a page. */
static inline uint64_t *sanitizer_book(void *at)
{
    size_t scale, offset;

    __asan_get_shadow_mapping(&scale, &offset);
    return (uint64_t *)(((uintptr_t)at >> scale) + offset);
}
#else
#define SANITIZER_FORBID(at, bytes) ((void)(at), (void)(bytes))
#define SANITIZER_ALLOW(at, bytes) ((void)(at), (void)(bytes))
#endif
