/* undisturbed.h - what becomes of states that no death has disturbed: of the old state,
 * and of completed updates. They are the controls that crash points are judged beside,
 * and a strategy whose own differ from the reference's does damage even when nobody is
 * killed. */
#pragma once

#include "trial/judge.h"

/* Learns what becomes of a subject's two, for sure (repeat.h); `again`: once more. Those
 * of the reference must be clean in the end. */
int undisturbed_find(struct judge *judge, struct subject *subject, bool again,
                     struct err *err);

/* What a subject does without any crash, beside the reference: sets `uncrashed`,
 * `unbegun` and `right`. */
int undisturbed_compare(struct judge *judge, struct subject *subject, struct err *err);
