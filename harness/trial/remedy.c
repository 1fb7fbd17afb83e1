/* remedy.c - see remedy.h. */
#include "trial/remedy.h"

#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "trial/draft.h"

static bool are_there(const struct recording *recording, const struct remedy *remedy)
{
    for (size_t i = 0; i < remedy->places; i++)
        if (remedy->at[i].from > remedy->at[i].first ||
            remedy->at[i].first >= recording->commands ||
            remedy->at[i].second >= recording->commands)
            return false;
    return remedy->places;
}

/* Taken apart. */
static bool draft_of(const struct recording *recording, struct draft *ret)
{
    struct err ignored = ERR_NULL;

    *ret = DRAFT_NULL;
    return draft_make(recording, ret, &ignored) == 0;
}

/* --- one piece --- */

static bool make_multi(struct draft *draft, const struct remedy_place *at)
{
    return draft_enclose(draft, at->from, at->second, "[", COMMAND_BLOCKS);
}

static bool make_multi_nx(struct draft *draft, const struct remedy_place *at)
{
    struct part *expiry = &draft->parts[at->second];

    if (!part_has_any(expiry, COMMAND_ONLY_EXPIRY) ||
        part_has_any(expiry, COMMAND_OF_FIELDS))
        return false;
    if (expiry->count == 3)
        part_add_word(draft, expiry, STR("NX"));
    return expiry->count == 4 && str_is_word(expiry->words[3], "NX") &&
           make_multi(draft, at);
}

static bool make_script(struct draft *draft, const struct remedy_place *at)
{
    return draft_enclose(draft, at->from, at->second, "lua(",
                         COMMAND_BLOCKS | COMMAND_SCRIPT);
}

/* --- one command instead of two --- */

/* SETNX and GETSET become the SET that does the same. */
static bool as_set(struct draft *draft, struct part *part)
{
    const struct str set[] = { STR("SET"), part->words[1],
                               part->count > 2 ? part->words[2] : STR("") };
    const bool nx = part_is(part, "SETNX"), get = part_is(part, "GETSET");

    if (part->count < 3 ||
        part_has_any(part, COMMAND_SETS_EXPIRY | COMMAND_KEEPS_EXPIRY) ||
        !(part_is(part, "SET") || nx || get))
        return false;
    if (nx || get) {
        part_set_words(draft, part, set, ARRAY_SIZE(set));
        part_add_word(draft, part, nx ? STR("NX") : STR("GET"));
    }
    return true;
}

static bool make_set_expiry(struct draft *draft, const struct remedy_place *at)
{
    struct part *set = &draft->parts[at->first];
    struct part *expiry = &draft->parts[at->second];
    const char *option = command_expiry_option(&expiry->command);

    if (expiry->count != 3 || !option || !as_set(draft, set))
        return false;
    part_add_word(draft, set, str_of(option));
    part_add_word(draft, set, expiry->words[2]);
    expiry->gone = true;
    return true;
}

/* HSET key field value, HEXPIRE key seconds FIELDS 1 field. */
static bool make_hsetex(struct draft *draft, const struct remedy_place *at)
{
    struct part *set = &draft->parts[at->first];
    struct part *expiry = &draft->parts[at->second];
    const struct str *pairs = set->words + 2;
    const char *option = command_expiry_option(&expiry->command);
    size_t count = set->count - 2;
    char *fields;

    if (set->count < 4 || set->count % 2 || expiry->count != 4 + set->count / 2 ||
        !str_is_word(expiry->words[3], "FIELDS"))
        return false;
    fields = arena_take(&draft->arena, 24);
    snprintf(fields, 24, "%zu", set->count / 2 - 1);
    part_set_words(draft, set,
                   (const struct str[]){ STR("HSETEX"), set->words[1], str_of(option),
                                         expiry->words[2], STR("FIELDS"),
                                         str_of(fields) },
                   6);
    for (size_t i = 0; i < count; i++)
        part_add_word(draft, set, pairs[i]);
    expiry->gone = true;
    return true;
}

static bool is_plain_set(const struct part *part)
{
    return part_is(part, "SET") && part->count == 3;
}

