/* members.c - see members.h. */
#include "audit/members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "audit/stars.h"
#include "audit/target.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "redis/connection.h"
#include "redis/resp.h"

#define NARROW_BATCH 1000 /* that are asked about at once */
#define PASSES_MOST 3     /* through lists */
#define LOOKS_MOST 3      /* at what becomes something else meanwhile */
#define PTTL_FOREVER (-1)

static struct group_name name_of(struct str text)
{
    return (struct group_name){ mem_copy(text.bytes, text.length), text.length };
}

struct members members_of(const struct rule *rule, unsigned db)
{
    return members_found(rule, db, str_of(rule->key), STR(""));
}

struct members members_found(const struct rule *rule, unsigned db, struct str key,
                             struct str star)
{
    struct members members = { .rule = rule,
                               .db = db,
                               .type = KEY_OTHER,
                               .key = name_of(key),
                               .star = name_of(star) };

    if (!rule_is_free(rule))
        places_fill(&members.places, &rule->places, star);
    return members;
}

void members_release(struct members *members)
{
    drawn_forget(&members->alone.drawn);
    drawn_forget(&members->several.drawn);
    newcomers_free(&members->newcomers);
    free(members->key.bytes);
    free(members->star.bytes);
    members->key.bytes = members->star.bytes = NULL;
    places_release(&members->places);
    claims_release(&members->claims);
}

/* A name of the rule's with the member in place of its last star, and of two the first
 * one as that of the key. */
static struct buffer name_made(const struct members *members, const char *name,
                               struct str member)
{
    struct str words[] = { group_name_str(members->star), member };

    return stars_fill(name, words + (stars_count(name) < STARS_MOST));
}

/* The i-th one that is lost. */
static struct str lost_at(const struct members *members, size_t i)
{
    const struct wrong *wrong = &members->alone;
    size_t at = 0;

    if (i >= wrong->lost) {
        i -= wrong->lost;
        wrong = &members->several;
    }
    while (!wrong->is_lost[at] || i--)
        at++;
    return group_name_str(wrong->drawn.names[at]);
}

struct buffer members_lost_name(const struct members *members, size_t i)
{
    struct str name = lost_at(members, i);
    struct buffer member = BUFFER_NULL;

    if (members->rule->of_keys)
        return name_made(members, members->rule->key, name);
    buffer_add(&member, name);
    return member;
}

uint64_t members_unlooked(const struct members *members)
{
    uint64_t left = mutant("unlooked-unasked") ? 0 : drawn_left(&members->alone.drawn);

    return left + members->untold;
}

bool members_unsure(const struct members *members)
{
    return !members_lost(members) && members_unlooked(members);
}

bool members_has_read(const struct members *members, struct str key)
{
    if (!members->rule->of_keys && str_compare(group_name_str(members->key), key) == 0)
        return true;
    for (size_t i = 0; i < members->places.count; i++)
        if (str_compare(place_key(&members->places.items[i]), key) == 0)
            return true;
    return false;
}

bool members_complete(const struct members *members)
{
    return members->done && !members->unseen && !members->cut;
}

/* ---- what is found ---- */

bool members_is_meant(const struct rule *rule, struct str member)
{
    return !rule->glob.count || patterns_match(&rule->glob, member);
}

/* SSCAN may show one twice. */
static void find(struct members *members, struct wrong *wrong, struct str name,
                 size_t most)
{
    wrong->count++;
    if (!drawn_has(&wrong->drawn, name))
        drawn_add(&wrong->drawn, name, most);
    if (members->fresh)
        newcomers_add(
            &members->newcomers, name,
            fresh_add(members->fresh, members->db, group_name_str(members->key), name));
}

static void add_alone(struct members *members, struct str name)
{
    find(members, &members->alone, name, DRAWN_MOST);
}

/* What moves out of a list while it is read is in two places often, and is no suspect for
 * that alone. */
static void add_several(struct members *members, struct str name)
{
    find(members, &members->several, name, DRAWN_MOST / 2);
}

static bool has_lists(const struct members *members)
{
    for (size_t i = 0; i < members->places.count; i++)
        if (places_is_list(&members->places.items[i]))
            return true;
    return false;
}

void members_claim(struct members *members, struct str member)
{
    members->unseen +=
        member.length > DRAWN_BYTES || !claims_add(&members->claims, member);
}

