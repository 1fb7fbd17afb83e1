/* tell_trace.c - see tell_trace.h. */
#include "run/tell_trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mutant.h"
#include "redis/resp.h"
#include "tap/recorder.h"

/* Where the texts of events begin. */
#define HEARD_HEAD offsetof(struct event_heard, text)
#define CHANGE_HEAD offsetof(struct event_change, text)
#define LIFE_HEAD offsetof(struct event_life, text)

void trace_teller_release(struct trace_teller *tracing)
{
    buffer_release(&tracing->body);
}

/* Its number in the run; -1: it takes no part. */
static int64_t number_of(const struct trace_teller *tracing,
                         const struct subject *subject)
{
    const struct judge *judge = tracing->judge;
    ptrdiff_t number = subject - judge->subjects;

    if ((size_t)number >= judge->subject_count)
        return -1;
    return tell_number(tracing->teller, (size_t)number);
}

static void begin_with(struct trace_teller *tracing, const struct subject *subject,
                       size_t header)
{
    if (tracing->subject != subject)
        tracing->replies = tracing->changes = 0;
    tracing->subject = subject;
    tracing->body.length = 0;
    buffer_room(&tracing->body, header);
    tracing->body.length = header;
}

static struct str cut_to(struct str text, size_t most)
{
    return (struct str){ text.bytes, text.length < most ? text.length : most };
}

/* --- commands --- */

static size_t reply_most(const struct trace_teller *tracing)
{
    return tracing->replies < TRACE_REPLIES_MOST ? TRACE_REPLY_MOST : TRACE_REPLY_LEAST;
}

/* How long the command would be as an array of RESP. */
static uint64_t bytes_of(const struct tap_event *event)
{
    uint64_t bytes = (uint64_t)snprintf(NULL, 0, "*%zu\r\n", event->count);

    for (size_t i = 0; i < event->count; i++)
        bytes += (uint64_t)snprintf(NULL, 0, "$%zu\r\n\r\n", event->words[i].length) +
                 event->words[i].length;
    return bytes;
}

static int heard(void *context, const struct subject *subject,
                 const struct recorded_command *command, struct err *err)
{
    struct trace_teller *tracing = context;
    const struct tap_event *event = command->event;
    struct event_heard head = {
        .reply_whole = event->reply_whole,
        .answered = command->answered,
        .index = command->index,
        .since_ns = command->since_ns,
        .sent_bytes = bytes_of(event),
        .reply_bytes = event->reply_bytes,
    };
    int64_t number = number_of(tracing, subject);
    struct str reply;

    if (number < 0)
        return 0;
    begin_with(tracing, subject, HEARD_HEAD);
    reply = cut_to(event->reply, reply_most(tracing));
    tracing->replies += reply.length;
    resp_put_count(&tracing->body, event->count);
    for (size_t i = 0; i < event->count; i++)
        resp_put_word(&tracing->body, cut_to(event->words[i], TRACE_WORD_MOST));
    head.strategy = (uint32_t)number;
    head.sent_kept = (uint32_t)(tracing->body.length - HEARD_HEAD);
    head.reply_kept = (uint32_t)reply.length;
    buffer_add(&tracing->body, reply);
    memcpy(tracing->body.bytes, &head, HEARD_HEAD);
    return tell_later(tracing->teller, EVENT_HEARD, tracing->body.bytes,
                      tracing->body.length, err);
}

/* --- states --- */

/* What is told of the change from one state to the next. */
struct telling {
    struct trace_teller *tracing;
    uint32_t strategy;
    uint64_t state;
    uint64_t told, omitted; /* changes */
};

static bool has_room(struct telling *telling, int copies)
{
    bool room = telling->told < TRACE_CHANGES_MOST && abs(copies) <= TRACE_COPIES_MOST &&
                telling->tracing->changes < TRACE_CHANGES_BYTES;

    telling->told += room;
    telling->omitted += !room;
    return room;
}

/* What is too long is cut, and ends with what tells it from others that begin alike.
 * Returns whether it is whole. */
static bool add_text(struct buffer *body, struct str text, uint32_t *ret_length)
{
    struct str part = cut_to(text, TRACE_TEXT_MOST);
    char rest[80] = "";

    if (part.length < text.length)
        snprintf(rest, sizeof(rest), "... (%zu bytes, hash %016llx)", text.length,
                 (unsigned long long)XXH3_64bits(text.bytes, text.length));
    buffer_add(body, part);
    buffer_add(body, str_of(rest));
    *ret_length = (uint32_t)(part.length + strlen(rest));
    return part.length == text.length;
}

static int tell_body(struct telling *telling, enum event_type type, struct err *err)
{
    struct trace_teller *tracing = telling->tracing;

    tracing->changes += tracing->body.length;
    return tell_later(tracing->teller, type, tracing->body.bytes, tracing->body.length,
                      err);
}