/* Are its words behind the key pairs or single elements, and no options? */
static bool is_variadic(const struct part *part)
{
    if (part_is(part, "ZADD"))
        return part->count == 4;
    return part_has_any(part, COMMAND_ADDS) &&
           part_has_any(part, COMMAND_HASH | COMMAND_LIST | COMMAND_SET) &&
           !part_has_any(part, COMMAND_COUNTS | COMMAND_IF_ABSENT | COMMAND_OF_FIELDS |
                                   COMMAND_POPS | COMMAND_REMOVES) &&
           (part_has_any(part, COMMAND_PUSHES) || !part_has_any(part, COMMAND_LIST));
}

/* What only reads stays where it is. */
static bool make_one(struct draft *draft, const struct remedy_place *at)
{
    struct part *first = &draft->parts[at->first];
    bool sets = is_plain_set(first);

    if (!sets && !is_variadic(first))
        return false;
    for (size_t i = at->first + 1; i <= at->second; i++) {
        struct part *part = &draft->parts[i];

        if (part_has_any(part, COMMAND_READS | COMMAND_CONTROL))
            continue;
        if (sets ? !is_plain_set(part)
                 : !part_is(part, first->command.name) || !is_variadic(part) ||
                       part->command.key_hash != first->command.key_hash)
            return false;
        for (size_t w = sets ? 1 : 2; w < part->count; w++)
            part_add_word(draft, first, part->words[w]);
        part->gone = true;
    }
    if (sets)
        first->words[0] = STR("MSET");
    return true;
}

static bool make_one_multi(struct draft *draft, const struct remedy_place *at)
{
    struct part *first = &draft->parts[at->first];

    if (!is_variadic(first))
        return false;
    for (size_t i = at->first + 1; i < at->second; i++) {
        struct part *part = &draft->parts[i];

        if (!part_is(part, first->command.name) || !is_variadic(part) ||
            part->command.key_hash != first->command.key_hash)
            continue;
        for (size_t w = 2; w < part->count; w++)
            part_add_word(draft, first, part->words[w]);
        part->gone = true;
    }
    return make_multi(draft, at);
}

/* Whether what is pushed is what was popped, its trial will show. */
static bool make_move(struct draft *draft, const struct remedy_place *at)
{
    struct part *a = &draft->parts[at->first], *b = &draft->parts[at->second];
    bool removes = part_has_any(a, COMMAND_REMOVES);
    const struct part *source = removes ? a : b, *target = removes ? b : a;

    if (part_is(source, "SREM") && part_is(target, "SADD") && a->count == 3 &&
        b->count == 3) {
        const struct str move[] = { STR("SMOVE"), source->words[1], target->words[1],
                                    source->words[2] };

        part_set_words(draft, a, move, ARRAY_SIZE(move));
    } else if (part_has_any(a, COMMAND_POPS) && part_has_any(b, COMMAND_PUSHES) &&
               b->count == 3 && a->count == (part_has_any(a, COMMAND_BLOCKS) ? 3 : 2)) {
        const bool waits = part_has_any(a, COMMAND_BLOCKS);
        const struct str move[] = { waits ? STR("BLMOVE") : STR("LMOVE"),
                                    a->words[1],
                                    b->words[1],
                                    str_of(command_list_end(&a->command)),
                                    str_of(command_list_end(&b->command)),
                                    a->words[a->count - 1] };

        part_set_words(draft, a, move, ARRAY_SIZE(move) - !waits);
    } else {
        return false;
    }
    b->gone = true;
    return true;
}

/* --- another order, and expiries --- */

static bool make_leave_out(struct draft *draft, const struct remedy_place *at)
{
    struct part *first = &draft->parts[at->first];

    if (first->count != 2)
        return false;
    first->gone = true;
    return true;
}

/* Of the key that is about to be moved. */
static bool make_expire_first(struct draft *draft, const struct remedy_place *at)
{
    struct part expiry = draft->parts[at->second];

    if (expiry.count < 3)
        return false;
    part_set_words(draft, &expiry, expiry.words, expiry.count);
    expiry.words[1] = draft->parts[at->first].words[1];
    draft->parts[at->second].gone = true;
    draft_insert(draft, at->first, &expiry);
    return true;
}

static bool make_expire_behind(struct draft *draft, const struct remedy_place *at)
{
    struct part expiry = draft->parts[at->second];

    expiry.joined = true;
    draft->parts[at->second].gone = true;
    draft_insert(draft, at->first + 1, &expiry);
    return draft_enclose(draft, at->first, at->first + 1, "[", COMMAND_BLOCKS);
}

