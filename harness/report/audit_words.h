/* audit_words.h - what the documents of an audit say in the same words. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "audit/audit.h"
#include "result/exit_status.h"

#define AUDIT_AMOUNT 32

/* Texts are written into the caller's buffer, which is returned. */

/* "850 B", "1.2 MB"; "-" if it is not known. */
const char *audit_size(char text[AUDIT_AMOUNT], double bytes);
/* "45 s", "3 h", rounded down; "-" if it is not known. */
const char *audit_time(char text[AUDIT_AMOUNT], int64_t seconds);
/* The types of a group's keys: "hash", "string+list". */
const char *audit_types(char *text, size_t size, const struct group *keys);

/* A pattern, or a name that a rule gives, as a terminal may have it; "" in quotes. The
 * caller frees it. */
char *audit_shown(const char *text);
/* How many keys of a group never expire, what a rule says of it, and what the second look
 * found; if there are suspects without an end, for their names come next. The caller
 * frees it. */
char *audit_found(const struct audit_group *group);
/* "2 groups leak: 4 keys never expire, and should.", and what members have no key; of an
 * audit with an inventory what
 * is new. The caller frees it. */
char *audit_verdict(const struct audit *audit);
/* A set's key, as a terminal may have it. The caller frees it. */
char *audit_members_name(const struct members *members);
/* How many members of a set have no key that they must have, or keys are in no place; if
 * some of them are lost without an end, for their names come next. The caller frees it.
 */
char *audit_members_found(const struct members *members);
/* The exit status, if what leaks counts. */
enum exit_status audit_status(const struct audit *audit);
/* Where an audit that ended early can be gone on with; NULL: it did not. The caller frees
 * it. */
char *audit_rest(const struct audit *audit);
/* What keys that are new have done: "were not there before". */
const char *audit_news(const struct audit *audit);
/* An element of a key, its words one after the other; printable ASCII. */
void audit_element(FILE *out, const struct element *element);
/* " (a b; c d)": all of them; nothing if there are none. */
void audit_elements(FILE *out, const struct glimpse *glimpse);
