/* control.c - see control.h. */
#include "tap/control.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "redis/connection.h"

static void on_bytes(struct link *link, struct str bytes)
{
    struct control *control = link->context;

    while (bytes.length && !link->closing && !link->parting) {
        size_t used;
        enum stream_found found = reply_stream_next(&control->replies, bytes, &used);
        struct question question;

        buffer_add(&control->answer, (struct str){ bytes.bytes, used });
        bytes = (struct str){ bytes.bytes + used, bytes.length - used };
        if (found == STREAM_NONSENSE || (found == STREAM_FRAME && !control->count)) {
            control->lost(control->context, "what it says is no answer");
            return;
        }
        if (found == STREAM_MORE)
            return;
        question = control->questions[control->first];
        control->first = (control->first + 1) % QUESTIONS_MOST;
        control->count--;
        question.answer(question.context, buffer_str(&control->answer));
        control->answer.length = 0;
    }
}

static void on_ended(struct link *link)
{
    struct control *control = link->context;

    control->lost(control->context, "connection lost");
}

static void on_drained(struct link *link)
{
    (void)link;
}

static void on_closed(struct link *link)
{
    struct control *control = link->context;

    buffer_release(&control->answer);
    control->closed(control->context);
}

static const struct link_calls calls = { on_bytes, on_ended, on_drained, on_closed };

int control_open(struct control *control, uv_loop_t *loop, const struct address *server,
                 struct err *err)
{
    int fd = address_connect(server, CONNECTION_TIMEOUT_S, err);

    if (fd < 0)
        return fd;
    if (link_open(&control->link, loop, fd, &calls, control, err) < 0) {
        close(fd);
        return err->code;
    }
    return 0;
}

void control_close(struct control *control)
{
    link_part(&control->link);
}

void control_abandon(struct control *control)
{
    link_close(&control->link);
}

static void ask(struct control *control, struct str command, control_answer *answer,
                void *context)
{
    size_t last = (control->first + control->count) % QUESTIONS_MOST;

    if (control->link.closing || control->link.parting || control->link.ended)
        return;
    if (control->count == QUESTIONS_MOST) {
        control->lost(control->context, "too many questions at once");
        return;
    }
    control->questions[last] = (struct question){ answer, context };
    control->count++;
    link_send(&control->link, command);
}

void control_ask_changes(struct control *control, control_answer *answer, void *context)
{
    ask(control, CONTROL_CHANGES, answer, context);
}

void control_ask_commands(struct control *control, control_answer *answer, void *context)
{
    ask(control, STR("COMMAND\r\n"), answer, context);
}

void control_ask_client(struct control *control, int64_t id, control_answer *answer,
                        void *context)
{
    char command[64];

    snprintf(command, sizeof(command), "CLIENT LIST ID %" PRId64 "\r\n", id);
    ask(control, str_of(command), answer, context);
}

/* What stands behind a word. */
static struct str behind(struct str answer, const char *word)
{
    const char *found =
        answer.length ? memmem(answer.bytes, answer.length, word, strlen(word)) : NULL;

    if (!found)
        return STR("");
    found += strlen(word);
    return (struct str){ found, answer.length - (size_t)(found - answer.bytes) };
}

bool control_changes(struct str answer, uint64_t *ret)
{
    struct str digits = behind(answer, "rdb_changes_since_last_save:");
    uint64_t changes = 0;
    size_t i = 0;

    for (; i < digits.length && digits.bytes[i] >= '0' && digits.bytes[i] <= '9'; i++)
        changes = 10 * changes + (uint64_t)(digits.bytes[i] - '0');
    *ret = changes;
    return i > 0;
}

bool control_is_blocked(struct str answer)
{
    struct str flags = behind(answer, " flags=");
    const char *end = flags.length ? memchr(flags.bytes, ' ', flags.length) : NULL;

    return end && memchr(flags.bytes, 'b', (size_t)(end - flags.bytes));
}

bool control_is_there(struct str answer)
{
    return behind(answer, "id=").length > 0;
}
