/* trials.c - see trials.h. */
#include "cmd/trials.h"

#include <string.h>

#include "report/trials.h"
#include "store/read.h"

int option_rows(const struct cmd_option *option, void *target, const char *text,
                struct err *err)
{
    const char *word;
    int code = option_word(option, &word, text, err);

    if (code == 0)
        *(enum row_of *)target =
            strcmp(word, "trials") == 0 ? ROWS_TRIALS : ROWS_STRATEGIES;
    return code;
}

int rows_check(enum row_of rows, const struct format *format, struct err *err)
{
    if (rows == ROWS_STRATEGIES || format == format_by_name("csv"))
        return 0;
    return err_set(err, ERR_USAGE, "--rows trials: a row per trial is for --format csv");
}

static int take(void *context, enum event_type type, const void *body, size_t bytes,
                struct err *err)
{
    const struct event_trial *trial = body;

    (void)err;
    for (size_t i = 0; type == EVENT_TRIALS && i < bytes / sizeof(*trial); i++)
        trials_add(context, &trial[i]);
    return 0;
}

int trials_write(FILE *out, const struct result *result, const char *directory,
                 struct err *err)
{
    CLEANUP(database_close) struct database database = DATABASE_NULL;
    struct trials trials;
    const struct listener listener = { take, &trials, result->plan.strategies,
                                       plan_trials(&result->plan) };

    if (stored_open(directory, DATABASE_READ, &database, err) < 0)
        return err->code;
    trials_begin(&trials, out, result);
    stored_tell(&database, STORED_DEATHS, &listener, err);
    trials_end(&trials);
    return err->code;
}
