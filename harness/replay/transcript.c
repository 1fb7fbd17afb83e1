/* transcript.c - see transcript.h. */
#include "replay/transcript.h"

#include <string.h>

#include "base/clock.h"
#include "redis/quote.h"

/* Of a longer update only this much is shown: its beginning, its end, and what stands
 * around the death. */
#define SHOWN_WHOLE 60
#define SHOWN_FIRST 4
#define SHOWN_BEFORE 20
#define SHOWN_AFTER 6
#define SHOWN_LAST 2

#define WORD_COLUMNS 40
#define ERROR_COLUMNS 400
#define COMMAND_COLUMNS 54
#define CONNECTION_COLUMNS 5
#define REPLY_COLUMNS 25

/* As in the notation, if it is not too long. */
static void print_word(FILE *out, struct str word, bool first)
{
    CLEANUP(mem_freep) char *whole = NULL;
    size_t enough = WORD_COLUMNS + 1; /* for one that is cut */
    struct str part = { word.bytes, word.length < enough ? word.length : enough };
    FILE *memory = mem_stream(&whole);

    quote_print(memory, part, first);
    fclose(memory);
    str_print(out, str_of(whole), WORD_COLUMNS);
}

void transcript_command(char *buffer, size_t size, int argc, const char *const *argv,
                        const size_t *lengths)
{
    CLEANUP(mem_freep) char *words = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&words, &length);

    if (!out)
        return;
    for (int i = 0; i < argc && ftell(out) < (long)size; i++) {
        fputs(i ? " " : "", out);
        print_word(out, (struct str){ argv[i], lengths[i] }, i == 0);
    }
    fclose(out);
    str_show(buffer, size, (struct str){ words, length });
}

static void show_text(char *buffer, size_t size, const char *before,
                      const redisReply *reply, const char *after)
{
    size_t used = (size_t)snprintf(buffer, size, "%s", before), left;

    if (used + strlen(after) >= size)
        return;
    left = size - used - strlen(after);
    str_show(buffer + used, left, (struct str){ reply->str, (size_t)reply->len });
    strcat(buffer, after);
}

void transcript_reply(char *buffer, size_t size, const redisReply *reply)
{
    switch (reply->type) {
    case REDIS_REPLY_STATUS:
        show_text(buffer, size, "", reply, "");
        break;
    case REDIS_REPLY_ERROR:
        show_text(buffer, size, "(error) ", reply, "");
        break;
    case REDIS_REPLY_STRING:
        show_text(buffer, size, "\"", reply, "\"");
        break;
    case REDIS_REPLY_INTEGER:
        snprintf(buffer, size, "(integer) %lld", reply->integer);
        break;
    case REDIS_REPLY_NIL:
        snprintf(buffer, size, "(nil)");
        break;
    case REDIS_REPLY_ARRAY:
        if (reply->elements == 0)
            snprintf(buffer, size, "(empty array)");
        else
            snprintf(buffer, size, "%zu item%s", reply->elements,
                     reply->elements == 1 ? "" : "s");
        break;
    default:
        snprintf(buffer, size, "(a reply of type %d)", reply->type);
    }
}

void transcript_next_reply(redisReader **reader, struct str bytes, char *buffer,
                           size_t size)
{
    void *reply = NULL;

    redisReaderFeed(*reader, bytes.bytes, bytes.length);
    if (redisReaderGetReply(*reader, &reply) != REDIS_OK) {
        bool deep = strstr((*reader)->errstr, "nested");

        snprintf(buffer, size, deep ? "(nested too deep to read)" : "(not to be read)");
        redisReaderFree(*reader);
        *reader = redisReaderCreate();
    }
    if (reply)
        transcript_reply(buffer, size, reply);
    freeReplyObject(reply);
}

/* What is being written. */
struct lines {
    FILE *out;
    const struct transcript *transcript;
    redisReader *replies; /* of the one that died; fed as they are asked for */
    size_t fed;           /* bytes of its answers */
    size_t skipped;       /* commands that were not shown, since the last that was */
};

