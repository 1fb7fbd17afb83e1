/* stream.c - see stream.h. */
#include "tap/stream.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define KEPT_ROOM (1u << 20) /* of an empty buffer; more goes back */

/* A whole number as string2ll() of Redis takes it: no blanks, no plus, no zeros in
 * front. */
static bool parse_number(struct str text, int64_t *ret)
{
    bool negative = text.length && text.bytes[0] == '-';
    const char *at = text.bytes + negative, *end = text.bytes + text.length;
    int64_t value = 0;

    if (at == end || (*at == '0' && text.length > 1))
        return false;
    for (; at < end; at++)
        if (*at < '0' || *at > '9' || __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *at - '0', &value))
            return false;
    if (!negative && value == INT64_MIN)
        return false;
    *ret = negative ? value : -value;
    return true;
}

struct command_stream command_stream_new(void)
{
    return (struct command_stream){ .bulk_most = STREAM_BULK_MOST };
}

void command_stream_release(struct command_stream *stream)
{
    buffer_release(&stream->bytes);
    buffer_release(&stream->unquoted);
    free(stream->spans);
    free(stream->words);
    *stream = command_stream_new();
}

size_t command_stream_pending(const struct command_stream *stream)
{
    return stream->bytes.length - stream->taken;
}

/* Forgets what was given out, once that is the better part of it. */
static void give_back(struct command_stream *stream)
{
    size_t left = command_stream_pending(stream);

    if (stream->taken < left || !stream->taken)
        return;
    if (left)
        memmove(stream->bytes.bytes, stream->bytes.bytes + stream->taken, left);
    stream->bytes.length = left;
    stream->at -= stream->taken;
    stream->looked -= stream->taken;
    stream->taken = 0;
    if (!left && stream->bytes.room > KEPT_ROOM)
        buffer_release(&stream->bytes);
}

void command_stream_add(struct command_stream *stream, struct str bytes)
{
    give_back(stream);
    buffer_add(&stream->bytes, bytes);
}

static enum stream_found complain(struct command_stream *stream, const char *what)
{
    snprintf(stream->nonsense, sizeof(stream->nonsense), "Protocol error: %s", what);
    return STREAM_NONSENSE;
}

/* Finds the byte that ends the line at `at`, as strchr() of Redis does: not behind a zero
 * byte. `behind` so many bytes more must be there. */
static enum stream_found find_line(struct command_stream *stream, char end, size_t behind,
                                   const char *too_long, size_t *ret_length)
{
    const char *bytes = stream->bytes.bytes;
    size_t from = stream->looked > stream->at ? stream->looked : stream->at;

    while (from < stream->bytes.length && bytes[from] != end && bytes[from] &&
           from - stream->at <= STREAM_LINE_MOST)
        from++;
    stream->looked = from;
    if (from < stream->bytes.length && bytes[from] == end &&
        from - stream->at <= STREAM_LINE_MOST) {
        *ret_length = from - stream->at;
        return from + behind < stream->bytes.length ? STREAM_FRAME : STREAM_MORE;
    }
    return stream->bytes.length - stream->at > STREAM_LINE_MOST
               ? complain(stream, too_long)
               : STREAM_MORE;
}

/* A length behind a first byte, up to the end of its line; what ends the line is not
 * looked at but for its length. */
static enum stream_found take_length(struct command_stream *stream, const char *too_long,
                                     const char *wrong, int64_t least, uint64_t most,
                                     int64_t *ret)
{
    size_t length = 0;
    enum stream_found found = find_line(stream, '\r', 1, too_long, &length);
    struct str digits;

    if (found != STREAM_FRAME)
        return found;
    digits =
        (struct str){ stream->bytes.bytes + stream->at + 1, length ? length - 1 : 0 };
    if (!parse_number(digits, ret) || *ret < least || (*ret > 0 && (uint64_t)*ret > most))
        return complain(stream, wrong);
    stream->at += length + 2;
    return STREAM_FRAME;
}

static void add_word(struct command_stream *stream, size_t at, size_t length)
{
    if (stream->count == stream->room) {
        stream->room = stream->room ? 2 * stream->room : 16;
        stream->spans = mem_grow(stream->spans, stream->room, sizeof(*stream->spans));
        stream->words = mem_grow(stream->words, stream->room, sizeof(*stream->words));
    }
    stream->spans[stream->count++] = (struct span){ at, length };
}

