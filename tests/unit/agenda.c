/* agenda: what has been done is known exactly, and what has not is done by one lane and
 * once, whatever the shard and however many take from it. */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "plan/agenda.h"
#include "testlib.h"

#define ITEMS 400
#define ROUNDS 200

/* A random set of a shard's items: a beginning that is whole in most rounds, and then an
 * item now and then. */
static void draw(uint64_t round, struct shard shard, bool set[ITEMS])
{
    uint64_t whole = rng_below(ITEMS + 1, 1, round, ITEMS);
    uint64_t sparse = 1 + rng_below(5, 1, round, ITEMS + 1);

    for (uint64_t item = 0; item < ITEMS; item++)
        set[item] = shard_has(shard, item) &&
                    (round % 4 == 0 ? rng_below(sparse, 1, round, item) == 0
                                    : item < whole || rng_below(10, 1, round, item) == 0);
}

static void add_all(struct done *done, struct shard shard, const bool set[ITEMS])
{
    for (uint64_t item = 0; item < ITEMS; item++)
        if (set[item])
            done_add(done, shard, item);
}

static struct shard shard_of(uint64_t round)
{
    uint64_t total = 1 + rng_below(7, 2, round, 0);

    return (struct shard){ rng_below(total, 2, round, 1), total };
}

/* Of the shard's items; nobody asks for another's. */
Test(done, knows_what_is_in_it)
{
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct shard shard = shard_of(round);
        struct done done = { .below = 0 };
        bool set[ITEMS];

        draw(round, shard, set);
        add_all(&done, shard, set);
        for (uint64_t item = 0; item < ITEMS; item++)
            if (shard_has(shard, item))
                cr_assert_eq(done_has(&done, item), set[item],
                             "round %d: item %d of shard %d/%d", (int)round, (int)item,
                             (int)shard.index, (int)shard.total);
        done_release(&done);
        done_release(&done);
        cr_expect_not(done_has(&done, 0));
    }
}

/* A run that was done up to an item is known by one number, however long it is. */
Test(done, takes_no_memory_for_a_beginning)
{
    static const struct shard shards[] = { { 0, 1 }, { 0, 3 }, { 2, 3 }, { 6, 7 } };

    for (size_t i = 0; i < ARRAY_SIZE(shards); i++) {
        struct done done = { .below = 0 };

        for (uint64_t j = 0; j < 10000; j++)
            done_add(&done, shards[i], shard_item(shards[i], j));
        cr_expect_eq(done.count, 0);
        cr_expect(done_has(&done, shard_item(shards[i], 9999)));
        cr_expect_not(done_has(&done, shard_item(shards[i], 10000)));
        done_add(&done, shards[i], shard_item(shards[i], 10001));
        cr_expect_eq(done.count, 1);
        cr_expect_not(done_has(&done, shard_item(shards[i], 10000)));
        cr_expect(done_has(&done, shard_item(shards[i], 10001)));
        done_release(&done);
    }
}

/* Takes items until there is none, and says through the pipe which. */
static void take_all(struct agenda *agenda, enum stage stage, int fd)
{
    uint64_t item;

    while (agenda_next(agenda, stage, ITEMS, &item))
        if (write(fd, &item, sizeof(item)) != sizeof(item))
            _exit(1);
    _exit(0);
}

/* How often each item is taken by some lanes together. */
static void count_taken(struct agenda *agenda, enum stage stage, unsigned lanes,
                        unsigned counts[ITEMS])
{
    uint64_t item;
    int fds[2];

    cr_assert_eq(pipe(fds), 0);
    for (unsigned i = 0; i < lanes; i++)
        if (fork() == 0)
            take_all(agenda, stage, fds[1]);
    close(fds[1]);
    while (read(fds[0], &item, sizeof(item)) == sizeof(item)) {
        cr_assert_lt(item, ITEMS);
        counts[item]++;
    }
    close(fds[0]);
    for (unsigned i = 0; i < lanes; i++) {
        int status;

        cr_assert_gt(wait(&status), 0);
        cr_expect_eq(status, 0);
    }
}

/* Every item of the shard that is not done is taken once, and no other; of the census,
 * every item, whatever the shard. */
Test(agenda, every_item_is_taken_once)
{
    static const enum stage stages[] = { STAGE_CENSUS, STAGE_POINTS, STAGE_KILLS };

    for (uint64_t round = 0; round < UNLESS_VALGRIND(40, 4); round++) {
        struct shard shard = shard_of(round), whole = SHARD_WHOLE;
        struct err err = ERR_NULL;
        struct agenda agenda;

        cr_assert_eq(agenda_init(&agenda, shard, &err), 0, "%s", err.msg);
        for (size_t s = 0; s < ARRAY_SIZE(stages); s++) {
            struct shard own = stages[s] == STAGE_CENSUS ? whole : shard;
            unsigned counts[ITEMS] = { 0 };
            bool set[ITEMS];

            draw(round * 3 + s, own, set);
            add_all(&agenda.done[stages[s]], own, set);
            count_taken(&agenda, stages[s], 1 + (unsigned)round % 4, counts);
            for (uint64_t item = 0; item < ITEMS; item++)
                cr_assert_eq(counts[item], shard_has(own, item) && !set[item],
                             "stage %s, item %d of shard %d/%d, taken %u times",
                             stage_name(stages[s]), (int)item, (int)shard.index,
                             (int)shard.total, counts[item]);
        }
        agenda_release(&agenda);
        agenda_release(&agenda);
    }
}

