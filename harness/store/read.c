/* read.c - see read.h. */
#include "store/read.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/printable.h"
#include "redis/page.h"
#include "result/tally.h"
#include "store/schema.h"
#include "trial/remedy.h"

#define BATCH 256
#define LASTS_MOST_S 1e15

/* What the rows of one query become. */
#define DURATIONS_MOST ((size_t)16 << 20) /* of all strategies; all are kept */
struct reading {
    struct database *database;
    const struct listener *listener;
    const struct stored_state *states; /* by id; state 0 is none */
    size_t state_count;
    struct event_trial batch[BATCH];
    size_t batched;
    enum fault_id fault; /* of the deaths that are read */
    size_t durations;    /* so many were read */
};

/* A state of the census or of a death. */
struct stored_state {
    struct signature signature;
    uint32_t strategy;
    struct verdict verdict;
};

static int tell(struct reading *reading, enum event_type type, const void *body,
                size_t bytes, struct err *err)
{
    return reading->listener->take(reading->listener->context, type, body, bytes, err);
}

/* Tables are the right ones by the schema's version, but rows may be anything. */
static int known_strategy(const struct reading *reading, int64_t strategy,
                          struct err *err)
{
    if (strategy >= 0 && (uint64_t)strategy < reading->listener->strategies)
        return 0;
    return database_damaged(reading->database,
                            "a row is of a strategy that did not take part", err);
}

/* Whoever wrote the file may have had something against a terminal, or a line to forge.
 */
static void copy_text(char *buffer, size_t size, sqlite3_stmt *row, int column)
{
    printable_copy(buffer, size, database_text(row, column), "");
}

static struct signature parse_signature(const char *hex)
{
    struct signature signature = { 0, 0 };

    sscanf(hex, "%16" SCNx64 "%16" SCNx64, &signature.high, &signature.low);
    return signature;
}

/* From seconds; any that make no sense are for ever. */
static int64_t read_lasts(sqlite3_stmt *row, int column)
{
    double lasts_s = sqlite3_column_double(row, column);

    return lasts_s >= 0 && lasts_s < LASTS_MOST_S ? (int64_t)round(1e3 * lasts_s)
                                                  : LASTS_FOREVER;
}

static int read_control(void *context, sqlite3_stmt *row, struct err *err)
{
    struct event_control control = {
        .strategy = (uint32_t)sqlite3_column_int64(row, 0),
        .commands = (uint64_t)sqlite3_column_int64(row, 1),
        .bytes = (uint64_t)sqlite3_column_int64(row, 2),
        .trips = (uint64_t)sqlite3_column_int64(row, 3),
        .done = parse_signature(database_text(row, 6)),
        .uncrashed_lasts_ms = read_lasts(row, 8),
    };
    int code = known_strategy(context, sqlite3_column_int64(row, 0), err);

    copy_text(control.example, sizeof(control.example), row, 5);
    copy_text(control.unbegun_example, sizeof(control.unbegun_example), row, 10);
    if (code == 0 && (!later_parse(database_text(row, 4), &control.uncrashed) ||
                      !later_parse(database_text(row, 7), &control.uncrashed_passing) ||
                      !later_parse(database_text(row, 9), &control.unbegun)))
        code = database_damaged(((struct reading *)context)->database,
                                "an update leaves what has no word", err);
    if (code == 0 && control.commands > PAGE_TRACES)
        code = database_damaged(((struct reading *)context)->database,
                                "an update has more commands than can be", err);
    return code == 0 ? tell(context, EVENT_CONTROL, &control, sizeof(control), err)
                     : code;
}

