/* sweep_load.c - see sweep_load.h. */
#include "cmd/sweep_load.h"

#include <string.h>

#include "base/mem.h"
#include "cmd/load.h"

/* Which of --set and --sweep would win must not be a matter of order. */
static int refuse_both(const struct sweep *sweep,
                       const struct parameter_settings *settings, struct err *err)
{
    size_t length = strlen(sweep->parameter);

    for (size_t i = 0; i < settings->count; i++)
        if (strncmp(settings->assignments[i], sweep->parameter, length) == 0 &&
            settings->assignments[i][length] == '=')
            return err_set(err, ERR_USAGE,
                           "parameter '%.60s' is in --set and in --sweep; give it in one "
                           "of them",
                           sweep->parameter);
    return 0;
}

int sweep_load(struct sweep *sweep, const char *path,
               const struct parameter_settings *settings, struct scenario **ret,
               struct err *err)
{
    if (sweep->parameter && refuse_both(sweep, settings, err) < 0)
        return err->code;
    for (size_t i = 0; i < sweep->wanted; i++) {
        CLEANUP(mem_freep) char *assignment = NULL;
        struct parameter_settings with = *settings;

        if (sweep->parameter)
            with.swept = assignment =
                mem_printf("%s=%s", sweep->parameter, sweep->values[i]);
        if (load_scenario(path, &with, &ret[i], err) < 0 ||
            sweep_add(sweep, i, &ret[i]->outline, err) < 0)
            return err->code;
    }
    return 0;
}
