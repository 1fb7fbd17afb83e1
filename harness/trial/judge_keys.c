/* judge_keys.c - what is known of a key before an update and after it: see judge.h. */
#include "base/mutant.h"
#include "trial/judge.h"

/* The row of a key of this hash: its name, its type, its time to live, ..; NULL: it is
 * not there. */
static const redisReply *find_row(const struct snapshot *snapshot, uint64_t key_hash)
{
    const redisReply *rows = snapshot->reply;

    for (size_t i = 0; key_hash && rows && i < rows->elements; i++)
        if (command_key_hash(resp_text(rows->element[i]->element[0])) == key_hash)
            return rows->element[i];
    return NULL;
}

static bool is_kept(const struct snapshot *snapshot, uint64_t key_hash)
{
    const redisReply *row = find_row(snapshot, key_hash);

    return row && row->element[2]->integer < 0 && !mutant("kept-unseen");
}

bool judge_key_was_there(const struct subject *subject, uint64_t key_hash)
{
    return find_row(&subject->origin->old, key_hash);
}

uint32_t judge_key_kept(const struct subject *subject, uint64_t key_hash)
{
    return (is_kept(&subject->origin->old, key_hash) ? COMMAND_KEPT_BEFORE : 0u) |
           (is_kept(&subject_measure(subject)->done, key_hash) ? COMMAND_KEPT_AFTER : 0u);
}
