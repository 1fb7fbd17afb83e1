/* shift.c - see shift.h. */
#include "tap/shift.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "redis/resp.h"

/* Commands that set an expiry for an instant: in which word, or behind which words. What
 * is said in seconds is sent in milliseconds, since clocks seldom differ by whole ones.
 */
static const struct {
    const char *command;
    size_t at;         /* 0: behind one of the options below */
    const char *in_ms; /* what is sent instead if that word tells seconds; else NULL */
    const char *only;  /* if this option is among the rest; NULL: always */
} setters[] = {
    { "EXPIREAT", 2, "PEXPIREAT", NULL },
    { "PEXPIREAT", 2, NULL, NULL },
    { "HEXPIREAT", 2, "HPEXPIREAT", NULL },
    { "HPEXPIREAT", 2, NULL, NULL },
    { "RESTORE", 2, NULL, "ABSTTL" },
    { "SET", 0, NULL, NULL },
    { "GETEX", 0, NULL, NULL },
    { "HSETEX", 0, NULL, NULL },
    { "HGETEX", 0, NULL, NULL },
};

static const struct {
    const char *option;
    const char *in_ms;
} options[] = { { "EXAT", "PXAT" }, { "PXAT", NULL } };

/* Commands that tell instants, and the script that tells them by the other clock: ARGV[1]
 * is how far that is ahead in seconds, [2] in ms, [3] and [4] its seconds and
 * microseconds if it stands, or "". */
static const struct {
    const char *command;
    size_t words;
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
};

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

static struct place find_option(const struct str *words, size_t count)
{
    /* Behind the key, and what SET writes. */
    for (size_t i = str_is_word(words[0], "SET") ? 3 : 2;
         i + 1 < count && !str_is_word(words[i], "FIELDS"); i++)
        for (size_t o = 0; o < ARRAY_SIZE(options); o++)
            if (str_is_word(words[i], options[o].option))
                return (struct place){ i + 1, i, options[o].in_ms };
    return (struct place){ 0, 0, NULL };
}

static struct place find_instant(const struct str *words, size_t count)
{
    size_t row = 0, only = 0;

    while (row < ARRAY_SIZE(setters) && !str_is_word(words[0], setters[row].command))
        row++;
    if (row < ARRAY_SIZE(setters) && !setters[row].at)
        return find_option(words, count);
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

static bool shift_asker(const struct shift *shift, int64_t ahead_ms,
                        const struct str *words, size_t count, struct buffer *ret)
{
    char seconds[24], ms[24], stands[24] = "", us[24] = "";
    size_t row = 0;

    while (row < ARRAY_SIZE(askers) &&
           (!str_is_word(words[0], askers[row].command) || count != askers[row].words))
        row++;
    if (row == ARRAY_SIZE(askers))
        return false;
    snprintf(seconds, sizeof(seconds), "%" PRId64, ahead_ms / 1000);
    snprintf(ms, sizeof(ms), "%" PRId64, ahead_ms);
    if (shift->frozen) {
        snprintf(stands, sizeof(stands), "%" PRId64, shift->ms / 1000);
        snprintf(us, sizeof(us), "%" PRId64, shift->ms % 1000 * 1000);
    }
    resp_put_count(ret, 3 + (count - 1) + 4);
    resp_put_word(ret, STR("EVAL"));
    resp_put_word(ret, str_of(askers[row].script));
    resp_put_word(ret, count > 1 ? STR("1") : STR("0"));
    if (count > 1)
        resp_put_word(ret, words[1]);
    resp_put_word(ret, str_of(seconds));
    resp_put_word(ret, str_of(ms));
    resp_put_word(ret, str_of(stands));
    resp_put_word(ret, str_of(us));
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
