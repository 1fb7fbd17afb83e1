/* shift.c - see shift.h. */
#include "tap/shift.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "redis/resp.h"

/* Options behind which an instant is told. What is said in seconds is sent in
 * milliseconds, since clocks seldom differ by whole ones. */
struct option {
    const char *name;
    const char *in_ms; /* what is sent instead if it tells seconds; else NULL */
};
static const struct option expiries[] = { { "EXAT", "PXAT" },
                                          { "PXAT", NULL },
                                          { NULL, NULL } };
static const struct option claims[] = { { "TIME", NULL }, { NULL, NULL } };

/* Commands that set something for an instant: in which word, or behind which options. */
static const struct {
    const char *command;
    size_t at;         /* 0: behind an option */
    const char *in_ms; /* see struct option, for the command's own name */
    const char *only;  /* if this option is among the rest; NULL: always */
    const struct option *options;
    size_t from; /* the first word that may be one */
} setters[] = {
    { "EXPIREAT", 2, "PEXPIREAT", NULL, NULL, 0 },
    { "PEXPIREAT", 2, NULL, NULL, NULL, 0 },
    { "HEXPIREAT", 2, "HPEXPIREAT", NULL, NULL, 0 },
    { "HPEXPIREAT", 2, NULL, NULL, NULL, 0 },
    { "RESTORE", 2, NULL, "ABSTTL", NULL, 0 },
    { "SET", 0, NULL, NULL, expiries, 3 },
    { "GETEX", 0, NULL, NULL, expiries, 2 },
    { "HSETEX", 0, NULL, NULL, expiries, 2 },
    { "HGETEX", 0, NULL, NULL, expiries, 2 },
    /* Behind the key, the group, the consumer, how long idle at least, and an id. */
    { "XCLAIM", 0, NULL, NULL, claims, 6 },
};

/* Of fields, by the thousand, since Lua unpacks no more than some thousands at once. */
#define OF_FIELDS(moved)                                                                 \
    "local all = {} "                                                                    \
    "for first = 5, #ARGV, 1000 do "                                                     \
    "local last = math.min(first + 999, #ARGV) "                                         \
    "local some = redis.pcall('HPEXPIRETIME', KEYS[1], 'FIELDS', last - first + 1, "     \
    "unpack(ARGV, first, last)) "                                                        \
    "if type(some) ~= 'table' or some.err then return some end "                         \
    "for _, t in ipairs(some) do all[#all + 1] = t < 0 and t or " moved " end "          \
    "end "                                                                               \
    "return all"

/* Commands that tell instants, and the script that tells them by the other clock: ARGV[1]
 * is how far that is ahead in seconds, [2] in ms, [3] and [4] its seconds and
 * microseconds if it stands, or ""; behind them, fields. Redis rounds the expiry of a
 * key, and that of a field up; Valkey, which says its name to scripts, rounds both. */
static const struct {
    const char *command;
    size_t words; /* 0: a key, FIELDS, how many, and so many of them */
    const char *script;
} askers[] = {
    { "TIME", 1,
      "if ARGV[3] ~= '' then return { ARGV[3], ARGV[4] } end "
      "local t = redis.call('TIME') "
      "return { string.format('%.0f', t[1] + ARGV[1]), t[2] }" },
    { "EXPIRETIME", 2,
      "local t = redis.call('PEXPIRETIME', KEYS[1]) "
      "return t < 0 and t or math.floor((t + ARGV[2] + 500) / 1000)" },
    { "PEXPIRETIME", 2,
      "local t = redis.call('PEXPIRETIME', KEYS[1]) "
      "return t < 0 and t or t + ARGV[2]" },
    { "HEXPIRETIME", 0,
      OF_FIELDS(
          "(redis.SERVER_NAME == 'valkey' and math.floor((t + ARGV[2] + 500) / 1000) "
          "or math.ceil((t + ARGV[2]) / 1000))") },
    { "HPEXPIRETIME", 0, OF_FIELDS("t + ARGV[2]") },
};
#define BEFORE_FIELDS 4 /* words of those that ask for them */

/* As Redis reads a number: digits alone, and none too many in front. */
static bool parse(struct str word, int64_t *ret)
{
    int64_t number = 0;

    if (!word.length || word.bytes[0] == '0')
        return false;
    for (size_t i = 0; i < word.length; i++)
        if (word.bytes[i] < '0' || word.bytes[i] > '9' ||
            __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, word.bytes[i] - '0', &number))
            return false;
    *ret = number;
    return true;
}

/* The instant in ms, by the server's clock; one before 1970 is as much in the past as the
 * first one after it. */