/* Of a member that is in so many places, lists not counted. */
static void settle(struct members *members, struct str member, unsigned places)
{
    members->count++;
    if (places > 1 && members->rule->one_of)
        add_several(members, member);
    else if (!places && has_lists(members))
        members_claim(members, member);
    else if (!places)
        add_alone(members, member);
}

/* ---- questions ---- */

/* Asks whether the key of a member is there, if it needs one. */
static void ask_key_of(struct ask *ask, const struct members *members, struct str member)
{
    struct buffer name;

    if (!members->rule->needs)
        return;
    name = name_made(members, members->rule->needs, member);
    ask_key(ask, ASK_TYPE, buffer_str(&name));
    buffer_release(&name);
}

/* A key that another node has is not known to be gone. */
static int take_key_of(struct ask *ask, const struct members *members, unsigned *count,
                       struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct str type;

    if (!members->rule->needs)
        return 0;
    if (place_take_type(ask, &type, &reply, err) < 0)
        return err->code;
    *count += !str_is_word(type, "none") || mutant("members-alone");
    return 0;
}

/* And which places have it, lists not counted. */
static void ask_needed(struct ask *ask, const struct members *members, struct str member)
{
    ask_key_of(ask, members, member);
    places_ask(ask, &members->places, member);
}

static int take_needed(struct ask *ask, const struct members *members, unsigned *ret,
                       struct err *err)
{
    unsigned count = 0, places;

    if (take_key_of(ask, members, &count, err) < 0 ||
        places_take(ask, &members->places, &places, err) < 0)
        return err->code;
    *ret = count + places;
    return 0;
}

/* Asks whether it is still there: a member, or a key. */
static void ask_itself(struct ask *ask, const struct members *members, struct str member)
{
    struct buffer key;

    if (members->type == KEY_LIST) {
        place_ask_in_list(ask, group_name_str(members->key), member);
    } else if (!members->rule->of_keys) {
        ask_member(ask, place_ways[members->type].find, group_name_str(members->key),
                   member);
    } else {
        key = name_made(members, members->rule->key, member);
        ask_key(ask, ASK_PTTL, buffer_str(&key));
        buffer_release(&key);
    }
}

/* `ret_is_known`: false if the list is too long to say. */
static int take_itself(struct ask *ask, const struct members *members, bool *ret_is_there,
                       bool *ret_is_known, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    int64_t ttl_ms;
    int times;

    *ret_is_known = true;
    if (members->type == KEY_LIST) {
        if (place_take_in_list(ask, &times, err) < 0)
            return err->code;
        *ret_is_there = times > 0;
        *ret_is_known = times >= 0;
    } else if (!members->rule->of_keys) {
        if (ask_answer(ask, place_ways[members->type].find, &reply, err) < 0)
            return err->code;
        *ret_is_there = place_is_found(reply);
    } else {
        if (ask_number(ask, ASK_PTTL, &ttl_ms, err) < 0)
            return err->code;
        *ret_is_there = ttl_ms == PTTL_FOREVER;
    }
    return 0;
}

/* ---- the first look ---- */

