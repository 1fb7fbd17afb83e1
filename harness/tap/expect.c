/* expect.c - see expect.h. */
#include "tap/expect.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "redis/command.h"

struct effect {
    void (*apply)(struct expect *expect, const struct effect *effect);
    int number;    /* a kind of subscription, a version, .. */
    uint64_t hash; /* of a name */
};

/* What is special about a command: what it owes and does, noted when it is sent. */
struct expect_rule {
    const char *name;
    void (*send)(struct expect *expect, const struct str *words, size_t count);
    const char *confirmation; /* what each of its replies begins with; NULL: anything */
    int number;
    bool runs_in_multi; /* it is not queued */
};

struct expect expect_new(void)
{
    return (struct expect){ .resp = 2 };
}

void expect_release(struct expect *expect)
{
    for (size_t i = 0; i < SUBSCRIPTIONS; i++)
        free(expect->subscribed[i].hashes);
    free(expect->effects.items);
    free(expect->queued.items);
    *expect = expect_new();
}

static void add_effect(struct effects *effects, struct effect effect)
{
    if (effects->count == effects->room) {
        effects->room = effects->room ? 2 * effects->room : 4;
        effects->items = mem_grow(effects->items, effects->room, sizeof(*effects->items));
    }
    effects->items[effects->count++] = effect;
}

static void will(struct expect *expect,
                 void (*apply)(struct expect *expect, const struct effect *effect),
                 int number, uint64_t hash)
{
    add_effect(&expect->effects, (struct effect){ apply, number, hash });
}

static void apply_all(struct expect *expect, const struct effects *effects)
{
    for (size_t i = 0; i < effects->count; i++)
        effects->items[i].apply(expect, &effects->items[i]);
}

/* Where the name stands among the others, or their count. */
static size_t find_name(const struct name_set *names, uint64_t hash)
{
    size_t i = 0;

    while (i < names->count && names->hashes[i] != hash)
        i++;
    return i;
}

static void do_subscribe(struct expect *expect, const struct effect *effect)
{
    struct name_set *names = &expect->subscribed[effect->number];

    if (find_name(names, effect->hash) < names->count)
        return;
    if (names->count == names->room) {
        names->room = names->room ? 2 * names->room : 8;
        names->hashes = mem_grow(names->hashes, names->room, sizeof(*names->hashes));
    }
    names->hashes[names->count++] = effect->hash;
}

static void do_unsubscribe(struct expect *expect, const struct effect *effect)
{
    struct name_set *names = &expect->subscribed[effect->number];
    size_t i = find_name(names, effect->hash);

    if (!effect->hash)
        names->count = 0;
    else if (i < names->count)
        names->hashes[i] = names->hashes[--names->count];
}

static void do_hello(struct expect *expect, const struct effect *effect)
{
    expect->resp = effect->number;
}

static void do_monitor(struct expect *expect, const struct effect *effect)
{
    (void)effect;
    expect->in_monitor = true;
}

static void do_multi(struct expect *expect, const struct effect *effect)
{
    expect->in_multi = effect->number;
    expect->queued.count = 0;
    expect->queued_more = 0;
}

static void do_reset(struct expect *expect, const struct effect *effect)
{
    do_multi(expect, effect);
    for (size_t i = 0; i < SUBSCRIPTIONS; i++)
        expect->subscribed[i].count = 0;
    expect->resp = 2;
    expect->in_monitor = expect->off = false;
}

/* OFF, and SKIP for the next one. */
static void do_off(struct expect *expect, const struct effect *effect)
{
    (void)effect;
    expect->off = true;
}

static void do_skip(struct expect *expect, const struct effect *effect)
{
    (void)effect;
    expect->skip = true;
}

static void do_on(struct expect *expect, const struct effect *effect)
{
    (void)effect;
    expect->off = false;
}

static void send_subscribe(struct expect *expect, const struct str *words, size_t count)
{
    expect->owed = count > 1 ? count - 1 : 1; /* without names it is an error */
    for (size_t i = 1; i < count; i++)
        will(expect, do_subscribe, expect->rule->number, command_key_hash(words[i]));
}

static void send_unsubscribe(struct expect *expect, const struct str *words, size_t count)
{
    size_t all = expect->subscribed[expect->rule->number].count;

    if (count == 1) {
        expect->owed = all ? all : 1;
        will(expect, do_unsubscribe, expect->rule->number, 0);
        return;
    }
    expect->owed = count - 1;
    for (size_t i = 1; i < count; i++)
        will(expect, do_unsubscribe, expect->rule->number, command_key_hash(words[i]));
}