static bool is_shown(const struct transcript *transcript, size_t index)
{
    size_t total = transcript->whole->commands, dead = (size_t)transcript->commands;

    return total <= SHOWN_WHOLE || index < SHOWN_FIRST || index + SHOWN_LAST >= total ||
           (index + SHOWN_BEFORE >= dead && index < dead + SHOWN_AFTER);
}

/* The next reply of the one that died. */
static void show_reply(struct lines *lines, size_t index, char *buffer, size_t size)
{
    const struct recording *sent = &lines->transcript->sent;
    size_t end = (size_t)sent->traces[index].reply_end;
    struct str bytes;

    if (end > sent->answer_bytes || end < lines->fed)
        end = lines->fed; /* UNTESTED: the wire counts no reply before its bytes */
    bytes = (struct str){ sent->answers + lines->fed, end - lines->fed };
    lines->fed = end;
    snprintf(buffer, size, "(not to be read)");
    transcript_next_reply(&lines->replies, bytes, buffer, size);
}

static void write_skipped(struct lines *lines)
{
    if (lines->skipped)
        fprintf(lines->out, "     ... %zu more ...\n", lines->skipped);
    lines->skipped = 0;
}

/* A connection takes its room from the command. */
static size_t command_columns(const struct transcript *transcript)
{
    return transcript->connection_of ? COMMAND_COLUMNS - CONNECTION_COLUMNS
                                     : COMMAND_COLUMNS;
}

static void write_line(struct lines *lines, size_t index, const char *time,
                       const char *command, const char *reply)
{
    const uint64_t *connection_of = lines->transcript->connection_of;

    write_skipped(lines);
    fprintf(lines->out, "  %4zu %10s  ", index + 1, time);
    if (connection_of && *time)
        fprintf(lines->out, "%3llu  ", (unsigned long long)connection_of[index]);
    else if (connection_of)
        fputs("     ", lines->out);
    fprintf(lines->out, "%-*s  %s\n", (int)command_columns(lines->transcript), command,
            reply);
}

/* Had it been answered when the program died? */
static bool is_answered(const struct transcript *transcript, size_t index)
{
    const uint64_t *answered = transcript->answered;

    return !answered || (answered[index] && answered[index] <= transcript->commands);
}

/* When the update began, as its traces tell time: a program's, by its first command. */
static uint64_t begin_ns(const struct transcript *transcript)
{
    return transcript->of_program ? transcript->sent.traces[0].write_ns : 0;
}

static void tell_sent(void *context, size_t index, int argc, const char *const *argv,
                      const size_t *lengths)
{
    struct lines *lines = context;
    const struct transcript *transcript = lines->transcript;
    char reply[REPLY_COLUMNS + 1] = "written, reply not read";
    char command[COMMAND_COLUMNS + 1], time[16];

    if (index < transcript->replies)
        show_reply(lines, index, reply, sizeof(reply));
    if (!is_answered(transcript, index))
        snprintf(reply, sizeof(reply), "(waits)");
    if (!is_shown(transcript, index)) {
        lines->skipped++;
        return;
    }
    transcript_command(command, command_columns(transcript) + 1, argc, argv, lengths);
    snprintf(time, sizeof(time), "%.0f us",
             ns_to_us((double)(transcript->sent.traces[index].write_ns -
                               begin_ns(transcript))));
    write_line(lines, index, time, command, reply);
}

/* A command that no worker was seen to write, from the recording of a whole update. */
static void tell_recorded(struct lines *lines, size_t index, int argc,
                          const char *const *argv, const size_t *lengths,
                          const char *what)
{
    char command[COMMAND_COLUMNS + 1];

    if (!is_shown(lines->transcript, index)) {
        lines->skipped++;
        return;
    }
    transcript_command(command, command_columns(lines->transcript) + 1, argc, argv,
                       lengths);
    write_line(lines, index, "", command, what);
}

static void tell_arrived(void *context, size_t index, int argc, const char *const *argv,
                         const size_t *lengths)
{
    struct lines *lines = context;

    if (index < lines->transcript->commands)
        tell_recorded(lines, index, argc, argv, lengths, "arrived");
}

/* What a lost link does to what comes behind it. */
static const char *lost_text(const struct transcript *transcript, size_t index)
{
    const struct trace *traces = transcript->whole->traces;
    uint64_t start = index ? traces[index - 1].end : 0;

    return transcript->point > start ? "a part arrived" : "did not arrive";
}

