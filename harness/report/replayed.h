/* replayed.h - one death that was told or performed again (replay/), as a document. */
#pragma once

#include "replay/told.h"

struct replayed {
    const char *scenario, *strategy; /* borrowed, as all of it */
    uint64_t seed;
    const struct replay *replay;
    enum replay_likeness likeness;
    const char *narrative;   /* the text of it */
    const struct told *told; /* what it was told from; NULL: it was performed */
};