static void send_hello(struct expect *expect, const struct str *words, size_t count)
{
    if (count > 1 && (str_is_word(words[1], "2") || str_is_word(words[1], "3")))
        will(expect, do_hello, words[1].bytes[0] - '0', 0);
}

static void send_monitor(struct expect *expect, const struct str *words, size_t count)
{
    (void)words, (void)count;
    will(expect, do_monitor, 0, 0);
}

static void send_multi(struct expect *expect, const struct str *words, size_t count)
{
    (void)words, (void)count;
    will(expect, do_multi, expect->rule->number, 0);
}

static void send_exec(struct expect *expect, const struct str *words, size_t count)
{
    (void)words, (void)count;
    if (expect->in_multi)
        expect->owed += expect->queued_more;
}

static void send_reset(struct expect *expect, const struct str *words, size_t count)
{
    (void)words, (void)count;
    expect->off = false; /* its own reply is heard */
    will(expect, do_reset, false, 0);
}

static void send_quit(struct expect *expect, const struct str *words, size_t count)
{
    (void)words, (void)count;
    expect->closes = true;
}

static void send_client(struct expect *expect, const struct str *words, size_t count)
{
    static const struct {
        const char *word;
        void (*apply)(struct expect *expect, const struct effect *effect);
        bool asks_on;
    } modes[] = { { "on", do_on, false },
                  { "off", do_off, true },
                  { "skip", do_skip, true } };

    if (count != 3 || !str_is_word(words[1], "reply"))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
        if (str_is_word(words[2], modes[i].word)) {
            will(expect, modes[i].apply, 0, 0);
            expect->asks_on = modes[i].asks_on;
            expect->unfollowed = expect->in_multi;
        }
}

static void send_blocking(struct expect *expect, const struct str *words, size_t count)
{
    (void)words, (void)count;
    expect->may_block = true;
}

static void send_xread(struct expect *expect, const struct str *words, size_t count)
{
    for (size_t i = 1; i < count && !str_is_word(words[i], "streams"); i++)
        expect->may_block = expect->may_block || str_is_word(words[i], "block");
}

static const struct expect_rule rules[] = {
    { "subscribe", send_subscribe, "subscribe", SUBSCRIPTION_CHANNEL, false },
    { "psubscribe", send_subscribe, "psubscribe", SUBSCRIPTION_PATTERN, false },
    { "ssubscribe", send_subscribe, "ssubscribe", SUBSCRIPTION_SHARD, false },
    { "unsubscribe", send_unsubscribe, "unsubscribe", SUBSCRIPTION_CHANNEL, false },
    { "punsubscribe", send_unsubscribe, "punsubscribe", SUBSCRIPTION_PATTERN, false },
    { "sunsubscribe", send_unsubscribe, "sunsubscribe", SUBSCRIPTION_SHARD, false },
    { "hello", send_hello, NULL, 0, false },
    { "monitor", send_monitor, NULL, 0, false },
    { "multi", send_multi, NULL, true, true },
    { "exec", send_exec, NULL, 0, true },
    { "discard", send_multi, NULL, false, true },
    { "watch", NULL, NULL, 0, true },
    { "reset", send_reset, NULL, 0, true },
    { "quit", send_quit, NULL, 0, true },
    { "client", send_client, NULL, 0, false },
    { "blpop", send_blocking, NULL, 0, false },
    { "brpop", send_blocking, NULL, 0, false },
    { "blmove", send_blocking, NULL, 0, false },
    { "brpoplpush", send_blocking, NULL, 0, false },
    { "blmpop", send_blocking, NULL, 0, false },
    { "bzpopmin", send_blocking, NULL, 0, false },
    { "bzpopmax", send_blocking, NULL, 0, false },
    { "bzmpop", send_blocking, NULL, 0, false },
    { "xread", send_xread, NULL, 0, false },
    { "xreadgroup", send_xread, NULL, 0, false },
    { "wait", send_blocking, NULL, 0, false },
    { "waitaof", send_blocking, NULL, 0, false },
};

static const struct expect_rule *find_rule(struct str name)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (str_is_word(name, rules[i].name))
            return &rules[i];
    return NULL;
}

