/* slot.h - in which part of a cluster a key is. Pure.
 *
 * A Redis Cluster has 16,384 hash slots; a key's is CRC16 (XMODEM) of its name, or of
 * what stands in its first {..} if that is not empty, so that names can be kept
 * together. Commands, transactions and scripts with keys of several slots are refused
 * (CROSSSLOT). */
#pragma once

#include "base/str.h"

#define SLOTS 16384

unsigned slot_of(struct str key);
