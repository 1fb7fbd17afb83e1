/* replay_json.c - a death as JSON: what the text tells of it, without the words.
 *
 * Of one that is told from what a run has kept: the commands, the state, and what came of
 * it. One that was performed was told while that went on; it has the narrative as it is.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "replay/transcript.h"
#include "report/json_put.h"
#include "report/writers.h"

#define TEXT_BYTES 4200 /* of a command or a reply, shown */
/* Of many commands, those around the death; of many elements, the first. */
#define BEFORE_SHOWN 1000
#define BEHIND_SHOWN 100
#define ELEMENTS_SHOWN 1000

static json_t *recorded(const struct replay *replay)
{
    json_t *object = json_object();

    json_put_text(object, "outcome", outcome_name(replay->outcome));
    if (replay->explained)
        json_put_whole(object, "point", replay->point);
    json_put_text(object, "now", now_name(replay->verdict.now));
    json_put_later(object, "later", replay->verdict.later);
    json_put_later(object, "passing", replay->verdict.passing);
    json_put_lasts(object, "lasts", replay->verdict.lasts_ms);
    return object;
}

/* --- commands --- */

struct telling {
    const struct told *told;
    uint64_t executed;
    redisReader *replies;
    size_t fed; /* bytes of the answers */
    json_t *array;
    uint64_t left_out;
};

/* The next reply, whoever is told. */
static void next_reply(struct telling *telling, size_t index, char *buffer, size_t size)
{
    const struct recording *sent = &telling->told->sent;
    size_t end = sent->traces[index].reply_end;
    const struct str bytes = { sent->answers + telling->fed, end - telling->fed };

    telling->fed = end;
    buffer[0] = '\0';
    transcript_next_reply(&telling->replies, bytes, buffer, size);
}

static void put_command(void *context, size_t index, int argc, const char *const *argv,
                        const size_t *lengths)
{
    struct telling *telling = context;
    const struct told *told = telling->told;
    uint64_t start_ns = told->sent.traces[0].write_ns, answered = told->answered[index];
    bool executed = index < telling->executed;
    char command[TEXT_BYTES], reply[TEXT_BYTES];
    json_t *object;

    next_reply(telling, index, reply, sizeof(reply));
    if (index + BEFORE_SHOWN < telling->executed ||
        index >= telling->executed + BEHIND_SHOWN) {
        telling->left_out++;
        return;
    }
    transcript_command(command, sizeof(command), argc, argv, lengths);
    object = json_object();
    json_put_whole(object, "number", index + 1);
    json_put_whole(object, "connection", told->connection_of[index]);
    json_put_text(object, "command", command);
    json_put_flag(object, "executed", executed);
    if (executed)
        json_put_real(object, "us",
                      (double)(told->sent.traces[index].write_ns - start_ns) / 1e3);
    if (executed && answered && answered <= telling->executed)
        json_put_text(object, "reply", reply);
    json_array_append_new(telling->array, object);
}

static int put_trace(json_t *object, const struct replayed *replayed, struct err *err)
{
    struct telling telling = { .told = replayed->told,
                               .executed = replayed->replay->number,
                               .replies = redisReaderCreate(),
                               .array = json_array() };
    int code = recording_each(&replayed->told->sent, put_command, &telling, err);

    redisReaderFree(telling.replies);
    json_put_whole(object, "commands", replayed->told->sent.commands);
    json_put_whole(object, "executed", replayed->replay->number);
    json_put(object, "trace", telling.array);
    if (telling.left_out)
        json_put_whole(object, "trace_left_out", telling.left_out);
    return code;
}

/* --- the state --- */

/* Every byte that is not printable as \xHH. */
static void put_bytes(json_t *object, const char *key, struct str bytes)
{
    CLEANUP(mem_freep) char *text = NULL;
    FILE *out = mem_stream(&text);

    str_print(out, bytes, TEXT_BYTES);
    fclose(out);
    json_put_text(object, key, text);
}

static json_t *element(const struct verdict_row *row)
{
    static const char *const expiries[] = {
        [EXPIRY_NEVER] = "never",
        [EXPIRY_BOUNDED] = "in time",
        [EXPIRY_BEYOND] = "too late",
    };
    json_t *object = json_object();

    put_bytes(object, "key", row->atom->key);
    put_bytes(object, "type", row->atom->type);
    put_bytes(object, "element", atom_element(row->atom));
    put_bytes(object, "value", row->atom->value);
    json_put_text(object, "expires", expiries[row->atom->expiry]);
    json_put_whole(object, "here", row->here);
    json_put_whole(object, "old", row->old);
    json_put_whole(object, "new", row->new);
    return object;
}

/* What is not kept is not known of any of the three. */
static void put_state(json_t *object, const struct told *told)
{
    uint64_t to_dead = told->dead.omitted, to_new = told->new.omitted;
    uint64_t omitted = to_dead > to_new ? to_dead : to_new;
    CLEANUP(mem_freep) struct verdict_row *rows = NULL;
    size_t count = verdict_rows(&told->old.snapshot.state, &told->new.snapshot.state,
                                &told->dead.snapshot.state, &rows);
    json_t *array = json_array();

    for (size_t i = 0; i < count && i < ELEMENTS_SHOWN; i++)
        json_array_append_new(array, element(&rows[i]));
    json_put_whole(object, "state", told->state);
    json_put(object, "elements", array);
    if (count > ELEMENTS_SHOWN)
        json_put_whole(object, "elements_left_out", count - ELEMENTS_SHOWN);
    if (omitted)
        json_put_whole(object, "changes_not_kept", omitted);
}

static json_t *proof(const struct told *told)
{
    json_t *object = json_object();

    json_put_whole(object, "kills", told->tried);
    json_put_whole(object, "came", told->came);
    json_put_whole(object, "proved", told->proved);
    json_put_later(object, "later", told->words);
    return object;
}

static int put_told(json_t *object, const struct replayed *replayed, struct err *err)
{
    int code = put_trace(object, replayed, err);

    put_state(object, replayed->told);
    json_put_some(object, "example", replayed->told->example);
    json_put(object, "proof",
             replayed->told->tried ? proof(replayed->told) : json_null());
    return code;
}

int replay_json(FILE *out, const struct replayed *replayed, struct report_style style,
                struct err *err)
{
    static const char *const likenesses[] = {
        [REPLAY_UNRECORDED] = "unrecorded",
        [REPLAY_ALIKE] = "alike",
        [REPLAY_UNREACHED] = "unreached",
        [REPLAY_DIFFERS] = "differs",
    };
    const struct replay *replay = replayed->replay;
    json_t *object = json_put_document();
    int code = 0;

    (void)style;
    json_put_text(object, "scenario", replayed->scenario);
    json_put_whole(object, "seed", replayed->seed);
    json_put_text(object, "strategy", replayed->strategy);
    json_put_text(object, "fault", fault_by_id(replay->fault)->name);
    json_put_whole(object, "number", replay->number);
    json_put_text(object, "source", replayed->told ? "kept" : "performed");
    json_put_text(object, "likeness", likenesses[replayed->likeness]);
    json_put(object, "recorded", replay->recorded ? recorded(replay) : json_null());
    if (replayed->told)
        code = put_told(object, replayed, err);
    else
        json_put_text(object, "narrative", replayed->narrative);
    json_put_end(out, object);
    return code;
}
