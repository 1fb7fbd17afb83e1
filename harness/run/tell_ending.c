/* tell_ending.c - see tell_ending.h. */
#include "run/tell_ending.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/mutant.h"

void ending_teller_release(struct ending_teller *ended)
{
    free(ended->told);
}

static uint64_t hash_text(const char *text, uint64_t seed)
{
    return XXH3_64bits_withSeed(text, strlen(text), seed);
}

/* Is it the first of its kind? What ends well is alike, whoever had died. */
static bool is_new(struct ending_teller *ended, const struct event_ended *head,
                   const char *what, const char *command)
{
    const int64_t place[] = { head->strategy, head->well ? -1 : head->point,
                              head->well ? 0 : head->killed, head->well };
    uint64_t hash = hash_text(
        command, hash_text(what, XXH3_64bits_withSeed(place, sizeof(place), 0)));

    for (size_t i = 0; i < ended->count; i++)
        if (ended->told[i] == hash)
            return false;
    if (ended->count == ENDINGS_MOST)
        return false;
    ended->told = mem_grow(ended->told, ended->count + 1, sizeof(*ended->told));
    ended->told[ended->count++] = hash;
    return true;
}

/* Its beginning and its end. */
static char *shorten(const char *output)
{
    size_t length = strlen(output);

    if (length <= ENDING_FIRST + ENDING_LAST)
        return mem_strdup(output);
    return mem_printf("%.*s\n[%zu bytes are left out here]\n%s", ENDING_FIRST, output,
                      length - ENDING_FIRST - ENDING_LAST, output + length - ENDING_LAST);
}

static int tell(struct ending_teller *ended, struct event_ended *head,
                const char *const texts[ENDED_TEXTS], struct err *err)
{
    CLEANUP(buffer_release) struct buffer body = BUFFER_NULL;

    buffer_room(&body, sizeof(*head));
    body.length = offsetof(struct event_ended, text);
    for (size_t i = 0; i < ENDED_TEXTS; i++) {
        buffer_add(&body, str_of(texts[i]));
        head->lengths[i] = (uint32_t)strlen(texts[i]);
    }
    memcpy(body.bytes, head, offsetof(struct event_ended, text));
    return tell_event(ended->teller, EVENT_ENDED, body.bytes, body.length, err);
}

static int note_end(void *context, const struct routine_end *ending, struct err *err)
{
    struct ending_teller *ended = context;
    const struct judge *judge = ended->judge;
    ptrdiff_t subject = ending->subject ? ending->subject - judge->subjects : -1;
    CLEANUP(mem_freep) char *command = routine_command(ending->argv);
    CLEANUP(mem_freep) char *fate = routine_fate(ending->end);
    CLEANUP(mem_freep)
    char *printed = shorten(ending->end->output ? ending->end->output : "");
    const char *const texts[ENDED_TEXTS] = {
        [ENDED_WHAT] = ending->what,
        [ENDED_COMMAND] = command,
        [ENDED_FATE] = fate,
        [ENDED_PRINTED] = printed,
    };
    struct event_ended head = {
        .strategy = -1,
        .point = judge->controlling ? -1 : ended->teller->point,
        .killed = ended->teller->killed && !judge->controlling,
        .well = ending->well,
        .bytes = ending->end->output_bytes,
    };

    if (subject >= 0 && (size_t)subject >= judge->subject_count)
        return 0; /* the reference, which takes no part */
    if (subject >= 0)
        head.strategy = tell_number(ended->teller, (size_t)subject);
    if (!is_new(ended, &head, ending->what, command) ||
        (mutant("failures-unheard") && !ending->well))
        return 0;
    return tell(ended, &head, texts, err);
}

struct routine_watch ending_teller_watch(struct ending_teller *ended)
{
    return (struct routine_watch){ note_end, ended };
}
