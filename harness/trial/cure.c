/* cure.c - see cure.h. */
#include "trial/cure.h"

#include <stdlib.h>
#include <string.h>

#include "base/mutant.h"
#include "redis/resp.h"
#include "redis/slot.h"
#include "scenario/notation.h"
#include "trial/recorded.h"
#include "trial/routine.h"

void cure_trial_release(struct cure_trial *trial)
{
    free(trial->notation);
    *trial = CURE_TRIAL_NULL;
}

#define EXPIRY_SHOWN_S 60

/* The cured update, step by step. */
struct walk {
    struct judge *judge;
    struct subject *subject;
    struct notation notation;
    redisContext *connection; /* of who sends it; owned */
    size_t sent;              /* so many steps */
    bool refused;             /* the latest step was */
    struct snapshot state;    /* behind it */
    struct cure_trial *trial;
    struct remedy remedies[REMEDIES_TRIED]; /* that it is made by */
    size_t count;
};

static void walk_release(struct walk *walk)
{
    notation_release(&walk->notation);
    walk->connection = connection_close(walk->connection);
    snapshot_release(&walk->state);
}

/* --- sending --- */

static void append(redisContext *connection, const struct str *words, size_t count)
{
    CLEANUP(mem_freep) const char **argv = MEM_ARRAY(const char *, count);
    CLEANUP(mem_freep) size_t *lengths = MEM_ARRAY(size_t, count);

    for (size_t i = 0; i < count; i++) {
        argv[i] = words[i].bytes;
        lengths[i] = words[i].length;
    }
    redisAppendCommandArgv(connection, (int)count, argv, lengths);
}

static void append_word(redisContext *connection, const char *word)
{
    const struct str words[] = { str_of(word) };

    append(connection, words, 1);
}

/* As shorthand does it: the calls are words of the script's, none is made of text. */
static void append_script(redisContext *connection, const struct notation_step *step)
{
    static const char text[] =
        "local at = 1 while at <= #ARGV do local n = tonumber(ARGV[at]) "
        "redis.call(unpack(ARGV, at + 1, at + n)) at = at + 1 + n end";
    struct str *words = NULL;
    char(*numbers)[24] = mem_alloc(step->step_count * sizeof(*numbers));
    size_t count = 0;

    words = mem_grow(words, 3, sizeof(*words));
    words[count++] = STR("EVAL");
    words[count++] = str_of(text);
    words[count++] = STR("0");
    for (size_t i = 0; i < step->step_count; i++) {
        const struct notation_step *call = &step->steps[i];

        words = mem_grow(words, count + 1 + call->word_count, sizeof(*words));
        snprintf(numbers[i], sizeof(numbers[i]), "%zu", call->word_count);
        words[count++] = str_of(numbers[i]);
        for (size_t w = 0; w < call->word_count; w++)
            words[count++] = call->words[w];
    }
    append(connection, words, count);
    free(words);
    free(numbers);
}

/* How many commands a worker sends for it. */
static size_t append_step(redisContext *connection, const struct notation_step *step)
{
    size_t sent = 0;

    switch (step->kind) {
    case NOTATION_COMMAND:
        append(connection, step->words, step->word_count);
        return 1;
    case NOTATION_LUA:
        append_script(connection, step);
        return 1;
    case NOTATION_MULTI:
        append_word(connection, "MULTI");
        for (size_t i = 0; i < step->step_count; i++)
            sent += append_step(connection, &step->steps[i]);
        append_word(connection, "EXEC");
        return sent + 2;
    }
    return sent;
}

static bool has_error(const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return true;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        if (has_error(reply->element[i]))
            return true;
    return false;
}

static int send_step(struct walk *walk, struct err *err)
{
    const struct notation_step *step = &walk->notation.steps[walk->sent];
    CLEANUP(arena_release) struct arena arena = ARENA_NULL;
    struct resp replies = resp_of(walk->connection->fd, &arena);
    size_t count = append_step(walk->connection, step);
    int written = 0, code = 0;

    judge_touched(walk->judge);
    walk->sent++;
    while (!written)
        if (redisBufferWrite(walk->connection, &written) != REDIS_OK)
            return err_set(err, -EIO, "try a cure: %s", walk->connection->errstr);
    for (size_t i = 0; i < count && code == 0; i++) {
        const redisReply *reply;

        code = resp_next(&replies, "a cure that was tried", &reply, err);
        walk->refused |= code == 0 && has_error(reply);
    }
    return code;
}

