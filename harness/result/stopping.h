/* stopping.h - when are the rates of a run known well enough? Pure.
 *
 * A run may be asked to go on until every interval is narrow (`width`), until clean
 * strategies are known to be (`below`), or both. Such a run looks at its own results
 * again and again, so the intervals that it is judged by and that it reports are those of
 * sequence.h, which allow for that. They are of one rate each, as those of any other run:
 * nothing is corrected for the number of strategies.
 *
 * Kills are taken in the order in which lanes report them. Of one lane that is the
 * plan's, and any prefix will do. Of several it is the plan's but for the few that are
 * under way at a look; that those are missing must not depend on how they end.
 *
 * A strategy is clean if its census is complete and no crash point of it does harm that
 * lasts, nor does its uncrashed run. One that sends no command cannot be killed in
 * between; nothing waits for it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "result/result.h"
#include "stats/sample.h"
#include "stats/sequence.h"

/* Does the run wait for anything? */
bool stopping_is_asked(const struct stopping *rules);

/* Does everything hold that is asked for, as far as kills can make it? Width: of the
 * leak, harm and torn rates of all strategies. Below: of the harm rates of those that are
 * clean; if none is, there is nothing to wait for. Never if nothing is asked for, nor
 * while a census is incomplete. Costs some microseconds per rate. */
bool stopping_reached(const struct stopping *rules, const struct result *result);

/* The same, but for time: has it been shown what the run was to show? A bound is not
 * shown if there is no strategy that is clean. True if nothing is asked for. */
bool stopping_shown(const struct stopping *rules, const struct result *result);

/* Is it not shown although kills have done their part, because a busy machine, or time
 * that no kill has seen, makes intervals wider than was asked for? */
bool stopping_is_hidden(const struct stopping *rules, const struct result *result);

/* How many more valid kills would show it, of the strategy that needs most, if its rates
 * are what they seem; 0 if it is shown, or no number would. */
uint64_t stopping_more(const struct stopping *rules, const struct result *result);

/* Is there a strategy that `below` waits for? */
bool stopping_has_clean(const struct result *result);

/* The interval that reports give: that of a sequence under a rule, else the sample's own
 * (sample.h). */
struct interval stopping_interval(const struct stopping *rules,
                                  const struct sample *sample, double confidence);

/* How much of the kills is done, roughly, as a share; 0 without a rule. For progress. */
double stopping_share(const struct stopping *rules, const struct result *result);

/* What will be needed, in one line, once the census is known: "until-below 0.0001: 36887
 * clean kills of each of 2 strategies that are clean (batched-multi, script) needed". ""
 * if nothing is asked for; cut off at `size`. */
void stopping_describe(const struct stopping *rules, const struct result *result,
                       char *buffer, size_t size);
