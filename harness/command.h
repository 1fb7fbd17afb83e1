/* command.h - temporary */
#pragma once
#include "base/str.h"
#include <stddef.h>
#include <stdint.h>
struct command {
    char name[24];
    char label[48];
    char key[80];
    uint64_t key_hash, second_key_hash;
    unsigned flags;
};
void command_parse(struct command *ret, int argc, const char *const *argv,
                   const size_t *lengths);
uint64_t command_key_hash(struct str key);
