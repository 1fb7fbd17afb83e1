/* monitor.c - see monitor.h. */
#include "redis/monitor.h"

#include <stdbool.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"

int monitor_open(const struct address *address, struct monitor *ret, struct err *err)
{
    CLEANUP(connection_closep) redisContext *connection = NULL;
    CLEANUP(reply_freep) redisReply *reply = NULL;
    int code = connection_open(address, &connection, err);

    if (code == 0)
        code = CONNECTION_COMMAND(connection, &reply, err, "MONITOR");
    if (code == 0)
        ret->connection = TAKE_PTR(connection);
    return code;
}

void monitor_close(struct monitor *monitor)
{
    monitor->connection = connection_close(monitor->connection);
}

/* Valkey 8.1 leaves quotes inside of words as they are. */
static bool ends_word(const char *at)
{
    return at[0] == '"' && (at[1] == ' ' || !at[1]);
}

/* Takes a word in quotes apart; *at is its first quote, and then what follows the last.
 * The word's end. NULL: it has none. */
static char *unquote(char **at)
{
    static const char escapes[] = "nrtab", bytes[] = "\n\r\t\a\b";
    char *from = *at + 1, *to = from;

    for (; !ends_word(from); from++) {
        bool escaped = *from == '\\';
        const char *escape;

        from += escaped;
        if (!*from)
            return NULL;
        if (escaped && *from == 'x' && str_hex(from + 1, to)) {
            to++;
            from += 2;
            continue;
        }
        escape = escaped ? strchr(escapes, *from) : NULL;
        *to++ = escape ? bytes[escape - escapes] : *from;
    }
    *at = from + 1;
    return to;
}

int monitor_parse(char *line, int most, const char **argv, size_t *lengths)
{
    char *at = strstr(line, "] \"");
    int argc = 0;

    if (!at)
        return -1;
    for (at += 2; *at == '"' && argc < most; at += *at == ' ') {
        char *start = at, *end = unquote(&at);

        if (!end)
            return -1;
        argv[argc] = start + 1;
        lengths[argc++] = (size_t)(end - start - 1);
    }
    return argc;
}

/* Is it what was sent to find the end? */
static bool is_mark(int argc, const char *const *argv, const size_t *lengths,
                    const char *mark)
{
    return argc == 2 && lengths[1] == strlen(mark) &&
           memcmp(argv[1], mark, lengths[1]) == 0;
}

int monitor_each(struct monitor *monitor, redisContext *connection, monitor_visit *visit,
                 void *context, struct err *err)
{
    CLEANUP(reply_freep) redisReply *echo = NULL;
    char mark[SECRET_TEXT];
    int code = secret_make(mark, err);

    if (code == 0)
        code = CONNECTION_COMMAND(connection, &echo, err, "ECHO", mark);
    while (code == 0) {
        CLEANUP(reply_freep) redisReply *line = NULL;
        CLEANUP(mem_freep) const char **argv = NULL;
        CLEANUP(mem_freep) size_t *lengths = NULL;
        int most, argc;

        code = connection_read(monitor->connection, "MONITOR", &line, err);
        if (code < 0)
            break;
        most = (int)(line->len / 3 + 1);
        argv = MEM_ARRAY(const char *, (size_t)most);
        lengths = MEM_ARRAY(size_t, (size_t)most);
        argc = monitor_parse(line->str, most, argv, lengths);
        if (argc < 0)
            code = err_set(err, -EPROTO, "Redis says of a command what makes no sense");
        else if (is_mark(argc, argv, lengths, mark))
            break;
        else if (argc > 0)
            visit(context, argc, argv, lengths);
    }
    return code < 0 ? err_wrap(err, "listen to what an update does") : 0;
}
