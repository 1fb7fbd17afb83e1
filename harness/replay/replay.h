/* replay.h - one trial again, and what there is to tell about it.
 *
 * A kill is tried again at the same fraction of a freshly calibrated update, by workers
 * that note what they send and hear, until one dies at the same crash point: the same
 * state, with the point between the replies it had read and the commands it had written.
 * Timing does not hit every boundary twice. If it does not within REPLAY_ATTEMPTS, the
 * worker dies by itself at that point, as in the census, and the narrative says so.
 *
 * What is judged is judged anew, and told from the death to the verdict. */
#pragma once

#include <stdio.h>

#include "replay/operand.h"
#include "trial/trial.h"

/* Performs it on a bench that records, and whose judge has learned and kept its
 * recordings, and writes the narrative of a run with this seed. What is asked for and
 * cannot be (a point behind the last) is ERR_USAGE. */
int replay_perform(struct bench *bench, const struct replay *replay, uint64_t seed,
                   FILE *out, enum replay_likeness *ret, struct err *err);