static int tell_change(struct telling *telling, const struct atom *atom, int copies,
                       struct err *err)
{
    struct buffer *body = &telling->tracing->body;
    const struct str texts[CHANGE_TEXTS] = {
        [CHANGE_KEY] = atom->key,     [CHANGE_TYPE] = atom->type,
        [CHANGE_ELEMENT] = atom->id,  [CHANGE_VALUE] = atom->value,
        [CHANGE_SHOWN] = atom->shown,
    };
    struct event_change head = {
        .strategy = telling->strategy,
        .copies = copies,
        .state = telling->state,
        .expiry = atom->expiry,
        .effect = atom->effect,
        .whole = true,
    };

    if (!has_room(telling, copies))
        return 0;
    body->length = CHANGE_HEAD;
    for (size_t i = 0; i < CHANGE_TEXTS; i++)
        head.whole &= add_text(body, texts[i], &head.lengths[i]);
    memcpy(body->bytes, &head, CHANGE_HEAD);
    return tell_body(telling, EVENT_CHANGE, err);
}

/* How many of the atoms, from `at` on, are the same one. */
static size_t copies_at(const struct state *state, size_t at)
{
    size_t to = at + 1;

    while (to < state->count && atom_compare(&state->atoms[at], &state->atoms[to]) == 0)
        to++;
    return to - at;
}

/* Both are sorted. */
static int tell_changes(struct telling *telling, const struct state *before,
                        const struct state *now, struct err *err)
{
    size_t i = 0, j = 0;
    int code = 0;

    while (code == 0 && (i < before->count || j < now->count)) {
        const struct atom *gone = i < before->count ? &before->atoms[i] : NULL;
        const struct atom *here = j < now->count ? &now->atoms[j] : NULL;
        int order = !gone ? 1 : !here ? -1 : atom_compare(gone, here);
        size_t were = order <= 0 ? copies_at(before, i) : 0;
        size_t are = order >= 0 ? copies_at(now, j) : 0;

        if (were != are && !(are < were && mutant("gone-untold")))
            code =
                tell_change(telling, order <= 0 ? gone : here, (int)are - (int)were, err);
        i += were;
        j += are;
    }
    return code;
}

static int tell_life(struct telling *telling, const struct ttl *ttl, int64_t ms,
                     struct err *err)
{
    struct buffer *body = &telling->tracing->body;
    struct event_life head = { .strategy = telling->strategy,
                               .state = telling->state,
                               .ms = ms };

    if (!has_room(telling, 1))
        return 0;
    body->length = LIFE_HEAD;
    add_text(body, ttl->key, &head.key);
    add_text(body, ttl->field, &head.field);
    memcpy(body->bytes, &head, LIFE_HEAD);
    return tell_body(telling, EVENT_LIFE, err);
}

static int tell_lives(struct telling *telling, const struct ttls *before,
                      const struct ttls *now, struct err *err)
{
    size_t i = 0, j = 0;
    int code = 0;

    while (code == 0 && (i < before->count || j < now->count)) {
        const struct ttl *was = i < before->count ? &before->items[i] : NULL;
        const struct ttl *is = j < now->count ? &now->items[j] : NULL;
        int order = !was ? 1 : !is ? -1 : ttl_compare_place(was, is);

        if (order < 0)
            code = tell_life(telling, was, -1, err);
        else if (order > 0 || was->ms != is->ms)
            code = tell_life(telling, is, is->ms, err);
        i += order <= 0;
        j += order >= 0;
    }
    return code;
}

static int left(void *context, const struct subject *subject, size_t state,
                const struct snapshot *before, const struct snapshot *now,
                struct err *err)
{
    static const struct snapshot nothing = { .reply = NULL };
    struct trace_teller *tracing = context;
    int64_t number = number_of(tracing, subject);
    struct telling telling = { tracing, (uint32_t)number, state, 0, 0 };
    struct event_left end = { .strategy = (uint32_t)number, .state = state };
    CLEANUP(ttls_release) struct ttls lived = ttls_of(before ? before : &nothing);
    CLEANUP(ttls_release) struct ttls live = ttls_of(now);
    int code;

    if (number < 0)
        return 0;
    begin_with(tracing, subject, sizeof(struct event_change));
    code = tell_changes(&telling, before ? &before->state : &nothing.state, &now->state,
                        err);
    if (code == 0)
        code = tell_lives(&telling, &lived, &live, err);
    end.omitted = telling.omitted;
    return code == 0 ? tell_later(tracing->teller, EVENT_LEFT, &end, sizeof(end), err)
                     : code;
}

struct recording_watch trace_teller_watch(struct trace_teller *tracing)
{
    return (struct recording_watch){ heard, left, tracing };
}
