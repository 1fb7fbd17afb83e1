/* err.c - see err.h. A message that is too long is cut at its end. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"
#include "base/sensitive.h"

#define SECRETS 16
#define SECRET_LEAST 6  /* bytes; what is shorter may be any word */
#define SECRET_BEGINS 8 /* of one that is cut */

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

static struct {
    const char *text;
    size_t length;
} hidden[SECRETS];
static size_t hidden_count;

void err_hide(const char *secret, size_t length)
{
    if (length < SECRET_LEAST || hidden_count == SECRETS)
        return;
    hidden[hidden_count].text = secret;
    hidden[hidden_count++].length = length;
}

/* How many bytes of the secret begin the text; 0: too few to tell. */
static size_t begins(const char *text, const char *secret, size_t length)
{
    size_t same = 0;

    while (same < length && text[same] == secret[same])
        same++;
    return same == length || same >= SECRET_BEGINS ? same : 0;
}

/* Each of them is longer than what takes its place. */
static void hide(char *text)
{
    for (size_t i = 0; i < hidden_count; i++)
        for (char *at = text; *at; at++) {
            size_t length = begins(at, hidden[i].text, hidden[i].length);

            if (!length)
                continue;
            memcpy(at, SENSITIVE, strlen(SENSITIVE));
            at += strlen(SENSITIVE) - 1;
            memmove(at + 1, at + 1 + length - strlen(SENSITIVE),
                    strlen(at + 1 + length - strlen(SENSITIVE)) + 1);
        }
}

/* A message quotes what others have written: it must not reach a terminal as it is. */
__attribute__((format(printf, 2, 0))) static void say(struct err *err, const char *format,
                                                      va_list args)
{
    char text[sizeof(err->msg)];

    vsnprintf(text, sizeof(text), format, args);
    hide(text);
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
