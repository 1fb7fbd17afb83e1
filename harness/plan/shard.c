/* shard.c - see shard.h. */
#include "plan/shard.h"

#include <ctype.h>
#include <stddef.h>

#include "base/mutant.h"

uint64_t shard_size(struct shard shard, uint64_t items)
{
    return items > shard.index ? (items - shard.index - 1) / shard.total + 1 : 0;
}

uint64_t shard_item(struct shard shard, uint64_t j)
{
    return j * shard.total + shard.index;
}

bool shard_has(struct shard shard, uint64_t item)
{
    return item % shard.total == shard.index;
}

uint64_t shard_order(uint64_t shards, uint64_t items, uint64_t item)
{
    if (shards < 2 || mutant("shards-mixed"))
        return item;
    return item % shards * ((items + shards - 1) / shards) + item / shards;
}

/* Reads digits, and nothing but digits; a number that is too large becomes the largest.
 * Returns what follows, NULL if there is no digit. */
static const char *read_number(const char *text, uint64_t *ret)
{
    const char *p = text;
    uint64_t value = 0;

    for (; isdigit((unsigned char)*p); p++) {
        uint64_t digit = (uint64_t)(*p - '0');

        value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
    }
    if (p == text)
        return NULL;
    *ret = value;
    return p;
}

bool shard_number(const char *text, uint64_t *ret)
{
    const char *end = read_number(text, ret);

    return end && !*end;
}

int shard_check_total(const char *text, uint64_t total, struct err *err)
{
    if (total < 1)
        return err_set(err, ERR_USAGE,
                       "--shard '%s': there is at least one shard; 1/1 is the whole run",
                       text);
    if (total > SHARDS_MOST)
        return err_set(err, ERR_USAGE, "--shard '%s': at most %d shards are possible",
                       text, SHARDS_MOST);
    return 0;
}

int shard_parse(const char *text, struct shard *ret, struct err *err)
{
    uint64_t number, total;
    const char *slash = read_number(text, &number);

    if (!slash || *slash != '/' || !shard_number(slash + 1, &total))
        return err_set(err, ERR_USAGE,
                       "--shard '%s': expected i/n with whole numbers, as in 2/4 for the "
                       "second of four, or auto, or auto/n",
                       text);
    if (shard_check_total(text, total, err) < 0)
        return err->code;
    if (number < 1)
        return err_set(err, ERR_USAGE,
                       "--shard '%s': shards count from 1, so the first is 1/%llu", text,
                       (unsigned long long)total);
    if (number > total)
        return err_set(err, ERR_USAGE,
                       "--shard '%s': there is no such shard, the last of %llu is "
                       "%llu/%llu",
                       text, (unsigned long long)total, (unsigned long long)total,
                       (unsigned long long)total);
    *ret = (struct shard){ number - 1, total };
    return 0;
}
