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

/* May this memory be touched? */
#if SANITIZED
#include <sanitizer/asan_interface.h>
#define SANITIZER_FORBID(at, bytes) ASAN_POISON_MEMORY_REGION(at, bytes)
#define SANITIZER_ALLOW(at, bytes) ASAN_UNPOISON_MEMORY_REGION(at, bytes)
#else
#define SANITIZER_FORBID(at, bytes) ((void)(at), (void)(bytes))
#define SANITIZER_ALLOW(at, bytes) ((void)(at), (void)(bytes))
#endif
