/* perform.h - a replay that goes on: its attempts, and what is found out about the one
 * that counts. For replay.c, which tells it. */
#pragma once

#include "replay/operand.h"
#include "replay/transcript.h"
#include "trial/calibration.h"

struct perform {
    struct bench *bench;
    const struct replay *replay;
    struct subject *subject;
    uint64_t seed;
    struct signature wanted; /* what the recorded crash point leaves in this run */
    struct calibration calibration;
    uint64_t lasts_ns; /* how long the recorded point lasts in one of them */
    size_t attempts;
    bool hit;     /* the last attempt is what was recorded */
    bool stepped; /* timing failed; the worker died by itself at the point */
    uint64_t delay_ns;
    struct death death; /* owned; of the last attempt */
    struct transcript transcript;
    struct judgement judgement;
    char *story; /* owned: what the watch saw */
    bool explained;
    uint64_t executed_from,
        executed_to; /* if so: the crash points that leave this state */
};

/* Tries until it is what was recorded, or gives in (replay.h); judges it before the eyes
 * of a narrator; finds out how much Redis executed. */
int perform_replay(struct perform *perform, struct err *err);
void perform_release(struct perform *perform);

const char *perform_strategy(const struct perform *perform);
