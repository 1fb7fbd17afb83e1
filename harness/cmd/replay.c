/* replay.c - afterkill replay: one trial of a run that is kept, again and narrated.
 *
 * It is done as the run was asked for, so that the same strategies of the same scenario
 * take part with the same parameters and the same clock; then the states are the same,
 * and can be recognised. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/sensitive.h"
#include "base/signals.h"
#include "cmd/cmd.h"
#include "cmd/load.h"
#include "cmd/options.h"
#include "cmd/replay_told.h"
#include "cmd/results_dir.h"
#include "cmd/run_options.h"
#include "cmd/scenario_files.h"
#include "report/format.h"
#include "result/tally.h"
#include "run/fleet.h"
#include "store/load.h"
#include "trial/twins.h"

struct options {
    struct operands operands; /* [RUN] [TRIAL] */
    const char *redis_server;
    const char *color;
    const struct format *format;
    bool kills;
    struct request given; /* only what is assigned: secrets, which are not kept; owned */
};

static void options_release(struct options *options)
{
    request_release(&options->given);
}

static const struct cmd_option table[] = {
    { "color", "auto|always|never", "Colour (default auto)", 1, .take = option_word,
      .at = offsetof(struct options, color) },
    OPTION_FORMAT(DOCUMENT_REPLAY, 1, offsetof(struct options, format)),
    { "kill", NULL, "Run a program again until it is killed for real at the point", 1,
      .take = option_flag, .at = offsetof(struct options, kills) },
    { "redis-server", "PATH", "The server to start (default: as for run)", 1,
      .take = option_file, .at = offsetof(struct options, redis_server) },
    { "set", "NAME[=VALUE]",
      "The value of a parameter that was not kept, for it is a secret; without a value, "
      "that of the environment's variable of its name (may be repeated)",
      1, .take = run_option_assignment, .at = offsetof(struct options, given) },
    { .name = NULL },
};

static int check(void *parsed, struct err *err)
{
    const struct operands *operands = &((const struct options *)parsed)->operands;

    if (operands->count > 2)
        return err_set(err, ERR_USAGE, "more than a run and a trial: '%s'",
                       operands->items[2]);
    return 0;
}

/* A kept run, and what is needed to do a part of it again. */
struct revival {
    struct saved saved;
    struct scenario *scenario; /* owned */
    size_t *strategies;        /* owned */
};

static void revival_release(struct revival *revival)
{
    free(revival->strategies);
    scenario_free(revival->scenario);
    saved_release(&revival->saved);
}

/* What is not there is given; all else is done again as it was. */
static int give(const struct request *given, struct saved *saved, struct err *err)
{
    const struct outline *scenario = saved->scenario;

    for (size_t i = 0; i < given->assignment_count; i++) {
        const char *assignment = given->assignments[i];
        const struct parameter *parameter = outline_assigned(scenario, assignment);

        if (!parameter || !strchr(assignment, '=') ||
            strcmp(parameter->value, SENSITIVE) != 0)
            return err_set(err, ERR_USAGE,
                           "--set %.*s: only what was not kept, because it is a secret, "
                           "can be given to a replay, as NAME=VALUE, or as NAME alone if "
                           "the environment has it",
                           (int)strcspn(assignment, "="), assignment);
        request_assign(&saved->request, assignment);
    }
    return 0;
}

/* The strategies that took part, in their order. */
static int find_strategies(struct revival *revival, struct err *err)
{
    const struct result *result = &revival->saved.result;

    revival->strategies = MEM_ARRAY(size_t, result->plan.strategies);
    for (size_t i = 0; i < result->plan.strategies; i++) {
        const char *name = result->findings[i].strategy->name;
        ptrdiff_t index = outline_find(&revival->scenario->outline, name);

        if (index < 0)
            return err_set(err, ERR_USAGE,
                           "'%s' has no strategy '%.60s', which took part in the "
                           "run",
                           revival->scenario->outline.path, name);
        revival->strategies[i] = (size_t)index;
    }
    return 0;
}