static bool make_keep_expiry(struct draft *draft, const struct remedy_place *at)
{
    struct part *set = &draft->parts[at->first];

    if (!as_set(draft, set))
        return false;
    part_add_word(draft, set, STR("KEEPTTL"));
    return true;
}

/* In the draft's arena. */
static struct str seconds_of(struct draft *draft)
{
    char *seconds = arena_take(&draft->arena, 24);

    snprintf(seconds, 24, "%lld", (long long)draft->expiry_s);
    return str_of(seconds);
}

/* EXPIRE of the first's key behind it, with the option if that is not "". */
static bool add_expire(struct draft *draft, const struct remedy_place *at,
                       struct str option)
{
    struct part *first = &draft->parts[at->first];
    const struct str expire[] = { STR("EXPIRE"), part_key(first), seconds_of(draft),
                                  option };
    struct part expiry = { .joined = true };

    if (!first->command.key_hash || draft->expiry_s <= 0)
        return false;
    part_set_words(draft, &expiry, expire, ARRAY_SIZE(expire) - !option.length);
    draft_insert(draft, at->first + 1, &expiry);
    return draft_enclose(draft, at->first, at->first + 1, "[",
                         COMMAND_BLOCKS | COMMAND_DELETES);
}

static bool make_expire(struct draft *draft, const struct remedy_place *at)
{
    struct part *first = &draft->parts[at->first];

    if (draft->expiry_s <= 0 || !as_set(draft, first))
        return add_expire(draft, at, STR(""));
    part_add_word(draft, first, STR("EX"));
    part_add_word(draft, first, seconds_of(draft));
    return true;
}

static bool make_expire_nx(struct draft *draft, const struct remedy_place *at)
{
    return add_expire(draft, at, STR("NX"));
}

/* --- locks --- */

static bool deletes_only(const struct part *part, uint64_t key_hash)
{
    return part->count == 2 && part->command.key_hash == key_hash &&
           (part_is(part, "DEL") || part_is(part, "UNLINK"));
}

/* The deletion behind the lock compares the value. */
static bool make_owned(struct draft *draft, const struct remedy_place *at)
{
    static const char script[] =
        "if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) end";
    struct part *lock = &draft->parts[at->first];

    if (lock->count < 3 || mutant("lock-unowned"))
        return false;
    for (size_t i = at->first + 1; i < draft->count; i++) {
        struct part *part = &draft->parts[i];
        const struct str compare[] = { STR("EVAL"), str_of(script), STR("1"),
                                       part_key(lock), lock->words[2] };

        if (!deletes_only(part, lock->command.key_hash))
            continue;
        part_set_words(draft, part, compare, ARRAY_SIZE(compare));
        return true;
    }
    return false;
}

static bool make_expire_owned(struct draft *draft, const struct remedy_place *at)
{
    return make_owned(draft, at) && make_expire(draft, at);
}

static bool make_set_expiry_owned(struct draft *draft, const struct remedy_place *at)
{
    return make_owned(draft, at) && make_set_expiry(draft, at);
}

/* --- all of them --- */

static const struct {
    const char *name;
    bool (*make)(struct draft *draft, const struct remedy_place *at);
} kinds[REMEDY_COUNT] = {
    [REMEDY_NONE] = { "none", NULL },
    [REMEDY_MULTI] = { "multi", make_multi },
    [REMEDY_MULTI_NX] = { "multi-nx", make_multi_nx },
    [REMEDY_SCRIPT] = { "script", make_script },
    [REMEDY_SET_EXPIRY] = { "set-expiry", make_set_expiry },
    [REMEDY_HSETEX] = { "hsetex", make_hsetex },
    [REMEDY_ONE] = { "one", make_one },
    [REMEDY_ONE_MULTI] = { "one-multi", make_one_multi },
    [REMEDY_MOVE] = { "move", make_move },
    [REMEDY_LEAVE_OUT] = { "leave-out", make_leave_out },
    [REMEDY_EXPIRE_FIRST] = { "expire-first", make_expire_first },
    [REMEDY_EXPIRE_BEHIND] = { "expire-behind", make_expire_behind },
    [REMEDY_KEEP_EXPIRY] = { "keep-expiry", make_keep_expiry },
    [REMEDY_EXPIRE] = { "expire", make_expire },
    [REMEDY_EXPIRE_NX] = { "expire-nx", make_expire_nx },
    [REMEDY_EXPIRE_OWNED] = { "expire-owned", make_expire_owned },
    [REMEDY_SET_EXPIRY_OWNED] = { "set-expiry-owned", make_set_expiry_owned },
};

