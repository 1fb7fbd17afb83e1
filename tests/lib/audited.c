/* audited.c - see audited.h. */
#include "audited.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "redis/connection.h"

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

void audited_directory(void)
{
    directory = test_directory();
}

void audited_begin(void)
{
    audited_directory();
    server = test_server(directory);
    connection = audited_connect(&server);
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