static int read_command(void *context, sqlite3_stmt *row, struct err *err)
{
    struct event_command event = {
        .strategy = (uint32_t)sqlite3_column_int64(row, 0),
        .index = (uint64_t)sqlite3_column_int64(row, 1),
        .command.key_hash = (uint64_t)sqlite3_column_int64(row, 5),
        .command.second_key_hash = (uint64_t)sqlite3_column_int64(row, 6),
        .command.element_hash = (uint64_t)sqlite3_column_int64(row, 7),
        .command.flags = (uint32_t)sqlite3_column_int64(row, 8),
        .end = (uint64_t)sqlite3_column_int64(row, 9),
        .write = (uint64_t)sqlite3_column_int64(row, 10),
        .replies = (uint64_t)sqlite3_column_int64(row, 11),
        .key_was_there = sqlite3_column_int64(row, 12),
        .connection = (uint64_t)sqlite3_column_int64(row, 14),
        .state = (uint64_t)sqlite3_column_int64(row, 15),
    };
    int code = known_strategy(context, sqlite3_column_int64(row, 0), err);

    copy_text(event.command.name, sizeof(event.command.name), row, 2);
    copy_text(event.command.label, sizeof(event.command.label), row, 3);
    copy_text(event.command.key, sizeof(event.command.key), row, 4);
    copy_text(event.command.line, sizeof(event.command.line), row, 13);
    return code == 0 ? tell(context, EVENT_COMMAND, &event, sizeof(event), err) : code;
}

/* Numbers with commas between them. */
static size_t parse_numbers(const char *text, uint64_t *ret)
{
    size_t count = 0;

    while (*text) {
        char *end;
        uint64_t value = strtoull(text, &end, 10);

        if (end == text)
            break;
        ret[count++] = value;
        text = end + (*end == ',');
    }
    return count;
}

static uint32_t kind_of_samples(const char *name)
{
    uint32_t kind = 0;

    while (kind + 1 < ARRAY_SIZE(samples_kinds) && strcmp(name, samples_kinds[kind]) != 0)
        kind++;
    return kind;
}

static int read_samples(void *context, sqlite3_stmt *row, struct err *err)
{
    struct reading *reading = context;
    const char *text = database_text(row, 2);
    size_t most = strlen(text) / 2 + 1; /* a digit and a comma each */
    CLEANUP(mem_freep)
    struct event_samples *samples =
        mem_alloc(sizeof(*samples) + most * sizeof(samples->values[0]));
    int code = known_strategy(context, sqlite3_column_int64(row, 0), err);

    samples->strategy = (uint32_t)sqlite3_column_int64(row, 0);
    samples->kind = kind_of_samples(database_text(row, 1));
    samples->count = parse_numbers(text, samples->values);
    if (samples->kind == SAMPLES_UPDATE)
        reading->durations += samples->count;
    if (reading->durations > DURATIONS_MOST)
        return database_damaged(reading->database,
                                "it has more durations than any run measures", err);
    return code == 0 ? tell(context, EVENT_SAMPLES, samples,
                            sizeof(*samples) + samples->count * sizeof(uint64_t), err)
                     : code;
}

static int find_state(const struct reading *reading, int64_t id, int64_t strategy,
                      const struct stored_state **ret, struct err *err)
{
    if (id <= 0 || (uint64_t)id >= reading->state_count ||
        reading->states[id].strategy != strategy)
        return database_damaged(reading->database,
                                "a row names a state that is not there", err);
    *ret = &reading->states[id];
    return 0;
}

static int read_point(void *context, sqlite3_stmt *row, struct err *err)
{
    struct event_point point = {
        .strategy = (uint32_t)sqlite3_column_int64(row, 0),
        .index = (uint64_t)sqlite3_column_int64(row, 1),
        .alike = sqlite3_column_int64(row, 4),
    };
    const struct stored_state *state = NULL;
    int code = known_strategy(context, sqlite3_column_int64(row, 0), err);

    if (code == 0)
        code = find_state(context, sqlite3_column_int64(row, 2), point.strategy, &state,
                          err);
    if (code < 0)
        return code;
    point.verdict = state->verdict;
    point.signature = state->signature;
    copy_text(point.example, sizeof(point.example), row, 3);
    return tell(context, EVENT_POINT, &point, sizeof(point), err);
}

static int flush(struct reading *reading, struct err *err)
{
    size_t bytes = reading->batched * sizeof(reading->batch[0]);

    reading->batched = 0;
    return bytes ? tell(reading, EVENT_TRIALS, reading->batch, bytes, err) : 0;
}

