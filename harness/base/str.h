/* str.h - bytes with a length (Redis keys and values may hold anything), shown to people
 * and to shells, read as numbers, and corrected where they are mistyped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct str {
    const char *bytes; /* borrowed, not terminated */
    size_t length;
};

#define STR(literal) ((struct str){ (literal), sizeof(literal) - 1 })

struct str str_of(const char *text); /* text is terminated; NULL gives the empty string */
/* Is it this word, in whatever case? */
bool str_is_word(struct str text, const char *word);
int str_compare(struct str a, struct str b); /* by bytes, then by length: <0, 0, >0 */

/* Bytes of one's own that grow. */
struct buffer {
    char *bytes; /* owned */
    size_t length, room;
};
#define BUFFER_NULL ((struct buffer){ NULL, 0, 0 })

char *buffer_room(struct buffer *buffer, size_t bytes); /* for so many more: at its end */
void buffer_add(struct buffer *buffer, struct str text);
void buffer_release(struct buffer *buffer);
static inline struct str buffer_str(const struct buffer *buffer)
{
    return (struct str){ buffer->bytes, buffer->length };
}

/* For people: printable ASCII as it is, other bytes as \xHH, cut with "..." after `most`
 * columns. */
void str_print(FILE *out, struct str text, size_t most);
void str_show(char *buffer, size_t size, struct str text); /* the same into a buffer */
/* The same, but letters and signs of all languages as they are, if they are written in
 * UTF-8 and printable_columns() knows them. What is known again by what is printed must
 * not change, and is not printed in this way. */
void str_print_text(FILE *out, struct str text, size_t most);

/* As it is, but lines behind the first are indented, if they are not: words of a
 * scenario's, or of Redis's, may begin one, and none of these must look like a line of
 * ours. Nor may one be a command to who shows logs: "\::error", not "::error". */
void str_print_lines(FILE *out, const char *text, const char *indent);

/* The columns that a text takes on a terminal; of what printable_columns() does not know,
 * one for each character of UTF-8. */
size_t str_columns(const char *text);
size_t str_columns_of(struct str text);

/* Numbers in digits, and nothing else: no blanks, no signs before whole numbers, none of
 * the hexadecimals and the "nan" that strtod() takes. A whole number from `least` to
 * `most`; a real one strictly between `above` and `below`. False, and *ret stays as it
 * was, if the text is not one. */
bool str_whole(const char *text, uint64_t least, uint64_t most, uint64_t *ret);
bool str_real(const char *text, double above, double below, double *ret);
/* The byte that the two hexadecimal digits at the front of a string stand for. False, and
 * *ret_byte stays as it was, if they do not stand there. */
bool str_hex(const char *digits, char *ret_byte);
/* A share, as a number or as "0.1%". */
bool str_share(const char *text, double above, double below, double *ret);
/* Seconds, as a number or as "500ms", "10s", "5m", "1h" (or "us"). */
bool str_seconds(const char *text, double above, double below, double *ret);

/* What no shell minds in a word. */
#define STR_SHELL_PLAIN                                                                  \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%"

/* As a shell takes it for one word, in quotes where it needs them, and printable but for
 * ends of lines. */
void str_print_shell(FILE *out, const char *word);

/* The candidate nearest to a mistyped word (Levenshtein distance), or NULL if none is
 * near. name(context, i) is candidate i. */
const char *str_nearest(const char *word, size_t count,
                        const char *(*name)(const void *context, size_t i),
                        const void *context);

/* What to say behind a word that is none of the candidates: "did you mean 'run'? There
 * are: run, check", without the question if none is near, and of very many only the
 * first. The caller frees it. */
char *str_offer(const char *word, size_t count,
                const char *(*name)(const void *context, size_t i), const void *context);