static void tell_unsent(void *context, size_t index, int argc, const char *const *argv,
                        const size_t *lengths)
{
    struct lines *lines = context;

    if (index >= lines->transcript->commands)
        tell_recorded(lines, index, argc, argv, lengths,
                      lines->transcript->fault->sends_recording
                          ? lost_text(lines->transcript, index)
                      : lines->transcript->of_program ? "not executed"
                                                      : "not sent");
}

static void say_place(FILE *out, const struct transcript *transcript)
{
    unsigned long long replies = transcript->replies, commands = transcript->commands;

    if (commands == 0)
        fputs("before the first command was written", out);
    else if (replies < commands)
        fprintf(out, "while waiting for reply %llu", replies + 1);
    else if (commands < transcript->whole->commands)
        fprintf(out, "between reply %llu and command %llu", replies, commands + 1);
    else
        fputs("after the last reply, before the update had ended", out);
}

/* Never before what the worker has done after all: a timer may be late. */
static double killed_us(const struct transcript *transcript)
{
    const struct recording *sent = &transcript->sent;
    uint64_t last_ns = sent->commands ? sent->traces[sent->commands - 1].write_ns : 0;

    return ns_to_us(
        (double)(transcript->kill_ns > last_ns ? transcript->kill_ns : last_ns));
}

static void say_cut(FILE *out, const struct transcript *transcript)
{
    const struct recording *whole = transcript->whole;
    size_t complete = (size_t)transcript->commands;
    uint64_t start = complete ? whole->traces[complete - 1].end : 0;

    fprintf(out, "the link is gone after byte %llu of %zu",
            (unsigned long long)transcript->point, whole->output_bytes);
    if (transcript->point > start)
        fprintf(out, ", %llu bytes into command %zu",
                (unsigned long long)(transcript->point - start), complete + 1);
}

static void say_end(FILE *out, const struct transcript *transcript)
{
    switch (transcript->outcome) {
    case OUTCOME_DISTURBED: /* a replay is not looked at for that */
    case OUTCOME_VALID:
        fprintf(out, "SIGKILL at %.0f us, ", killed_us(transcript));
        say_place(out, transcript);
        break;
    case OUTCOME_MISSED:
        fprintf(out, "the update is over at %.0f us; SIGKILL, due at %.0f us, missed it",
                ns_to_us((double)transcript->end_ns),
                ns_to_us((double)transcript->kill_ns));
        break;
    case OUTCOME_EARLY:
        fputs("SIGKILL before the update had begun", out);
        break;
    case OUTCOME_TIMEOUT:
        fputs("killed by the watchdog, ", out);
        say_place(out, transcript);
        break;
    case OUTCOME_ERROR:
    case OUTCOME_COUNT:
        fputs("it ended with an error: ", out);
        str_print(out,
                  str_of(transcript->error[0] ? transcript->error
                                              : "it died of something else"),
                  ERROR_COLUMNS);
        break;
    }
}

static void write_death(struct lines *lines)
{
    const struct transcript *transcript = lines->transcript;
    const struct fault *fault = transcript->fault;

    write_skipped(lines);
    fputs("       --- ", lines->out);
    if (fault->sends_recording)
        say_cut(lines->out, transcript);
    else if (!fault->points)
        say_end(lines->out, transcript);
    else
        fputs(transcript->outcome == OUTCOME_MISSED ? "the update is over"
              : transcript->of_program ? "all that the program has started is dead here"
                                       : fault->death,
              lines->out);
    fputs(" ---\n", lines->out);
}

int transcript_write(FILE *out, const struct transcript *transcript, struct err *err)
{
    struct lines lines = { .out = out, .transcript = transcript };
    int code;

    lines.replies = redisReaderCreate();
    if (transcript->fault->sends_recording)
        code = recording_each(transcript->whole, tell_arrived, &lines, err);
    else
        code = recording_each(&transcript->sent, tell_sent, &lines, err);
    write_death(&lines);
    if (code == 0)
        code = recording_each(transcript->whole, tell_unsent, &lines, err);
    write_skipped(&lines);
    redisReaderFree(lines.replies);
    return code;
}