/* Words lie at offsets from the command's begin, or in what was unquoted, of which there
 * is nothing if all of them are empty. */
static enum stream_found give_out(struct command_stream *stream, const char *base,
                                  struct command_frame *ret)
{
    for (size_t i = 0; i < stream->count; i++)
        stream->words[i] =
            base ? (struct str){ base + stream->spans[i].at, stream->spans[i].length }
                 : STR("");
    *ret = (struct command_frame){
        { stream->bytes.bytes + stream->taken, stream->at - stream->taken },
        stream->words,
        stream->count,
    };
    stream->taken = stream->looked = stream->at;
    stream->count = 0;
    stream->missing = 0;
    return STREAM_FRAME;
}

/* The next word's length. */
static enum stream_found take_bulk_length(struct command_stream *stream)
{
    static const char too_long[] = "too big bulk count string";
    size_t length;
    int64_t bulk;
    enum stream_found found = find_line(stream, '\r', 1, too_long, &length);
    char first, what[32];

    if (found != STREAM_FRAME)
        return found;
    first = stream->bytes.bytes[stream->at];
    if (first != '$') {
        snprintf(what, sizeof(what), "expected '$', got '%c'", first);
        return complain(stream, what);
    }
    found =
        take_length(stream, too_long, "invalid bulk length", 0, stream->bulk_most, &bulk);
    if (found == STREAM_FRAME) {
        stream->bulk = (uint64_t)bulk;
        stream->in_bulk = true;
    }
    return found;
}

static enum stream_found next_array(struct command_stream *stream,
                                    struct command_frame *ret)
{
    enum stream_found found;
    int64_t count;

    if (!stream->missing) {
        found =
            take_length(stream, "too big mbulk count string", "invalid multibulk length",
                        INT64_MIN, STREAM_WORDS_MOST, &count);
        if (found != STREAM_FRAME)
            return found;
        stream->missing = count > 0 ? (uint64_t)count : 0;
    }
    while (stream->missing) {
        found = stream->in_bulk ? STREAM_FRAME : take_bulk_length(stream);
        if (found != STREAM_FRAME)
            return found;
        if (stream->bytes.length - stream->at < stream->bulk + 2)
            return STREAM_MORE;
        add_word(stream, stream->at - stream->taken, (size_t)stream->bulk);
        stream->at += (size_t)stream->bulk + 2;
        stream->in_bulk = false;
        stream->missing--;
    }
    return give_out(stream, stream->bytes.bytes + stream->taken, ret);
}

static int hex_value(char digit)
{
    return digit <= '9' ? digit - '0' : tolower(digit) - 'a' + 10;
}

/* One character within double quotes, which may be spelt; returns how many it took. */
static size_t unescape(const char *at, size_t left, char *ret)
{
    static const char from[] = "nrtba", to[] = "\n\r\t\b\a";
    const char *letter;

    *ret = *at;
    if (*at != '\\' || left < 2)
        return 1;
    if (left >= 4 && at[1] == 'x' && isxdigit((unsigned char)at[2]) &&
        isxdigit((unsigned char)at[3])) {
        *ret = (char)(hex_value(at[2]) * 16 + hex_value(at[3]));
        return 4;
    }
    letter = strchr(from, at[1]);
    *ret = letter ? to[letter - from] : at[1];
    return 2;
}

/* What is in quotes, from behind the first one; behind the last one a word must end. NULL
 * if it does not, or there is none. */
static const char *unquote(struct buffer *into, char quote, const char *at,
                           const char *end)
{
    while (at < end && *at != quote) {
        size_t left = (size_t)(end - at), took = 1;
        char byte = *at;

        if (quote == '"')
            took = unescape(at, left, &byte);
        else if (left >= 2 && at[0] == '\\' && at[1] == '\'')
            byte = '\'', took = 2;
        buffer_add(into, (struct str){ &byte, 1 });
        at += took;
    }
    if (at == end || (at + 1 < end && !isspace((unsigned char)at[1])))
        return NULL;
    return at + 1;
}

