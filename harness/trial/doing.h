/* doing.h - what is being done while programs take their time, for somebody who waits. */
#pragma once

#include <stdint.h>

enum doing_what {
    DOING_NOTHING, /* that takes long */
    DOING_BEFORE,  /* the old state is made */
    DOING_RECORDING,
    DOING_RETRACING, /* its commands are sent again */
    DOING_RECORDING_AGAIN,
    DOING_CONTROLS, /* survivors of the old state and of the completed operation */
    DOING_STATES,   /* survivors of what a death leaves */
    DOING_PROOFS,   /* real kills */
    DOING_COUNT,
};

struct doing {
    uint32_t what;
    uint32_t strategy;   /* of the scenario's; of the old state, any */
    uint64_t number, of; /* from 1 on; 0: nobody knows how long it takes */
};