/* From the old state, by somebody new: what the last one began with MULTI is gone. */
static int reach(struct walk *walk, size_t steps, struct err *err)
{
    int code;

    walk->connection = connection_close(walk->connection);
    walk->sent = 0;
    code = judge_prepare(walk->judge, walk->subject, err);
    if (code == 0)
        code = connection_open(walk->judge->address, &walk->connection, err);
    while (code == 0 && walk->sent < steps)
        code = send_step(walk, err);
    return code;
}

/* --- judging --- */

/* How many crash points leave the state before a step: inside of a transaction nothing
 * has happened yet. */
static uint64_t points_before(const struct walk *walk)
{
    const struct notation_step *next = &walk->notation.steps[walk->sent];

    return walk->sent < walk->notation.count && next->kind == NOTATION_MULTI
               ? 2 + next->step_count
               : 1;
}

static int judge_here(struct walk *walk, struct verdict *ret, struct err *err)
{
    struct cure_trial *trial = walk->trial;
    const struct judgement *judgement = NULL;
    uint64_t points = points_before(walk);
    int code = snapshot_take(&walk->judge->observer, 0, &walk->state, err);

    if (code == 0)
        code = judge_state(walk->judge, walk->subject, &walk->state, &judgement, err);
    if (code < 0)
        return code;
    *ret = judgement->verdict;
    trial->points += points;
    if (ret->later) {
        trial->harmful += points;
        trial->wrong++;
        trial->words |= ret->later;
    } else if (ret->passing && ret->lasts_ms > trial->lasts_ms) {
        trial->lasts_ms = ret->lasts_ms;
    }
    return 0;
}

/* An expiry that nothing had is another state, and right if it does no harm. */
static bool gives_expiry(const struct remedy *remedy)
{
    return remedy->kind == REMEDY_EXPIRE || remedy->kind == REMEDY_EXPIRE_NX ||
           remedy->kind == REMEDY_KEEP_EXPIRY || remedy->kind == REMEDY_EXPIRE_BEHIND ||
           (remedy->kind == REMEDY_SET_EXPIRY &&
            remedy->at[0].second < remedy->at[0].first);
}

static bool is_same(const struct walk *walk, const struct verdict *last)
{
    struct signature left = walk->state.signature;
    const struct subject *subject = walk->subject;
    bool expires = false;

    for (size_t i = 0; i < walk->count; i++)
        expires |= gives_expiry(&walk->remedies[i]);
    return mutant("other-is-same") || signature_equal(left, subject->done.signature) ||
           signature_equal(left, subject->right->done.signature) ||
           (expires && !last->later);
}

static int walk_all(struct walk *walk, struct err *err)
{
    struct verdict verdict = { .later = 0 };
    int code = reach(walk, 0, err);

    while (code == 0) {
        code = judge_here(walk, &verdict, err);
        if (code < 0 || walk->sent == walk->notation.count)
            break;
        if (judge_was_new(walk->judge))
            code = reach(walk, walk->sent, err);
        if (code == 0)
            code = send_step(walk, err);
        if (code == 0 && walk->refused) {
            walk->trial->outcome = CURE_REFUSED;
            return 0;
        }
    }
    if (code == 0)
        walk->trial->outcome = is_same(walk, &verdict) ? CURE_TRIED : CURE_OTHER;
    return code;
}

/* --- what it depends on --- */

/* What was sent, or answered, by the end of a command. */
static struct str sent_of(const struct recording *recording, size_t i)
{
    size_t from = i ? (size_t)recording->traces[i - 1].end : 0;

    return (struct str){ recording->output + from,
                         (size_t)recording->traces[i].end - from };
}

static struct str answer_to(const struct recording *recording, size_t i)
{
    size_t from = i ? (size_t)recording->traces[i - 1].reply_end : 0;

    return (struct str){ recording->answers + from,
                         (size_t)recording->traces[i].reply_end - from };
}

