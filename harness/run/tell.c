/* tell.c - see tell.h. */
#include "run/tell.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "run/pipe.h"
#include "trial/fake_time.h"
#include "trial/recorded.h"

#define TEXT_BYTES 32768  /* in one event */
#define LATER_BYTES 65536 /* until what was to be told later is */
#define BATCH_NS (50 * NSEC_PER_MSEC)

int tell_event(struct teller *teller, enum event_type type, const void *body,
               size_t bytes, struct err *err)
{
    if (teller->later.length && pipe_flush(teller->fd, &teller->later, err) < 0)
        return err->code;
    return pipe_send(teller->fd, type, body, bytes, err);
}

int tell_later(struct teller *teller, enum event_type type, const void *body,
               size_t bytes, struct err *err)
{
    pipe_put(&teller->later, type, body, bytes);
    return teller->later.length < LATER_BYTES
               ? 0
               : pipe_flush(teller->fd, &teller->later, err);
}

void teller_release(struct teller *teller)
{
    buffer_release(&teller->later);
}

struct telling {
    struct teller *teller;
    const struct judge *judge;
    size_t subject;
    struct err *err; /* of the first that could not be told */
};

static void tell_command(void *context, size_t index, int argc, const char *const *argv,
                         const size_t *lengths)
{
    struct telling *telling = context;
    const struct trace *trace =
        &telling->judge->subjects[telling->subject].recording.traces[index];
    struct event_command event = {
        .strategy = tell_number(telling->teller, telling->subject),
        .index = index,
        .end = trace->end,
        .write = trace->write,
        .replies = trace->replies,
    };

    if (telling->judge->subjects[telling->subject].recorded) {
        const struct recorded *recorded =
            telling->judge->subjects[telling->subject].recorded;

        event.connection = recorded->connection_of[index];
        event.state = recorded->states_at[index + 1];
    }
    command_parse(&event.command, argc, argv, lengths);
    /* Which of its scripts it was does not matter. */
    if (command_has(&event.command, COMMAND_SCRIPT) &&
        telling->judge->subjects[telling->subject].overheard.publishes)
        event.command.flags |= COMMAND_PUBLISHES;
    event.command.flags |= judge_key_kept(&telling->judge->subjects[telling->subject],
                                          event.command.key_hash);
    event.key_was_there = judge_key_was_there(&telling->judge->subjects[telling->subject],
                                              event.command.key_hash);
    if (!telling->err->code)
        tell_event(telling->teller, EVENT_COMMAND, &event, sizeof(event), telling->err);
}

static int tell_commands(struct teller *teller, const struct judge *judge, size_t subject,
                         struct err *err)
{
    struct telling telling = { teller, judge, subject, err };
    int code =
        recording_each(&judge->subjects[subject].recording, tell_command, &telling, err);

    return code == 0 ? err->code : code;
}

/* What a program has printed, in pieces. */
static int tell_output(struct teller *teller, size_t subject, const char *output,
                       struct err *err)
{
    size_t length = output ? strlen(output) : 0;
    CLEANUP(mem_freep)
    struct event_output *event = mem_alloc(sizeof(*event) + TEXT_BYTES);
    int code = 0;

    event->strategy = tell_number(teller, subject);
    for (size_t at = 0; at < length && code == 0; at += TEXT_BYTES) {
        size_t piece = length - at < TEXT_BYTES ? length - at : TEXT_BYTES;

        memcpy(event->text, output + at, piece);
        code = tell_event(teller, EVENT_OUTPUT, event, sizeof(*event) + piece, err);
    }
    return code;
}

static int tell_program(struct teller *teller, size_t subject,
                        const struct recorded *recorded, struct err *err)
{
    const struct event_program program = {
        .strategy = tell_number(teller, subject),
        .connections = recorded->connections,
        .states = recorded->state_count,
        .varying = recorded->varying,
        .compared = recorded->retrace.compared,
        .same = recorded->retrace.same,
        .first = recorded->retrace.first,
        .true_time = !fake_time_is_there(),
    };

    int code = tell_event(teller, EVENT_PROGRAM, &program, sizeof(program), err);

    return code == 0 ? tell_output(teller, subject, recorded->output, err) : code;
}

