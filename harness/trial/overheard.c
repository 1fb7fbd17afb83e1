/* overheard.c - see overheard.h. */
#include "trial/overheard.h"

#include <string.h>
#include <time.h>

#include "base/mutant.h"
#include "redis/command.h"

struct listening {
    struct overheard *overheard;
    int64_t now_ms; /* p.now */
};

static void hear(void *context, int argc, const char *const *argv, const size_t *lengths)
{
    const struct listening *listening = context;
    struct overheard *overheard = listening->overheard;
    int64_t deadline_ms = command_deadline_ms(argc, argv, lengths);
    struct command command;

    command_parse(&command, argc, argv, lengths);
    overheard->publishes |= command_has(&command, COMMAND_PUBLISHES);
    if (deadline_ms <= listening->now_ms ||
        (overheard->deadline_ms && overheard->deadline_ms <= deadline_ms))
        return;
    overheard->deadline_ms = deadline_ms;
    memcpy(overheard->label, command.label, sizeof(overheard->label));
}

int overheard_take(struct overheard *ret, struct monitor *monitor,
                   redisContext *connection, int64_t now, struct err *err)
{
    struct listening listening = { ret, now * 1000 };

    *ret = (struct overheard){ .publishes = false };
    return monitor_each(monitor, connection, hear, &listening, err);
}

int overheard_check(const struct overheard *overheard, const char *what, int64_t now,
                    struct err *err)
{
    struct timespec clock;

    if (!overheard->deadline_ms || mutant("deadline-unheard"))
        return 0;
    clock_gettime(CLOCK_REALTIME, &clock);
    if (overheard->deadline_ms > clock.tv_sec * 1000 + clock.tv_nsec / 1000000)
        return 0;
    return err_set(
        err, ERR_USAGE,
        "%s: '%s' lets a key expire at a time of the clock, %g s after p.now, "
        "and that has passed while the run went on: deaths before and after it "
        "leave different states; use a time to live (EXPIRE, EX), or a time "
        "that no run reaches",
        what, overheard->label, (double)(overheard->deadline_ms - now * 1000) / 1000);
}