static bool sends_same_behind(const struct recording *a, const struct recording *b,
                              size_t i)
{
    bool same = a->commands == b->commands;

    for (i++; same && i < a->commands; i++)
        same = str_compare(sent_of(a, i), sent_of(b, i)) == 0;
    return same;
}

/* Was one of the commands that are to be one answered something else, and something else
 * sent then? What has changed because of an answer before them is no matter of theirs. */
static enum cure_outcome looks_at_answers(const struct recording *once,
                                          const struct recording *again,
                                          const struct remedy_place *at)
{
    for (size_t i = at->from; i < at->second && i < again->commands; i++) {
        struct str answer = answer_to(again, i);

        if (str_compare(answer_to(once, i), answer) == 0 ||
            sends_same_behind(once, again, i))
            continue;
        return answer.length && *answer.bytes == '-' && again->commands == i + 1
                   ? CURE_STOPS
                   : CURE_DEPENDS;
    }
    return CURE_TRIED;
}

/* Of these the replies are of no more use, or they are what depends on them. */
static bool needs_no_reply(const struct remedy *remedy)
{
    return remedy->kind != REMEDY_MULTI && remedy->kind != REMEDY_ONE &&
           remedy->kind != REMEDY_ONE_MULTI && remedy->kind != REMEDY_LEAVE_OUT;
}

/* Does it make one of commands to whose answers the update may have looked? */
static bool may_look(const struct walk *walk, const struct remedy *remedy)
{
    return !needs_no_reply(remedy) && remedy_waits(&walk->subject->recording, remedy);
}

static void compare_answers(struct walk *walk, const struct remedy *remedy,
                            const struct recording *again)
{
    for (size_t i = 0; i < remedy->places && walk->trial->outcome != CURE_DEPENDS; i++) {
        enum cure_outcome looked =
            looks_at_answers(&walk->subject->recording, again, &remedy->at[i]);

        if (looked != CURE_TRIED)
            walk->trial->outcome = looked;
    }
}

/* Makes the update once more, where the cured one has done it already: an update that
 * looks at what it is answered most often sends something else then. */
static int sends_other(struct walk *walk, struct err *err)
{
    struct judge *judge = walk->judge;
    struct recording again = RECORDING_NULL;
    struct err failed = ERR_NULL;
    int code = judge_was_new(judge) ? reach(walk, walk->notation.count, err) : 0;

    if (code < 0)
        return code;
    code = judge_run(judge, judge->scenario->functions[walk->subject->strategy].update,
                     "an update that is done already", true, &failed);
    if (code < 0 && failed.code != ERR_USAGE) { /* it may give up, and say so */
        *err = failed;
        return code;
    }
    recording_take(&again, judge->page);
    for (size_t i = 0; i < walk->count; i++)
        if (may_look(walk, &walk->remedies[i]))
            compare_answers(walk, &walk->remedies[i], &again);
    recording_release(&again);
    return 0;
}

/* What is tried last, because the update has been done then. */
static int look_at_replies(struct walk *walk, struct err *err)
{
    bool looks = false;

    for (size_t i = 0; i < walk->count; i++)
        looks |= may_look(walk, &walk->remedies[i]);
    return looks && !walk->subject->recorded && !mutant("replies-unasked")
               ? sends_other(walk, err)
               : 0;
}

/* --- hash slots --- */

static const struct notation_step *commands_of(const struct notation_step *step,
                                               size_t *ret_count)
{
    *ret_count = step->kind == NOTATION_COMMAND ? 1 : step->step_count;
    return step->kind == NOTATION_COMMAND ? step : step->steps;
}

/* Redis itself knows which words are keys. */
static void ask_for_keys(redisContext *connection, const struct notation_step *command)
{
    struct str *words = MEM_ARRAY(struct str, command->word_count + 2);

    words[0] = STR("COMMAND");
    words[1] = STR("GETKEYS");
    memcpy(words + 2, command->words, command->word_count * sizeof(*words));
    append(connection, words, command->word_count + 2);
    free(words);
}