/* The scenario as it was run: its text is in the run's file, and may be nowhere else any
 * more. It comes from there and is put nowhere: the run may be anybody's. */
static int load_kept(struct revival *revival, struct err *err)
{
    const struct request *request = &revival->saved.request;
    const struct outline *kept = revival->saved.scenario;
    struct parameter_settings settings = scenario_files_settings(request);
    char **name;

    if (load_scenario_text(request->path, request->text, &settings, &revival->scenario,
                           err) < 0)
        return err->code;
    name = &revival->scenario->outline.name;
    free(*name); /* a command has another one than its file, which is standard input */
    *name = mem_strdup(kept->name);
    return 0;
}

static int revive(struct revival *revival, struct err *err)
{
    return load_kept(revival, err) < 0 ? err->code : find_strategies(revival, err);
}

/* One trial among all deaths of a run. */
struct search {
    enum fault_id fault;
    uint64_t number;
    size_t strategy;
    struct event_trial trial;
    bool found;
};

static int look_at_trials(void *context, enum event_type type, const void *body,
                          size_t bytes, struct err *err)
{
    const struct event_trial *trials = body;
    struct search *search = context;

    (void)err;
    for (size_t i = 0; type == EVENT_TRIALS && i < bytes / sizeof(*trials); i++)
        if (trials[i].fault == search->fault && trials[i].number == search->number &&
            trials[i].strategy == search->strategy) {
            search->trial = trials[i];
            search->found = true;
        }
    return 0;
}

static void note_recorded(struct replay *replay, struct finding *finding,
                          const struct search *search)
{
    const struct event_trial *trial = &search->trial;
    const struct point *point = search->found ? tally_explain(finding, trial) : NULL;

    if (!search->found)
        return;
    replay->recorded = true;
    replay->outcome = (enum outcome)trial->outcome;
    replay->replies = trial->replies;
    replay->commands = trial->commands;
    replay->signature = trial->signature;
    replay->verdict = trial->verdict;
    replay->explained = point;
    replay->point = point ? (uint64_t)(point - finding->points) : 0;
}

/* What became of it: nothing, if the run did not come to it, or was another shard. */
static int find_recorded(struct saved *saved, struct replay *replay, struct err *err)
{
    CLEANUP(database_close) struct database database = DATABASE_NULL;
    struct search search = { .fault = replay->fault,
                             .number = replay->number,
                             .strategy = replay->strategy };
    const struct listener listener = { look_at_trials, &search,
                                       saved->result.plan.strategies,
                                       plan_trials(&saved->result.plan) };

    if (stored_open(saved->directory, DATABASE_READ, &database, err) < 0 ||
        stored_tell(&database, STORED_DEATHS, &listener, err) < 0)
        return err->code;
    note_recorded(replay, &saved->result.findings[replay->strategy], &search);
    return 0;
}

/* A trial: its number says what was planned. */
static int find_planned(struct saved *saved, struct replay *replay, struct err *err)
{
    const struct plan *plan = &saved->result.plan;
    struct plan_trial planned;

    if (replay->number >= plan_trials(plan))
        return err_set(err, ERR_USAGE, "there is no trial %llu: the run has %llu",
                       (unsigned long long)replay->number,
                       (unsigned long long)plan_trials(plan));
    planned = plan_trial(plan, replay->number);
    replay->strategy = planned.strategy;
    replay->fraction = planned.fraction;
    return find_recorded(saved, replay, err);
}

/* How the command before a point is found in another recording. */
static void note_command(const struct finding *finding, uint64_t index,
                         struct replay *ret)
{
    if (!index)
        return;
    snprintf(ret->command, sizeof(ret->command), "%s", finding_command(finding, index));
    ret->likeness = likeness_of_shown(finding->sent[index - 1]);
    for (uint64_t k = 0; k < index; k++)
        ret->nth += likeness_of_shown(finding->sent[k]) == ret->likeness;
}

