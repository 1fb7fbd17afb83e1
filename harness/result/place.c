/* place.c - see place.h. */
#include "result/place.h"

#include <string.h>

#include "base/mem.h"

static const struct command *command_at(const struct finding *finding, uint64_t point)
{
    return finding->sent[point - 1];
}

/* The first command of the transaction that this one executes; NULL: it executes none. */
static const struct command *first_queued(const struct finding *finding, uint64_t point)
{
    if (!command_has(command_at(finding, point), COMMAND_ENDS))
        return NULL;
    for (uint64_t k = point - 1; k > 0; k--)
        if (command_has(command_at(finding, k), COMMAND_BEGINS))
            return k + 1 < point ? command_at(finding, k + 1) : NULL;
    return NULL;
}

static const char *shown(const struct command *command, char buffer[COMMAND_SHOWN])
{
    return command_shown(command, FINDING_SHOWN, buffer);
}

/* Equal commands are one, so most need not be written down to be compared. */
static bool is_shown_alike(const struct command *a, const struct command *b)
{
    char a_shown[COMMAND_SHOWN], b_shown[COMMAND_SHOWN];

    return a == b || (a && b && strcmp(shown(a, a_shown), shown(b, b_shown)) == 0);
}

const char *place_ordinal(uint64_t number)
{
    static const char *const endings[] = { "th", "st", "nd", "rd" };

    return number % 10 < ARRAY_SIZE(endings) && number / 10 % 10 != 1
               ? endings[number % 10]
               : endings[0];
}

char *place_name(const struct finding *finding, uint64_t point)
{
    const struct command *first = point ? first_queued(finding, point) : NULL,
                         *unlike = NULL;
    uint64_t which = 0, same = 0;
    char *text, buffer[COMMAND_SHOWN];
    FILE *out = mem_stream(&text);

    for (uint64_t k = 1; point && k <= finding->commands; k++) {
        const struct command *command = command_at(finding, k);

        if (command == unlike || !is_shown_alike(command, command_at(finding, point))) {
            unlike = command;
        } else if (is_shown_alike(first_queued(finding, k), first)) {
            same++;
            which += k <= point;
        }
    }
    fputs(finding_shown(finding, point, buffer), out);
    if (first)
        fprintf(out, " of %s", shown(first, buffer));
    if (same > 1)
        fprintf(out, " (%llu%s of %llu)", (unsigned long long)which, place_ordinal(which),
                (unsigned long long)same);
    fclose(out);
    return text;
}
