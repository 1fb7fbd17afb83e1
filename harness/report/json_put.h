/* json_put.h - values put into JSON objects, as every report writes them. What is not
 * known is null; there is no number that JSON does not have. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "result/result.h"

/* An object that begins as every document does; at its end it is written, and freed. */
json_t *json_put_document(void);
void json_put_end(FILE *out, json_t *document);
void json_put_line(FILE *out, json_t *document); /* the same, one among others */

void json_put(json_t *object, const char *key, json_t *value); /* takes the value */
void json_put_whole(json_t *object, const char *key, uint64_t number);
void json_put_needed(json_t *object, const char *key, uint64_t kills); /* 0: null */
void json_put_real(json_t *object, const char *key, double number); /* infinite: null */
void json_put_flag(json_t *object, const char *key, bool flag);
/* Null of NULL; "(not UTF-8)" of bytes that are not: what may be so is shown escaped
 * elsewhere. */
void json_put_text(json_t *object, const char *key, const char *text);
void json_put_some(json_t *object, const char *key, const char *text); /* if not "" */
void json_put_interval(json_t *object, double estimate, struct interval interval);
void json_put_parameters(json_t *object, const char *key,
                         const struct outline *scenario);             /* an object */
void json_put_later(json_t *object, const char *key, unsigned later); /* an array */
void json_put_expect(json_t *object, const char *key, unsigned expect);
void json_put_kills(json_t *object, const struct kills *kills); /* as "kills" */
/* As "census": of so many points that were tried. */
void json_put_census(json_t *object, uint64_t points, const struct words *words);
/* Seconds, or "forever"; below 0: null. */
void json_put_lasts(json_t *object, const char *key, int64_t lasts_ms);
/* A key per word, with its count. */
void json_put_words(json_t *object, const struct words *words);
