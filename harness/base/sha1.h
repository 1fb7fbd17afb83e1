/* sha1.h - the digest by which Redis knows a script (FIPS 180-4). Not for secrets. */
#pragma once

#include "base/str.h"

#define SHA1_TEXT 41

/* 40 lower-case hexadecimal digits, terminated. */
void sha1_text(struct str bytes, char ret[SHA1_TEXT]);
