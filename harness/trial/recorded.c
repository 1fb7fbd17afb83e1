/* recorded.c - see recorded.h. */
#include "trial/recorded.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "redis/page.h"
#include "redis/resp.h"
#include "tap/peer.h"
#include "tap/stream.h"
#include "trial/routine.h"
#include "trial/trespass.h"
#include "trial/twins.h"

#define STATES_MOST 4096
#define SPOILED_MOST 3 /* runs of one program, one after the other */

struct recorded *recorded_free(struct recorded *recorded)
{
    if (!recorded)
        return NULL;
    for (size_t i = 0; i < recorded->state_count; i++)
        kept_release(&recorded->states[i]);
    free(recorded->states);
    free(recorded->exact);
    free(recorded->states_at);
    free(recorded->connection_of);
    free(recorded->likeness);
    free(recorded->blocked);
    free(recorded->output);
    free(recorded);
    return NULL;
}

/* A recording that goes on. */
struct session {
    struct judge *judge;
    const struct subject *subject;
    const struct recording_watch *watch; /* NULL: nobody is told */
    uint64_t start_ns;
    struct recorded *recorded;
    struct recording recording;
    struct buffer words;
    struct buffer *replies; /* to each command, for people; owned, like each of them;
                               NULL: they were told, or nobody will ask */
    struct snapshot now;
    size_t room; /* for commands */
    bool again;  /* a second one: of commands alone */
};

static bool keeps_replies(const struct session *session)
{
    return !session->again && !session->watch;
}

static void session_release(struct session *session)
{
    recorded_free(session->recorded);
    for (size_t i = 0; i < session->recording.commands && session->replies; i++)
        buffer_release(&session->replies[i]);
    free(session->replies);
    recording_release(&session->recording);
    buffer_release(&session->words);
    snapshot_release(&session->now);
}

/* The state that the database holds, which is kept if it is a new one: TAP_TOUCHED. */
static int note_state(struct session *session, size_t *ret, struct err *err)
{
    struct recorded *recorded = session->recorded;
    struct judge *judge = session->judge;
    struct signature exact;
    bool known;
    int code = snapshot_take(&judge->observer, 0, &session->now, err);

    if (code < 0)
        return code;
    names_know_state(&judge->names, &session->now.state);
    known = snapshot_exact(&session->now, &exact);
    for (size_t i = 0; i < recorded->state_count && known; i++)
        if (signature_equal(recorded->exact[i], exact)) {
            *ret = i;
            return 0;
        }
    if (recorded->state_count == STATES_MOST)
        return err_set(err, ERR_USAGE,
                       "it leaves more than %d distinct states, which are all kept",
                       STATES_MOST);
    if (!known) /* it is like no other */
        exact = (struct signature){ recorded->state_count, UINT64_MAX };
    recorded->states =
        mem_grow(recorded->states, recorded->state_count + 1, sizeof(*recorded->states));
    recorded->exact =
        mem_grow(recorded->exact, recorded->state_count + 1, sizeof(*recorded->exact));
    recorded->exact[recorded->state_count] = exact;
    recorded->states[recorded->state_count] = KEPT_NULL;
    *ret = recorded->state_count++;
    code = keeper_keep(&judge->keeper, &session->now, &recorded->states[*ret], err);
    return code == 0 ? TAP_TOUCHED : code;
}

/* For one command more, and the cut behind it. */
static void make_room(struct session *session)
{
    struct recorded *recorded = session->recorded;
    size_t room;

    if (session->recording.commands + 1 < session->room)
        return;
    session->room = room = session->room ? 2 * session->room : 64;
    recorded->states_at =
        mem_grow(recorded->states_at, room, sizeof(*recorded->states_at));
    recorded->connection_of =
        mem_grow(recorded->connection_of, room, sizeof(*recorded->connection_of));
    recorded->likeness = mem_grow(recorded->likeness, room, sizeof(*recorded->likeness));
    recorded->blocked = mem_grow(recorded->blocked, room, sizeof(*recorded->blocked));
    if (keeps_replies(session))
        session->replies = mem_grow(session->replies, room, sizeof(*session->replies));
    session->recording.traces =
        mem_grow(session->recording.traces, room, sizeof(*session->recording.traces));
}

static int add_command(struct session *session, const struct tap_event *event,
                       struct err *err)
{
    struct recording *recording = &session->recording;
    struct recorded *recorded = session->recorded;
    size_t index = recording->commands;

