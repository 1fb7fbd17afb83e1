/* page.h - the page on which a worker says how far it has come, and the memory in which
 * one worker after another lives. Both are shared with the lane, so they outlive
 * SIGKILL. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/process.h"

/* What a worker and its server have had of their CPUs up to a moment. */
struct turns {
    bool known;
    struct process_turns worker, server;
};

/* What is known of one command of an uninterrupted update. Offsets count from the
 * update's beginning. */
struct trace {
    uint64_t end;       /* byte of the worker's output at which the command ends */
    uint64_t reply_end; /* byte of Redis's output at which its reply ends */
    uint64_t write;     /* which write it left in, from 0 */
    uint64_t replies;   /* how many had been read when it was written */
    uint64_t write_ns;  /* when it was handed to the kernel */
};

/* An update of more commands than this is refused; and one that is recorded, if it says
 * or hears more bytes than this. */
#define PAGE_TRACES 1000000
#define RECORD_BYTES (32u << 20)

struct wire;

/* Written by the worker alone, except `released`, read by the lane. The worker may die
 * between any two stores. Stores are relaxed: the lane reads after it has reaped the
 * worker. */
struct page {
    _Atomic uint32_t released; /* futex: the lane has let go of the worker's connection */
    _Atomic uint32_t ready;    /* futex: the worker is about to begin */
    /* The lane sets these before the worker starts. */
    bool record;              /* traces, and what is said and heard */
    bool times;               /* when each command was written */
    bool undisturbed;         /* nobody interrupts the worker */
    bool cut;                 /* the wire limit was reached; set by the worker */
    volatile uint64_t arm_ns; /* when the fault's arming began, monotonic clock */
    volatile uint64_t begin_ns, end_ns; /* of the update; 0: not yet */
    struct turns begun, ended; /* just before the update began, and after it ended */
    volatile uint64_t commands, bytes; /* written, or about to be */
    volatile uint64_t replies;         /* read */
    volatile uint64_t trips;           /* times that the worker stopped writing to wait */
    uint64_t heard;                    /* bytes of replies, if they are recorded */
    bool refused;                      /* the scenario's function returned false */
    int error_code;                    /* see err.h; 0 if it did not raise */
    char error[512];                   /* what it raised; "" if nothing */
    int64_t violated_ms;  /* how long an expiry is that an invariant found too long */
    struct wire *wire;    /* the worker's; it may have taken more memory than lies here */
    struct trace *traces; /* PAGE_TRACES of them */
    char *output, *answers; /* RECORD_BYTES each: what was written and read */
};

struct page *page_map(struct err *err);     /* NULL on error */
struct page *page_unmap(struct page *page); /* NULL is fine; returns NULL */
void page_reset(struct page *page);

/* Where the worker keeps what it is about to write, and what it has read; and its stack,
 * which ends in a page that nobody may touch. All are filled lazily. */
struct room {
    char *at;
    size_t bytes;
};
struct room page_queue(struct page *page);
struct room page_replies(struct page *page);
struct room page_stack(struct page *page);
