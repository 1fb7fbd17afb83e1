/* learner: patterns of keys. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "audit/learner.h"
#include "base/mem.h"
#include "base/rng.h"
#include "testlib.h"

/* What is kept of each pattern: how many keys it has, by the group that they are of. */
#define GROUPS 64
struct block {
    uint32_t keys[GROUPS];
};

static void merge(void *into, void *from)
{
    for (size_t i = 0; i < GROUPS; i++)
        ((struct block *)into)->keys[i] += ((struct block *)from)->keys[i];
}

static void release(void *block)
{
    (void)block;
}

static const struct learner_blocks blocks = { sizeof(struct block), merge, release };

static void add(struct learner *learner, const char *key, size_t group)
{
    struct block *block = learner_add(learner, str_of(key));

    block->keys[group]++;
}

/* The patterns, in the order of the alphabet, a line each. */
struct list {
    char *lines[4096];
    size_t count;
    uint64_t keys;
    bool crowded;
};

static void tell_line(void *context, const struct learned *learned)
{
    struct list *list = context;

    if (list->count < ARRAY_SIZE(list->lines))
        list->lines[list->count++] =
            mem_printf("%s %llu %s", learned->pattern, (unsigned long long)learned->keys,
                       learned->glob);
    list->keys += learned->keys;
    list->crowded |= learned->crowded;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct list list_of(struct learner *learner)
{
    struct list list = { .count = 0 };

    learner_settle(learner);
    learner_each(learner, tell_line, &list);
    qsort(list.lines, list.count, sizeof(*list.lines), by_text);
    return list;
}

static void expect_patterns(struct learner *learner, const char *const *lines)
{
    struct list list = list_of(learner);
    size_t count = 0;

    for (; lines[count]; count++)
        cr_expect_str_eq(count < list.count ? list.lines[count] : "nothing",
                         lines[count]);
    cr_expect_eq(list.count, count, "%zu patterns", list.count);
    for (size_t i = 0; i < list.count; i++)
        free(list.lines[i]);
}

Test(learner, knows_words_by_their_looks)
{
    static const char *const keys[] = {
        "user:1:sess",
        "user:23:sess",
        "user:4:cart",
        "lock.9f8e7d6c5b4a",
        "lock.0a1b2c3d4e5f",
        "{user7}:friends",
        "spring:session:sessions:33fdd1b6-b496-4b33-9f7d-df96679d32fe",
        "worker12 a",
        "worker7 a",
        "t/V1StGXR8_Z5jdHi6B-myT",
        "a*b",
        "end:",
    };
    static const char *const expected[] = {
        "\\{user{num}\\}:friends 1 {user*}:friends",
        "a*b 1 a\\*b",
        "end: 1 end:",
        "lock.{hex} 2 lock.*",
        "spring:session:sessions:{uuid} 1 spring:session:sessions:*",
        "t/{id} 1 t/*",
        "user:{num}:cart 1 user:*:cart",
        "user:{num}:sess 2 user:*:sess",
        "worker{num} a 2 worker* a",
        NULL,
    };
    struct learner *learner = learner_new(&blocks);

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        add(learner, keys[i], 0);
    expect_patterns(learner, expected);
    learner_free(learner);
}

/* Names of people look like any other word. */
Test(learner, knows_names_by_their_company)
{
    static const char *const expected[] = {
        "stat:failed 1 stat:failed",
        "stat:processed 1 stat:processed",
        "user:{any}:cart 26 user:*:cart",
        "user:{any}:sess 26 user:*:sess",
        NULL,
    };
    struct learner *learner = learner_new(&blocks);

    for (char c = 'a'; c <= 'z'; c++) {
        CLEANUP(mem_freep) char *sess = mem_printf("user:%cnn:sess", c);
        CLEANUP(mem_freep) char *cart = mem_printf("user:%cnn:cart", c);

        add(learner, sess, 0);
        add(learner, cart, 0);
    }
    add(learner, "stat:processed", 0);
    add(learner, "stat:failed", 0);
    expect_patterns(learner, expected);
    cr_expect_not_null(learner_find(learner, str_of("user:ann:sess")));
    cr_expect_null(learner_find(learner, str_of("nobody:ann:sess")));
    learner_free(learner);
}

/* Of many hexadecimal ids one has no letters, beside numbers that are none of them. */
Test(learner, knows_ids_that_look_like_numbers)
{
    static const char *const expected[] = {
        "k:{hex}:a 101 k:*:a",
        "k:{num}:b 51 k:*:b",
        NULL,
    };
    struct learner *learner = learner_new(&blocks);

    for (unsigned i = 0; i < 100; i++) {
        CLEANUP(mem_freep) char *hex = mem_printf("k:%08xf00d:a", i);
        CLEANUP(mem_freep) char *number = mem_printf("k:%u:b", i * 977);

        add(learner, hex, 0);
        if (i % 2)
            add(learner, number, 0);
    }
    add(learner, "k:100000000000:b", 0);
    add(learner, "k:123456789012:a", 0);
    expect_patterns(learner, expected);
    learner_free(learner);
}

/* ---- keyspaces whose groups are known ---- */

#define SEED 20261129

static uint64_t draws;

static uint64_t draw(uint64_t bound)
{
    return rng_below(bound, SEED, 0, draws++);
}

static void put_letters(FILE *out, const char *alphabet, size_t length)
{
    for (size_t i = 0; i < length; i++)
        fputc(alphabet[draw(strlen(alphabet))], out);
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define HEX "0123456789abcdef"
#define BASE62 "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" LOWER

static void put_number(FILE *out)
{
    fprintf(out, "%llu", (unsigned long long)draw(UINT64_C(1) << (4 + draw(30))));
}
static void put_hex8(FILE *out)
{
    put_letters(out, HEX, 8);
}
static void put_hex24(FILE *out)
{
    put_letters(out, HEX, 24);
}
static void put_uuid(FILE *out)
{
    for (size_t i = 0; i < 5; i++) {
        if (i)
            fputc('-', out);
        put_letters(out, HEX, (size_t[]){ 8, 4, 4, 4, 12 }[i]);
    }
}
static void put_base62(FILE *out)
{
    put_letters(out, BASE62, 22);
}
static void put_url_safe(FILE *out)
{
    put_letters(out, BASE62 "-_", 21);
}
static void put_name(FILE *out)
{
    put_letters(out, LOWER, 3 + draw(8));
}
static void put_date(FILE *out)
{
    fprintf(out, "20%02u-%02u-%02u", (unsigned)draw(30), (unsigned)draw(12) + 1,
            (unsigned)draw(28) + 1);
}
static void put_email(FILE *out)
{
    put_name(out);
    fputs("@example.com", out);
}

static void (*const variables[])(FILE *out) = {
    put_number,   put_hex8, put_hex24, put_uuid,  put_base62,
    put_url_safe, put_name, put_date,  put_email,
};

static const char *const words[] = {
    "user", "session", "cache", "lock",  "queue", "job",   "rate", "cart", "order",
    "item", "token",   "view",  "stats", "feed",  "event", "page", "geo",  "api",
};

/* Words and variables, a variable at least. */
struct template
{
    size_t parts;
    bool variable[6];
    size_t of[6];
    char delimiter;
};

/* Its first word is its own; groups that differ in nothing else are for the first test.
 */
static struct template template_of(size_t group)
{
    struct template t = { .parts = 3 + draw(3), .delimiter = ":./|"[draw(4)] };

    for (size_t i = 0; i < t.parts; i++) {
        t.variable[i] = i == 1 || (i > 1 && draw(3) == 0);
        t.of[i] = draw(t.variable[i] ? ARRAY_SIZE(variables) : ARRAY_SIZE(words));
    }
    t.of[0] = group % ARRAY_SIZE(words);
    return t;
}

static char *key_of(const struct template *t, size_t group)
{
    char *key;
    FILE *out = mem_stream(&key);

    fprintf(out, "%s%c", group < ARRAY_SIZE(words) ? "app" : "svc", t->delimiter);
    for (size_t i = 0; i < t->parts; i++) {
        if (i)
            fputc(t->delimiter, out);
        if (t->variable[i])
            variables[t->of[i]](out);
        else
            fputs(words[t->of[i]], out);
    }
    fclose(out);
    return key;
}

/* How many patterns have all keys of a group, and no others. */
struct score {
    const uint64_t *sizes;
    size_t learned, right;
};

static void judge(void *context, const struct learned *learned)
{
    struct score *score = context;
    const struct block *block = learned->block;

    score->learned++;
    for (size_t i = 0; i < GROUPS; i++)
        score->right +=
            block->keys[i] == score->sizes[i] && learned->keys == score->sizes[i];
}

Test(learner, finds_known_groups)
{
    const size_t groups = 2 * ARRAY_SIZE(words), rounds = UNLESS_VALGRIND(12, 2);
    size_t learned = 0, right = 0;

    for (size_t round = 0; round < rounds; round++) {
        struct learner *learner = learner_new(&blocks);
        struct template templates[GROUPS];
        uint64_t sizes[GROUPS] = { 0 };
        struct score score = { sizes, 0, 0 };

        for (size_t i = 0; i < groups; i++)
            templates[i] = template_of(i);
        for (size_t i = 0; i < groups * 400; i++) {
            /* Some groups have many more keys than others. */
            size_t group = draw(4) ? draw(groups) : draw(groups / 4);
            CLEANUP(mem_freep) char *key = key_of(&templates[group], group);

            add(learner, key, group);
            sizes[group]++;
        }
        for (size_t i = groups; i < GROUPS; i++)
            sizes[i] = UINT64_MAX;
        learner_settle(learner);
        learner_each(learner, judge, &score);
        learned += score.learned;
        right += score.right;
        learner_free(learner);
    }
    cr_expect_geq((double)right, 0.95 * (double)learned, "precision: %zu of %zu", right,
                  learned);
    cr_expect_geq((double)right, 0.95 * (double)(rounds * groups), "recall: %zu of %zu",
                  right, rounds * groups);
}

/* ---- room ---- */

static void put_anything(FILE *out)
{
    size_t parts = 1 + draw(6);

    for (size_t i = 0; i < parts; i++) {
        put_letters(out, LOWER, 1 + draw(12));
        fputc(":./|#,; -"[draw(9)], out);
    }
}

Test(learner, has_room_for_any_keys)
{
    const size_t keys = UNLESS_VALGRIND(200000, 40000);
    struct learner *learner = learner_new(&blocks);
    struct list list;

    for (size_t i = 0; i < keys; i++) {
        CLEANUP(mem_freep) char *key = NULL;
        FILE *out = mem_stream(&key);

        put_anything(out);
        fclose(out);
        add(learner, key, 0);
    }
    list = list_of(learner);
    cr_expect_eq(list.keys, keys);
    cr_expect(list.crowded);
    for (size_t i = 0; i < list.count; i++)
        free(list.lines[i]);
    learner_free(learner);
}

Test(learner, takes_bytes_and_very_long_keys)
{
    static const char *const expected[] = {
        "::::::::::::::::::::::::{...} 1 ::::::::::::::::::::::::*",
        "s:{bytes} 2 s:*",
        "s:{bytes}:t 1 s:*:t",
        "x:{id} 1 x:*",
        NULL,
    };
    struct learner *learner = learner_new(&blocks);
    char colons[1000], letters[1000];
    struct str bytes[] = { STR("s:\0\1\2"), STR("s:\xff\xfe"), STR("s:\x80:t") };

    memset(colons, ':', sizeof(colons));
    memset(letters, 'x', sizeof(letters));
    letters[1] = ':';
    learner_add(learner, (struct str){ colons, sizeof(colons) });
    learner_add(learner, (struct str){ letters, sizeof(letters) });
    for (size_t i = 0; i < ARRAY_SIZE(bytes); i++)
        learner_add(learner, bytes[i]);
    expect_patterns(learner, expected);
    learner_free(learner);
}
