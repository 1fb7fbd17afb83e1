/* stage.h - the stages of a run, in their order. Pure. */
#pragma once

/* What a lane does, one after the other; all lanes begin a stage together. */
enum stage {
    STAGE_LEARN,  /* the controls */
    STAGE_CENSUS, /* every command boundary */
    STAGE_POINTS, /* every point of the other faults that have some */
    STAGE_AIM,    /* what updates cost, and how long those take that will be killed */
    STAGE_KILLS,
    STAGE_COUNT,
};

const char *stage_name(enum stage stage); /* one word */