static int read_death(void *context, sqlite3_stmt *row, struct err *err)
{
    struct reading *reading = context;
    int64_t outcome = sqlite3_column_int64(row, 2);
    const struct stored_state *state = NULL;
    int code = known_strategy(reading, sqlite3_column_int64(row, 1), err);

    if (code == 0 && (outcome < 0 || outcome >= OUTCOME_COUNT))
        code = database_damaged(reading->database, "a trial has an unknown outcome", err);
    if (code == 0 && reading->fault == FAULT_KILL &&
        (uint64_t)sqlite3_column_int64(row, 0) >= reading->listener->trials)
        code = database_damaged(reading->database,
                                "a trial has a number that is beyond the last", err);
    if (code == 0)
        code = find_state(reading, sqlite3_column_int64(row, 3),
                          sqlite3_column_int64(row, 1), &state, err);
    if (code < 0)
        return code;
    reading->batch[reading->batched++] = (struct event_trial){
        .number = (uint64_t)sqlite3_column_int64(row, 0),
        .strategy = (uint32_t)sqlite3_column_int64(row, 1),
        .fault = (uint8_t)reading->fault,
        .outcome = (uint8_t)outcome,
        .verdict = state->verdict,
        .replies = (uint64_t)sqlite3_column_int64(row, 4),
        .commands = (uint64_t)sqlite3_column_int64(row, 5),
        .weight_ns = sqlite3_column_double(row, 6),
        .kill_ns = (uint64_t)sqlite3_column_int64(row, 7),
        .signature = state->signature,
    };
    return reading->batched == BATCH ? flush(reading, err) : 0;
}

static int read_note(void *context, sqlite3_stmt *row, struct err *err)
{
    struct event_note note = { .number = (uint64_t)sqlite3_column_int64(row, 0) };

    /* An error, as it was said; its lines are indented where they are shown. */
    printable_copy(note.text, sizeof(note.text), database_text(row, 1), "\n\t");
    return tell(context, EVENT_NOTE, &note, sizeof(note), err);
}

static int read_program(void *context, sqlite3_stmt *row, struct err *err)
{
    const struct event_program program = {
        .strategy = (uint32_t)sqlite3_column_int64(row, 0),
        .connections = (uint64_t)sqlite3_column_int64(row, 1),
        .states = (uint64_t)sqlite3_column_int64(row, 2),
        .varying = (uint64_t)sqlite3_column_int64(row, 3),
        .compared = (uint64_t)sqlite3_column_int64(row, 4),
        .same = (uint64_t)sqlite3_column_int64(row, 5),
        .first = (uint64_t)sqlite3_column_int64(row, 6),
        .true_time = sqlite3_column_int64(row, 7) != 0,
    };
    int code = known_strategy(context, sqlite3_column_int64(row, 0), err);

    return code == 0 ? tell(context, EVENT_PROGRAM, &program, sizeof(program), err)
                     : code;
}

static int read_proof(void *context, sqlite3_stmt *row, struct err *err)
{
    const struct reading *reading = context;
    struct event_proof proof = {
        .strategy = (uint32_t)sqlite3_column_int64(row, 0),
        .point = (uint64_t)sqlite3_column_int64(row, 1),
        .tried = (uint32_t)sqlite3_column_int64(row, 2),
        .came = (uint32_t)sqlite3_column_int64(row, 3),
        .proved = (uint32_t)sqlite3_column_int64(row, 4),
        .same = (uint32_t)sqlite3_column_int64(row, 5),
    };
    unsigned words;
    int code = known_strategy(context, sqlite3_column_int64(row, 0), err);

    if (code == 0 && !later_parse(database_text(row, 6), &words))
        code = database_damaged(reading->database, "a proof has unknown words", err);
    if (code < 0)
        return code;
    proof.words = words;
    return tell(context, EVENT_PROOF, &proof, sizeof(proof), err);
}