int tell_controls(struct teller *teller, const struct judge *judge, bool commands,
                  struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < judge->subject_count && code == 0; i++) {
        const struct subject *subject = &judge->subjects[i];
        struct event_control control = {
            .strategy = tell_number(teller, i),
            .unbegun = subject->unbegun,
            .uncrashed = subject->uncrashed,
            .uncrashed_passing = subject->uncrashed_passing,
            .uncrashed_lasts_ms = subject->uncrashed_lasts_ms,
            .commands = subject->commands,
            .bytes = subject->bytes,
            .trips = subject->trips,
            .done = subject->done.signature,
        };

        memcpy(control.example, subject->uncrashed_example, sizeof(control.example));
        memcpy(control.unbegun_example, subject->unbegun_example,
               sizeof(control.unbegun_example));
        code = tell_event(teller, EVENT_CONTROL, &control, sizeof(control), err);
        if (code == 0 && subject->recorded)
            code = tell_program(teller, i, subject->recorded, err);
        if (code == 0 && commands)
            code = tell_commands(teller, judge, i, err);
    }
    return code;
}

int tell_samples(struct teller *teller, size_t subject, enum samples_kind kind,
                 const uint64_t *values, size_t count, struct err *err)
{
    size_t bytes = sizeof(struct event_samples) + count * sizeof(*values);
    CLEANUP(mem_freep) struct event_samples *samples = mem_alloc(bytes);

    samples->strategy = tell_number(teller, subject);
    samples->kind = kind;
    samples->count = count;
    if (count)
        memcpy(samples->values, values, count * sizeof(*values));
    return tell_later(teller, EVENT_SAMPLES, samples, bytes, err);
}

int tell_block(struct teller *teller, size_t subjects, const uint64_t *durations_ns,
               size_t count, uint64_t kills_waited_ns, struct err *err)
{
    size_t values = subjects * count;
    size_t bytes = sizeof(struct event_block) + values * sizeof(*durations_ns);
    CLEANUP(mem_freep) struct event_block *block = mem_alloc(bytes);

    block->first = tell_number(teller, 0);
    block->strategies = (uint32_t)subjects;
    block->count = count;
    block->kills_waited_ns = kills_waited_ns;
    if (values)
        memcpy(block->values, durations_ns, values * sizeof(*durations_ns));
    return tell_later(teller, EVENT_BLOCK, block, bytes, err);
}

int tell_flush(struct teller *teller, struct err *err)
{
    int code = 0;

    if (teller->batched)
        code = tell_event(teller, EVENT_TRIALS, teller->batch,
                          teller->batched * sizeof(*teller->batch), err);
    teller->batched = 0;
    return code;
}

void tell_error(struct teller *teller, uint64_t number, const char *why, struct err *err)
{
    struct event_note note = { .number = number };

    if (teller->noted)
        return;
    teller->noted = true;
    snprintf(note.text, sizeof(note.text), "%s",
             why[0] ? why : "the worker died of something else");
    tell_event(teller, EVENT_NOTE, &note, sizeof(note), err);
}

int tell_death(struct teller *teller, const struct fault *fault, size_t subject,
               uint64_t number, const struct death *death,
               const struct judgement *judgement, struct err *err)
{
    uint64_t now_ns = clock_now_ns();

    if (teller->batched == 0)
        teller->batch_start_ns = now_ns;
    teller->batch[teller->batched++] = (struct event_trial){
        .number = number,
        .strategy = tell_number(teller, subject),
        .fault = (uint8_t)fault_id(fault),
        .outcome = (uint8_t)death->outcome,
        .verdict = judgement->verdict,
        .replies = death->replies,
        .commands = death->commands,
        .weight_ns = death->weight_ns,
        .kill_ns = death->kill_ns,
        .signature = judgement->signature,
    };

    if (teller->batched < TELL_BATCH && now_ns - teller->batch_start_ns < BATCH_NS)
        return 0;
    return tell_flush(teller, err);
}

int tell_point(struct teller *teller, size_t subject, uint64_t index,
               const struct judgement *judgement, bool alike, struct err *err)
{
    struct event_point point = {
        .strategy = tell_number(teller, subject),
        .index = index,
        .alike = alike,
        .verdict = judgement->verdict,
        .signature = judgement->signature,
    };

    memcpy(point.example, judgement->example, sizeof(point.example));
    return tell_event(teller, EVENT_POINT, &point, sizeof(point), err);
}

int tell_replay(struct teller *teller, const char *text, size_t length,
                enum replay_likeness likeness, struct err *err)
{
    const uint32_t body = likeness;
    int code = 0;

    for (size_t at = 0, piece; at < length && code == 0; at += piece) {
        piece = length - at < TEXT_BYTES ? length - at : TEXT_BYTES;
        code = tell_event(teller, EVENT_TEXT, text + at, piece, err);
    }
    return code == 0 ? tell_event(teller, EVENT_REPLAY, &body, sizeof(body), err) : code;
}
