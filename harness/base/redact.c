/* redact.c - see redact.h. */
#include "base/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/sensitive.h"

static struct str between(const char *from, const char *to)
{
    return (struct str){ from, (size_t)(to - from) };
}

static void put(FILE *out, struct str text)
{
    fwrite(text.bytes, 1, text.length, out);
}

/* ---- names ---- */

static bool in_name(char byte)
{
    return isalnum((unsigned char)byte) || (byte && strchr("_-.", byte));
}

/* The value of the first assignment to a secret name; NULL if there is none. */
static const char *find_secret_value(const char *argument)
{
    for (const char *sign = strchr(argument, '='); sign; sign = strchr(sign + 1, '=')) {
        const char *name = sign;

        while (name > argument && in_name(name[-1]))
            name--;
        if (sensitive_name(between(name, sign)))
            return sign + 1;
    }
    return NULL;
}

/* An option of a secret name whose value is the next argument? */
static bool announces_secret(const char *argument)
{
    return argument[0] == '-' && !strchr(argument, '=') &&
           (sensitive_name(str_of(argument)) || strcmp(argument, "--pass") == 0);
}

/* ---- URLs ---- */

static const char *last_at(struct str text)
{
    return memrchr(text.bytes, '@', text.length);
}

/* May it be "host", "host:port" or "[address]:port"? Without this, it is a user and the
 * beginning of a password with a '/', '?' or '#' in it. */
static bool is_host(struct str authority)
{
    const char *end = authority.bytes + authority.length;
    const char *colon = memchr(authority.bytes, ':', authority.length);

    if (authority.length && authority.bytes[0] == '[')
        return true;
    if (!colon)
        return true;
    for (const char *p = colon + 1; p < end; p++)
        if (!isdigit((unsigned char)*p))
            return false;
    return colon > authority.bytes;
}

/* The '@' that ends the user of a URL; NULL: it has none. `start` follows the "://",
 * `end` is where the next URL or the text ends. */
static const char *find_user_end(const char *start, const char *end)
{
    struct str rest = between(start, end);
    size_t length = strcspn(start, "/?#");
    struct str authority = { start, length < rest.length ? length : rest.length };
    const char *at = last_at(authority);

    if (at || is_host(authority))
        return at;
    return last_at(rest);
}

/* Prints the user up to the '@', and what it must not show as SENSITIVE. */
static void put_user(FILE *out, const char *start, const char *at)
{
    const char *colon = memchr(start, ':', (size_t)(at - start));
    const char *secret = colon ? colon + 1 : start;

    put(out, between(start, secret));
    if (secret < at)
        fputs(SENSITIVE, out);
}

static void put_without_passwords(FILE *out, struct str text)
{
    static const char mark[] = "://";
    const size_t mark_length = sizeof(mark) - 1;
    const char *p = text.bytes, *end = text.bytes + text.length, *start;

    while ((start = memmem(p, (size_t)(end - p), mark, mark_length))) {
        const char *next, *at;

        start += mark_length;
        next = memmem(start, (size_t)(end - start), mark, mark_length);
        at = find_user_end(start, next ? next : end);
        put(out, between(p, start));
        if (at)
            put_user(out, start, at);
        p = at ? at : start;
    }
    put(out, between(p, end));
}

/* ---- arguments ---- */

static void put_argument(FILE *out, const char *argument)
{
    const char *value = find_secret_value(argument);

    if (!value) {
        put_without_passwords(out, str_of(argument));
        return;
    }
    put_without_passwords(out, between(argument, value));
    if (*value)
        fputs(SENSITIVE, out);
}

char *redact_argument(const char *argument, const char *previous)
{
    char *text;
    FILE *out;

    if (previous && announces_secret(previous))
        return mem_strdup(SENSITIVE);
    out = mem_stream(&text);
    put_argument(out, argument);
    fclose(out);
    return text;
}

char *redact_arguments(const char *const *arguments, size_t count)
{
    char *text;
    FILE *out = mem_stream(&text);

    for (size_t i = 0; i < count; i++) {
        CLEANUP(mem_freep)
        char *shown = redact_argument(arguments[i], i ? arguments[i - 1] : NULL);

        if (i)
            fputc(' ', out);
        str_print_shell(out, shown);
    }
    fclose(out);
    return text;
}

char *redact_urls(const char *text)
{
    char *shown;
    FILE *out = mem_stream(&shown);

    put_without_passwords(out, str_of(text));
    fclose(out);
    return shown;
}

/* What is only in the first of the two. */
static void hide_from_messages(const char *argument, const char *shown)
{
    size_t before = 0, behind = 0, length = strlen(argument), left = strlen(shown);

    while (before < left && argument[before] == shown[before])
        before++;
    while (behind < left - before && behind < length - before &&
           argument[length - 1 - behind] == shown[left - 1 - behind])
        behind++;
    err_hide(argument, before, length - before - behind);
}

void redact_command_line(int argc, char **argv)
{
    static char **kept; /* reachable until the end, like the arguments in it */
    const char *previous = NULL;

    kept = MEM_ARRAY(char *, (size_t)argc + 1);
    for (int i = 1; i < argc; i++) {
        CLEANUP(mem_freep) char *shown = redact_argument(argv[i], previous);
        size_t length = strlen(argv[i]);

        previous = argv[i];
        if (strcmp(shown, argv[i]) == 0)
            continue;
        kept[i] = mem_strdup(argv[i]);
        previous = kept[i];
        hide_from_messages(kept[i], shown);
        memset(argv[i], 0, length);
        memcpy(argv[i], shown, strlen(shown) < length ? strlen(shown) : length);
        argv[i] = kept[i];
    }
}
