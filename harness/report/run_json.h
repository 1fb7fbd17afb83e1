/* run_json.h - pieces of JSON that every report writes alike. The caller owns what is
 * returned. */
#pragma once

#include <jansson.h>

#include "result/result.h"

#define REPORT_JSON_SCHEMA 1

json_t *report_json_whole(uint64_t number);
json_t *report_json_text(const char *bytes); /* also if they are not UTF-8 */
json_t *report_json_later(unsigned later);   /* an array of words */
json_t *report_json_expect(unsigned expect); /* likewise */
/* Sets a key per word to its count. */
void report_json_set_words(json_t *object, const struct words *words);
