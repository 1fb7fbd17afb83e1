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

    (void)index;
    *part = (struct part){ .count = (size_t)argc };
    part->words = arena_take(&draft->arena, part->count * sizeof(*part->words));
    for (size_t i = 0; i < part->count; i++)
        part->words[i] = copy_word(draft, (struct str){ argv[i], lengths[i] });
    command_parse(&part->command, argc, argv, lengths);
}

int draft_make(const struct recording *recording, struct draft *ret, struct err *err)
{
    int code;

    *ret = (struct draft){ .arena = ARENA_NULL, .from = 1, .to = 0 };
    ret->parts = mem_alloc((recording->commands + 1) * sizeof(*ret->parts));
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
    part->count = count;
}

void part_add_word(struct draft *draft, struct part *part, struct str word)
{
    struct str *words = arena_take(&draft->arena, (part->count + 1) * sizeof(*words));

    memcpy(words, part->words, part->count * sizeof(*words));
    words[part->count++] = word;
    part->words = words;
}

/* There is room for one. */
void draft_insert(struct draft *draft, size_t at, const struct part *part)
{
    memmove(&draft->parts[at + 1], &draft->parts[at],
            (draft->count - at) * sizeof(*draft->parts));
    draft->parts[at] = *part;
    draft->count++;
}

/* The transaction that a command is in belongs to it, from MULTI to EXEC. */
static void widen(struct draft *draft)
{
    for (size_t i = draft->from + 1; i-- > 0;) {
        if (i < draft->from && command_has(&draft->parts[i].command, COMMAND_ENDS))
            break;
        if (command_has(&draft->parts[i].command, COMMAND_BEGINS)) {
            draft->from = i;
            break;
        }
    }
    for (size_t i = draft->to; i < draft->count; i++) {
        if (i > draft->to && command_has(&draft->parts[i].command, COMMAND_BEGINS))
            break;
        if (command_has(&draft->parts[i].command, COMMAND_ENDS)) {
            draft->to = i;
            break;
        }
    }
}

/* MULTI and EXEC of those inside are left out. What watches keys or waits for something
 * has no place there, and no script calls another. */
bool draft_enclose(struct draft *draft, size_t from, size_t to, const char *opening,
                   uint32_t never)
{
    draft->from = from;
    draft->to = to;
    draft->opening = opening;
    draft->closing = *opening == '[' ? "]" : ")";
    widen(draft);
    for (size_t i = draft->from; i <= draft->to; i++) {
        struct part *part = &draft->parts[i];

        if (part_has_any(part, COMMAND_BEGINS | COMMAND_ENDS))
            part->gone = true;
        else if (part_has_any(part, never) || (part_has_any(part, COMMAND_CONTROL) &&
                                               !part_has_any(part, COMMAND_PUBLISHES)))
            return false;
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

/* The separator before a part that is not the first. */
static const char *separator(const struct draft *draft, size_t i)
{
    bool inside = i > draft->from && i <= draft->to;

    return inside || draft->parts[i].joined ? " ; " : " | ";
}

static void print_part(FILE *out, const struct part *part)
{
    for (size_t w = 0; w < part->count; w++) {
        fputs(w ? " " : "", out);
        quote_print(out, part->words[w], w == 0);
    }
}

char *draft_text(const struct draft *draft)
{
    CLEANUP(mem_freep) char *text = NULL;
    bool encloses = draft->from <= draft->to, opened = false, any = false;
    FILE *out = mem_stream(&text);

    for (size_t i = 0; i < draft->count; i++) {
        bool inside = encloses && i >= draft->from && i <= draft->to;

        if (!draft->parts[i].gone) {
            fputs(!any ? "" : inside && !opened ? " | " : separator(draft, i), out);
            if (inside && !opened)
                fputs(draft->opening, out);
            opened |= inside;
            print_part(out, &draft->parts[i]);
            any = true;
        }
        if (opened && i == draft->to)
            fputs(draft->closing, out);
    }
    fclose(out);
    return any ? TAKE_PTR(text) : NULL;
}
