/* load.c - see load.h. */
#include "store/load.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "base/printable.h"
#include "result/tally.h"
#include "scenario/try_line.h"
#include "store/schema.h"

/* What the fleet, and not the lanes, knew. */
static void read_run(struct database *database, struct result *result)
{
    CLEANUP(mem_freep) char *status = stored_fact(database, "status");
    CLEANUP(mem_freep) char *trouble = stored_fact(database, "trouble");
    CLEANUP(mem_freep) char *missing = stored_fact(database, "missing_shards");
    CLEANUP(mem_freep) char *turns = stored_fact(database, STORED_TURNS);

    result->complete = status && strcmp(status, "complete") == 0;
    result->interrupted = status && strcmp(status, "interrupted") == 0;
    result->lanes = (size_t)stored_whole(database, "lanes");
    result->slices = stored_whole(database, STORED_SLICES);
    result->stages = (unsigned)stored_whole(database, "stages");
    printable_copy(result->trouble, sizeof(result->trouble), trouble ? trouble : "",
                   "\n\t");
    printable_copy(result->missing, sizeof(result->missing), missing ? missing : "", "");
    printable_copy(result->turns, sizeof(result->turns), turns ? turns : "", "");
    for (size_t i = 0; i < STAGE_COUNT; i++)
        result->stage_seconds[i] = stored_seconds(database, (enum stage)i);
    result->times = stored_times(database);
}

/* The entry is a number, or begins with one. */
static bool read_number(const struct environment *environment, const char *name,
                        double *ret)
{
    const char *text = environment_get(environment, name);
    char *end = NULL;
    double number = text ? strtod(text, &end) : 0;

    if (!text || end == text || !(number >= 0) || !isfinite(number))
        return false;
    *ret = number;
    return true;
}

static int read_machine(struct database *database, struct machine_load *machine,
                        struct err *err)
{
    CLEANUP(environment_release) struct environment environment = ENVIRONMENT_NULL;
    int code = stored_environment(database, &environment, err);
    double cpus = 0;

    if (code == 0 && read_number(&environment, "cpus", &cpus) && cpus <= UINT32_MAX)
        machine->cpus = (unsigned)cpus;
    if (code == 0)
        machine->begun =
            machine->cpus &&
            (read_number(&environment, "load_begin", &machine->load_begin) ||
             read_number(&environment, "load_average", &machine->load_begin));
    if (code == 0)
        machine->ended = read_number(&environment, "load_end", &machine->load_end);
    return code;
}

static void add_bytes(struct buffer *bytes, const void *items, size_t size)
{
    buffer_add(bytes, (struct str){ items, size });
}

/* When it was made and what took how long: no two runs have that in common, and copies of
 * one have. */
static void identify(struct database *database, struct result *result)
{
    CLEANUP(buffer_release) struct buffer bytes = BUFFER_NULL;
    CLEANUP(mem_freep) char *started = stored_fact(database, "started");

    buffer_add(&bytes, str_of(started));
    add_bytes(&bytes, &result->plan.seed, sizeof(result->plan.seed));
    add_bytes(&bytes, result->stage_seconds, sizeof(result->stage_seconds));
    result_foreach (finding, result) {
        add_bytes(&bytes, finding->samples_ns,
                  finding->sample_count * sizeof(*finding->samples_ns));
        add_bytes(&bytes, finding->kills.outcomes, sizeof(finding->kills.outcomes));
    }
    sha1_text(buffer_str(&bytes), result->made);
}

static int tell_tally(void *context, enum event_type type, const void *body, size_t bytes,
                      struct err *err)
{
    return tally_take(context, type, body, bytes, err);
}

int stored_tally(struct database *database, unsigned what, struct result *result,
                 struct err *err)
{
    struct listener listener = { tell_tally, result, result->plan.strategies,
                                 plan_trials(&result->plan) };
    int code = stored_tell(database, what, &listener, err);

