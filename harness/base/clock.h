/* clock.h - the monotonic clock in nanoseconds, and the conversions between units. */
#pragma once

#include <stdint.h>
#include <time.h>

#define NSEC_PER_USEC UINT64_C(1000)
#define NSEC_PER_MSEC UINT64_C(1000000)
#define NSEC_PER_SEC UINT64_C(1000000000)

/* What time it is, ms since 1970. */
static inline int64_t clock_real_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline uint64_t clock_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

/* How long somebody has run: CLOCK_PROCESS_CPUTIME_ID, or what clock_getcpuclockid() says
 * of a process. 0: it is not to be known any more. */
static inline uint64_t clock_ran_ns(clockid_t who)
{
    struct timespec ran;

    return clock_gettime(who, &ran) < 0
               ? 0
               : (uint64_t)ran.tv_sec * NSEC_PER_SEC + (uint64_t)ran.tv_nsec;
}

static inline struct timespec ns_to_timespec(uint64_t ns)
{
    return (struct timespec){ .tv_sec = (time_t)(ns / NSEC_PER_SEC),
                              .tv_nsec = (long)(ns % NSEC_PER_SEC) };
}

static inline double ns_to_us(double ns)
{
    return ns / (double)NSEC_PER_USEC;
}

static inline double ns_to_s(double ns)
{
    return ns / (double)NSEC_PER_SEC;
}
