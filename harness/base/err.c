/* err.c - see err.h. A message that is too long is cut at its end. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"

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

/* A message quotes what others have written: it must not reach a terminal as it is. */
__attribute__((format(printf, 2, 0))) static void say(struct err *err, const char *format,
                                                      va_list args)
{
    char text[sizeof(err->msg)];

    vsnprintf(text, sizeof(text), format, args);
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