/* The words of a line, as sdssplitargs() of Redis finds them; false if quotes are not
 * balanced. */
static bool split(struct command_stream *stream, const char *at, const char *end)
{
    struct buffer *into = &stream->unquoted;

    into->length = 0;
    while (at < end) {
        size_t start = into->length;

        if (isspace((unsigned char)*at)) {
            at++;
            continue;
        }
        while (at < end && !strchr(" \n\r\t", *at)) {
            if (*at != '"' && *at != '\'') {
                buffer_add(into, (struct str){ at++, 1 });
                continue;
            }
            at = unquote(into, *at, at + 1, end);
            if (!at)
                return false;
            break; /* a word ends with its quotes */
        }
        add_word(stream, start, into->length - start);
    }
    return true;
}

static enum stream_found next_line(struct command_stream *stream,
                                   struct command_frame *ret)
{
    size_t length;
    enum stream_found found =
        find_line(stream, '\n', 0, "too big inline request", &length);
    const char *line = stream->bytes.bytes + stream->at;

    if (found != STREAM_FRAME)
        return found;
    if (!split(stream, line, line + length - (length && line[length - 1] == '\r')))
        return complain(stream, "unbalanced quotes in request");
    stream->at += length + 1;
    return give_out(stream, stream->unquoted.bytes, ret);
}

enum stream_found command_stream_next(struct command_stream *stream,
                                      struct command_frame *ret)
{
    if (stream->nonsense[0])
        return STREAM_NONSENSE;
    if (stream->taken == stream->bytes.length)
        return STREAM_MORE;
    return stream->bytes.bytes[stream->taken] == '*' ? next_array(stream, ret)
                                                     : next_line(stream, ret);
}

bool reply_head_is(const struct reply_frame *frame, struct str text)
{
    return frame->head_whole && frame->head_length == text.length &&
           memcmp(frame->head, text.bytes, text.length) == 0;
}

/* What a first byte says of its value. */
enum shape { SHAPE_NONE, SHAPE_LINE, SHAPE_BULK, SHAPE_AGGREGATE, SHAPE_ATTRIBUTE };
static const struct {
    enum shape shape;
    unsigned per_element; /* values that each element has */
    bool may_be_null;     /* with a length of -1 */
} shapes[128] = {
    ['+'] = { SHAPE_LINE, 0, false },      ['-'] = { SHAPE_LINE, 0, false },
    [':'] = { SHAPE_LINE, 0, false },      ['_'] = { SHAPE_LINE, 0, false },
    ['#'] = { SHAPE_LINE, 0, false },      [','] = { SHAPE_LINE, 0, false },
    ['('] = { SHAPE_LINE, 0, false },      ['$'] = { SHAPE_BULK, 0, true },
    ['!'] = { SHAPE_BULK, 0, false },      ['='] = { SHAPE_BULK, 0, false },
    ['*'] = { SHAPE_AGGREGATE, 1, true },  ['~'] = { SHAPE_AGGREGATE, 1, false },
    ['>'] = { SHAPE_AGGREGATE, 1, false }, ['%'] = { SHAPE_AGGREGATE, 2, false },
    ['|'] = { SHAPE_ATTRIBUTE, 2, false },
};

static enum shape shape_of(char type)
{
    return type > 0 ? shapes[(unsigned char)type].shape : SHAPE_NONE;
}

static void add_to_head(struct reply_stream *stream, const char *bytes, size_t length)
{
    struct reply_frame *frame = &stream->frame;
    size_t left = REPLY_HEAD - frame->head_length;

    if (!stream->heads)
        return;
    memcpy(frame->head + frame->head_length, bytes, length < left ? length : left);
    frame->head_length += length < left ? length : left;
    frame->head_whole = frame->head_whole || frame->head_length == REPLY_HEAD;
}

/* A value is whole, or the head of an aggregate with so many values. */
static void end_value(struct reply_stream *stream, uint64_t values)
{
    stream->missing += values - (stream->type != '|');
    stream->inside = stream->frame.kind != 0;
    if (stream->heads && (shape_of(stream->type) < SHAPE_AGGREGATE || !values)) {
        stream->frame.head_whole = true;
        stream->heads = false;
    }
    stream->type = 0;
    stream->line_length = 0;
    stream->return_seen = stream->in_bulk = false;
}

