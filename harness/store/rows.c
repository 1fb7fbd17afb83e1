/* rows.c - see rows.h. */
#include "store/rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/schema.h"
#include "trial/remedy.h"

/* Statements that are run again and again. */
enum query {
    PUT_RUN,
    PUT_CONTROL,
    PUT_COMMAND,
    PUT_LINE,
    PUT_SAMPLES,
    PUT_STATE,
    FIND_STATE,
    PUT_POINT,
    FIND_POINT,
    PUT_NOTE,
    PUT_PROGRAM,
    PUT_OUTPUT,
    PUT_PROOF,
    PUT_CURE,
    PUT_HEARD,
    PUT_LEFT,
    PUT_CHANGE,
    PUT_LIFE,
    PUT_OVER,
    PUT_ENDED,
    QUERY_COUNT,
};

static const char *const queries[QUERY_COUNT] = {
    [PUT_RUN] = "INSERT OR REPLACE INTO run VALUES(?, ?)",
    [PUT_CONTROL] = "INSERT OR IGNORE INTO controls "
                    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [PUT_COMMAND] = "INSERT OR REPLACE INTO commands "
                    "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [PUT_LINE] = "INSERT OR REPLACE INTO lines VALUES(?, ?, ?)",
    [PUT_SAMPLES] = "INSERT INTO samples(strategy, kind, ns) VALUES(?, ?, ?)",
    [PUT_STATE] = "INSERT INTO states(strategy, signature, now, later, passing, lasts, "
                  "merged) VALUES(?, ?, ?, ?, ?, ?, ?)",
    [FIND_STATE] = "SELECT id FROM states WHERE strategy = ? AND signature = ? "
                   "AND now = ? AND later = ? AND passing = ?",
    [PUT_POINT] = "INSERT OR REPLACE INTO points VALUES(?, ?, ?, ?, ?)",
    [FIND_POINT] = "SELECT state FROM points WHERE strategy = ? AND number = ?",
    [PUT_NOTE] = "INSERT OR IGNORE INTO notes VALUES(?, ?)",
    [PUT_PROGRAM] = "INSERT OR REPLACE INTO programs VALUES(?, ?, ?, ?, ?, ?, ?, ?, '')",
    [PUT_OUTPUT] = "UPDATE programs SET output = output || ?2 WHERE strategy = ?1",
    [PUT_PROOF] = "INSERT OR REPLACE INTO proofs VALUES(?, ?, ?, ?, ?, ?, ?)",
    [PUT_CURE] = "INSERT OR REPLACE INTO cures "
                 "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [PUT_HEARD] = "INSERT OR REPLACE INTO trace VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [PUT_LEFT] = "INSERT OR REPLACE INTO contents VALUES(?, ?, ?)",
    [PUT_CHANGE] = "INSERT INTO changes(strategy, state, copies, key, type, element, "
                   "value, shown, expires, effect, whole) "
                   "VALUES(?, ?, ?, ?, CAST(? AS TEXT), ?, ?, ?, ?, ?, ?)",
    [PUT_LIFE] = "INSERT INTO lives(strategy, state, key, field, ms) "
                 "VALUES(?, ?, ?, ?, ?)",
    [PUT_ENDED] = "INSERT INTO outputs(strategy, point, killed, what, command, fate, "
                  "well, printed, bytes) VALUES(nullif(?, -1), nullif(?, -1), ?, "
                  "CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), ?, "
                  "CAST(? AS TEXT), ?)",
    [PUT_OVER] = "INSERT OR REPLACE INTO finished VALUES(?)",
};

struct rows {
    struct database *database; /* borrowed */
    /* Prepared when they are needed; behind them those that put deaths. */
    sqlite3_stmt *statements[QUERY_COUNT + DEATHS_TABLES];
};

struct rows *rows_open(struct database *database)
{
    struct rows *rows = MEM_NEW(struct rows);

    rows->database = database;
    return rows;
}

struct rows *rows_close(struct rows *rows)
{
    if (!rows)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(rows->statements); i++)
        sqlite3_finalize(rows->statements[i]);
    free(rows);
    return NULL;
}

static int statement(struct rows *rows, size_t query, sqlite3_stmt **ret, struct err *err)
{
    int code = 0;

    if (!rows->statements[query])
        code = database_prepare(
            rows->database,
            query < QUERY_COUNT ? queries[query] : deaths_tables[query - QUERY_COUNT].put,
            &rows->statements[query], err);
    *ret = rows->statements[query];
    return code;
}