const char *remedy_name(enum remedy_kind kind)
{
    return kinds[kind].name;
}

bool remedy_parse(const char *name, enum remedy_kind *ret)
{
    for (enum remedy_kind kind = 0; kind < REMEDY_COUNT; kind++)
        if (strcmp(kinds[kind].name, name) == 0) {
            *ret = kind;
            return true;
        }
    return false;
}

static const char *const outcomes[CURE_OUTCOMES] = {
    [CURE_TRIED] = "tried",       [CURE_IMPOSSIBLE] = "impossible",
    [CURE_VARIES] = "varies",     [CURE_DEPENDS] = "depends",
    [CURE_ASKS] = "asks",         [CURE_STOPS] = "stops",
    [CURE_REFUSED] = "refused",   [CURE_OTHER] = "other",
    [CURE_UNJUDGED] = "unjudged",
};

const char *cure_outcome_name(enum cure_outcome outcome)
{
    return outcomes[outcome];
}

bool cure_outcome_parse(const char *name, enum cure_outcome *ret)
{
    for (enum cure_outcome outcome = 0; outcome < CURE_OUTCOMES; outcome++)
        if (strcmp(outcomes[outcome], name) == 0) {
            *ret = outcome;
            return true;
        }
    return false;
}

/* How many answers the last command was sent after. */
static uint64_t answers_heard(const struct recording *recording)
{
    return recording->commands ? recording->traces[recording->commands - 1].replies : 0;
}

bool remedy_waits(const struct recording *recording, const struct remedy *remedy)
{
    return remedy->places && answers_heard(recording) > remedy->at[0].from;
}

bool remedy_asks(const struct recording *recording, const struct remedy *remedy)
{
    const uint32_t asks = COMMAND_READS | COMMAND_POPS | COMMAND_RETURNS |
                          COMMAND_IF_ABSENT | COMMAND_BLOCKS;
    CLEANUP(draft_release) struct draft draft = DRAFT_NULL;

    if (!are_there(recording, remedy) || !draft_of(recording, &draft))
        return false;
    for (size_t p = 0; p < remedy->places; p++)
        for (size_t i = remedy->at[p].from; i < remedy->at[p].second; i++)
            if (part_has_any(&draft.parts[i], asks) && answers_heard(recording) > i)
                return true;
    return false;
}

bool remedy_key(const struct recording *recording, const struct remedy *remedy,
                struct buffer *ret)
{
    CLEANUP(draft_release) struct draft draft = DRAFT_NULL;

    if (!are_there(recording, remedy) || !draft_of(recording, &draft) ||
        !draft.parts[remedy->at[0].first].command.key_hash)
        return false;
    buffer_add(ret, part_key(&draft.parts[remedy->at[0].first]));
    return true;
}

/* Whatever was inserted or taken out before. */
static bool make(struct draft *draft, const struct remedy *remedy)
{
    draft->expiry_s = remedy->expiry_s;
    for (size_t i = 0; i < remedy->places; i++) {
        const struct remedy_place at = {
            .from = draft_place(draft, remedy->at[i].from),
            .first = draft_place(draft, remedy->at[i].first),
            .second = draft_place(draft, remedy->at[i].second),
        };

        if (!kinds[remedy->kind].make(draft, &at))
            return false;
    }
    return true;
}

char *remedy_text(const struct recording *recording, const struct remedy *remedies,
                  size_t count)
{
    CLEANUP(draft_release) struct draft draft = DRAFT_NULL;
    size_t places = 0;

    for (size_t i = 0; i < count; i++) {
        places += remedies[i].places;
        if (remedies[i].kind >= REMEDY_COUNT || !kinds[remedies[i].kind].make ||
            !are_there(recording, &remedies[i]))
            return NULL;
    }
    if (!count || places > DRAFT_INSERTED || !draft_of(recording, &draft))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (!make(&draft, &remedies[i]))
            return NULL;
    return draft_text(&draft);
}