static int read_cure(void *context, sqlite3_stmt *row, struct err *err)
{
    const struct reading *reading = context;
    const char *notation = database_text(row, 11);
    CLEANUP(mem_freep)
    struct event_cure *cure = mem_alloc(sizeof(*cure) + strlen(notation) + 1);
    enum remedy_kind remedy;
    enum cure_outcome outcome, first;
    int code = known_strategy(context, sqlite3_column_int64(row, 0), err);

    if (code == 0 && (!remedy_parse(database_text(row, 2), &remedy) ||
                      !cure_outcome_parse(database_text(row, 3), &outcome) ||
                      !cure_outcome_parse(database_text(row, 4), &first) ||
                      !later_parse(database_text(row, 7), &cure->words)))
        code = database_damaged(reading->database, "a cure has unknown words", err);
    if (code < 0)
        return code;
    cure->strategy = (uint32_t)sqlite3_column_int64(row, 0);
    cure->point = (uint64_t)sqlite3_column_int64(row, 1);
    cure->remedy = remedy;
    cure->outcome = outcome;
    cure->first = first;
    cure->points = (uint64_t)sqlite3_column_int64(row, 5);
    cure->harmful = (uint64_t)sqlite3_column_int64(row, 6);
    cure->lasts_ms = read_lasts(row, 8);
    cure->slots = sqlite3_column_int64(row, 9) != 0;
    cure->took_ns = (uint64_t)sqlite3_column_int64(row, 10);
    strcpy(cure->notation, notation);
    return tell(context, EVENT_CURE, cure, sizeof(*cure) + strlen(notation) + 1, err);
}

/* Its texts are put together as an event has them. */
static int read_failure(void *context, sqlite3_stmt *row, struct err *err)
{
    CLEANUP(buffer_release) struct buffer body = BUFFER_NULL;
    struct event_ended head = {
        .strategy = sqlite3_column_int64(row, 0),
        .point = sqlite3_column_int64(row, 1),
        .killed = sqlite3_column_int(row, 2) != 0,
        .bytes = (uint64_t)sqlite3_column_int64(row, 3),
    };
    int code = known_strategy(context, head.strategy, err);

    buffer_room(&body, sizeof(head));
    body.length = offsetof(struct event_ended, text);
    for (int i = 0; i < ENDED_TEXTS; i++) {
        bool as_it_is = i == ENDED_WHAT || i == ENDED_FATE; /* where it is shown */
        CLEANUP(mem_freep)
        char *shown = as_it_is ? printable_new(database_text(row, 4 + i)) : NULL;
        struct str text = shown ? str_of(shown) : database_bytes(row, 4 + i);

        buffer_add(&body, text);
        head.lengths[i] = (uint32_t)text.length;
    }
    memcpy(body.bytes, &head, offsetof(struct event_ended, text));
    return code == 0 ? tell(context, EVENT_ENDED, body.bytes, body.length, err) : code;
}

struct states {
    struct stored_state *items;
    size_t count;
    const struct database *database;
};

struct signature stored_signature(sqlite3_stmt *row)
{
    return parse_signature(database_text(row, 2));
}

bool stored_verdict(sqlite3_stmt *row, struct verdict *ret)
{
    *ret = (struct verdict){ .lasts_ms = read_lasts(row, 6),
                             .merged = sqlite3_column_int(row, 7) != 0 };
    return now_parse(database_text(row, 3), &ret->now) &&
           later_parse(database_text(row, 4), &ret->later) &&
           later_parse(database_text(row, 5), &ret->passing);
}

static int read_state(void *context, sqlite3_stmt *row, struct err *err)
{
    struct states *states = context;
    int64_t id = sqlite3_column_int64(row, 0);
    struct verdict verdict;

    if (id != (int64_t)states->count || !stored_verdict(row, &verdict))
        return database_damaged(states->database,
                                "its table of states is not what it should be", err);
    states->items = mem_grow(states->items, states->count + 1, sizeof(*states->items));
    states->items[states->count++] = (struct stored_state){
        .strategy = (uint32_t)sqlite3_column_int64(row, 1),
        .signature = stored_signature(row),
        .verdict = verdict,
    };
    return 0;
}

static int read_hello(struct reading *reading, struct err *err)
{
    struct database *database = reading->database;
    struct event_hello hello = { .read_bytes = stored_whole(database, "read_bytes") };
    CLEANUP(mem_freep) char *server = stored_fact(database, "server");
    CLEANUP(mem_freep) char *shown = server ? printable_name_new(server) : NULL;

    if (!server)
        return 0; /* the run ended before any lane had said a word */
    snprintf(hello.version, sizeof(hello.version), "%s", shown);
    return tell(reading, EVENT_HELLO, &hello, sizeof(hello), err);
}