#define PUT(rows, query, err, ...)                                                       \
    ({                                                                                   \
        sqlite3_stmt *statement_ = NULL;                                                 \
        int code_ = statement((rows), (query), &statement_, (err));                      \
        code_ == 0 ? database_put((rows)->database, statement_, (err), __VA_ARGS__)      \
                   : code_;                                                              \
    })

static void signature_text(struct signature signature, char text[40])
{
    snprintf(text, 40, "%016" PRIx64 "%016" PRIx64, signature.high, signature.low);
}

/* The number that a bound query finds; 0: none. The query is reset. */
static int find(struct rows *rows, sqlite3_stmt *query, int64_t *ret, struct err *err)
{
    int code = database_step(rows->database, query, err);

    *ret = code == 1 ? sqlite3_column_int64(query, 0) : 0;
    sqlite3_reset(query);
    return code < 0 ? code : 0;
}

static double stored_lasts(int64_t lasts_ms)
{
    return lasts_ms == LASTS_FOREVER ? STORED_FOREVER : (double)lasts_ms / 1e3;
}

int rows_state(struct rows *rows, int64_t strategy, struct signature signature,
               const struct verdict *verdict, int64_t *ret, struct err *err)
{
    const char *now = now_name(verdict->now);
    char hex[40], later[LATER_TEXT], passing[LATER_TEXT];
    sqlite3_stmt *query;
    int code = statement(rows, FIND_STATE, &query, err);

    if (code < 0)
        return code;
    signature_text(signature, hex);
    later_text(verdict->later, later);
    later_text(verdict->passing, passing);
    database_bind(query, "itttt", strategy, hex, now, later, passing);
    code = find(rows, query, ret, err);
    if (code < 0 || *ret)
        return code;
    code = PUT(rows, PUT_STATE, err, "ittttdi", strategy, hex, now, later, passing,
               stored_lasts(verdict->lasts_ms), (int64_t)verdict->merged);
    *ret = sqlite3_last_insert_rowid(rows->database->handle);
    return code;
}

int rows_state_of_point(struct rows *rows, int64_t strategy, int64_t point, int64_t *ret,
                        struct err *err)
{
    sqlite3_stmt *query;
    int code = statement(rows, FIND_POINT, &query, err);

    if (code < 0)
        return code;
    database_bind(query, "ii", strategy, point);
    return find(rows, query, ret, err);
}

int rows_put_text(struct rows *rows, const char *name, const char *value, struct err *err)
{
    return PUT(rows, PUT_RUN, err, "tt", name, value);
}

int rows_put_whole(struct rows *rows, const char *name, uint64_t value, struct err *err)
{
    return PUT(rows, PUT_RUN, err, "ti", name, (int64_t)value);
}

int rows_put_real(struct rows *rows, const char *name, double value, struct err *err)
{
    return PUT(rows, PUT_RUN, err, "td", name, value);
}

static int take_hello(struct rows *rows, const struct event_hello *hello, struct err *err)
{
    int code = rows_put_text(rows, "server", hello->version, err);

    return code == 0 ? rows_put_whole(rows, "read_bytes", hello->read_bytes, err) : code;
}

static int take_control(struct rows *rows, const struct event_control *control,
                        struct err *err)
{
    char hex[40], uncrashed[LATER_TEXT], passing[LATER_TEXT], unbegun[LATER_TEXT];

    signature_text(control->done, hex);
    return PUT(rows, PUT_CONTROL, err, "iiiittttdtt", (int64_t)control->strategy,
               (int64_t)control->commands, (int64_t)control->bytes,
               (int64_t)control->trips, later_text(control->uncrashed, uncrashed),
               control->example, hex, later_text(control->uncrashed_passing, passing),
               stored_lasts(control->uncrashed_lasts_ms),
               later_text(control->unbegun, unbegun), control->unbegun_example);
}

static int take_command(struct rows *rows, const struct event_command *event,
                        struct err *err)
{
    const struct command *command = &event->command;
    int code = 0;

    if (command->line[0])
        code = PUT(rows, PUT_LINE, err, "iit", (int64_t)event->strategy,
                   (int64_t)event->index, command->line);
    if (code < 0)
        return code;
    return PUT(rows, PUT_COMMAND, err, "iitttiiiiiiiiii", (int64_t)event->strategy,
               (int64_t)event->index, command->name, command->label, command->key,
               (int64_t)command->key_hash, (int64_t)command->second_key_hash,
               (int64_t)command->element_hash, (int64_t)command->flags,
               (int64_t)event->end, (int64_t)event->write, (int64_t)event->replies,
               (int64_t)event->key_was_there, (int64_t)event->connection,
               (int64_t)event->state);
}

