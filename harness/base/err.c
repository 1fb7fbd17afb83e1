/* err.c - see err.h. A message that is too long is cut at its end. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"
#include "base/sensitive.h"

#define SECRETS 16
#define SECRET_LEAST 6  /* bytes; what is shorter may be any word */
#define SECRET_BEGINS 8 /* of one that is cut, wherever it stands */
#define BEFORE_LEAST 4  /* bytes by which fewer of it are known */
#define BEFORE_MOST 16

const char *err_words(int number)
{
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
    const char *words = strerrordesc_np(number);

    return words ? words : "an error without a name";
#else
    return strerror(number);
#endif
}

/* Behind what the message says so far. */
static void append(struct err *err, const char *between, const char *text)
{
    size_t used = strlen(err->msg);

    snprintf(err->msg + used, sizeof(err->msg) - used, "%s%s", between, text);
}

struct hidden {
    const char *text;
    size_t length;
    size_t before; /* bytes in front of it, by which a part of it is known */
};
static struct hidden hidden[SECRETS];
static size_t hidden_count;

void err_hide(const char *text, size_t before, size_t length)
{
    if (length < SECRET_LEAST || hidden_count == SECRETS)
        return;
    hidden[hidden_count++] = (struct hidden){ text + before, length, before };
}

/* Does what is in front of the secret stand in front of the place, too? */
static bool is_known_by(const struct hidden *secret, const char *text, const char *at)
{
    size_t before = secret->before < BEFORE_MOST ? secret->before : BEFORE_MOST;

    return before >= BEFORE_LEAST && (size_t)(at - text) >= before &&
           memcmp(at - before, secret->text - before, before) == 0;
}

/* How many bytes of the secret are there; 0: too few to tell. */
static size_t begins(const struct hidden *secret, const char *text, const char *at,
                     bool is_cut)
{
    size_t same = 0;

    while (same < secret->length && at[same] == secret->text[same])
        same++;
    if (same == secret->length || same >= SECRET_BEGINS || (is_cut && !at[same]))
        return same;
    return same && is_known_by(secret, text, at) ? same : 0;
}

/* Puts SENSITIVE in the place of so many bytes, as far as there is room. Returns the end
 * of it. */
static char *replace(char *text, size_t size, char *at, size_t length)
{
    size_t room = size - 1 - (size_t)(at - text), tail = strlen(at + length);
    size_t mark = strlen(SENSITIVE) < room ? strlen(SENSITIVE) : room;

    if (tail > room - mark)
        tail = room - mark;
    memmove(at + mark, at + length, tail);
    memcpy(at, SENSITIVE, mark);
    at[mark + tail] = '\0';
    return at + mark;
}

/* Where there is no room left the text may have had more bytes, before or because one of
 * them was replaced, and the last ones may begin another. */
static void hide(char *text, size_t size)
{
    for (size_t i = 0; i < hidden_count; i++) {
        bool is_cut = strlen(text) == size - 1;

        for (char *at = text; *at;) {
            size_t length = begins(&hidden[i], text, at, is_cut);

            at = length ? replace(text, size, at, length) : at + 1;
        }
    }
}

/* A message quotes what others have written: it must not reach a terminal as it is. */
__attribute__((format(printf, 2, 0))) static void say(struct err *err, const char *format,
                                                      va_list args)
{
    char text[sizeof(err->msg)];

    vsnprintf(text, sizeof(text), format, args);
    hide(text, sizeof(text));
    printable_copy(err->msg, sizeof(err->msg), text, "\n\t");
}

int err_set(struct err *err, int code, const char *format, ...)
{
    va_list args;

    err->code = code;
    va_start(args, format);
    say(err, format, args);
    va_end(args);
    return code;
}

int err_wrap(struct err *err, const char *format, ...)
{
    char inner[sizeof(err->msg)];
    va_list args;

    memcpy(inner, err->msg, sizeof(inner));
    va_start(args, format);
    say(err, format, args);
    va_end(args);
    append(err, ": ", inner);
    return err->code;
}

int err_errno(struct err *err, const char *format, ...)
{
    int code = -errno;
    va_list args;

    err->code = code;
    va_start(args, format);
    say(err, format, args);
    va_end(args);
    append(err, ": ", err_words(-code));
    return code;
}

void err_append(struct err *err, const struct err *other)
{
    if (!err->code)
        *err = *other;
    else if (other->code)
        append(err, "; and: ", other->msg);
}