static const struct {
    enum stored what;
    const char *sql;
    database_row *take;
    int since; /* the schema's version that has the table */
} tables[] = {
    { STORED_KNOWN,
      "SELECT strategy, connections, states, varying, compared,"
      " same, first, true_time FROM programs",
      read_program, 3 },
    { STORED_KNOWN,
      "SELECT strategy, point, tried, came, proved, same, words FROM proofs"
      " ORDER BY strategy, point",
      read_proof, 3 },
    { STORED_KNOWN,
      "SELECT strategy, point, remedy, outcome, first, points, harmful, words, lasts,"
      " slots, ns, notation FROM cures ORDER BY strategy, point",
      read_cure, STORE_CURED_SINCE },
    { STORED_KNOWN,
      "SELECT strategy, coalesce(point, -1), killed, bytes, what, command, fate, printed"
      " FROM outputs WHERE well = 0 AND strategy IS NOT NULL ORDER BY id",
      read_failure, 4 },
    { STORED_MEASURED, "SELECT strategy, kind, ns FROM samples ORDER BY id", read_samples,
      1 },
    { STORED_MEASURED, "SELECT trial, text FROM notes ORDER BY trial", read_note, 1 },
};

static int read_table(struct reading *reading, const char *sql, database_row *take,
                      struct err *err)
{
    int code = database_each(reading->database, sql, take, reading, err);

    return code == 0 ? flush(reading, err) : code;
}

int stored_tell(struct database *database, unsigned what, const struct listener *listener,
                struct err *err)
{
    struct states states = { mem_alloc(sizeof(struct stored_state)), 1, database };
    struct reading reading = { .database = database, .listener = listener };
    int code = database_each(database, store_states[database->version], read_state,
                             &states, err);

    reading.states = states.items; /* ids begin at 1 */
    reading.state_count = states.count;
    if (code == 0 && (what & STORED_KNOWN))
        code = read_hello(&reading, err);
    if (code == 0 && (what & STORED_KNOWN))
        code = read_table(&reading, store_controls[database->version], read_control, err);
    if (code == 0 && (what & STORED_KNOWN))
        code = read_table(&reading, store_points[database->version], read_point, err);
    if (code == 0 && (what & STORED_KNOWN))
        code = read_table(&reading, store_commands[database->version], read_command, err);
    for (size_t i = 0; i < ARRAY_SIZE(tables) && code == 0; i++)
        if (what & tables[i].what && database->version >= tables[i].since)
            code = read_table(&reading, tables[i].sql, tables[i].take, err);
    for (size_t i = 0; i < DEATHS_TABLES && code == 0 && (what & STORED_DEATHS); i++) {
        reading.fault = deaths_tables[i].fault;
        code = read_table(&reading, deaths_get(&deaths_tables[i], database->version),
                          read_death, err);
    }
    free(states.items);
    return code;
}

struct collecting {
    const struct result *result;
    struct done *done;
    struct shard shard;
    enum fault_id fault;
};

static int collect_item(void *context, sqlite3_stmt *row, struct err *err)
{
    const struct collecting *collecting = context;
    uint64_t number = (uint64_t)sqlite3_column_int64(row, 0);
    size_t strategy = (size_t)sqlite3_column_int64(row, 1);

    (void)err;
    done_add(collecting->done, collecting->shard,
             tally_item(collecting->result, collecting->fault, strategy, number));
    return 0;
}

int stored_done(struct database *database, const struct result *result,
                struct done done[STAGE_COUNT], struct err *err)
{
    struct collecting collecting = { result, &done[STAGE_CENSUS], SHARD_WHOLE,
                                     FAULT_STEP };
    int code = database_each(database,
                             "SELECT number, strategy FROM points"
                             " ORDER BY strategy, number",
                             collect_item, &collecting, err);

    collecting.shard = result->shard;
    for (size_t i = 0; i < DEATHS_TABLES && code == 0; i++) {
        collecting.fault = deaths_tables[i].fault;
        collecting.done = &done[fault_by_id(collecting.fault)->stage];
        code = database_each(database, deaths_get(&deaths_tables[i], database->version),
                             collect_item, &collecting, err);
    }
    return code;
}