    if (code == 0)
        read_run(database, result);
    return code == 0 ? read_machine(database, &result->machine, err) : code;
}

static int read_parameter(void *context, sqlite3_stmt *row, struct err *err)
{
    struct outline *scenario = context;
    const char *kind = database_text(row, 2);

    (void)err;
    scenario->parameters = mem_grow(scenario->parameters, scenario->parameter_count + 1,
                                    sizeof(*scenario->parameters));
    scenario->parameters[scenario->parameter_count++] = (struct parameter){
        .name = printable_name_new(database_text(row, 0)),
        .value = printable_new(database_text(row, 1)),
        .is_text = strcmp(kind, "text") == 0,
        .is_flag = strcmp(kind, "flag") == 0,
    };
    return 0;
}

/* The strategies of a scenario, and which of them take part in which order. */
struct cast {
    const struct database *database;
    struct outline *scenario;
    size_t *taking_part; /* owned */
    size_t count;
};

static int read_strategy(void *context, sqlite3_stmt *row, struct err *err)
{
    struct cast *cast = context;
    struct outline *scenario = cast->scenario;
    size_t number = scenario->strategy_count;
    unsigned expect = 0;

    if (!expect_read(database_text(row, 3), &expect))
        return database_damaged(cast->database, "a strategy expects unknown words", err);
    scenario->strategy_count++;
    scenario->strategies =
        mem_grow(scenario->strategies, number + 1, sizeof(*scenario->strategies));
    scenario->strategies[number] = (struct strategy){
        .name = printable_name_new(database_text(row, 1)),
        .about = printable_new(database_text(row, 2)),
        .expect = expect,
    };
    if (sqlite3_column_int(row, 4))
        scenario->reference = number;
    return 0;
}

static int read_part(void *context, sqlite3_stmt *row, struct err *err)
{
    struct cast *cast = context;

    (void)err;
    cast->taking_part =
        mem_grow(cast->taking_part, cast->count + 1, sizeof(*cast->taking_part));
    cast->taking_part[cast->count++] = (size_t)sqlite3_column_int64(row, 0);
    return 0;
}

/* Texts are made printable, here and above: a scenario that was loaded has no others, but
 * the file may be anybody's. */
static char *printable_fact(struct database *database, const char *name)
{
    CLEANUP(mem_freep) char *text = stored_fact(database, name);

    return text ? printable_new(text) : NULL;
}

static char *fact_or_nothing(struct database *database, const char *name)
{
    char *text = printable_fact(database, name);

    return text ? text : mem_strdup("");
}

static int load_scenario(struct database *database, const struct request *request,
                         struct cast *cast, struct err *err)
{
    struct outline *scenario = cast->scenario;
    int code =
        database_each(database, "SELECT name, value, kind FROM parameters ORDER BY name",
                      read_parameter, scenario, err);

    if (code == 0)
        code =
            database_each(database,
                          "SELECT number, name, about, expect, reference FROM strategies"
                          " ORDER BY number",
                          read_strategy, cast, err);
    if (code == 0)
        code = database_each(database,
                             "SELECT number FROM strategies WHERE strategy IS NOT NULL"
                             " ORDER BY strategy",
                             read_part, cast, err);
    scenario->path = printable_new(request->path);
    scenario->name = printable_name_new(request->name);
    scenario->title = fact_or_nothing(database, "title");
    scenario->source = fact_or_nothing(database, "source");
    for (int i = 0; i < TIME_COUNT; i++)
        scenario->times[i] =
            printable_fact(database, outline_time_name((enum outline_time)i));
    for (size_t i = 0; i < scenario->strategy_count; i++) {
        CLEANUP(mem_freep) char *name = mem_printf(STORE_TRY, i);
        CLEANUP(mem_freep) char *options = printable_fact(database, name);

        if (options && (try_line_is(options) || mutant("lines-believed")))
            scenario->strategies[i].try_options = TAKE_PTR(options);
    }
    scenario->now = (int64_t)request->now;
    if (request->text)
        outline_find_lines(scenario, request->text);
    for (size_t i = 0; i < cast->count && code == 0; i++)
        if (cast->taking_part[i] >= scenario->strategy_count)
            code = database_damaged(database, "its strategies are not numbered", err);
    if (code == 0 && !cast->count)
        code = database_damaged(database, "no strategy takes part", err);
    return code;
}