static void note_point(const struct finding *finding, uint64_t index, struct replay *ret)
{
    const struct point *point = &finding->points[index];

    if (finding->controlled && index <= finding->commands && finding->states)
        note_command(finding, index, ret);
    if (!finding->controlled || index > finding->commands || !point->taken)
        return;
    ret->recorded = true;
    ret->outcome = index < finding->commands ? OUTCOME_VALID : OUTCOME_MISSED;
    ret->replies = ret->commands = index;
    ret->signature = point->signature;
    ret->explained = true;
    ret->point = index;
    ret->verdict = point->verdict;
}

static int find_replay(struct saved *saved, const char *trial, struct replay *ret,
                       struct err *err)
{
    struct replay_operand operand;
    const struct finding *finding;

    if (replay_operand_parse(trial, &operand, err) < 0)
        return err->code;
    *ret = (struct replay){ .fault = operand.fault, .number = operand.number };
    if (!fault_by_id(operand.fault)->points)
        return find_planned(saved, ret, err);
    finding = finding_named(&saved->result, operand.strategy);
    if (!finding)
        return err_set(err, ERR_USAGE, "no strategy '%.60s' took part in the run",
                       operand.strategy);
    ret->strategy = (size_t)(finding - saved->result.findings);
    if (operand.fault != FAULT_STEP)
        return find_recorded(saved, ret, err);
    note_point(finding, operand.number, ret);
    return 0;
}

/* The first crash point that does harm, as one of the kills that landed there if there is
 * one: what a report offers to replay. */
static int find_first_harm(struct saved *saved, struct replay *ret, struct err *err)
{
    result_foreach (finding, &saved->result) {
        uint64_t first = tally_first_harm(finding);
        const struct point *point = &finding->points[first];

        if (first == finding_points(finding))
            continue;
        *ret =
            (struct replay){ .fault = point->has_trial ? FAULT_KILL : FAULT_STEP,
                             .number = point->has_trial ? point->example_trial : first };
        if (point->has_trial)
            return find_planned(saved, ret, err);
        ret->strategy = (size_t)(finding - saved->result.findings);
        note_point(finding, first, ret);
        return 0;
    }
    return err_set(err, ERR_USAGE,
                   "no crash point of the run in '%.300s' does harm; name a trial: its "
                   "number, or STRATEGY:POINT, or STRATEGY@BYTES",
                   saved->directory);
}

/* What is named: RUN TRIAL, or one of them, or neither. A directory is a run, and so is
 * what cannot be a trial. NULL: the first harm. */
static const char *take_trial(struct operands *operands)
{
    struct replay_operand ignored;
    struct err why = ERR_NULL;
    struct stat st;

    if (operands->count == 0)
        return NULL;
    if (operands->count == 1 &&
        ((stat(operands->items[0], &st) == 0 && S_ISDIR(st.st_mode)) ||
         replay_operand_parse(operands->items[0], &ignored, &why) < 0))
        return NULL;
    return operands->items[--operands->count];
}

static int perform_held(struct revival *revival, struct replay *replay,
                        const char *redis_server, char **ret,
                        enum replay_likeness *ret_likeness, struct err *err)
{
    struct fleet_options fleet = {
        .plan = revival->saved.result.plan,
        .redis_server = redis_server,
        .replay = replay,
    };
    struct result result;
    int code = revive(revival, err);

    if (code < 0)
        return code;
    fleet.scenario = revival->scenario;
    fleet.strategies = revival->strategies;
    fleet_ask(&fleet, &revival->saved.request);
    result_init(&result, &revival->scenario->outline, revival->strategies, &fleet.plan);
    code = fleet_run(&fleet, &result, err);
    *ret = TAKE_PTR(result.narrative);
    *ret_likeness = result.likeness;
    result_release(&result);
    return code;
}

/* Performs it; the caller frees the narrative. A signal ends it with all that it has
 * made, from when the first process is started until the last one is gone. */
static int perform(struct revival *revival, struct replay *replay,
                   const char *redis_server, char **ret,
                   enum replay_likeness *ret_likeness, struct err *err)
{
    sigset_t before;
    int code, late;

    signals_hold(&before);
    code = perform_held(revival, replay, redis_server, ret, ret_likeness, err);
    late = signals_release(&before);
    return code == 0 && late ? signals_stopped_by(late, err) : code;
}