void expect_command(struct expect *expect, const struct str *words, size_t count)
{
    expect->rule = find_rule(words[0]);
    expect->owed = 1;
    expect->queues = expect->in_multi && !(expect->rule && expect->rule->runs_in_multi);
    expect->may_block = expect->closes = expect->unfollowed = false;
    expect->asks_on = expect->begun = false;
    expect->effects.count = 0;
    if (expect->rule && expect->rule->send)
        expect->rule->send(expect, words, count);
    if (expect->queues)
        expect->may_block = false;
}

bool expect_subscribed(const struct expect *expect)
{
    for (size_t i = 0; i < SUBSCRIPTIONS; i++)
        if (expect->subscribed[i].count)
            return true;
    return false;
}

static bool is_exec(const struct expect *expect)
{
    return expect->rule && expect->rule->send == send_exec;
}

bool expect_changes_nothing(const struct expect *expect)
{
    return expect->queues ||
           (expect->rule && expect->rule->runs_in_multi && !is_exec(expect));
}

bool expect_takes_another(const struct expect *expect)
{
    bool ordinary = !expect->rule || (is_exec(expect) && !expect->queued.count);

    return ordinary && !expect->queues && !expect->in_monitor &&
           !expect_subscribed(expect);
}

/* A line of MONITOR begins with the time: +1339518083.107412 [0 127.0.0.1:60866] .. */
static bool is_monitored(const struct reply_frame *frame)
{
    size_t digits = 0;

    while (digits < frame->head_length && isdigit((unsigned char)frame->head[digits]))
        digits++;
    return frame->kind == '+' && digits && digits < frame->head_length &&
           frame->head[digits] == '.';
}

/* What RESP2 has in place of a push. */
static bool is_message(const struct reply_frame *frame)
{
    static const char *const words[] = { "message", "pmessage", "smessage" };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (frame->kind == '*' && reply_head_is(frame, str_of(words[i])))
            return true;
    return false;
}

/* Does the command have a confirmation for each name? */
static bool confirms(const struct expect *expect)
{
    return expect->rule && expect->rule->confirmation && !expect->queues;
}

bool expect_is_reply(const struct expect *expect, const struct reply_frame *frame)
{
    if (!expect->owed || (expect->in_monitor && is_monitored(frame)))
        return false;
    if (confirms(expect))
        return (frame->is_error && !frame->is_push) ||
               ((frame->is_push || frame->kind == '*') &&
                reply_head_is(frame, str_of(expect->rule->confirmation)));
    if (expect->begun) /* what did not fit into EXEC's own reply */
        return true;
    if (frame->is_push)
        return false;
    return !(expect->resp == 2 && expect_subscribed(expect) && is_message(frame));
}

/* The command is one of a transaction. */
static void queue(struct expect *expect, const struct reply_frame *frame)
{
    if (frame->kind != '+' || !reply_head_is(frame, STR("QUEUED")))
        return;
    for (size_t i = 0; i < expect->effects.count; i++)
        add_effect(&expect->queued, expect->effects.items[i]);
    expect->queued_more += expect->owed - 1;
}

/* The transaction is over, however it ended. */
static void end_multi(struct expect *expect, const struct reply_frame *frame)
{
    static const struct effect none = { .number = false };

    if (frame->kind == '*' && !frame->is_null)
        apply_all(expect, &expect->queued);
    do_multi(expect, &none);
}

enum expect_found expect_frame(struct expect *expect, const struct reply_frame *frame,
                               bool *ret_heard)
{
    bool skips = expect->skip, first = !expect->begun;
    const struct expect_rule *rule = expect->rule;

    *ret_heard = true;
    if (!expect_is_reply(expect, frame))
        return EXPECT_MESSAGE;
    expect->begun = true;
    if (expect->queues) {
        queue(expect, frame);
        expect->effects.count = 0;
        expect->owed = 1;
    } else if (first && (frame->is_error || (frame->is_null && !confirms(expect)))) {
        expect->owed = 1;
    }
    if (!expect->queues && is_exec(expect) && first && expect->in_multi)
        end_multi(expect, frame);
    *ret_heard = confirms(expect) && !frame->is_error ? true : !expect->off && !skips;
    if (--expect->owed)
        return EXPECT_REPLY;
    expect->skip = false;
    if (frame->is_error && !expect->queues)
        return EXPECT_LAST;
    apply_all(expect, &expect->effects);
    if (rule && rule->send == send_client && expect->effects.count)
        *ret_heard = !expect->asks_on;
    return EXPECT_LAST;
}
