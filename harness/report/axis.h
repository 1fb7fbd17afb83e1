/* axis.h - from figures to places in a chart, and back for those who read it. Pure but
 * for the writing. */
#pragma once

#include <stdio.h>

/* Where something is drawn: the inner edges, y downwards (svg.h). */
struct axis_frame {
    int left, right, top, bottom;
};

/* A share, from 0 to 1, on a way from `from` to `to`. The scale is angular, asin(sqrt
 * p): it is wide at both ends, so that 0.1% can be told from 1% as well as 99% from
 * 99.9%, and equal lengths are equally certain for equally many kills (Freeman and Tukey,
 * "Transformations related to the angular and the square root", Annals of Mathematical
 * Statistics 21 (1950)). */
int axis_share(double share, int from, int to);
/* Its grid and figures, across or upright, and its name beside them. */
void axis_shares_across(FILE *out, const struct axis_frame *frame, const char *name);
void axis_shares_upright(FILE *out, const struct axis_frame *frame, const char *name);
/* What to say below such a chart. */
#define AXIS_SHARE_WORDS                                                                 \
    "The scale is angular, asin(sqrt(share)): wider towards 0% and 100%, so that rare "  \
    "harm can be read as well as common harm."

/* From a least to a greatest value, both above 0, in steps of ratios. */
struct axis_log {
    double least, most;
};
/* Takes a value in; what is not above 0 is not drawn. Begins with { 0, 0 }. */
void axis_log_reach(struct axis_log *axis, double value);
int axis_log_at(const struct axis_log *axis, double value, int from, int to);
/* Values are microseconds. */
void axis_durations_across(FILE *out, const struct axis_log *axis,
                           const struct axis_frame *frame, const char *name);
