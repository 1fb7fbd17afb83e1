/* child.c - see child.h. */
#include "run/child.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/process.h"

struct child child_new(void *context, size_t lane,
                       void (*on_end)(void *context, struct child *child, int status))
{
    return (
        struct child){ .pidfd = -1, .lane = lane, .on_end = on_end, .context = context };
}

void child_kill(struct child *child)
{
    if (child->pid > 0)
        kill(-child->pid, SIGKILL);
}

void child_close(uv_handle_t *handle)
{
    if (handle->type != UV_UNKNOWN_HANDLE && !uv_is_closing(handle))
        uv_close(handle, NULL);
}

static void on_ended(uv_poll_t *handle, int status, int events)
{
    struct child *child = handle->data;
    int wait_status = 0;

    (void)status, (void)events;
    while (waitpid(child->pid, &wait_status, 0) < 0 && errno == EINTR)
        ;
    child->pid = 0;
    child_close((uv_handle_t *)handle);
    child->on_end(child->context, child, wait_status);
}

int child_watch(uv_loop_t *loop, struct child *child, struct err *err)
{
    if (child->pid <= 0)
        return 0;
    child->pidfd = process_pidfd(child->pid, err);
    if (child->pidfd < 0)
        return err->code;
    uv_poll_init(loop, &child->ended, child->pidfd);
    child->ended.data = child;
    uv_poll_start(&child->ended, UV_READABLE, on_ended);
    return 0;
}
