/* twins.c - see twins.h. */
#include "trial/twins.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mem.h"
#include "state/names.h"

/* A number counts as one, however long it is. */
static void add_plain(struct buffer *text, struct str plain)
{
    for (size_t i = 0; i < plain.length; i++) {
        if (!isdigit((unsigned char)plain.bytes[i]))
            buffer_add(text, (struct str){ plain.bytes + i, 1 });
        else if (i == 0 || !isdigit((unsigned char)plain.bytes[i - 1]))
            buffer_add(text, STR("#"));
    }
}

static void add_word(struct buffer *text, struct str word)
{
    size_t length;

    for (size_t at = 0; at < word.length; at += length) {
        struct str rest = { word.bytes + at, word.length - at };

        if (token_at(rest, &length) == TOKEN_NONE)
            add_plain(text, (struct str){ rest.bytes, length });
        else
            buffer_add(text, STR("#"));
    }
    buffer_add(text, (struct str){ "", 1 });
}

uint64_t likeness_of(const struct str *words, size_t count)
{
    CLEANUP(buffer_release) struct buffer text = BUFFER_NULL;

    for (size_t i = 0; i < count; i++)
        add_word(&text, words[i]);
    return XXH3_64bits(text.bytes, text.length);
}

/* What is sure of a word of a label: of one that was cut, what stands before the last
 * part of its name. */
static struct str sure_part(const char *word, size_t length)
{
    if (length < 3 || strncmp(word + length - 3, "...", 3) != 0)
        return (struct str){ word, length };
    for (length -= 3; length && word[length - 1] != ':'; length--)
        ;
    return (struct str){ word, length };
}

uint64_t likeness_of_shown(const struct command *command)
{
    const struct str line = str_of(command->line);
    struct str words[sizeof(command->label)];
    size_t count = 0;

    if (line.length)
        return likeness_of(&line, 1);
    for (const char *at = command->label; *at; at += *at == ' ') {
        size_t length = strcspn(at, " ");

        words[count++] = sure_part(at, length);
        at += length;
    }
    return likeness_of(words, count);
}

static int compare(const void *a, const void *b)
{
    const struct twin *const one = a, *const other = b;

    if (one->likeness != other->likeness)
        return one->likeness < other->likeness ? -1 : 1;
    return one->index < other->index ? -1 : one->index > other->index;
}

void twins_init(struct twins *twins, const uint64_t *likeness, size_t count)
{
    *twins = (struct twins){ MEM_ARRAY(struct twin, count + 1), count,
                             mem_alloc((count + 1) * sizeof(size_t)) };
    for (size_t i = 0; i < count; i++)
        twins->items[i] = (struct twin){ likeness[i], i };
    qsort(twins->items, count, sizeof(*twins->items), compare);
}

void twins_release(struct twins *twins)
{
    free(twins->items);
    free(twins->next);
}

/* The first that is not below it. */
static size_t find_first(const struct twins *twins, uint64_t likeness)
{
    size_t low = 0, high = twins->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (twins->items[middle].likeness < likeness)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t twins_take(struct twins *twins, uint64_t likeness)
{
    size_t first = find_first(twins, likeness);
    size_t at = first < twins->count ? first + twins->next[first] : first;

    if (at >= twins->count || twins->items[at].likeness != likeness)
        return TWINS_NONE;
    twins->next[first]++;
    return twins->items[at].index;
}