static bool move(struct str word, bool seconds, int64_t ahead_ms, int64_t *ret)
{
    int64_t instant;

    if (!parse(word, &instant) ||
        (seconds && __builtin_mul_overflow(instant, 1000, &instant)) ||
        __builtin_sub_overflow(instant, ahead_ms, &instant))
        return false;
    *ret = instant > 0 ? instant : 1;
    return true;
}

/* Where a command tells an instant, and which word has to be another one if it is told in
 * ms. */
struct place {
    size_t instant; /* 0: nowhere */
    size_t unit;
    const char *in_ms; /* NULL: it is */
};

static struct place find_option(const struct option *options, size_t from,
                                const struct str *words, size_t count)
{
    for (size_t i = from; i + 1 < count && !str_is_word(words[i], "FIELDS"); i++)
        for (const struct option *option = options; option->name; option++)
            if (str_is_word(words[i], option->name))
                return (struct place){ i + 1, i, option->in_ms };
    return (struct place){ 0, 0, NULL };
}

static struct place find_instant(const struct str *words, size_t count)
{
    size_t row = 0, only = 0;

    while (row < ARRAY_SIZE(setters) && !str_is_word(words[0], setters[row].command))
        row++;
    if (row < ARRAY_SIZE(setters) && !setters[row].at)
        return find_option(setters[row].options, setters[row].from, words, count);
    if (row == ARRAY_SIZE(setters) || setters[row].at >= count)
        return (struct place){ 0, 0, NULL };
    /* Behind the key, the instant, and what RESTORE writes. */
    for (size_t i = 4; i < count && setters[row].only && !only; i++)
        only = str_is_word(words[i], setters[row].only) ? i : 0;
    if (setters[row].only && !only)
        return (struct place){ 0, 0, NULL };
    return (struct place){ setters[row].at, 0, setters[row].in_ms };
}

static bool shift_setter(int64_t ahead_ms, const struct str *words, size_t count,
                         struct buffer *ret)
{
    struct place place = find_instant(words, count);
    int64_t instant;
    char text[24];

    if (!place.instant ||
        !move(words[place.instant], place.in_ms != NULL, ahead_ms, &instant))
        return false;
    snprintf(text, sizeof(text), "%" PRId64, instant);
    resp_put_count(ret, count);
    for (size_t i = 0; i < count; i++)
        resp_put_word(ret, i == place.instant               ? str_of(text)
                           : place.in_ms && i == place.unit ? str_of(place.in_ms)
                                                            : words[i]);
    return true;
}

/* Is it what this row is for, and something that Redis would answer? */
static bool asks(size_t row, const struct str *words, size_t count)
{
    int64_t fields;

    if (!str_is_word(words[0], askers[row].command))
        return false;
    if (askers[row].words)
        return count == askers[row].words;
    return count > BEFORE_FIELDS && str_is_word(words[2], "FIELDS") &&
           parse(words[3], &fields) && (uint64_t)fields == count - BEFORE_FIELDS;
}

static bool shift_asker(const struct shift *shift, int64_t ahead_ms,
                        const struct str *words, size_t count, struct buffer *ret)
{
    char seconds[24], ms[24], stands[24] = "", us[24] = "";
    size_t row = 0, keys = count > 1, fields;

    while (row < ARRAY_SIZE(askers) && !asks(row, words, count))
        row++;
    if (row == ARRAY_SIZE(askers))
        return false;
    fields = askers[row].words ? 0 : count - BEFORE_FIELDS;
    snprintf(seconds, sizeof(seconds), "%" PRId64, ahead_ms / 1000);
    snprintf(ms, sizeof(ms), "%" PRId64, ahead_ms);
    if (shift->frozen) {
        snprintf(stands, sizeof(stands), "%" PRId64, shift->ms / 1000);
        snprintf(us, sizeof(us), "%" PRId64, shift->ms % 1000 * 1000);
    }
    resp_put_count(ret, 3 + keys + 4 + fields);
    resp_put_word(ret, STR("EVAL"));
    resp_put_word(ret, str_of(askers[row].script));
    resp_put_word(ret, keys ? STR("1") : STR("0"));
    if (keys)
        resp_put_word(ret, words[1]);
    resp_put_word(ret, str_of(seconds));
    resp_put_word(ret, str_of(ms));
    resp_put_word(ret, str_of(stands));
    resp_put_word(ret, str_of(us));
    for (size_t i = 0; i < fields; i++)
        resp_put_word(ret, words[BEFORE_FIELDS + i]);
    return true;
}

bool shift_command(const struct shift *shift, int64_t now_ms, const struct str *words,
                   size_t count, struct buffer *ret)
{
    int64_t ahead_ms = shift->frozen ? shift->ms - now_ms : shift->ms;

    if (!count || (!shift->frozen && !shift->ms) || mutant("unshifted"))
        return false;
    return shift_setter(ahead_ms, words, count, ret) ||
           shift_asker(shift, ahead_ms, words, count, ret);
}