/* Does a run that is complete still have all that it had? */
static int check_counts(struct database *database, struct err *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(counted_tables) && !mutant("rows-uncounted"); i++) {
        const struct counted_table *table = &counted_tables[i];
        CLEANUP(mem_freep) char *name = mem_printf(STORED_ROWS, table->name);
        CLEANUP(mem_freep) char *had = stored_fact(database, name);
        CLEANUP(mem_freep) char *what = NULL;
        CLEANUP(mem_freep)
        char *sql = mem_printf("SELECT count(*) FROM %s", table->name);
        CLEANUP(statement_finalizep) sqlite3_stmt *count = NULL;
        long long has, said;

        if (!had)
            continue;
        if (database_prepare(database, sql, &count, err) < 0 ||
            database_step(database, count, err) < 0)
            return err->code;
        has = sqlite3_column_int64(count, 0);
        said = strtoll(had, NULL, 10);
        if (has == said)
            continue;
        what = mem_printf("it had %lld %s when it was complete, and has %lld", said,
                          table->what, has);
        return database_damaged(database, what, err);
    }
    return 0;
}

static int load(struct database *database, unsigned what, struct saved *saved,
                struct err *err)
{
    struct cast cast = { .database = database, .scenario = saved->scenario };
    struct result *result = &saved->result;
    int code = stored_request(database, &saved->request, err);

    if (code == 0)
        code = load_scenario(database, &saved->request, &cast, err);
    if (code == 0)
        result_begin(result, saved->scenario, cast.taking_part, cast.count,
                     &saved->request);
    if (code == 0)
        result->shards = stored_whole(database, STORED_SHARDS);
    if (code == 0 && (what & STORED_ATTEMPTS))
        result_keep_attempts(result);
    if (code == 0)
        code = stored_tally(database, what, result, err);
    if (code == 0 && result->complete)
        code = check_counts(database, err);
    free(cast.taking_part);
    return code;
}

int saved_load_parts(const char *directory, struct database *database, unsigned what,
                     struct saved *ret, struct err *err)
{
    struct saved saved = { .directory = NULL };
    int code;

    saved.directory = mem_strdup(directory);
    saved.scenario = MEM_NEW(struct outline);
    code = load(database, what, &saved, err);
    if (code < 0) {
        saved_release(&saved);
        return err_wrap(err, "load the run in '%s'", directory);
    }
    saved.result.directory = saved.directory;
    saved.result.outdated = stored_outdated(database);
    if ((what & STORED_ALL) == STORED_ALL)
        identify(database, &saved.result);
    *ret = saved;
    return 0;
}

static int open_and_load(const char *directory, unsigned what, struct saved *ret,
                         struct err *err)
{
    CLEANUP(database_close) struct database database = DATABASE_NULL;
    int code = stored_open(directory, DATABASE_READ, &database, err);

    return code == 0 ? saved_load_parts(directory, &database, what, ret, err) : code;
}

int saved_load(const char *directory, struct saved *ret, struct err *err)
{
    return open_and_load(directory, STORED_ALL, ret, err);
}

int saved_load_attempts(const char *directory, struct saved *ret, struct err *err)
{
    return open_and_load(directory, STORED_ALL | STORED_ATTEMPTS, ret, err);
}

void saved_release(struct saved *saved)
{
    result_release(&saved->result);
    request_release(&saved->request);
    if (saved->scenario)
        outline_release(saved->scenario);
    free(saved->scenario);
    free(saved->directory);
    *saved = (struct saved){ .directory = NULL };
}