/* What is no list any more has no elements. */
static int take_length(struct ask *ask, struct members *members, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;

    ask_key(ask, ASK_LLEN, group_name_str(members->key));
    if (ask_send(ask, err) < 0 || ask_reply(ask, ASK_LLEN, &reply, err) < 0)
        return err->code;
    if (reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
        members->length = (uint64_t)reply->integer;
    return 0;
}

static int begin(struct ask *ask, struct members *members, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct str type;

    members->begun = true;
    if (members->rule->of_keys)
        return places_find(ask, &members->places, err);
    ask_key(ask, ASK_TYPE, group_name_str(members->key));
    if (ask_send(ask, err) < 0 || place_take_type(ask, &type, &reply, err) < 0)
        return err->code;
    members->type = key_type_of(type);
    if (!place_ways[members->type].step)
        members->type = KEY_OTHER;
    if (members->type == KEY_LIST && take_length(ask, members, err) < 0)
        return err->code;
    members->done = members->type == KEY_OTHER;
    return members->done ? 0 : places_find(ask, &members->places, err);
}

static struct str member_at(const redisReply *list, size_t i)
{
    return resp_text(list->element[i]);
}

static bool is_list_of_texts(const redisReply *reply)
{
    for (size_t i = 0; reply->type == REDIS_REPLY_ARRAY && i < reply->elements; i++)
        if (reply->element[i]->type != REDIS_REPLY_STRING)
            return false;
    return reply->type == REDIS_REPLY_ARRAY;
}

/* Reads the next elements of a key, and says whether these were the last. `ret_list` is
 * part of `ret`. */
static int read_elements(struct ask *ask, struct str key, enum key_type type,
                         uint64_t *cursor, uint64_t count, redisReply **ret,
                         const redisReply **ret_list, bool *ret_end, struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    enum question question = place_ways[type].scan;

    if (type == KEY_LIST)
        ask_list(ask, key, *cursor, count);
    else
        ask_members(ask, question, key, *cursor, count);
    if (ask_send(ask, err) < 0 || ask_answer(ask, question, &reply, err) < 0)
        return err->code;
    if (!(type == KEY_LIST ? is_list_of_texts(reply) : ask_is_scan(reply)))
        return err_set(err, -EPROTO, "%s: the reply has no members", ask_name(question));
    if (type == KEY_LIST) {
        *ret_list = reply;
        *cursor += count;
        *ret_end = reply->elements < count;
    } else {
        *ret_list = reply->element[1];
        *cursor = strtoull(reply->element[0]->str, NULL, 10);
        *ret_end = !*cursor;
    }
    *ret = TAKE_PTR(reply);
    return 0;
}

static void next_phase(struct members *members)
{
    members->phase++;
    members->cursor = members->list = 0;
}

/* How many members a set has it does not say, so a cursor is only one that comes again if
 * the same ones come with it. A list has none, but a length. */
static int notice_circle(struct members *members, const redisReply *list, uint64_t count,
                         struct err *err)
{
    struct walk_step step = { .asked = count,
                              .shown = list->elements / place_ways[members->type].step,
                              .all = members->length,
                              .command = ask_name(place_ways[members->type].scan),
                              .what = "members" };

    if (members->type != KEY_LIST) {
        step.mark = members->cursor;
        for (size_t i = 0; i < list->elements; i++)
            step.mark = XXH3_64bits_withSeed(list->element[i]->str, list->element[i]->len,
                                             step.mark);
    }
    return walk_on(&members->walk, &step, err);
}

static int look_at_members(struct ask *ask, struct members *members, uint64_t count,
                           struct err *err)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    const redisReply *list;
    size_t step = place_ways[members->type].step;
    bool end;

    if (members->rule->of_keys) {
        next_phase(members);
        return 0;
    }
    if (read_elements(ask, group_name_str(members->key), members->type, &members->cursor,
                      count, &reply, &list, &end, err) < 0 ||
        (!end && notice_circle(members, list, count, err) < 0))
        return err->code;
    for (size_t i = 0; i < list->elements; i += step)
        if (members_is_meant(members->rule, member_at(list, i)))
            ask_needed(ask, members, member_at(list, i));
    if (ask_send(ask, err) < 0)
        return err->code;
    for (size_t i = 0; i < list->elements; i += step) {
        unsigned places = 0;

        if (!members_is_meant(members->rule, member_at(list, i)))
            continue;
        if (take_needed(ask, members, &places, err) < 0)
            return err->code;
        settle(members, member_at(list, i), places);
    }
    if (end)
        next_phase(members);
    return 0;
}

static bool is_somewhere(const struct claim *claim)
{
    return claim->places > 0;
}

/* Asks about so many of the names that were not asked about, and forgets those that were
 * found. */
static int ask_claims(struct ask *ask, struct members *members, uint64_t count,
                      struct err *err)
{
    struct claims *claims = &members->claims;
    struct claim *next = claims->items + members->asked;
    size_t left = claims->count - members->asked, before = claims->count;
    size_t batch = count < left ? count : left;

    for (size_t i = 0; i < batch; i++)
        ask_needed(ask, members, claim_str(&next[i]));
    if (ask_send(ask, err) < 0)
        return err->code;
    for (size_t i = 0; i < batch; i++) {
        if (take_needed(ask, members, &next[i].places, err) < 0)
            return err->code;
        if (next[i].places > 1 && members->rule->one_of)
            add_several(members, claim_str(&next[i]));
    }
    members->count += batch;
    claims_settle(claims, members->asked, is_somewhere);
    members->asked += batch - (before - claims->count);
    return 0;
}

