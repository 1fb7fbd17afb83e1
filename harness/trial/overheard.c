/* overheard.c - see overheard.h. */
#include "trial/overheard.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mutant.h"
#include "redis/command.h"

static void hear(void *context, int argc, const char *const *argv, const size_t *lengths)
{
    struct overheard *overheard = context;
    int64_t deadline_ms = command_deadline_ms(argc, argv, lengths);
    struct command command;

    command_parse(&command, argc, argv, lengths);
    overheard->publishes |= command_has(&command, COMMAND_PUBLISHES);
    if (deadline_ms <= overheard->now_ms ||
        (overheard->deadline_ms && overheard->deadline_ms <= deadline_ms))
        return;
    overheard->deadline_ms = deadline_ms;
    memcpy(overheard->label, command.label, sizeof(overheard->label));
}

int overheard_begin(struct overheard *ret, const char *what, int64_t now,
                    const struct address *address, struct monitor *monitor,
                    struct err *err)
{
    *ret = (struct overheard){ .now_ms = now * 1000 };
    snprintf(ret->what, sizeof(ret->what), "%s", what);
    return monitor_open(address, monitor, err);
}

int overheard_end(struct overheard *overheard, struct monitor *monitor,
                  redisContext *connection, int code, struct err *err)
{
    struct err ignored = ERR_NULL;

    if (!monitor->connection)
        return code;
    if (monitor_each(monitor, connection, hear, overheard, code < 0 ? &ignored : err) < 0)
        return code < 0 ? code : err->code;
    return overheard_check(overheard, err) < 0 ? err->code : code;
}

int overheard_check(const struct overheard *overheard, struct err *err)
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
        overheard->what, overheard->label,
        (double)(overheard->deadline_ms - overheard->now_ms) / 1000);
}
