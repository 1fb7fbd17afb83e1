/* address.c - see address.h. */
#include "redis/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/signals.h"

#define BACKLOG 128
#define SLICE_MS 100

union socket_address {
    struct sockaddr any;
    struct sockaddr_un local;
    struct sockaddr_in inet;
};

void address_release(struct address *address)
{
    free(address->path);
    *address = (struct address){ .path = NULL };
}

#define NAME_TEXT 128 /* longer ones are cut */
static const char *name_of(const struct address *address, char text[NAME_TEXT])
{
    if (address->path)
        snprintf(text, NAME_TEXT, "'%s'", address->path);
    else
        snprintf(text, NAME_TEXT, LOOPBACK ":%u", address->port);
    return text;
}

int address_check(const struct address *address, struct err *err)
{
    if (address->path &&
        strlen(address->path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return err_set(err, -ENAMETOOLONG,
                       "the path '%s' is too long for a unix socket; set TMPDIR to a "
                       "shorter directory",
                       address->path);
    return 0;
}

/* What bind() and connect() take; returns its length. */
static socklen_t spell_out(const struct address *address, union socket_address *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (!address->path) {
        ret->inet.sin_family = AF_INET;
        ret->inet.sin_port = htons(address->port);
        ret->inet.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return sizeof(ret->inet);
    }
    ret->local.sun_family = AF_UNIX;
    snprintf(ret->local.sun_path, sizeof(ret->local.sun_path), "%s", address->path);
    return sizeof(ret->local);
}

static int open_socket(const struct address *address, struct err *err)
{
    int fd;

    if (address_check(address, err) < 0)
        return err->code;
    fd = socket(address->path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd < 0 ? err_errno(err, "socket") : fd;
}

void address_no_delay(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
}

/* A connection that was closed from this side keeps its source port for a minute. The
 * kernel would take such ports again after a second, unless it was told not to, but the
 * more of them there are the longer it searches: at thousands of connections a second
 * that shows soon, and in the end there are none left. All of 127/8 is this machine, so
 * connections come from many addresses in turn. Where that does not work, it is as
 * without. */
#define SOURCES 1024
static void choose_source(int fd)
{
    static uint32_t turn;
    struct sockaddr_in source = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn++ % SOURCES),
    };

    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){ 1 }, sizeof(int));
    bind(fd, (struct sockaddr *)&source, sizeof(source));
}

/* The watchdog's tick interrupts; asking again goes on where it was, but its time limit
 * begins anew. */
static int connect_patiently(int fd, const union socket_address *to, socklen_t length,
                             int timeout_s)
{
    uint64_t start_ns = clock_now_ns();
    int code;

    do
        code = connect(fd, &to->any, length);
    while (code < 0 && errno == EINTR &&
           clock_now_ns() - start_ns < (uint64_t)timeout_s * NSEC_PER_SEC);
    return code;
}

/* What is there, or -1. */
static ssize_t read_soon(int fd, char *bytes, size_t size)
{
    struct pollfd server = { .fd = fd, .events = POLLIN };
    int ready = poll(&server, 1, SLICE_MS);

    if (ready > 0)
        return read(fd, bytes, size);
    errno = ready ? errno : EINTR;
    return -1;
}

bool address_read_line(int fd, int timeout_s, char *line, size_t size)
{
    uint64_t start_ns = clock_now_ns();
    size_t length = 0;

    while (length < size) {
        ssize_t n = read_soon(fd, line + length, size - length);

        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        length += n > 0 ? (size_t)n : 0;
        if (length > 1 && line[length - 1] == '\n') {
            line[length - 2] = '\0';
            return true;
        }
        if (clock_now_ns() - start_ns > (uint64_t)timeout_s * NSEC_PER_SEC ||
            signals_stop_asked())
            return false;
    }
    return false;
}

/* Gives the password. The socket is new, so it takes so little at once. */
static int enter(const struct address *address, int fd, int timeout_s, struct err *err)
{
    char command[96], line[128], name[NAME_TEXT];
    int length = snprintf(command, sizeof(command), "*2\r\n$4\r\nAUTH\r\n$%zu\r\n%s\r\n",
                          strlen(address->password), address->password);

    if (send(fd, command, (size_t)length, MSG_NOSIGNAL) != length ||
        !address_read_line(fd, timeout_s, line, sizeof(line)))
        return err_set(err, -ECONNREFUSED,
                       "connect to Redis at %s: it did not answer AUTH",
                       name_of(address, name));
    if (strcmp(line, "+OK") != 0)
        return err_set(err, -EACCES, "connect to Redis at %s: it refused AUTH: %s",
                       name_of(address, name), line);
    return 0;
}

int address_connect(const struct address *address, int timeout_s, struct err *err)
{
    struct timeval timeout = { .tv_sec = timeout_s };
    union socket_address to;
    socklen_t length = spell_out(address, &to);
    char text[NAME_TEXT];
    int fd = open_socket(address, err);

    if (fd < 0)
        return fd;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    if (!address->path) {
        address_no_delay(fd);
        choose_source(fd);
    }
    if (connect_patiently(fd, &to, length, timeout_s) < 0) {
        err_set(err, -ECONNREFUSED, "connect to Redis at %s: %s", name_of(address, text),
                err_words(errno));
        close(fd);
        return err->code;
    }
    if (address->password[0] && enter(address, fd, timeout_s, err) < 0) {
        close(fd);
        return err->code;
    }
    return fd;
}

int address_listen(struct address *address, struct err *err)
{
    union socket_address at;
    socklen_t length = spell_out(address, &at);
    char text[NAME_TEXT];
    int fd = open_socket(address, err);

    if (fd < 0)
        return fd;
    if (!address->path) /* connections to it that are over do not keep a port */
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
    if (bind(fd, &at.any, length) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, &at.any, &length) < 0) {
        err_errno(err, "listen at %s", name_of(address, text));
        close(fd);
        return err->code;
    }
    if (!address->path)
        address->port = ntohs(at.inet.sin_port);
    return fd;
}

int address_free_port(uint16_t *ret, struct err *err)
{
    struct address any = { .path = NULL };
    int fd = address_listen(&any, err);

    if (fd < 0)
        return err_wrap(err, "find a free port");
    close(fd);
    *ret = any.port;
    return 0;
}