    make_room(session);
    resp_put_count(&session->words, event->count);
    for (size_t i = 0; i < event->count; i++) {
        resp_put_word(&session->words, event->words[i]);
        if (!session->again)
            names_know(&session->judge->names, event->words[i]);
    }
    if (!session->again)
        names_hear(&session->judge->names, event->reply);
    if (session->words.length > RECORD_BYTES || index == PAGE_TRACES)
        return err_set(err, ERR_USAGE,
                       "it sends more than can be recorded: %u bytes, or %d commands",
                       RECORD_BYTES, PAGE_TRACES);
    recording->traces[index] = (struct trace){
        .end = session->words.length,
        .write = index, /* one at a time */
        .replies = index,
        .write_ns = event->arrived_ns,
    };
    if (keeps_replies(session))
        session->replies[index] = BUFFER_NULL;
    recorded->connection_of[index] = event->connection;
    recorded->blocked[index] = event->kind == TAP_BLOCKED;
    recorded->likeness[index] = likeness_of(event->words, event->count);
    recorded->states_at[index + 1] = recorded->states_at[index];
    if (event->connection > recorded->connections)
        recorded->connections = event->connection;
    recording->commands++;
    return 0;
}

#define REPLY_MOST 4096 /* bytes that are shown as they are */

/* Is it a reply of RESP2, all through? Then it can be read again. */
static bool is_plain(struct str reply)
{
    size_t at = 0;

    while (at < reply.length) {
        const char *line = reply.bytes + at;
        const char *end = memchr(line, '\n', reply.length - at);

        if (!end || !memchr("+-:$*", *line, 5))
            return false;
        at += (size_t)(end - line) + 1;
        if (*line == '$' && line[1] != '-')
            at += strtoull(line + 1, NULL, 10) + 2;
    }
    return at == reply.length;
}

/* What is to be shown of a reply of which there is only the beginning, or that RESP2 does
 * not know: of a text the beginning, of an array how long it is, of others the bytes. */
static void put_status(struct str reply, struct buffer *ret)
{
    const char *end = memchr(reply.bytes, '\n', reply.length);
    size_t head = end ? (size_t)(end - reply.bytes) + 1 : reply.length;
    char shown[120];

    if (end && *reply.bytes == '$')
        str_show(shown, sizeof(shown),
                 (struct str){ reply.bytes + head, reply.length - head });
    else if (end && memchr("*~", *reply.bytes, 2))
        snprintf(shown, sizeof(shown), "%llu items", strtoull(reply.bytes + 1, NULL, 10));
    else
        str_show(shown, sizeof(shown), reply);
    buffer_add(ret, STR("+"));
    buffer_add(ret, str_of(shown));
    buffer_add(ret, STR("\r\n"));
}

void recorded_answer(struct str reply, uint64_t bytes, bool whole, struct buffer *ret)
{
    if (whole && reply.length <= REPLY_MOST && is_plain(reply))
        buffer_add(ret, reply);
    else if (bytes)
        put_status(reply, ret);
    else
        buffer_add(ret, STR("+(none: the end)\r\n"));
}

static void keep_reply(const struct tap_event *event, struct buffer *ret)
{
    ret->length = 0;
    recorded_answer(event->reply, event->reply_bytes, event->reply_whole, ret);
}

/* To whoever watches, or for those who will ask. */
static int tell_or_keep(struct session *session, const struct tap_event *event,
                        struct err *err)
{
    /* One that waited is known by its number. */
    size_t index = event->kind == TAP_WOKEN ? (size_t)event->command
                                            : session->recording.commands - 1;

    if (index >= session->recording.commands)
        return 0;
    if (session->watch) {
        const struct recorded_command command = {
            .index = index,
            .since_ns = event->arrived_ns - session->start_ns,
            .answered = event->kind == TAP_BLOCKED ? 0 : session->recording.commands,
            .event = event,
        };

        return session->watch->heard(session->watch->context, session->subject, &command,
                                     err);
    }
    if (keeps_replies(session) && event->kind != TAP_BLOCKED)
        keep_reply(event, &session->replies[index]);
    return 0;
}