static int put_samples(struct rows *rows, int64_t strategy, enum samples_kind kind,
                       const uint64_t *values, uint64_t count, struct err *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (!out)
        return err_errno(err, "write numbers");
    for (uint64_t i = 0; i < count; i++)
        fprintf(out, "%s%" PRIu64, i ? "," : "", values[i]);
    fclose(out);
    return PUT(rows, PUT_SAMPLES, err, "itt", strategy, samples_kinds[kind], text);
}

static int take_samples(struct rows *rows, const struct event_samples *samples,
                        struct err *err)
{
    return put_samples(rows, samples->strategy, (enum samples_kind)samples->kind,
                       samples->values, samples->count, err);
}

static int take_block(struct rows *rows, const struct event_block *block, struct err *err)
{
    int code = 0;

    for (uint32_t i = 0; i < block->strategies && code == 0; i++)
        code = put_samples(rows, (int64_t)block->first + i, SAMPLES_UPDATE,
                           block->values + i * block->count, block->count, err);
    return code;
}

static int take_point(struct rows *rows, const struct event_point *point, struct err *err)
{
    int64_t state;
    int code =
        rows_state(rows, point->strategy, point->signature, &point->verdict, &state, err);

    if (code < 0)
        return code;
    return PUT(rows, PUT_POINT, err, "iiiti", (int64_t)point->strategy,
               (int64_t)point->index, state, point->example, (int64_t)point->alike);
}

static int take_trial(struct rows *rows, const struct event_trial *trial, struct err *err)
{
    size_t table = 0;
    int64_t state;
    int code =
        rows_state(rows, trial->strategy, trial->signature, &trial->verdict, &state, err);

    if (code < 0)
        return code;
    while (table < DEATHS_TABLES && deaths_tables[table].fault != trial->fault)
        table++;
    if (table == DEATHS_TABLES)
        return err_set(err, -EINVAL, "fault %u has no table to be kept in", trial->fault);
    return PUT(rows, QUERY_COUNT + table, err, "iiiiiidi", (int64_t)trial->number,
               (int64_t)trial->strategy, (int64_t)trial->outcome, state,
               (int64_t)trial->replies, (int64_t)trial->commands, trial->weight_ns,
               (int64_t)trial->kill_ns);
}

static int take_trials(struct rows *rows, const struct event_trial *trials, size_t count,
                       struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < count && code == 0; i++)
        code = take_trial(rows, &trials[i], err);
    return code;
}

static int take_program(struct rows *rows, const struct event_program *program,
                        struct err *err)
{
    return PUT(rows, PUT_PROGRAM, err, "iiiiiiii", (int64_t)program->strategy,
               (int64_t)program->connections, (int64_t)program->states,
               (int64_t)program->varying, (int64_t)program->compared,
               (int64_t)program->same, (int64_t)program->first,
               (int64_t)program->true_time);
}

static int take_output(struct rows *rows, const struct event_output *output, size_t bytes,
                       struct err *err)
{
    size_t length = bytes - sizeof(*output);
    CLEANUP(mem_freep) char *text = mem_alloc(length + 1);

    memcpy(text, output->text, length);
    return PUT(rows, PUT_OUTPUT, err, "it", (int64_t)output->strategy, text);
}

static int take_proof(struct rows *rows, const struct event_proof *proof, struct err *err)
{
    char words[LATER_TEXT];

    return PUT(rows, PUT_PROOF, err, "iiiiiit", (int64_t)proof->strategy,
               (int64_t)proof->point, (int64_t)proof->tried, (int64_t)proof->came,
               (int64_t)proof->proved, (int64_t)proof->same,
               later_text(proof->words, words));
}

static int take_cure(struct rows *rows, const struct event_cure *cure, struct err *err)
{
    char words[LATER_TEXT];

    return PUT(rows, PUT_CURE, err, "iitttiitdiit", (int64_t)cure->strategy,
               (int64_t)cure->point, remedy_name(cure->remedy),
               cure_outcome_name(cure->outcome), cure_outcome_name(cure->first),
               (int64_t)cure->points, (int64_t)cure->harmful,
               later_text(cure->words, words), stored_lasts(cure->lasts_ms),
               (int64_t)cure->slots, (int64_t)cure->took_ns, cure->notation);
}