/* When enough is known no kill is begun any more; what else there is goes on. */
Test(agenda, enough_ends_the_kills)
{
    struct err err = ERR_NULL;
    struct agenda agenda;
    uint64_t item = 99;

    cr_assert_eq(agenda_init(&agenda, (struct shard){ 1, 3 }, &err), 0, "%s", err.msg);
    cr_expect(agenda_next(&agenda, STAGE_KILLS, ITEMS, &item));
    cr_expect_eq(item, 1);
    agenda_enough(&agenda);
    cr_expect_not(agenda_next(&agenda, STAGE_KILLS, ITEMS, &item));
    cr_expect_eq(item, 1, "nothing is written when there is nothing");
    cr_expect(agenda_next(&agenda, STAGE_POINTS, ITEMS, &item));
    cr_expect(agenda_next(&agenda, STAGE_CENSUS, ITEMS, &item));
    cr_expect_eq(item, 0);
    agenda_release(&agenda);
}

/* A lane that asks meanwhile waits, and gets what it would have got. */
Test(agenda, what_is_held_back_is_begun_later)
{
    struct err err = ERR_NULL;
    struct agenda agenda;
    struct pollfd taken = { .events = POLLIN };
    uint64_t item = 99;
    int ends[2];
    pid_t lane;

    cr_assert_eq(agenda_init(&agenda, (struct shard){ 1, 3 }, &err), 0, "%s", err.msg);
    cr_assert_eq(pipe(ends), 0);
    taken.fd = ends[0];
    agenda_hold(&agenda, true);
    lane = fork();
    if (lane == 0) {
        bool any = agenda_next(&agenda, STAGE_KILLS, ITEMS, &item);

        _exit(any && write(ends[1], &item, sizeof(item)) == sizeof(item) ? 0 : 1);
    }
    cr_expect_eq(poll(&taken, 1, 100), 0, "an item was taken");
    agenda_hold(&agenda, false);
    cr_expect_eq(read(ends[0], &item, sizeof(item)), sizeof(item));
    cr_expect_eq(item, 1);
    cr_expect_eq(waitpid(lane, NULL, 0), lane);
    agenda_release(&agenda);
}

/* Ctrl-Z must not use up the time that kills may take. */
Test(agenda, its_clock_stands_while_it_is_held_back)
{
    struct err err = ERR_NULL;
    struct agenda agenda;
    uint64_t begun_ns;

    cr_assert_eq(agenda_init(&agenda, (struct shard){ 0, 1 }, &err), 0, "%s", err.msg);
    begun_ns = agenda_clock_ns(&agenda);
    cr_expect_geq((int64_t)(agenda_clock_ns(&agenda) - begun_ns), 0);
    agenda_lose(&agenda, 3600 * NSEC_PER_SEC);
    cr_expect_lt((int64_t)(agenda_clock_ns(&agenda) - begun_ns), 0);
    agenda_release(&agenda);
}

/* Where all was stopped, lanes may go on before the one who knows how much is lost. */
Test(agenda, its_clock_stands_while_nobody_looks)
{
    struct err err = ERR_NULL;
    struct agenda agenda;
    /* The machine may have been started just now. */
    const uint64_t ago_ns = 4 * NSEC_PER_SEC, lost_ns = 2 * NSEC_PER_SEC;
    uint64_t begun_ns, late_ns = clock_now_ns() - ago_ns;

    cr_assert_eq(agenda_init(&agenda, (struct shard){ 0, 1 }, &err), 0, "%s", err.msg);
    cr_expect_geq(agenda_clock_ns(&agenda), late_ns, "nobody is to look");
    agenda_look(&agenda, late_ns);
    begun_ns = agenda_clock_ns(&agenda);
    cr_expect_eq(begun_ns, late_ns + AGENDA_UNSEEN_NS);
    agenda_lose(&agenda, lost_ns);
    cr_expect_lt((int64_t)(agenda_clock_ns(&agenda) - begun_ns), 0);
    agenda_look(&agenda, clock_now_ns());
    cr_expect_geq(agenda_clock_ns(&agenda), late_ns + ago_ns - lost_ns);
    agenda_release(&agenda);
}

Test(agenda, nothing_to_do)
{
    struct err err = ERR_NULL;
    struct agenda agenda;
    uint64_t item;

    cr_assert_eq(agenda_init(&agenda, (struct shard){ 4, 5 }, &err), 0, "%s", err.msg);
    cr_expect_not(agenda_next(&agenda, STAGE_KILLS, 0, &item));
    cr_expect_not(agenda_next(&agenda, STAGE_POINTS, 4, &item), "it would have been 4");
    cr_expect_not(agenda_next(&agenda, STAGE_POINTS, 4, &item));
    agenda_release(&agenda);
}
