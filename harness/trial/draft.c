/* draft.c - see draft.h. */
#include "trial/draft.h"

#include <string.h>

#include "base/mem.h"
#include "redis/quote.h"

void draft_release(struct draft *draft)
{
    arena_release(&draft->arena);
    mem_freep(&draft->parts);
}

static struct str copy_word(struct draft *draft, struct str word)
{
    char *bytes = arena_take(&draft->arena, word.length + 1);

    if (word.length)
        memcpy(bytes, word.bytes, word.length);
    return (struct str){ bytes, word.length };
}

static void add_part(void *context, size_t index, int argc, const char *const *argv,
                     const size_t *lengths)
{
    struct draft *draft = context;
    struct part *part = &draft->parts[draft->count++];

    *part = (struct part){ .index = index, .count = (size_t)argc, .room = (size_t)argc };
    part->words = arena_take(&draft->arena, part->count * sizeof(*part->words));
    for (size_t i = 0; i < part->count; i++)
        part->words[i] = copy_word(draft, (struct str){ argv[i], lengths[i] });
    command_parse(&part->command, argc, argv, lengths);
}

int draft_make(const struct recording *recording, struct draft *ret, struct err *err)
{
    int code;

    *ret = DRAFT_NULL;
    ret->parts = mem_alloc((recording->commands + DRAFT_INSERTED) * sizeof(*ret->parts));
    code = recording_each(recording, add_part, ret, err);
    for (size_t i = 0; i < ret->count; i++)
        ret->parts[i].joined = recording->traces[i].replies < i;
    return code;
}

bool part_is(const struct part *part, const char *name)
{
    return strcmp(part->command.name, name) == 0;
}

/* The words are terminated literals, or belong to the draft. */
void part_set_words(struct draft *draft, struct part *part, const struct str *words,
                    size_t count)
{
    part->words = arena_take(&draft->arena, count * sizeof(*words));
    memcpy(part->words, words, count * sizeof(*words));
    part->count = part->room = count;
}

/* The room doubles: what was too small stays in the arena, no more than the rest. */
void part_add_word(struct draft *draft, struct part *part, struct str word)
{
    if (part->count == part->room) {
        struct str *words;

        part->room = 2 * part->count + 1;
        words = arena_take(&draft->arena, part->room * sizeof(*words));
        memcpy(words, part->words, part->count * sizeof(*words));
        part->words = words;
    }
    part->words[part->count++] = word;
}

size_t draft_place(const struct draft *draft, size_t index)
{
    size_t at = 0;

    while (at < draft->count && draft->parts[at].index != index)
        at++;
    return at;
}

/* There is room for one. */
void draft_insert(struct draft *draft, size_t at, const struct part *part)
{
    memmove(&draft->parts[at + 1], &draft->parts[at],
            (draft->count - at) * sizeof(*draft->parts));
    draft->count++;
    draft->parts[at] = *part;
    draft->parts[at].index = PART_INSERTED;
    if (at && at + 1 < draft->count && draft->parts[at - 1].piece &&
        draft->parts[at - 1].piece == draft->parts[at + 1].piece) {
        draft->parts[at].piece = draft->parts[at - 1].piece;
        draft->parts[at].opening = draft->parts[at - 1].opening;
    }
}

/* The transaction that a command is in belongs to it, from MULTI to EXEC. */
static void widen(const struct draft *draft, size_t *from, size_t *to)
{
    for (size_t i = *from + 1; i-- > 0;) {
        if (i < *from && command_has(&draft->parts[i].command, COMMAND_ENDS))
            break;
        if (command_has(&draft->parts[i].command, COMMAND_BEGINS)) {
            *from = i;
            break;
        }
    }
    for (size_t i = *to; i < draft->count; i++) {
        if (i > *to && command_has(&draft->parts[i].command, COMMAND_BEGINS))
            break;
        if (command_has(&draft->parts[i].command, COMMAND_ENDS)) {
            *to = i;
            break;
        }
    }
}

/* Has it a place in a transaction, and in a script? */
static bool is_harmless(const struct part *part)
{
    return !part_has_any(part, COMMAND_CONTROL) ||
           part_has_any(part, COMMAND_PUBLISHES) || part_is(part, "TIME") ||
           part_is(part, "PING") || part_is(part, "ECHO");
}

/* The pieces that some of them are in belong to it. */
static const char *widen_by_pieces(const struct draft *draft, size_t *from, size_t *to,
                                   const char *opening)
{
    size_t first = *from, last = *to;

    for (size_t i = 0; i < draft->count; i++) {
        unsigned piece = draft->parts[i].piece;

        for (size_t k = *from; piece && k <= *to; k++) {
            if (draft->parts[k].piece != piece)
                continue;
            first = i < first ? i : first;
            last = i > last ? i : last;
            if (*draft->parts[k].opening != '[')
                opening = draft->parts[k].opening;
        }
    }
    *from = first;
    *to = last;
    return opening;
}

/* MULTI and EXEC of those inside are left out. What watches keys or waits for something
 * has no place there, and no script calls another. */
bool draft_enclose(struct draft *draft, size_t from, size_t to, const char *opening,
                   uint32_t never)
{
    unsigned piece = ++draft->pieces;

    widen(draft, &from, &to);
    opening = widen_by_pieces(draft, &from, &to, opening);
    if (*opening != '[')
        never |= COMMAND_BLOCKS | COMMAND_SCRIPT;
    for (size_t i = from; i <= to; i++) {
        struct part *part = &draft->parts[i];

        if (part_has_any(part, COMMAND_BEGINS | COMMAND_ENDS))
            part->gone = true;
        else if (part_has_any(part, never) || !is_harmless(part) ||
                 (*opening != '[' && str_is_word(part->words[0], "EVAL")))
            return false;
        part->piece = piece;
        part->opening = opening;
    }
    return true;
}

/* The word that is the command's first key. */
struct str part_key(const struct part *part)
{
    for (size_t i = 1; i < part->count; i++)
        if (command_key_hash(part->words[i]) == part->command.key_hash)
            return part->words[i];
    return STR("");
}

static void print_part(FILE *out, const struct part *part)
{
    for (size_t w = 0; w < part->count; w++) {
        fputs(w ? " " : "", out);
        quote_print(out, part->words[w], w == 0);
    }
}

static const char *closing(const struct part *part)
{
    return !part->piece ? "" : *part->opening == '[' ? "]" : ")";
}

/* What stands between two that are printed. */
static void print_between(FILE *out, const struct part *last, const struct part *part)
{
    bool inside = part->piece && part->piece == last->piece;

    if (!inside)
        fputs(closing(last), out);
    fputs(inside || (part->joined && !part->piece) ? " ; " : " | ", out);
    if (!inside && part->piece)
        fputs(part->opening, out);
}

char *draft_text(const struct draft *draft)
{
    const struct part *last = NULL;
    CLEANUP(mem_freep) char *text = NULL;
    FILE *out = mem_stream(&text);

    for (size_t i = 0; i < draft->count; i++) {
        const struct part *part = &draft->parts[i];

        if (part->gone)
            continue;
        if (last)
            print_between(out, last, part);
        else if (part->piece)
            fputs(part->opening, out);
        print_part(out, part);
        last = part;
    }
    if (last)
        fputs(closing(last), out);
    fclose(out);
    return last ? TAKE_PTR(text) : NULL;
}
