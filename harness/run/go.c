/* go.c - see go.h. A message is a letter, and what belongs to it; it is written at once,
 * so that a pipe does not part it. */
#include "run/go.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define GO 'g'
#define TRY 't'

static int say(int fd, char letter, const void *body, size_t bytes, struct err *err)
{
    char message[1 + sizeof(struct cure_request)];

    _Static_assert(sizeof(message) <= PIPE_BUF, "it is not parted");
    message[0] = letter;
    if (bytes)
        memcpy(message + 1, body, bytes);
    if (write(fd, message, 1 + bytes) == (ssize_t)(1 + bytes) || errno == EPIPE)
        return 0;
    return err_errno(err, "tell a lane to go on");
}

int go_say(int fd, struct err *err)
{
    return say(fd, GO, NULL, 0, err);
}

int go_ask(int fd, const struct cure_request *request, struct err *err)
{
    return say(fd, TRY, request, sizeof(*request), err);
}

static bool hear(int fd, void *buffer, size_t bytes)
{
    ssize_t n;

    do
        n = read(fd, buffer, bytes);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)bytes;
}

int go_wait(int fd, struct cures *cures, struct err *err)
{
    struct cure_request request;
    char letter;

    while (hear(fd, &letter, 1)) {
        if (letter == GO)
            return 0;
        if (!hear(fd, &request, sizeof(request)))
            break;
        cures_add(cures, &request);
    }
    return err_set(err, ERR_STOPPED, "the fleet is gone");
}