static int take_heard(struct rows *rows, const struct event_heard *heard, struct err *err)
{
    const struct str sent = { heard->text, heard->sent_kept };
    const struct str reply = { heard->text + heard->sent_kept, heard->reply_kept };

    return PUT(rows, PUT_HEARD, err, "iiibibiii", (int64_t)heard->strategy,
               (int64_t)heard->index, (int64_t)heard->since_ns, &sent,
               (int64_t)heard->sent_bytes, &reply, (int64_t)heard->reply_bytes,
               (int64_t)heard->reply_whole, (int64_t)heard->answered);
}

static int take_change(struct rows *rows, const struct event_change *change,
                       struct err *err)
{
    struct str texts[CHANGE_TEXTS];
    const char *at = change->text;

    for (size_t i = 0; i < CHANGE_TEXTS; at += change->lengths[i++])
        texts[i] = (struct str){ at, change->lengths[i] };
    return PUT(rows, PUT_CHANGE, err, "iiibbbbbiii", (int64_t)change->strategy,
               (int64_t)change->state, (int64_t)change->copies, &texts[CHANGE_KEY],
               &texts[CHANGE_TYPE], &texts[CHANGE_ELEMENT], &texts[CHANGE_VALUE],
               &texts[CHANGE_SHOWN], (int64_t)change->expiry, (int64_t)change->effect,
               (int64_t)change->whole);
}

static int take_life(struct rows *rows, const struct event_life *life, struct err *err)
{
    const struct str key = { life->text, life->key };
    const struct str field = { life->text + life->key, life->field };

    return PUT(rows, PUT_LIFE, err, "iibbi", (int64_t)life->strategy,
               (int64_t)life->state, &key, &field, life->ms);
}

static int take_ended(struct rows *rows, const struct event_ended *ended, struct err *err)
{
    struct str texts[ENDED_TEXTS];
    const char *at = ended->text;

    for (size_t i = 0; i < ENDED_TEXTS; at += ended->lengths[i++])
        texts[i] = (struct str){ at, ended->lengths[i] };
    return PUT(rows, PUT_ENDED, err, "iiibbbibi", ended->strategy, ended->point,
               (int64_t)ended->killed, &texts[ENDED_WHAT], &texts[ENDED_COMMAND],
               &texts[ENDED_FATE], (int64_t)ended->well, &texts[ENDED_PRINTED],
               (int64_t)ended->bytes);
}

static int take_left(struct rows *rows, const struct event_left *left, struct err *err)
{
    return PUT(rows, PUT_LEFT, err, "iii", (int64_t)left->strategy, (int64_t)left->state,
               (int64_t)left->omitted);
}

int rows_take(struct rows *rows, enum event_type type, const void *body, size_t bytes,
              struct err *err)
{
    const struct event_note *note = body;

    switch (type) {
    case EVENT_HELLO:
        return take_hello(rows, body, err);
    case EVENT_CONTROL:
        return take_control(rows, body, err);
    case EVENT_COMMAND:
        return take_command(rows, body, err);
    case EVENT_SAMPLES:
        return take_samples(rows, body, err);
    case EVENT_BLOCK:
        return take_block(rows, body, err);
    case EVENT_POINT:
        return take_point(rows, body, err);
    case EVENT_TRIALS:
        return take_trials(rows, body, bytes / sizeof(struct event_trial), err);
    case EVENT_NOTE:
        return PUT(rows, PUT_NOTE, err, "it", (int64_t)note->number, note->text);
    case EVENT_PROGRAM:
        return take_program(rows, body, err);
    case EVENT_OUTPUT:
        return take_output(rows, body, bytes, err);
    case EVENT_PROOF:
        return take_proof(rows, body, err);
    case EVENT_CURE:
        return take_cure(rows, body, err);
    case EVENT_HEARD:
        return take_heard(rows, body, err);
    case EVENT_CHANGE:
        return take_change(rows, body, err);
    case EVENT_LIFE:
        return take_life(rows, body, err);
    case EVENT_LEFT:
        return take_left(rows, body, err);
    case EVENT_ENDED:
        return take_ended(rows, body, err);
    case EVENT_OVER:
        return PUT(rows, PUT_OVER, err, "i", (int64_t) * (const uint32_t *)body);
    case EVENT_READY:
    case EVENT_ALIVE:
    case EVENT_DONE:
    case EVENT_ERROR:
    case EVENT_TIMED:
    case EVENT_TIMES: /* the result has their sum */
    case EVENT_TEXT:
    case EVENT_REPLAY: /* a replay is not kept */
        break;
    }
    return 0;
}