/* In the order of commands; of one that was never answered, that it waits. */
static void keep_replies(struct session *session)
{
    struct recording *recording = &session->recording;
    struct buffer answers = BUFFER_NULL;

    for (size_t i = 0; i < recording->commands && session->replies; i++) {
        buffer_add(&answers, session->replies[i].length ? buffer_str(&session->replies[i])
                                                        : STR("+(waits)\r\n"));
        recording->traces[i].reply_end = answers.length;
        buffer_release(&session->replies[i]);
    }
    recording->answers = answers.bytes;
    recording->answer_bytes = answers.length;
}

/* What one that blocked is answered has been done by the command that woke it: Redis
 * executes both as one. */
static int on_executed(void *context, const struct tap_event *event, struct err *err)
{
    struct session *session = context;
    int code = event->kind == TAP_WOKEN ? 0 : add_command(session, event, err);

    if (code == 0)
        code = tell_or_keep(session, event, err);
    if (code < 0 || !event->changed || session->again)
        return code;
    return note_state(session, &session->recorded->states_at[session->recording.commands],
                      err);
}

static char *const *command_of(const struct judge *judge, const struct subject *subject)
{
    const struct scenario *scenario = judge->scenario;

    return scenario_routine(scenario, scenario->functions[subject->strategy].update)
        ->parts[0]
        .argv;
}

/* "strategy 'x'"; the caller frees it. */
static char *name_of(const struct judge *judge, const struct subject *subject)
{
    return mem_printf("strategy '%s'",
                      judge->scenario->outline.strategies[subject->strategy].name);
}

static int check_recording(const struct judge *judge, const struct subject *subject,
                           const struct program_end *end, struct err *err)
{
    CLEANUP(mem_freep) char *what = name_of(judge, subject);
    CLEANUP(mem_freep) char *command = routine_command(command_of(judge, subject));
    const char *path = judge->scenario->outline.path;
    int code =
        routine_check_end(judge, command_of(judge, subject), end, "the program", err);

    if (code < 0)
        return err_wrap(err, "%s: %s", path, what);
    if (end->connections)
        return code;
    return err_set(err, ERR_USAGE,
                   "%s: %s: %s: ended without connecting to the Redis that it was "
                   "offered as REDIS_URL, as REDIS_HOST with REDIS_PORT, and as "
                   "REDIS_SOCKET; if it reads another variable, say so in `env`, as in "
                   "env = { BROKER = \"{url}\" }",
                   path, what, command);
}

static int record(struct session *session, const struct subject *subject, struct err *err)
{
    struct judge *judge = session->judge;
    struct program_run run = { .cut_after = RECORDER_NO_CUT,
                               .executed = on_executed,
                               .context = session };
    CLEANUP(mem_freep) char *what = name_of(judge, subject);
    struct program_end end = { .output = NULL };
    int code = judge_prepare(judge, subject, err);

    session->subject = subject;
    session->watch = session->again ? NULL : judge->recordings;
    session->start_ns = clock_now_ns();
    make_room(session);
    session->recorded->states_at[0] = 0;
    if (code == 0 && !session->again)
        code = note_state(session, &session->recorded->states_at[0], err);
    if (code < 0)
        return code;
    code = routine_perform(judge, command_of(judge, subject), &run, &end, err);
    if (code < 0)
        err_wrap(err, "%s", what);
    else
        code = check_recording(judge, subject, &end, err);
    /* Perhaps it failed because it was refused something. */
    if (code == 0 || code == ERR_USAGE)
        code = trespass_check(judge, what, err) < 0 ? err->code : code;
    session->recorded->output = end.output;
    session->recording.output_bytes = session->words.length;
    session->recording.output = session->words.bytes;
    session->words = BUFFER_NULL;
    keep_replies(session);
    return code;
}

/* Somebody has come of whom nobody knows whether he was the program: what he wrote is
 * neither executed nor left out, and nothing is concluded from that run. */
static bool is_spoiled(int code, unsigned *tries, struct err *err)
{
    if (code != PEER_NOBODY_KNOWS || ++*tries == SPOILED_MOST)
        return false;
    *err = ERR_NULL;
    return true;
}

static int make_once(struct judge *judge, struct subject *subject, struct err *err)
{
    CLEANUP(session_release)
    struct session session = {
        .judge = judge,
        .recorded = MEM_NEW(struct recorded),
        .now = SNAPSHOT_NULL,
    };
    int code = record(&session, subject, err);

    if (code < 0)
        return code;
    recording_release(&subject->recording);
    subject->recording = session.recording;
    session.recording = RECORDING_NULL;
    subject->recorded = session.recorded;
    session.recorded = NULL;
    subject->commands = subject->repeated = subject->recording.commands;
    subject->bytes = subject->recording.output_bytes;
    subject->trips = subject->commands;
    subject->changes = subject->recorded->state_count - 1;
    return 0;
}

