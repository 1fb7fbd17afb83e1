/* audited.c - see audited.h. */
#include "audited.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

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

unsigned audited_free_port(void)
{
    for (;;) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
        cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
        close(fd);
        if (ntohs(address.sin_port) < 55000)
            return ntohs(address.sin_port);
    }
}
