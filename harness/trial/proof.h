/* proof.h - a harm that a recording shows, done by a real death.
 *
 * The program runs again behind the tap. As soon as Redis has executed the command behind
 * which the recording was cut, nothing passes any more, and everything that the program
 * has started gets SIGKILL. What is left is judged as the recorded state was. */
#pragma once

#include "trial/trial.h"

enum proof {
    PROOF_SAME,      /* the same words again, perhaps more; of none, none */
    PROOF_OTHER,     /* other words */
    PROOF_NOT_THERE, /* the command did not come again */
};

struct proof_result {
    enum proof proof;
    unsigned words; /* what it came to */
    bool same; /* what was left is the state that was recorded, ids and times aside */
};

/* Once. `words`: what the recording says. */
int proof_try(struct bench *bench, struct subject *subject, uint64_t commands,
              unsigned words, struct proof_result *ret, struct err *err);