static int look_at_keys(struct ask *ask, struct members *members, uint64_t count,
                        struct err *err)
{
    if (members->rule->of_keys && members->asked < members->claims.count)
        return ask_claims(ask, members, count, err);
    next_phase(members);
    return 0;
}

int members_narrow(struct ask *ask, struct members *members, struct err *err)
{
    if (places_find(ask, &members->places, err) < 0)
        return err->code;
    while (members->asked < members->claims.count)
        if (ask_claims(ask, members, NARROW_BATCH, err) < 0)
            return err->code;
    return 0;
}

/* An element that nobody looks for was found in a set, or is of no interest. */
static bool is_doubtful(const struct members *members, struct str element)
{
    return !members->passes && members->rule->one_of &&
           members_is_meant(members->rule, element) &&
           !claims_find(&members->claims, element);
}

static int take_elements(struct ask *ask, struct members *members, const redisReply *list,
                         struct err *err)
{
    for (size_t i = 0; i < list->elements; i++) {
        struct str element = member_at(list, i);
        struct claim *claim = claims_find(&members->claims, element);
        unsigned places = 0;

        if (claim)
            places = claim->places++;
        else if (is_doubtful(members, element) &&
                 places_take(ask, &members->places, &places, err) < 0)
            return err->code;
        if (places == 1 && members->rule->one_of)
            add_several(members, element);
    }
    return 0;
}

static int look_at_list(struct ask *ask, struct members *members, uint64_t count,
                        struct err *err)
{
    const struct place *place = &members->places.items[members->list];
    CLEANUP(reply_freep) redisReply *reply = NULL;
    const redisReply *list;
    bool end;

    if (read_elements(ask, place_key(place), KEY_LIST, &members->cursor, count, &reply,
                      &list, &end, err) < 0)
        return err->code;
    for (size_t i = 0; i < list->elements; i++)
        if (is_doubtful(members, member_at(list, i)))
            places_ask(ask, &members->places, member_at(list, i));
    if (ask_send(ask, err) < 0 || take_elements(ask, members, list, err) < 0)
        return err->code;
    if (!end && members->cursor < PLACES_LIST_MOST)
        return 0;
    members->cut |= !end;
    members->list++;
    members->cursor = 0;
    return 0;
}

static int look_at_lists(struct ask *ask, struct members *members, uint64_t count,
                         struct err *err)
{
    while (members->list < members->places.count &&
           !places_is_list(&members->places.items[members->list]))
        members->list++;
    if (members->list < members->places.count &&
        (members->claims.count || members->rule->one_of))
        return look_at_list(ask, members, count, err);
    claims_settle(&members->claims, 0, is_somewhere);
    members->asked = 0;
    next_phase(members);
    return members->claims.count ? places_find(ask, &members->places, err) : 0;
}

/* If there are more of them than anybody looks at again, most have only moved: lists are
 * read once more for those. */
static void end_pass(struct members *members)
{
    struct claims *claims = &members->claims;

    claims_settle(claims, 0, is_somewhere);
    if (claims->count > DRAWN_MOST && has_lists(members) && !members->cut &&
        ++members->passes < PASSES_MOST) {
        members->phase--;
        members->cursor = members->list = 0;
        return;
    }
    for (size_t i = 0; i < claims->count; i++)
        if (members->cut || members->places.too_many)
            members->unseen++;
        else
            add_alone(members, claim_str(&claims->items[i]));
    next_phase(members);
}

static bool is_asked_itself(const struct members *members)
{
    return members->type != KEY_LIST; /* it would be read once for each of them */
}

/* Those who are in no list either, perhaps because they have gone meanwhile: whoever is
 * not there any more, or is in a set by now, is none of them. */
static int look_at_rest(struct ask *ask, struct members *members, uint64_t count,
                        struct err *err)
{
    struct claims *claims = &members->claims;
    size_t left = claims->count - members->asked, batch = count < left ? count : left;
    struct claim *next = claims->items + members->asked;

