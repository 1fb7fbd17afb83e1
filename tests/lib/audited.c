/* audited.c - see audited.h. */
#include "audited.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"

/* Of a node of a cluster, from its other port. */
#define BUS_AWAY 10000

char *directory;
struct server server;
redisContext *connection;

redisContext *audited_connect(const struct server *to)
{
    redisContext *ret = NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(connection_open(&to->address, &ret, &err), 0, "%s", err.msg);
    return ret;
}

redisReply *audited_ask(redisContext *whom, const char *const *words)
{
    redisReply *reply = NULL;
    struct err err = ERR_NULL;

    cr_assert_eq(connection_command(whom, &reply, &err, words), 0, "%s", err.msg);
    return reply;
}

void audited_fill(const char *before, const char *behind, size_t count,
                  const char *seconds)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP(mem_freep) char *key = mem_printf("%s%zu%s", before, i, behind);

        if (seconds)
            SEND("SET", key, "1", "EX", seconds);
        else
            SEND("SET", key, "1");
    }
}

void audited_directory(void)
{
    directory = test_directory();
}

void audited_start(void)
{
    server = test_server(directory);
    connection = audited_connect(&server);
}

void audited_begin(void)
{
    audited_directory();
    audited_start();
}

void audited_end(void)
{
    connection_close(connection);
    server_stop(&server);
    test_directory_remove(directory);
}

/* Bound as by somebody who shares with nobody, so that the kernel gives it to nobody who
 * asks for any; and then shared with who wants just this one, and sets SO_REUSEADDR, as
 * servers do. 0: somebody has it. */
static unsigned hold_port(unsigned port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

    cr_assert_geq(fd, 0);
    if (bind(fd, (struct sockaddr *)&address, size) < 0) {
        close(fd);
        return 0;
    }
    cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

unsigned audited_hold_port(void)
{
    for (;;) {
        unsigned port = hold_port(0);

        if (port && port <= 65535 - BUS_AWAY && hold_port(port + BUS_AWAY))
            return port;
    }
}

void audited_wait_said(const struct live_run *live, const char *text)
{
    char said[8192] = "";
    size_t length = 0;

    while (!strstr(said, text) && length + 1 < sizeof(said) &&
           read(live->out_fd, said + length, 1) == 1)
        said[++length] = '\0';
    cr_assert_not_null(strstr(said, text), "no '%s' in: %s", text, said);
}

void audited_wait_rounds(const struct live_run *live)
{
    audited_wait_said(live, " keys, ");
    audited_wait_said(live, " keys, ");
}

struct run audited_stop(struct live_run *live, int number)
{
    struct run run;

    cr_assert_eq(kill(live->pid, number), 0);
    run = run_finish(live);
    cr_expect_eq(run.status, 130, "%d: %s", run.status, run.err);
    return run;
}

static bool has_command(const char *first, const char *second, const char *third)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct err err = ERR_NULL;

    return CONNECTION_COMMAND(connection, &reply, &err, first, second, third) == 0;
}

bool audited_has_histograms(void)
{
    return has_command("LATENCY", "HISTOGRAM", "set");
}

bool audited_has_no_touch(void)
{
    return has_command("CLIENT", "NO-TOUCH", "OFF");
}

char *audited_guide(void)
{
    const char *sources = getenv("SOURCES");
    CLEANUP(mem_freep) char *path = NULL;

    cr_assert_not_null(sources, "SOURCES is not set; run the tests with meson test");
    path = mem_printf("%s/docs/audit.md", sources);
    return file_text(path);
}

void audited_each_right(void (*take)(const char *word))
{
    static const char line[] = "    ACL SETUSER auditor ";
    CLEANUP(mem_freep) char *text = audited_guide();
    size_t words = 0;

    for (char *at = text; (at = strstr(at, line));) {
        char *rest = at + strlen(line), *word;

        at = rest + strcspn(rest, "\n");
        cr_assert_eq(*at, '\n');
        *at++ = '\0';
        for (; (word = strsep(&rest, " ")); words++)
            take(word);
    }
    cr_assert_gt(words, 10);
}

/* What this server does not have nobody may do. */
static void give_right(const char *word)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct err err = ERR_NULL;

    if (CONNECTION_COMMAND(connection, &reply, &err, "ACL", "SETUSER", "auditor",
                           *word == '>' ? ">hush" : word) < 0)
        cr_assert(strcmp(word, "+client|no-touch") == 0
                      ? !audited_has_no_touch()
                      : strcmp(word, "+latency|histogram") == 0 &&
                            !audited_has_histograms(),
                  "%s: %s", word, err.msg);
}

void audited_add_user(void)
{
    audited_each_right(give_right);
}
