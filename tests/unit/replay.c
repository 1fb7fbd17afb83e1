/* replay: what is pure of it. What a trial is called, when a death is the recorded one,
 * how commands and replies look, how lines are broken, which command a report names. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "replay/narrative.h"
#include "replay/operand.h"
#include "replay/transcript.h"
#include "report/words.h"

Test(operand, is_a_trial_a_point_or_a_byte)
{
    static const struct {
        const char *text;
        int code;
        enum fault_id fault;
        const char *strategy;
        uint64_t number;
    } cases[] = {
        { "17", 0, FAULT_KILL, "", 17 },
        { "0", 0, FAULT_KILL, "", 0 },
        { "per-field:12", 0, FAULT_STEP, "per-field", 12 },
        { "per-field@480", 0, FAULT_BYTE, "per-field", 480 },
        { "a:b:3", 0, FAULT_STEP, "a:b", 3 },
        { "a@b:3", 0, FAULT_STEP, "a@b", 3 },
        { "a:b@3", 0, FAULT_BYTE, "a:b", 3 },
        { "17 of them:0", 0, FAULT_STEP, "17 of them", 0 },
        { "", ERR_USAGE, 0, "", 0 },
        { "-1", ERR_USAGE, 0, "", 0 },
        { " 1", ERR_USAGE, 0, "", 0 },
        { "1e3", ERR_USAGE, 0, "", 0 },
        { "per-field", ERR_USAGE, 0, "", 0 },
        { "per-field:", ERR_USAGE, 0, "", 0 },
        { "per-field:x", ERR_USAGE, 0, "", 0 },
        { ":3", ERR_USAGE, 0, "", 0 },
        { "99999999999999999999", ERR_USAGE, 0, "", 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct replay_operand operand = { .number = 0 };
        struct err err = ERR_NULL;

        cr_expect_eq(replay_operand_parse(cases[i].text, &operand, &err), cases[i].code,
                     "'%s'", cases[i].text);
        cr_expect_eq(operand.fault, cases[i].fault, "'%s'", cases[i].text);
        cr_expect_str_eq(operand.strategy, cases[i].strategy);
        cr_expect_eq(operand.number, cases[i].number, "'%s'", cases[i].text);
    }
}

Test(matches, the_same_state_at_the_same_point)
{
    static const struct signature wanted = { 1, 2 };
    static const struct replay at_point = { .recorded = true,
                                            .outcome = OUTCOME_VALID,
                                            .replies = 3,
                                            .commands = 4,
                                            .explained = true,
                                            .point = 4 };
    static const struct replay nowhere = {
        .recorded = true, .outcome = OUTCOME_VALID, .replies = 3, .commands = 4
    };
    static const struct replay unknown = { .recorded = false };
    static const struct {
        const struct replay *replay;
        struct replay_attempt attempt;
        bool matches;
    } cases[] = {
        { &at_point, { OUTCOME_VALID, 3, 4, { 1, 2 } }, true },
        { &at_point, { OUTCOME_VALID, 4, 5, { 1, 2 } }, true },
        { &at_point, { OUTCOME_VALID, 0, 9, { 1, 2 } }, true },
        { &at_point, { OUTCOME_VALID, 5, 6, { 1, 2 } }, false },
        { &at_point, { OUTCOME_VALID, 2, 3, { 1, 2 } }, false },
        { &at_point, { OUTCOME_VALID, 3, 4, { 1, 3 } }, false },
        { &at_point, { OUTCOME_MISSED, 3, 4, { 1, 2 } }, false },
        { &nowhere, { OUTCOME_VALID, 3, 4, { 1, 2 } }, true },
        { &nowhere, { OUTCOME_VALID, 4, 4, { 1, 2 } }, false },
        { &unknown, { OUTCOME_EARLY, 0, 0, { 7, 7 } }, true },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        cr_expect_eq(replay_matches(cases[i].replay, wanted, &cases[i].attempt),
                     cases[i].matches, "case %zu", i);
}

Test(transcript, commands_fit_into_a_line)
{
    static const struct {
        const char *words[4];
        size_t lengths[4];
        int count;
        const char *text;
    } cases[] = {
        { { "SET", "key", "value" }, { 3, 3, 5 }, 3, "SET key value" },
        { { "SET", "a key", "" }, { 3, 5, 0 }, 3, "SET \"a key\" \"\"" },
        { { "SET", "k\0\n", "\xff" }, { 3, 3, 1 }, 3, "SET \"k\\x00\\n\" \"\\xff\"" },
        { { "ECHO", "say \"hi\"" }, { 4, 8 }, 2, "ECHO \"say \\\"hi\\\"\"" },
        { { "ECHO", "0123456789012345678901234567890123456789" },
          { 4, 40 },
          2,
          "ECHO 012345678901234567890123456..." },
        { { "A", "b", "c", "d" }, { 1, 1, 1, 1 }, 4, "A b c d" },
        { { NULL }, { 0 }, 0, "" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[36];

        transcript_command(text, sizeof(text), cases[i].count, cases[i].words,
                           cases[i].lengths);
        cr_expect_str_eq(text, cases[i].text);
    }
}

Test(transcript, replies_look_as_in_redis_cli)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        { "+OK\r\n", "OK" },
        { ":-7\r\n", "(integer) -7" },
        { "$-1\r\n", "(nil)" },
        { "$5\r\nhello\r\n", "\"hello\"" },
        { "$0\r\n\r\n", "\"\"" },
        { "$4\r\na\r\nb\r\n", "\"a\\x0d\\x0ab\"" },
        { "$30\r\n012345678901234567890123456789\r\n", "\"01234567890123456789...\"" },
        { "-WRONGTYPE Operation\r\n", "(error) WRONGTYPE Oper..." },
        { "*0\r\n", "(empty array)" },
        { "*1\r\n:1\r\n", "1 item" },
        { "*2\r\n:1\r\n:2\r\n", "2 items" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        redisReader *reader = redisReaderCreate();
        void *reply = NULL;
        char text[26];

        redisReaderFeed(reader, cases[i].bytes, strlen(cases[i].bytes));
        cr_assert_eq(redisReaderGetReply(reader, &reply), REDIS_OK);
        transcript_reply(text, sizeof(text), reply);
        cr_expect_str_eq(text, cases[i].text);
        freeReplyObject(reply);
        redisReaderFree(reader);
    }
}

/* Whatever is in front of it. */
Test(transcript, the_next_reply_is_read)
{
    static const struct {
        const char *bytes, *text;
    } cases[] = {
        { "*0\r\n", "(empty array)" },
        { "?what\r\n", "(not to be read)" },
        { "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
          NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        redisReader *reader = redisReaderCreate();
        char text[26] = "";

        transcript_next_reply(&reader, str_of(cases[i].bytes), text, sizeof(text));
        if (cases[i].text)
            cr_expect_str_eq(text, cases[i].text, "%s", text);
        else /* newer ones read it */
            cr_expect(strcmp(text, "(nested too deep to read)") == 0 ||
                          strcmp(text, "1 item") == 0,
                      "%s", text);
        transcript_next_reply(&reader, STR(":7\r\n"), text, sizeof(text));
        cr_expect_str_eq(text, "(integer) 7");
        redisReaderFree(reader);
    }
}

Test(narrative, long_lines_are_broken_at_blanks)
{
    static const struct {
        const char *text, *wrapped;
    } cases[] = {
        { "", "" },
        { "one\n\n  two\n", "one\n\n  two\n" },
        { "no newline", "no newline\n" },
        { "  aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa "
          "aaaaaaaaa aaaaaaaaa aaaaaaaaa b\nc\n",
          "  aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa aaaaaaaaa "
          "aaaaaaaaa aaaaaaaaa\n    aaaaaaaaa b\nc\n" },
    };
    char word[301];

    for (size_t i = 0; i <= ARRAY_SIZE(cases); i++) {
        char text[512] = "";
        FILE *out = fmemopen(text, sizeof(text), "w");

        memset(word, 'w', sizeof(word) - 1);
        word[sizeof(word) - 1] = '\0';
        narrative_wrap(out, i < ARRAY_SIZE(cases) ? cases[i].text : word);
        fclose(out);
        if (i < ARRAY_SIZE(cases))
            cr_expect_str_eq(text, cases[i].wrapped);
        else
            cr_expect_eq(strlen(text), sizeof(word), "a word without blanks");
    }
}

/* It can be longer than the page; what comes behind is wrapped again. */
Test(narrative, keeps_what_is_there_to_be_copied_in_one_line)
{
    char line[300], *text;
    CLEANUP(mem_freep) char *narrative = NULL, *wanted = NULL;
    FILE *out = mem_stream(&text);

    for (size_t i = 0; i < sizeof(line) - 1; i++)
        line[i] = i % 5 ? 'w' : ' ';
    line[0] = 'x';
    line[sizeof(line) - 1] = '\0';
    narrative = mem_printf("%c%s\nand so on\n", NARRATIVE_COPY, line);
    wanted = mem_printf("    %s\nand so on\n", line);
    narrative_wrap(out, narrative);
    fclose(out);
    cr_expect_str_eq(text, wanted);
    free(text);
}

Test(report, names_the_command_that_replays_a_leak)
{
    struct strategy strategy = { .name = (char[]){ "it's slow" } };
    struct point points[] = { { .taken = true },
                              { .taken = true,
                                .verdict.later = LATER_LEAKED,
                                .has_trial = true,
                                .example_trial = 17 } };
    struct finding finding = {
        .strategy = &strategy, .controlled = true, .commands = 1, .points = points
    };
    struct parameter parameters[] = { { .name = (char[]){ "password" },
                                        .value = (char[]){ "***" } } };
    struct outline scenario = { .parameters = parameters };
    struct result result = { .findings = &finding, .scenario = &scenario };
    struct report_style style = { .program = NULL };
    char *command = words_replay(&result, &finding, 1, style);

    cr_expect_null(command, "a run that is not kept cannot be replayed");
    result.directory = "results/my run";
    command = words_replay(&result, &finding, 1, style);
    cr_expect_str_eq(command, "afterkill replay 'results/my run' 17");
    free(command);
    style.program = "tools/run";
    command = words_replay(&result, &finding, 1, style);
    cr_expect_str_eq(command, "tools/run replay 'results/my run' 17");
    free(command);
    result.directory = "results/1";
    points[1].has_trial = false;
    style.program = NULL;
    command = words_replay(&result, &finding, 1, style);
    cr_expect_str_eq(command, "afterkill replay results/1 'it'\\''s slow:1'");
    free(command);
    scenario.parameter_count = 1; /* a secret, which is not kept */
    command = words_replay(&result, &finding, 1, style);
    cr_expect_str_eq(command,
                     "afterkill replay results/1 'it'\\''s slow:1' --set password=..");
    free(command);
}
