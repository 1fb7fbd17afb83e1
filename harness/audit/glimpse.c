/* glimpse.c - see glimpse.h. */
#include "audit/glimpse.h"

#include <stdlib.h>
#include <string.h>

#include "audit/target.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "redis/connection.h"
#include "redis/quote.h"
#include "redis/resp.h"

/* How the first elements of a type are asked for, and how many values of the reply make
 * one of them. */
static const struct {
    enum question question; /* QUESTIONS: it is not read */
    size_t step;            /* 0: each value is a list of its own, of a stream */
} ways[KEY_TYPES] = {
    [KEY_STRING] = { ASK_GETRANGE, 1 }, [KEY_LIST] = { ASK_LRANGE, 1 },
    [KEY_SET] = { ASK_SSCAN, 1 },       [KEY_ZSET] = { ASK_ZRANGE, 2 },
    [KEY_HASH] = { ASK_HSCAN, 2 },      [KEY_STREAM] = { ASK_XRANGE, 0 },
    [KEY_OTHER] = { QUESTIONS, 0 },
};

static bool is_scan(enum question question)
{
    return question == ASK_SSCAN || question == ASK_HSCAN;
}

bool glimpse_ask(struct ask *ask, struct str key, enum key_type type, int64_t bytes,
                 uint64_t elements)
{
    enum question question = ways[type].question;

    if (question == QUESTIONS ||
        (type != KEY_STRING && (bytes < 0 || bytes > GLIMPSE_MEMORY)))
        return false;
    if (is_scan(question))
        ask_members(ask, question, key, 0, elements);
    else
        ask_first(ask, question, key,
                  question == ASK_GETRANGE ? GLIMPSE_BYTES + 1 : elements);
    return true;
}

static char *word_of(const redisReply *value)
{
    struct str word = resp_text(value);
    bool cut = word.length > GLIMPSE_BYTES && !mutant("glimpse-uncut");
    char *text;
    FILE *out = mem_stream(&text);

    if (cut)
        word.length = GLIMPSE_BYTES;
    quote_print(out, word, true);
    fputs(cut ? "..." : "", out);
    fclose(out);
    return text;
}

static void add_word(struct element *element, const redisReply *value)
{
    if (element->count < GLIMPSE_WORDS)
        element->words[element->count++] = word_of(value);
}

static struct element *add_element(struct glimpse *glimpse)
{
    glimpse->elements =
        mem_grow(glimpse->elements, glimpse->count + 1, sizeof(*glimpse->elements));
    glimpse->elements[glimpse->count] = (struct element){ .count = 0 };
    return &glimpse->elements[glimpse->count++];
}

/* ID, [FIELD, VALUE, ..] */
static void add_entry(struct glimpse *glimpse, const redisReply *entry)
{
    const redisReply *fields;
    struct element *element;

    if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2)
        return;
    fields = entry->element[1];
    element = add_element(glimpse);
    add_word(element, entry->element[0]);
    for (size_t i = 0; fields->type == REDIS_REPLY_ARRAY && i < fields->elements; i++)
        add_word(element, fields->element[i]);
}

static void add_all(struct glimpse *glimpse, const redisReply *list, size_t step,
                    uint64_t most)
{
    for (size_t i = 0; i < list->elements && glimpse->count < most;
         i += step ? step : 1) {
        struct element *element;

        if (!step) {
            add_entry(glimpse, list->element[i]);
            continue;
        }
        element = add_element(glimpse);
        for (size_t k = i; k < i + step && k < list->elements; k++)
            add_word(element, list->element[k]);
    }
}

int glimpse_take(struct ask *ask, enum key_type type, uint64_t elements,
                 struct glimpse *ret, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    if (ask_reply(ask, ways[type].question, &reply, err) < 0)
        return err->code;
    if (reply->type == REDIS_REPLY_ERROR)
        return strncmp(reply->str, "WRONGTYPE", strlen("WRONGTYPE")) == 0
                   ? 0
                   : target_refused(ask_name(ways[type].question), reply->str, err);
    if (reply->type == REDIS_REPLY_STRING && reply->len)
        add_word(add_element(ret), reply);
    else if (is_scan(ways[type].question) && ask_is_scan(reply))
        add_all(ret, reply->element[1], ways[type].step, elements);
    else if (reply->type == REDIS_REPLY_ARRAY)
        add_all(ret, reply, ways[type].step, elements);
    return 0;
}

void glimpse_release(struct glimpse *glimpse)
{
    for (size_t i = 0; i < glimpse->count; i++)
        for (size_t k = 0; k < glimpse->elements[i].count; k++)
            free(glimpse->elements[i].words[k]);
    free(glimpse->elements);
    *glimpse = (struct glimpse){ NULL, 0 };
}
