/* thinned.h - an even sample of what comes one by one, of bounded size. Pure.
 *
 * Who comes is counted in groups of `every`, one behind the other, and of each group one
 * is kept, drawn at random: what comes in turns (from two lanes, say) is not kept from
 * one of them only. Everybody is kept until there are as many as there may be; then of
 * each two neighbours one goes, and groups are twice as large from there on. So each has
 * the same chance, the order stays, and the draw follows from the order alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct thinned {
    uint64_t came;
    uint64_t every; /* 0: nobody has come */
};

/* One more has come: shall it be added behind the `*count` that are kept? Before that
 * their number may be halved: then they are moved together. */
bool thinned_takes(struct thinned *thinned, size_t most, size_t *count, void *items,
                   size_t item_bytes);