int recorded_make(struct judge *judge, struct subject *subject, struct err *err)
{
    unsigned tries = 0;
    int code;

    do
        code = make_once(judge, subject, err);
    while (is_spoiled(code, &tries, err));
    return code;
}

static int again_once(struct judge *judge, struct subject *subject, struct err *err)
{
    CLEANUP(session_release)
    struct session session = {
        .judge = judge,
        .recorded = MEM_NEW(struct recorded),
        .now = SNAPSHOT_NULL,
        .again = true,
    };
    struct recorded *recorded = subject->recorded;
    struct twins twins;
    int code = record(&session, subject, err);

    if (code < 0)
        return code;
    twins_init(&twins, recorded->likeness, subject->commands);
    recorded->varying = subject->commands;
    for (size_t i = 0; i < session.recording.commands; i++)
        recorded->varying -=
            twins_take(&twins, session.recorded->likeness[i]) != TWINS_NONE;
    twins_release(&twins);
    return 0;
}

int recorded_again(struct judge *judge, struct subject *subject, struct err *err)
{
    unsigned tries = 0;
    int code;

    do
        code = again_once(judge, subject, err);
    while (is_spoiled(code, &tries, err));
    return code;
}

int recorded_cut(struct judge *judge, const struct subject *subject, uint64_t commands,
                 struct err *err)
{
    const struct recorded *recorded = subject->recorded;

    judge_enter(judge, subject->origin);
    judge_touched(judge);
    return keeper_restore(&judge->keeper,
                          &recorded->states[recorded->states_at[commands]], err);
}

/* ---- killing for real ---- */

/* A run that is to be cut, and waits for the command behind which. */
struct hunt {
    struct judge *judge;
    const struct subject *subject;
    struct twins twins;
    size_t prey; /* index of the recorded command whose twin it is */
};

/* What it calls otherwise than the recorded one. */
static void pair_names(struct hunt *hunt, const struct tap_event *event, size_t twin)
{
    const struct recording *recording = &hunt->subject->recording;
    size_t from = twin ? recording->traces[twin - 1].end : 0;
    struct command_stream stream = command_stream_new();
    struct command_frame frame;

    command_stream_add(&stream, (struct str){ recording->output + from,
                                              recording->traces[twin].end - from });
    if (command_stream_next(&stream, &frame) == STREAM_FRAME)
        for (size_t i = 0; i < frame.count && i < event->count; i++)
            names_pair(&hunt->judge->names, event->words[i], frame.words[i]);
    command_stream_release(&stream);
}

static int on_hunted(void *context, const struct tap_event *event, struct err *err)
{
    struct hunt *hunt = context;
    size_t twin;

    (void)err;
    if (event->kind == TAP_WOKEN)
        return 0;
    twin = twins_take(&hunt->twins, likeness_of(event->words, event->count));
    if (twin == TWINS_NONE)
        return 0;
    pair_names(hunt, event, twin);
    return twin == hunt->prey ? TAP_CUT : 0;
}

static int kill_once(struct judge *judge, const struct subject *subject,
                     uint64_t commands, bool *ret_came, struct err *err)
{
    struct hunt hunt = { .judge = judge, .subject = subject, .prey = commands - 1 };
    struct program_run run = { .cut_after = commands ? RECORDER_NO_CUT : 0,
                               .executed = on_hunted,
                               .context = &hunt };
    struct program_end end = { .output = NULL };
    int code = judge_prepare(judge, subject, err);

    names_unpair(&judge->names);
    twins_init(&hunt.twins, subject->recorded->likeness, subject->commands);
    if (code == 0)
        code = routine_perform(judge, command_of(judge, subject), &run, &end, err);
    twins_release(&hunt.twins);
    free(end.output);
    *ret_came = end.fate == PROGRAM_CUT;
    return code;
}

int recorded_kill(struct judge *judge, const struct subject *subject, uint64_t commands,
                  bool *ret_came, struct err *err)
{
    unsigned tries = 0;
    int code;

    do
        code = kill_once(judge, subject, commands, ret_came, err);
    while (is_spoiled(code, &tries, err));
    return code;
}
