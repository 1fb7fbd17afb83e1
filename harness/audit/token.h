/* token.h - a key as a row of words, each with the kind of word that it is. Pure.
 *
 * Whatever is no letter and no digit ends a word and belongs to it: 'user:17' is the
 * words 'user:' and '17'. Words that stand for one of many are told by their looks:
 * numbers, hexadecimal digits, UUIDs, ids made of mixed letters and digits, bytes that
 * are no text. Within other words each run of digits counts as one number, so that
 * 'worker12' and 'worker7' are the same word. What looks like a word and stands for one
 * of many all the same (a name of somebody) is not seen here, but by learner.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

enum token_kind {
    TOKEN_WORD,
    TOKEN_NUMBER,
    TOKEN_HEX,
    TOKEN_UUID,
    TOKEN_ID,
    TOKEN_BYTES,
    TOKEN_ANY,  /* only learned: words, one of many */
    TOKEN_REST, /* only learned: all that follows */
    TOKEN_KINDS
};

#define TOKEN_TEXT 72  /* longer words are ids */
#define TOKEN_END '\0' /* in place of a delimiter: the key ends here */

struct token {
    enum token_kind kind;
    char delimiter;        /* behind it; TOKEN_END: there is none */
    size_t length;         /* of the word in the key, in bytes */
    char text[TOKEN_TEXT]; /* as patterns show it, terminated: "worker{num}", "{hex}" */
};

/* Takes the first word off the key, which has one until a word came with TOKEN_END. A key
 * that ends with a delimiter has an empty word behind it. `*at` begins with 0. */
void token_next(struct str key, size_t *at, struct token *ret);

/* Does it end a word, though it may stand within an id: URL-safe base64 has both? */
static inline bool token_is_weak(char byte)
{
    return byte == '-' || byte == '_';
}

/* "{num}"; "" of TOKEN_WORD. */
const char *token_placeholder(enum token_kind kind);
