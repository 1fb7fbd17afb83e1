/* controls.h - what is right, learned from workers that nobody interrupts: the old state,
 * each strategy's own new state, and two residues, of the old state and of the completed
 * update of the reference strategy. */
#pragma once

#include "trial/judge.h"

/* Teaches a judge that knows its scenario, address and timeout. Takes over the
 * connection. `strategies` (count of them) are those that take part; the reference is
 * looked at in any case. Every worker runs twice, and two runs must agree. A scenario
 * that is not fit to be tested is ERR_USAGE. */
int controls_learn(struct judge *judge, redisContext *connection,
                   const size_t *strategies, size_t count, struct err *err);

/* Runs a subject's update from its old state, to its end. *ret: what it leaves. */
int controls_run_update(struct judge *judge, struct subject *subject,
                        struct snapshot *ret, struct err *err);

/* Records a strategy's update once more, after a cut has heard other answers than the
 * recording: they vary, and subject->repeated says whether its commands do. */
int controls_record_again(struct judge *judge, struct subject *subject, struct err *err);