static const enum exit_status statuses[] = {
    [REPLAY_UNRECORDED] = EXIT_PASS,
    [REPLAY_ALIKE] = EXIT_PASS,
    [REPLAY_UNREACHED] = EXIT_INCONCLUSIVE,
    [REPLAY_DIFFERS] = EXIT_FAIL,
};

/* Programs that are not to be killed again are told of, if that can be. */
static int tell_or_perform(const struct options *options, struct revival *revival,
                           struct replay *replay, struct told *ret_told, char **ret,
                           enum replay_likeness *ret_likeness, struct err *err)
{
    int code = 0;

    replay->program = option_program();
    if (!replay->kills && replay->fault == FAULT_STEP)
        code = replay_told(&revival->saved, replay, ret_told, ret, ret_likeness, err);
    return code == 0 && !*ret
               ? perform(revival, replay, options->redis_server, ret, ret_likeness, err)
               : code;
}

static int check_kill(const struct options *options, const struct revival *revival,
                      struct replay *replay, struct err *err)
{
    const struct finding *finding = &revival->saved.result.findings[replay->strategy];

    replay->kills = options->kills;
    if (!options->kills || finding->states)
        return 0;
    return err_set(err, ERR_USAGE,
                   "--kill is for programs, and strategy '%s' is none: its workers die "
                   "for real in any case",
                   finding->strategy->name);
}

const struct command_line replay_line = {
    .options = table,
    .operands_doc = "[RUN] [TRIAL]",
    .check = check,
    .about =
        "Perform one trial of a run again, and tell what happens: the commands and "
        "their replies, where the kill falls, what is left, what becomes of it, "
        "and why the verdict is what it is."
        "\vRUN is a directory that `afterkill run` has made; without it, "
        "results/latest, the newest. TRIAL is a kill's number, as reports name it, "
        "or a crash point as STRATEGY:POINT, or a lost link as STRATEGY@BYTES; "
        "without it, the first crash point that does harm. A kill that timing does "
        "not hit again is performed as the crash point that it landed on. A crash "
        "point "
        "of a program is told from what the run has kept of it, without starting the "
        "program. Exit status: 0 as recorded (or nothing was), 1 another state or "
        "another verdict, "
        "3 a kill that did not end in that way again.",
};

int cmd_replay(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    CLEANUP(options_release)
    struct options options = { .color = "auto", .format = format_by_name("text") };
    CLEANUP(revival_release) struct revival revival = { .scenario = NULL };
    CLEANUP(mem_freep) char *narrative = NULL;
    CLEANUP(told_release) struct told told = { .strategy = NULL };
    CLEANUP(mem_freep) char *run = NULL;
    struct replayed replayed = { .told = NULL };
    struct replay replay;
    const char *trial;

    options_parse(&replay_line, argc, argv, &options);
    trial = take_trial(&options.operands);
    if (results_dir_named(&options.operands, 0, &run, err) < 0 ||
        saved_load(run, &revival.saved, err) < 0 ||
        give(&options.given, &revival.saved, err) < 0 ||
        (trial ? find_replay(&revival.saved, trial, &replay, err)
               : find_first_harm(&revival.saved, &replay, err)) < 0 ||
        check_kill(&options, &revival, &replay, err) < 0 ||
        tell_or_perform(&options, &revival, &replay, &told, &narrative,
                        &replayed.likeness, err) < 0)
        return err->code;
    if (!narrative)
        return err_set(err, -EPROTO, "the lane told nothing"); /* UNTESTED: it does */
    signals_end_at_pipe();
    *ret_status = statuses[replayed.likeness];
    replayed.scenario = revival.saved.scenario->name;
    replayed.strategy = revival.saved.result.findings[replay.strategy].strategy->name;
    replayed.seed = revival.saved.result.plan.seed;
    replayed.replay = &replay;
    replayed.narrative = narrative;
    replayed.told = told.strategy ? &told : NULL;
    return options.format->replay(stdout, &replayed, option_style(options.color), err);
}