static enum stream_found begin_value(struct reply_stream *stream, char type)
{
    struct reply_frame *frame = &stream->frame;
    bool top = stream->missing == 1 && !frame->kind;

    if (shape_of(type) == SHAPE_NONE)
        return STREAM_NONSENSE;
    stream->type = type;
    if (top && type != '|') {
        frame->kind = type;
        frame->is_error = type == '-' || type == '!';
        frame->is_push = type == '>';
        frame->is_null = type == '_';
        stream->heads = true;
    } else if (shape_of(type) >= SHAPE_AGGREGATE && stream->heads) {
        frame->head_whole = true; /* the first element is no text */
        stream->heads = false;
    }
    return STREAM_MORE;
}

/* The length of a string or an aggregate is there. */
static enum stream_found end_length(struct reply_stream *stream)
{
    struct str digits = { stream->line, stream->line_length };
    size_t row = (unsigned char)stream->type;
    bool top = stream->heads && !stream->inside;
    int64_t length;

    if (!parse_number(digits, &length) || length > (INT64_C(1) << 40))
        return STREAM_NONSENSE;
    if (length < 0) {
        if (length != -1 || !shapes[row].may_be_null)
            return STREAM_NONSENSE;
        stream->frame.is_null = stream->frame.is_null || top;
        end_value(stream, 0);
        return STREAM_MORE;
    }
    if (shapes[row].shape == SHAPE_BULK) {
        stream->bulk = (uint64_t)length + 2;
        stream->in_bulk = true;
        return STREAM_MORE;
    }
    if (stream->missing > UINT64_MAX / 4)
        return STREAM_NONSENSE;
    if (top)
        stream->frame.elements = (uint64_t)length * shapes[row].per_element;
    end_value(stream, (uint64_t)length * shapes[row].per_element);
    return STREAM_MORE;
}

/* One byte of a line; lines are short. */
static enum stream_found take_line(struct reply_stream *stream, char byte)
{
    bool is_text = shape_of(stream->type) == SHAPE_LINE;

    if (stream->return_seen && byte == '\n') {
        if (!is_text)
            return end_length(stream);
        end_value(stream, 0);
        return STREAM_MORE;
    }
    if (stream->return_seen && !is_text)
        return STREAM_NONSENSE;
    if (is_text && stream->return_seen)
        add_to_head(stream, "\r", 1);
    stream->return_seen = byte == '\r';
    if (stream->return_seen)
        return STREAM_MORE;
    if (is_text) {
        add_to_head(stream, &byte, 1);
        return STREAM_MORE;
    }
    if (stream->line_length == sizeof(stream->line))
        return STREAM_NONSENSE;
    stream->line[stream->line_length++] = byte;
    return STREAM_MORE;
}

/* Bytes of a string; returns how many. What ends it is not looked at. */
static size_t take_bulk(struct reply_stream *stream, const char *bytes, size_t left)
{
    size_t took = left < stream->bulk ? left : (size_t)stream->bulk;
    uint64_t text = stream->bulk > 2 ? stream->bulk - 2 : 0;

    add_to_head(stream, bytes, took < text ? took : (size_t)text);
    stream->bulk -= took;
    if (!stream->bulk)
        end_value(stream, 0);
    return took;
}

enum stream_found reply_stream_next(struct reply_stream *stream, struct str bytes,
                                    size_t *ret_used)
{
    enum stream_found found = STREAM_MORE;
    size_t at = 0;

    if (!stream->missing && bytes.length)
        *stream = (struct reply_stream){ .missing = 1 };
    while (at < bytes.length && found == STREAM_MORE) {
        if (stream->in_bulk) {
            at += take_bulk(stream, bytes.bytes + at, bytes.length - at);
        } else {
            char byte = bytes.bytes[at++];

            found = stream->type ? take_line(stream, byte) : begin_value(stream, byte);
        }
        if (!stream->missing)
            found = STREAM_FRAME;
    }
    stream->frame.bytes += at;
    *ret_used = at;
    return found;
}
