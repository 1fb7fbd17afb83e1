/* ttls.c - see ttls.h. */
#include "state/ttls.h"

#include <stdlib.h>

#include "state/snapshot.h"

int ttl_compare_place(const struct ttl *a, const struct ttl *b)
{
    int order = str_compare(a->key, b->key);

    return order ? order : str_compare(a->field, b->field);
}

static int compare(const void *a, const void *b)
{
    return ttl_compare_place(a, b);
}

static void add(struct ttls *ttls, size_t *room, struct str key, struct str field,
                long long ms)
{
    if (ms < 0)
        return;
    if (ttls->count == *room) {
        *room = *room ? 2 * *room : 16;
        ttls->items = mem_grow(ttls->items, *room, sizeof(*ttls->items));
    }
    ttls->items[ttls->count++] = (struct ttl){ key, field, lapse_rounded(ms) };
}

struct ttls ttls_of(const struct snapshot *snapshot)
{
    const redisReply *reply = snapshot->reply;
    struct ttls ttls = TTLS_NULL;
    size_t room = 0;

    for (size_t i = 0; reply && i < reply->elements; i++) {
        const redisReply *one = reply->element[i];
        const redisReply *fields = snapshot_field_ttls(one);
        struct str key = resp_text(one->element[0]);

        add(&ttls, &room, key, STR(""), one->element[2]->integer);
        for (size_t f = 0; fields && f < fields->elements; f++)
            add(&ttls, &room, key, resp_text(one->element[3]->element[2 * f]),
                fields->element[f]->integer);
    }
    if (ttls.count)
        qsort(ttls.items, ttls.count, sizeof(*ttls.items), compare);
    return ttls;
}

void ttls_release(struct ttls *ttls)
{
    free(ttls->items);
    *ttls = TTLS_NULL;
}

int64_t ttls_find(const struct ttls *ttls, struct str key, struct str field)
{
    const struct ttl wanted = { key, field, 0 };
    const struct ttl *found = ttls->count ? bsearch(&wanted, ttls->items, ttls->count,
                                                    sizeof(*ttls->items), compare)
                                          : NULL;

    return found ? found->ms : -1;
}
