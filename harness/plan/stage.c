/* stage.c - see stage.h. */
#include "plan/stage.h"

const char *stage_name(enum stage stage)
{
    static const char *const names[STAGE_COUNT] = { "learn", "census", "bytes", "aim",
                                                    "kills" };

    return names[stage];
}
