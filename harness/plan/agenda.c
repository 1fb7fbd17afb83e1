/* agenda.c - see agenda.h. */
#include "plan/agenda.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/mutant.h"

#define BOARD_BYTES 4096 /* a page */
#define GLANCE_NS (20 * NSEC_PER_MSEC)

/* The first item of the shard that is not below `below`. */
static uint64_t shard_from(struct shard shard, uint64_t below)
{
    uint64_t past = below % shard.total;

    return below - past + shard.index + (past > shard.index ? shard.total : 0);
}

void done_add(struct done *done, struct shard shard, uint64_t item)
{
    if (!done->count && item == shard_from(shard, done->below)) {
        done->below = item + 1;
        return;
    }
    done->beyond = mem_grow(done->beyond, done->count + 1, sizeof(*done->beyond));
    done->beyond[done->count++] = item;
}

static int compare_items(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

bool done_has(const struct done *done, uint64_t item)
{
    if (mutant("done-forgotten"))
        return false;
    return item < done->below ||
           (done->count && bsearch(&item, done->beyond, done->count,
                                   sizeof(*done->beyond), compare_items));
}

void done_release(struct done *done)
{
    free(done->beyond);
    *done = (struct done){ .below = 0 };
}

int agenda_init(struct agenda *agenda, struct shard shard, struct err *err)
{
    *agenda = (struct agenda){ .shard = shard };
    agenda->board = mem_map(BOARD_BYTES, MAP_SHARED);
    return agenda->board ? 0 : err_errno(err, "map memory that lanes share");
}

void agenda_release(struct agenda *agenda)
{
    if (agenda->board)
        munmap(agenda->board, BOARD_BYTES);
    agenda->board = NULL;
    for (size_t i = 0; i < STAGE_COUNT; i++)
        done_release(&agenda->done[i]);
}

static void wait_while_held(const struct agenda *agenda)
{
    struct timespec glance = ns_to_timespec(GLANCE_NS);

    while (atomic_load(&agenda->board->held))
        nanosleep(&glance, NULL);
}

bool agenda_next(struct agenda *agenda, enum stage stage, uint64_t items, uint64_t *ret)
{
    /* Every shard takes the whole census: its kills are explained by it. */
    struct shard shard = stage == STAGE_CENSUS ? SHARD_WHOLE : agenda->shard;

    wait_while_held(agenda);
    while (stage != STAGE_KILLS || !atomic_load(&agenda->board->enough)) {
        uint64_t place = atomic_fetch_add(&agenda->board->next[stage], 1);

        if (place >= shard_size(shard, items))
            return false;
        *ret = shard_item(shard, place);
        if (!done_has(&agenda->done[stage], *ret))
            return true;
    }
    return false;
}

void agenda_hold(struct agenda *agenda, bool held)
{
    atomic_store(&agenda->board->held, held);
}

void agenda_lose(struct agenda *agenda, uint64_t ns)
{
    atomic_fetch_add(&agenda->board->lost_ns, ns);
}

void agenda_look(struct agenda *agenda, uint64_t now_ns)
{
    atomic_store(&agenda->board->seen_ns, now_ns);
}

uint64_t agenda_clock_ns(const struct agenda *agenda)
{
    uint64_t seen_ns = atomic_load(&agenda->board->seen_ns), now_ns = clock_now_ns();

    if (seen_ns && now_ns > seen_ns + AGENDA_UNSEEN_NS)
        now_ns = seen_ns + AGENDA_UNSEEN_NS;
    return now_ns - atomic_load(&agenda->board->lost_ns);
}

void agenda_enough(struct agenda *agenda)
{
    atomic_store(&agenda->board->enough, true);
}