    for (size_t i = 0; i < batch; i++) {
        if (is_asked_itself(members))
            ask_itself(ask, members, claim_str(&next[i]));
        ask_needed(ask, members, claim_str(&next[i]));
    }
    if (ask_send(ask, err) < 0)
        return err->code;
    for (size_t i = 0; i < batch; i++) {
        bool is_there = true, is_known;

        if ((is_asked_itself(members) &&
             take_itself(ask, members, &is_there, &is_known, err) < 0) ||
            take_needed(ask, members, &next[i].places, err) < 0)
            return err->code;
        next[i].places += !is_there;
    }
    members->asked += batch;
    if (members->asked == claims->count)
        end_pass(members);
    return 0;
}

static int (*const phases[])(struct ask *ask, struct members *members, uint64_t count,
                             struct err *err) = {
    look_at_members,
    look_at_keys,
    look_at_lists,
    look_at_rest,
};

int members_step(struct ask *ask, struct members *members, uint64_t count,
                 struct err *err)
{
    if (!members->begun && (begin(ask, members, err) < 0 || members->done))
        return err->code;
    if (phases[members->phase](ask, members, count, err) < 0)
        return err->code;
    members->done = members->phase == ARRAY_SIZE(phases);
    if (members->done) {
        claims_release(&members->claims);
        members->since_ns = clock_now_ns();
    }
    return 0;
}

/* ---- the second look ---- */

enum look { LOOK_WELL, LOOK_LOST, LOOK_UNTOLD };

/* Is it in no place, or in too many, although it is there? What moves from one place to
 * another is in both or in neither only if that is no transaction: all questions are in
 * one write. A place that has become something else is asked again. */
static int look_closely(struct ask *ask, struct members *members, struct str member,
                        enum look *ret, struct err *err)
{
    *ret = LOOK_UNTOLD;
    for (unsigned looks = 0; looks < LOOKS_MOST; looks++) {
        bool is_there = false, is_told = false, is_known = false, is_wrong;
        unsigned places = 0, keys = 0;

        ask_key_of(ask, members, member);
        ask_itself(ask, members, member);
        places_ask_all(ask, &members->places, member);
        if (ask_send(ask, err) < 0 || take_key_of(ask, members, &keys, err) < 0 ||
            take_itself(ask, members, &is_there, &is_told, err) < 0 ||
            places_take_all(ask, &members->places, &places, &is_known, err) < 0)
            return err->code;
        places += keys;
        is_wrong = !places || (places > 1 && members->rule->one_of);
        if (!is_told && is_wrong)
            break; /* its own list will not be shorter the next time */
        if (!is_known && !mutant("places-unsure"))
            continue;
        *ret = is_there && is_wrong ? LOOK_LOST : LOOK_WELL;
        return 0;
    }
    return 0;
}

static int look_at_found(struct ask *ask, struct members *members, struct wrong *wrong,
                         struct err *err)
{
    for (size_t i = 0; i < wrong->drawn.count; i++) {
        enum look look;

        if (look_closely(ask, members, group_name_str(wrong->drawn.names[i]), &look,
                         err) < 0)
            return err->code;
        wrong->is_lost[i] = look == LOOK_LOST;
        wrong->lost += look == LOOK_LOST;
        members->untold += look == LOOK_UNTOLD;
    }
    return 0;
}

static int look_at_newcomers(struct ask *ask, struct members *members, struct err *err)
{
    struct newcomers *newcomers = members->newcomers;

    for (size_t i = 0; newcomers && i < newcomers->drawn.count; i++) {
        enum look look;

        if (look_closely(ask, members, group_name_str(newcomers->drawn.names[i]), &look,
                         err) < 0)
            return err->code;
        newcomers->left += look == LOOK_LOST;
    }
    return 0;
}

int members_look_again(struct ask *ask, struct members *members, struct err *err)
{
    if ((members_looked_again(members) && places_find(ask, &members->places, err) < 0) ||
        look_at_found(ask, members, &members->alone, err) < 0 ||
        look_at_found(ask, members, &members->several, err) < 0)
        return err->code;
    return look_at_newcomers(ask, members, err);
}

void members_leave(struct members *members)
{
    members->untold += members_looked_again(members);
    drawn_forget(&members->alone.drawn);
    drawn_forget(&members->several.drawn);
}
