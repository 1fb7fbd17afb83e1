/* operand.c - see operand.h. */
#include "replay/operand.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

bool replay_is_timed(const struct replay *replay)
{
    return !fault_by_id(replay->fault)->points;
}

bool replay_matches(const struct replay *replay, struct signature wanted,
                    const struct replay_attempt *attempt)
{
    if (!replay->recorded)
        return true;
    if (attempt->outcome != replay->outcome ||
        !signature_equal(attempt->signature, wanted))
        return false;
    if (replay->explained)
        return attempt->replies <= replay->point && replay->point <= attempt->commands;
    return attempt->replies == replay->replies && attempt->commands == replay->commands;
}

/* A number and nothing else; digits only, so that "-1" and " 1" are none. */
static bool parse_number(const char *text, uint64_t *ret)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 18 || text[digits])
        return false;
    *ret = strtoull(text, NULL, 10);
    return true;
}

static int refuse(const char *text, struct err *err)
{
    CLEANUP(mem_freep) char *expected = mem_strdup("");
    size_t told = 0;

    for (int points = 0; points < 2; points++)
        for (enum fault_id id = FAULT_NONE + 1; id < FAULT_COUNT; id++) {
            const struct fault *fault = fault_by_id(id);
            const char *between = told == 0                 ? ""
                                  : told == FAULT_COUNT - 2 ? " or "
                                                            : ", ";
            char *longer;

            if ((fault->points != NULL) != points)
                continue;
            longer = mem_printf("%s%s%s", expected, between, fault->operand);
            free(expected);
            expected = longer;
            told++;
        }
    return err_set(err, ERR_USAGE, "'%.100s' is no trial: expected %s", text, expected);
}

int replay_operand_parse(const char *text, struct replay_operand *ret, struct err *err)
{
    for (enum fault_id id = FAULT_STEP; id < FAULT_COUNT; id++) {
        const char *mark =
            fault_by_id(id)->points ? strrchr(text, fault_by_id(id)->mark) : NULL;
        struct replay_operand operand = { .fault = id };
        size_t length = mark ? (size_t)(mark - text) : 0;

        if (fault_by_id(id)->points &&
            (length == 0 || length >= sizeof(operand.strategy)))
            continue;
        if (!parse_number(mark ? mark + 1 : text, &operand.number))
            continue;
        memcpy(operand.strategy, text, length);
        *ret = operand;
        return 0;
    }
    return refuse(text, err);
}