static int add_slots(redisContext *connection, unsigned *slot, bool *ret, struct err *err)
{
    void *answer = NULL;
    redisReply *reply;

    if (redisGetReply(connection, &answer) != REDIS_OK)
        return err_set(err, -EIO, "ask for a command's keys: %s", connection->errstr);
    reply = answer;
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++) {
        const struct str key = { reply->element[i]->str, (size_t)reply->element[i]->len };
        unsigned found = slot_of(key);

        *ret |= *slot < SLOTS && *slot != found;
        *slot = found;
    }
    freeReplyObject(reply);
    return 0;
}

/* All questions at once. */
static int find_slots(struct walk *walk, bool *ret, struct err *err)
{
    redisContext *connection = walk->judge->observer.connection;
    const struct notation *notation = &walk->notation;
    size_t count;
    int code = 0;

    for (size_t i = 0; i < notation->count; i++) {
        const struct notation_step *commands = commands_of(&notation->steps[i], &count);

        for (size_t k = 0; k < count; k++)
            ask_for_keys(connection, &commands[k]);
    }
    for (size_t i = 0; i < notation->count && code == 0; i++) {
        unsigned slot = SLOTS;

        commands_of(&notation->steps[i], &count);
        for (size_t k = 0; k < count && code == 0; k++)
            code = add_slots(connection, &slot, ret, err);
    }
    return code;
}

static int try_text(struct walk *walk, struct err *err)
{
    int code;

    for (size_t i = 0; i < walk->count; i++)
        if (!needs_no_reply(&walk->remedies[i]) &&
            remedy_asks(&walk->subject->recording, &walk->remedies[i])) {
            walk->trial->outcome = CURE_ASKS;
            return 0;
        }
    code = find_slots(walk, &walk->trial->slots, err);
    if (code == 0)
        code = walk_all(walk, err);
    return code == 0 && walk->trial->outcome == CURE_TRIED ? look_at_replies(walk, err)
                                                           : code;
}

/* How long a key may live to which nothing gives an expiry: as long as where it is right,
 * or as is tolerated; else any time will show what an expiry does. */
static int64_t expiry_of(const struct judge *judge, const struct subject *subject,
                         const struct remedy *remedy)
{
    CLEANUP(buffer_release) struct buffer key = BUFFER_NULL;
    const int64_t tolerate_ms = judge->scenario->times.tolerate_ms;
    int64_t ttl_ms = -1;

    if (remedy_key(&subject->recording, remedy, &key))
        ttl_ms = snapshot_ttl_ms(&subject->right->done, buffer_str(&key), STR(""));
    if (ttl_ms > 0)
        return (ttl_ms + 999) / 1000;
    return tolerate_ms >= 1000 && tolerate_ms < 1000 * EXPIRY_SHOWN_S ? tolerate_ms / 1000
                                                                      : EXPIRY_SHOWN_S;
}

int cure_try(struct judge *judge, struct subject *subject, const struct remedy *remedies,
             size_t count, struct cure_trial *ret, struct err *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    CLEANUP(walk_release)
    struct walk walk = {
        .judge = judge, .subject = subject, .state = SNAPSHOT_NULL, .trial = ret
    };
    const struct routine_watch *heard = judge->endings;
    struct err unfit = ERR_NULL;
    int code;

    *ret = CURE_TRIAL_NULL;
    for (; walk.count < count && walk.count < REMEDIES_TRIED; walk.count++) {
        walk.remedies[walk.count] = remedies[walk.count];
        walk.remedies[walk.count].expiry_s =
            expiry_of(judge, subject, &remedies[walk.count]);
    }
    text = remedy_text(&subject->recording, walk.remedies, walk.count);
    if (!text || notation_parse(str_of(text), &walk.notation, &unfit) < 0)
        return 0;
    if (!subject_repeats(subject)) {
        ret->outcome = CURE_VARIES;
        return 0;
    }
    notation_fold(&walk.notation);
    ret->notation = notation_text(&walk.notation);
    judge->endings = NULL; /* nobody has died */
    code = try_text(&walk, err);
    judge->endings = heard;
    judge_touched(judge);
    if (code == ROUTINE_LATE || code == ERR_REFUSED) { /* a state that is new to it */
        *err = ERR_NULL;
        ret->outcome = CURE_UNJUDGED;
        return 0;
    }
    return code < 0 ? err_wrap(err, "try the cure %.120s", ret->notation) : 0;
}
