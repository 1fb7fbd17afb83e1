/* page.c - see page.h. */
#include "redis/page.h"

#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

#define GUARD_BYTES ((size_t)64 << 10) /* a page at least, however large pages are */
#define STACK_BYTES ((size_t)2 << 20)

struct mapping {
    struct page page;
    _Alignas(16) char queue[64 << 20];
    _Alignas(16) char replies[64 << 20];
    struct trace traces[PAGE_TRACES];
    char output[RECORD_BYTES];
    char answers[RECORD_BYTES];
    char guard[2 * GUARD_BYTES]; /* so that one lies in it whole */
    _Alignas(16) char stack[STACK_BYTES];
};

static struct mapping *mapping_of(struct page *page)
{
    return (struct mapping *)page;
}

static int forbid(char *guard)
{
    uintptr_t at = ((uintptr_t)guard + GUARD_BYTES - 1) & ~(uintptr_t)(GUARD_BYTES - 1);

    return mprotect((void *)at, GUARD_BYTES, PROT_NONE);
}

struct page *page_map(struct err *err)
{
    struct mapping *mapping = mem_map(sizeof(*mapping), MAP_SHARED | MAP_NORESERVE);

    if (!mapping || forbid(mapping->guard) < 0) {
        err_errno(err, "map %zu bytes of shared memory for workers", sizeof(*mapping));
        return NULL;
    }
    page_reset(&mapping->page);
    return &mapping->page;
}

struct page *page_unmap(struct page *page)
{
    if (page)
        munmap(page, sizeof(struct mapping));
    return NULL;
}

void page_reset(struct page *page)
{
    memset(page, 0, sizeof(*page)); /* traces are overwritten as they come */
    page->traces = mapping_of(page)->traces;
    page->output = mapping_of(page)->output;
    page->answers = mapping_of(page)->answers;
}

struct room page_queue(struct page *page)
{
    return (struct room){ mapping_of(page)->queue, sizeof(mapping_of(page)->queue) };
}

struct room page_replies(struct page *page)
{
    return (struct room){ mapping_of(page)->replies, sizeof(mapping_of(page)->replies) };
}

struct room page_stack(struct page *page)
{
    return (struct room){ mapping_of(page)->stack, STACK_BYTES };
}
