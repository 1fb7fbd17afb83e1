/* narrative.h - what a death left, and what became of it until the verdict, in words.
 *
 * Written as the judge goes on, through its watch: the state right after the death, what
 * time and recovery change, what stays, and of every element that is wrong why it is. */
#pragma once

#include <stdio.h>

#include "replay/contrast.h"
#include "replay/operand.h"
#include "trial/judge.h"

struct narrative {
    FILE *out;
    const struct judge *judge;
    const struct subject *subject;
    bool recovered; /* so far; false at first */
    /* The moment before: when it was, and what had become of the controls by then; NULL
     * at first. */
    int64_t before_ms;
    const struct snapshot *before_old, *before_new;
};

/* A watch that writes; the narrative must outlive it. */
struct judge_watch narrative_watch(struct narrative *narrative);

/* Which death it is. */
void narrative_title(FILE *out, const struct replay *replay, const char *strategy,
                     const char *scenario, uint64_t seed);

/* How much of the update Redis executed. */
void narrative_executed(FILE *out, uint64_t commands, uint64_t total);

/* What there is right after the death, and what a reader sees. */
void narrative_now(FILE *out, const struct contrast *controls,
                   const struct snapshot *dead);

/* The verdict, with what each of its words means, and whether what ends is tolerated. */
void narrative_verdict(FILE *out, int64_t tolerate_ms, const struct verdict *verdict,
                       const char *example);

/* Breaks lines that are too long at their blanks; what comes of one is indented as it is,
 * and a little more. One that begins with NARRATIVE_COPY is there to be copied, and stays
 * whole, behind blanks. Pure. */
#define NARRATIVE_COLUMNS 100
#define NARRATIVE_COPY '\t'
void narrative_wrap(FILE *out, const char *text);
