/* door.c - see door.h. */
#include "tap/door.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

void door_admit(struct door *door)
{
    while (door->fd >= 0) {
        int fd = accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0)
            return;
        if (!door->address.path)
            address_no_delay(fd);
        door->enter(door, fd);
    }
}

static void on_knock(uv_poll_t *poll, int status, int events)
{
    (void)events;
    if (status == 0)
        door_admit(poll->data);
}

int door_open(struct door *door, uv_loop_t *loop, struct address address, struct err *err)
{
    int fd, code;

    door->fd = -1;
    door->address = address;
    door->poll.data = door;
    fd = address_listen(&door->address, err);
    if (fd < 0)
        return fd;
    code = uv_poll_init(loop, &door->poll, fd); /* makes it non-blocking */
    if (code < 0) {
        close(fd);
        return err_set(err, code, "watch for connections: %s", uv_strerror(code));
    }
    door->fd = fd;
    uv_poll_start(&door->poll, UV_READABLE, on_knock);
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct door *door = handle->data;

    door->closed(door);
}

void door_shut(struct door *door)
{
    if (door->fd < 0)
        return;
    uv_poll_stop(&door->poll);
    shutdown(door->fd, SHUT_RDWR); /* also if somebody has inherited it */
    close(door->fd);
    door->fd = -1;
    if (door->address.path)
        unlink(door->address.path);
    uv_close((uv_handle_t *)&door->poll, on_closed);
}

void door_release(struct door *door)
{
    address_release(&door->address);
}
