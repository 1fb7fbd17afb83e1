/* acted.h - scenarios whose programs are tests/programs/actor.c, which does what it is
 * told. */
#pragma once

#include "testlib.h"

/* Writes a scenario that returns the table's entries, in which actor("tcp", ..) is a
 * command. Returns its path; freed by the caller. */
char *acted_scenario(const char *directory, const char *entries);

/* What came of each strategy that is a program, a line each:
 *
 *     NAME pass: 2 connections, 3 states: clean, leaked, clean; INCR k: leaked 2 of 2
 *
 * Points of the same words beside each other are told once; then the proofs: the command
 * behind which, what real kills came to, and how many of them did the same harm. Freed by
 * the caller. */
char *acted_story(const struct run *run);

/* Runs the scenario and expects the exit status and the story. */
void acted_expect(const char *entries, int status, const char *story);
