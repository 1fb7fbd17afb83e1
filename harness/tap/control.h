/* control.h - the tap's own connection to the server, by which it asks what has become
 * of a command. Questions are answered in their order. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "redis/address.h"
#include "tap/link.h"
#include "tap/stream.h"

struct control;
typedef void control_answer(void *context, struct str answer);

struct question {
    control_answer *answer;
    void *context;
};
#define QUESTIONS_MOST 8 /* under way at once */

struct control {
    struct link link;
    struct reply_stream replies;
    struct buffer answer; /* that is coming */
    struct question questions[QUESTIONS_MOST];
    size_t first, count;                          /* of them, in a ring */
    void (*lost)(void *context, const char *why); /* the connection */
    void (*closed)(void *context);
    void *context;
};

int control_open(struct control *control, uv_loop_t *loop, const struct address *server,
                 struct err *err);
void control_close(struct control *control); /* closed when the server has let go of it */
void control_abandon(struct control *control); /* at once */

/* How often the data has changed, asked as an inline command. */
#define CONTROL_CHANGES STR("INFO persistence\r\n")

/* What INFO persistence says, COMMAND, and CLIENT LIST ID; as it comes. */
void control_ask_changes(struct control *control, control_answer *answer, void *context);
void control_ask_commands(struct control *control, control_answer *answer, void *context);
void control_ask_client(struct control *control, int64_t id, control_answer *answer,
                        void *context);

/* What the answers say. False: it is not in there. */
bool control_changes(struct str answer, uint64_t *ret);
bool control_is_blocked(struct str answer);
bool control_is_there(struct str answer); /* the client that was asked for */
