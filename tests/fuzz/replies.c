/* replies.c - any bytes from a server: the same replies however they are cut, and what is
 * said of them is within bounds.
 *
 * The entry is libFuzzer's, as in loader.c. */
#include "fuzz.h"

#include <string.h>

#include "base/mem.h"
#include "tap/stream.h"

static void note(struct buffer *found, const struct reply_frame *frame)
{
    char text[64];

    MUST(frame->head_whole && frame->head_length <= REPLY_HEAD && frame->kind);
    snprintf(text, sizeof(text), "\n%c%d%d%d %llu %llu ", frame->kind, frame->is_error,
             frame->is_push, frame->is_null, (unsigned long long)frame->bytes,
             (unsigned long long)frame->elements);
    buffer_add(found, str_of(text));
    buffer_add(found, (struct str){ frame->head, frame->head_length });
}

static void run(struct buffer *found, const char *bytes, size_t size, size_t step)
{
    struct reply_stream stream = REPLY_STREAM_NULL;
    enum stream_found what = STREAM_MORE;
    size_t at = 0, end = 0, given = 0, used;

    while (at < size && what != STREAM_NONSENSE) {
        if (at == end)
            end = step < size - end ? end + step : size;
        what = reply_stream_next(&stream, (struct str){ bytes + at, end - at }, &used);
        MUST(used > 0 && used <= end - at);
        MUST(what != STREAM_MORE || used == end - at);
        at += used;
        if (what != STREAM_FRAME)
            continue;
        note(found, &stream.frame);
        given += stream.frame.bytes;
        MUST(given == at);
    }
    buffer_add(found, what == STREAM_NONSENSE ? STR("\n!") : STR("\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct buffer whole = BUFFER_NULL, pieces = BUFFER_NULL;

    run(&whole, (const char *)bytes, size, size);
    run(&pieces, (const char *)bytes, size, 1 + size % 7);
    MUST(str_compare(buffer_str(&whole), buffer_str(&pieces)) == 0);
    buffer_release(&whole);
    buffer_release(&pieces);
    return 0;
}
