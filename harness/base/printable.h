/* printable.h - texts of others, and whether a terminal may have them. Pure.
 *
 * What is printable is UTF-8 without control characters: those below the blank, DEL, and
 * the second set (U+0080 to U+009F), which some terminals obey as they do escapes; and
 * without what nobody sees and what changes the direction (U+200B, U+200E, U+2028 to
 * U+202E, U+2060 to U+206F, U+FEFF and the like), by which a line reads as another one;
 * and without "##[", which is as good as those (printable_obeyed()).
 *
 * Reports print the texts of a result as they are. So whoever reads texts from outside (a
 * kept run, a baseline, INFO) makes them printable there, on one line: what is not ours
 * must not begin a line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many bytes the character at the text has, and which it is; 0 if this is not UTF-8.
 * A zero byte is a character of one. */
size_t printable_decode(const char *text, uint32_t *ret_code);

bool printable_is(const char *text);

/* How many columns the first character of so many bytes takes on a terminal, 1 or 2, if
 * it may stand in the middle of what we say: it joins no other, changes nobody's
 * direction, and is seen. *ret_length: its bytes. 0: it may not, or nobody here knows. */
size_t printable_columns(const char *text, size_t length, size_t *ret_length);

/* Does a command of the older kind ("##[error]") begin here to who shows logs? GitHub's
 * runner obeys these wherever in a line they are. The first # is shown as \x23. */
bool printable_obeyed(const char *text, size_t length);

/* Takes away a character at the end that was cut in two. */
void printable_trim(char *text);

/* Copies as much as there is room for, terminated, and writes as \xHH each byte that is
 * not printable, and is none of `kept` (such as a line's end). */
void printable_copy(char *ret, size_t size, const char *text, const char *kept);
/* The same, whatever its length, and none is kept: one line. The caller frees it. */
char *printable_new(const char *text);

/* Ends of lines and tabs become blanks, for what is told on one line, and may be
 * somebody's text of several. */
void printable_join(char *text);

/* Where a line begins that is a command to who shows logs (GitHub, see report/github.c:
 * "::error"), behind blanks of any kind, which are nothing to them; NULL: it is none. */
const char *printable_command(const char *line);

/* May a name begin a line of ours? Not as such a command, or as a word and a colon, by
 * which verdicts are told ("PASS:"). */
bool printable_begins(const char *name);
/* printable_new() of one that others gave, of which it may be so: else with \x3a in the
 * place of colons. */
char *printable_name_new(const char *name);
