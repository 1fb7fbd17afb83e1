/* replay_told.h - a crash point of a program, told from what a run has kept. */
#pragma once

#include "replay/told.h"
#include "store/load.h"

/* The caller frees the narrative, and releases what it was told from, which borrows from
 * the run. *ret stays NULL if the run has kept too little of the program for that: it
 * was made by an older afterkill, or did not come so far. */
int replay_told(const struct saved *saved, const struct replay *replay,
                struct told *ret_told, char **ret, enum replay_likeness *ret_likeness,
                struct err *err);
