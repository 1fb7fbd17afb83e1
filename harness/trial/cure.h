/* cure.h - tries a cure: makes it of the recorded update (remedy.h) and takes its census.
 *
 * Nobody has to die for that. What a death behind a command leaves is what the commands
 * before it do, and these are sent one after the other on one connection, with a look at
 * the database between two of them; a transaction and a script are one step. Each state
 * is judged as a death's would be, and most of them have been judged already, because a
 * cure leaves fewer states than the update.
 *
 * What comes of it counts only if the cured update is the same one: it must leave what
 * the update leaves, or what the reference leaves. */
#pragma once

#include "trial/judge.h"
#include "trial/remedy.h"

struct cure_trial {
    enum cure_outcome outcome;
    /* The rest means something if it was tried. */
    uint64_t points, harmful; /* crash points, as a worker has them that sends it */
    uint64_t wrong;           /* states among those behind its steps that do harm */
    unsigned words;           /* of the harm at them, all together */
    int64_t lasts_ms;         /* of what ends by itself, the longest; 0: nothing does */
    bool slots;     /* one of its steps has keys in several hash slots of a cluster */
    char *notation; /* of the cured update; owned; NULL: none was made */
};
#define CURE_TRIAL_NULL ((struct cure_trial){ .outcome = CURE_IMPOSSIBLE })
void cure_trial_release(struct cure_trial *trial);

/* All of them at once, REMEDIES_TRIED at most. The subject's recording is there. The
 * database holds anything afterwards. */
#define REMEDIES_TRIED 8
int cure_try(struct judge *judge, struct subject *subject, const struct remedy *remedies,
             size_t count, struct cure_trial *ret, struct err *err);
