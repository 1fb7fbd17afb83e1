/* as_sent.h - an update in one line, in the notation (scenario/notation.h), so that it
 * can be pasted behind `afterkill try`. Pure.
 *
 * It is what one execution sent: an update that looks at replies may send something else
 * the next time. Commands that were sent before their predecessor was answered stand
 * behind a ;, and MULTI .. EXEC of such commands is [..]. */
#pragma once

#include "result/result.h"

/* Of more than that nobody sees a sequence any more. */
#define AS_SENT_COMMANDS 6
#define AS_SENT_COLUMNS 120

/* The caller frees it. NULL: it sends nothing, or does not fit into a line; or is a
 * program with several connections; or it is not known, as the run was kept by an older
 * afterkill. */
char *as_sent(const struct finding *finding);
/* Would it be short enough, and is another update, because the program has several
 * connections? A line has one: what WATCH, MULTI or SELECT says on one of them would hold
 * for the others, and what waits on one of them would stop the others. */
bool as_sent_is_another(const struct finding *finding);
