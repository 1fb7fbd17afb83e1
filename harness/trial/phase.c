/* phase.c - see phase.h. */
#include "trial/phase.h"

const char *phase_name(enum phase phase)
{
    static const char *const names[PHASE_COUNT] = {
        "prepare", "connect", "fork", "run", "reap", "audit", "judge", "tell"
    };

    return names[phase];
}
