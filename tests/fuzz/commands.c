/* commands.c - any bytes from a client: the same commands however they are cut, no byte
 * is lost or given out twice, and what is nonsense stays so.
 *
 * The entry is libFuzzer's, as in loader.c. */
#include "fuzz.h"

#include <string.h>

#include "base/mem.h"
#include "tap/stream.h"

/* Everything that was found, and the bytes that were given out. */
struct seen {
    struct buffer found;
    size_t given;
};

static void see(struct seen *seen, struct command_stream *stream, const char *given)
{
    struct command_frame frame;
    enum stream_found found;

    while ((found = command_stream_next(stream, &frame)) == STREAM_FRAME) {
        MUST(frame.bytes.length > 0);
        MUST(memcmp(given + seen->given, frame.bytes.bytes, frame.bytes.length) == 0);
        seen->given += frame.bytes.length;
        buffer_add(&seen->found, STR("\n"));
        for (size_t i = 0; i < frame.count; i++) {
            buffer_add(&seen->found, STR(" "));
            buffer_add(&seen->found, frame.words[i]);
        }
    }
    MUST((found == STREAM_NONSENSE) == (stream->nonsense[0] != '\0'));
    MUST(found != STREAM_NONSENSE || command_stream_next(stream, &frame) == found);
}

static void run(struct seen *seen, const char *bytes, size_t size, size_t step)
{
    CLEANUP(command_stream_release) struct command_stream stream = command_stream_new();
    size_t at = 0;

    for (; at < size && !stream.nonsense[0]; at += step) {
        step = step < size - at ? step : size - at;
        command_stream_add(&stream, (struct str){ bytes + at, step });
        see(seen, &stream, bytes);
        MUST(seen->given + command_stream_pending(&stream) == at + step);
    }
    buffer_add(&seen->found, str_of(stream.nonsense));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct seen whole = { BUFFER_NULL, 0 }, pieces = { BUFFER_NULL, 0 };

    run(&whole, (const char *)bytes, size, size);
    run(&pieces, (const char *)bytes, size, 1 + size % 7);
    MUST(whole.given == pieces.given);
    MUST(str_compare(buffer_str(&whole.found), buffer_str(&pieces.found)) == 0);
    buffer_release(&whole.found);
    buffer_release(&pieces.found);
    return 0;
}
