/* contrast.c - see contrast.h. */
#include "replay/contrast.h"

#include <string.h>

#include "base/mem.h"

#define ROWS_SHOWN 6 /* of one key and one mark; the others are counted */

/* How an element stands to the two states that are right. */
enum mark {
    MARK_BOTH,
    MARK_OLD,
    MARK_NEW,
    MARK_NEITHER,
    MARK_MORE,
    MARK_GONE,
    MARK_ABSENT
};
static const char *const mark_names[] = {
    [MARK_BOTH] = "in both",    [MARK_OLD] = "only old", [MARK_NEW] = "only new",
    [MARK_NEITHER] = "NEITHER", [MARK_MORE] = "MORE",    [MARK_GONE] = "GONE",
    [MARK_ABSENT] = "not here",
};

static enum mark mark_of(const struct verdict_row *row)
{
    if (row->here > row->old && row->here > row->new)
        return row->old || row->new ? MARK_MORE : MARK_NEITHER;
    if (row->here < row->old && row->here < row->new)
        return MARK_GONE;
    if (row->here == 0)
        return MARK_ABSENT;
    if (row->here > row->new)
        return MARK_OLD;
    return row->here > row->old ? MARK_NEW : MARK_BOTH;
}

/* What has another value or expiry than it should have is not gone. */
static void forgive_changed(struct verdict_row *rows, size_t count)
{
    for (size_t from = 0, to; from < count; from = to) {
        bool here = rows[from].here > 0;

        for (to = from + 1;
             to < count && atom_compare_place(rows[from].atom, rows[to].atom) == 0; to++)
            here |= rows[to].here > 0;
        for (size_t i = from; here && i < to; i++)
            if (mark_of(&rows[i]) == MARK_GONE && rows[i].here == 0)
                rows[i].old = rows[i].new = 0; /* absent */
    }
}

static size_t rows_of(const struct contrast *controls, const struct snapshot *snapshot,
                      struct verdict_row **ret)
{
    size_t count = verdict_rows_at(controls->first_old, controls->first_new,
                                   controls->old, controls->new, &snapshot->state, ret);

    forgive_changed(*ret, count);
    return count;
}

static void write_quoted(FILE *out, struct str text, size_t columns)
{
    fputc('\'', out);
    str_print(out, text, columns);
    fputc('\'', out);
}

static void write_element(FILE *out, const struct atom *atom)
{
    struct str element = atom_element(atom);

    if (element.length)
        write_quoted(out, element, 60);
    if (element.length && atom->value.length)
        fputs(" = ", out);
    if (atom->value.length || !element.length)
        write_quoted(out, atom->value, 30);
}

/* "the old state", "both"; NULL if the place is empty in both controls. */
static const char *who_has(const struct contrast *controls, const struct atom *old,
                           const struct atom *new)
{
    if (old && new)
        return "both";
    return old ? controls->names[0] : new ? controls->names[1] : NULL;
}

/* What a control has in place of an atom: the same with another expiry, or another
 * value. */
static void write_instead(FILE *out, const char *who, const struct atom *atom,
                          const struct atom *there)
{
    const char *have = strcmp(who, "both") == 0 ? "have" : "has";

    fprintf(out, ": %s %s ", who, have);
    if (str_compare(atom->value, there->value) == 0) {
        fprintf(out, "it %s an expiry",
                there->expiry == EXPIRY_NEVER     ? "without"
                : there->expiry == EXPIRY_BOUNDED ? "with"
                                                  : "with too late");
        return;
    }
    write_quoted(out, there->value, 20);
}

/* Why an atom that is in neither control is not. */
static void write_novelty(FILE *out, const struct contrast *controls,
                          const struct atom *atom)
{
    const struct atom *old = state_at_place(controls->old, atom);
    const struct atom *new = state_at_place(controls->new, atom);

    if (!old && !new) {
        fputs(state_of_key(controls->old, atom) || state_of_key(controls->new, atom)
                  ? ": a new element"
                  : ": a new key",
              out);
    } else if (old && new &&atom_compare(old, new) != 0) {
        write_instead(out, controls->names[0], atom, old);
        write_instead(out, controls->names[1], atom, new);
    } else {
        write_instead(out, who_has(controls, old, new), atom, old ? old : new);
    }
}

static void write_seconds(FILE *out, int64_t ms)
{
    fprintf(out, ms % 1000 ? "%.1f s" : "%.0f s", (double)ms / 1e3);
}

/* As moments take it, so that it is what was asked for; -1: there is none. */
static int64_t ttl_of(const struct snapshot *snapshot, struct str key, struct str field)
{
    int64_t ttl_ms = snapshot_ttl_ms(snapshot, key, field);

    return ttl_ms < 0 ? -1 : lapse_rounded(ttl_ms);
}

static void write_ttl(FILE *out, const struct snapshot *snapshot, struct str key,
                      struct str field)
{
    int64_t ttl_ms = ttl_of(snapshot, key, field);

    if (ttl_ms < 0) {
        fputs("never expires", out);
        return;
    }
    fputs("expires in ", out);
    write_seconds(out, ttl_ms);
}

static void write_key(FILE *out, const struct atom *atom)
{
    str_print(out, atom->type, 20);
    fputc(' ', out);
    write_quoted(out, atom->key, 50);
}

/* Behind the last row of the key that begins at `from`. */
static size_t key_end(const struct verdict_row *rows, size_t from, size_t count)
{
    size_t to = from + 1;

    while (to < count && atom_same_key(rows[from].atom, rows[to].atom))
        to++;
    return to;
}

/* --- a state --- */

/* Of a row that is a reason for `mixed`: what else only one of the controls has. */
static void write_side(FILE *out, const struct contrast *controls,
                       const struct verdict_row *row)
{
    if (row->here > row->new)
        fprintf(out, ": as in %s only", controls->names[0]);
    else if (row->here > row->old)
        fprintf(out, ": as in %s only", controls->names[1]);
    else
        fprintf(out, ": not here, but in %s",
                controls->names[row->old > row->new ? 0 : 1]);
}

static void write_row(FILE *out, const struct contrast *controls,
                      const struct snapshot *snapshot, const struct verdict_row *row)
{
    const struct atom *atom = row->atom;
    enum mark mark = mark_of(row);
    char words[LATER_TEXT];

    fprintf(out, "    %-10s  ",
            row->words ? later_text(row->words, words) : mark_names[mark]);
    write_element(out, atom);
    if (row->here > 1)
        fprintf(out, ", %zu times", row->here);
    if (snapshot_ttl_ms(snapshot, atom->key, STR("")) < 0 &&
        snapshot_ttl_ms(snapshot, atom->key, atom->id) >= 0) {
        fputs(", ", out);
        write_ttl(out, snapshot, atom->key, atom->id);
    }
    if (row->words && atom->effect) {
        fprintf(out, ": %s than in either",
                row->words & LATER_DUPLICATED ? "more" : "less");
    } else if (mark == MARK_NEITHER) {
        fputs(row->words ? ": in neither" : "", out);
        write_novelty(out, controls, atom);
    } else if (mark == MARK_MORE) {
        fputs(": more copies than either has", out);
    } else if (row->words & LATER_LOST) {
        fputs(": in both, and gone", out);
    } else if (row->words) {
        write_side(out, controls, row);
    }
    fputc('\n', out);
}

static bool is_told(const struct verdict_row *row)
{
    return row->words || mark_of(row) != MARK_ABSENT;
}

/* The rows of one key: at most so many of each mark. */
static void write_rows(FILE *out, const struct contrast *controls,
                       const struct snapshot *snapshot, const struct verdict_row *rows,
                       size_t count)
{
    size_t of_mark[MARK_ABSENT + 1] = { 0 };

    for (size_t i = 0; i < count; i++)
        if (is_told(&rows[i]) && of_mark[mark_of(&rows[i])]++ < ROWS_SHOWN)
            write_row(out, controls, snapshot, &rows[i]);
    for (size_t mark = 0; mark < ARRAY_SIZE(of_mark); mark++)
        if (of_mark[mark] > ROWS_SHOWN)
            fprintf(out, "    %-10s  ... %zu more\n", mark_names[mark],
                    of_mark[mark] - ROWS_SHOWN);
}

/* Returns whether there was anything to write. */
static bool write_group(FILE *out, const struct contrast *controls,
                        const struct snapshot *snapshot, const struct verdict_row *rows,
                        size_t count)
{
    bool told = false, here = false;

    for (size_t i = 0; i < count; i++) {
        told |= is_told(&rows[i]);
        here |= rows[i].here > 0;
    }
    if (!told)
        return false;
    fputs("  ", out);
    write_key(out, rows->atom);
    fputs(here ? ", which " : ", which is not there", out);
    if (here)
        write_ttl(out, snapshot, rows->atom->key, STR(""));
    fputc('\n', out);
    write_rows(out, controls, snapshot, rows, count);
    return true;
}

unsigned contrast_write(FILE *out, const struct contrast *controls,
                        const struct snapshot *snapshot, bool why)
{
    CLEANUP(mem_freep) struct verdict_row *rows = NULL;
    size_t count = rows_of(controls, snapshot, &rows);
    unsigned words = 0;
    bool told = false;

    for (size_t i = 0; i < count; i++) {
        words |= rows[i].words;
        if (!why)
            rows[i].words = 0;
    }
    for (size_t from = 0, to; from < count; from = to) {
        to = key_end(rows, from, count);
        told |= write_group(out, controls, snapshot, rows + from, to - from);
    }
    if (!told)
        fputs("  nothing is there, and nothing has to be\n", out);
    return words;
}

const char *contrast_equal(const struct contrast *controls,
                           const struct snapshot *snapshot, char buffer[CONTRAST_TEXT])
{
    CLEANUP(mem_freep) struct verdict_row *rows = NULL;
    size_t count = verdict_rows(controls->old, controls->new, &snapshot->state, &rows);
    bool is_old = true, is_new = true;

    for (size_t i = 0; i < count; i++) {
        is_old &= rows[i].here == rows[i].old;
        is_new &= rows[i].here == rows[i].new;
    }
    buffer[0] = '\0';
    if (is_old && is_new)
        snprintf(buffer, CONTRAST_TEXT, "exactly %s and %s, which are the same",
                 controls->names[0], controls->names[1]);
    else if (is_old || is_new)
        snprintf(buffer, CONTRAST_TEXT, "exactly %s", controls->names[is_old ? 0 : 1]);
    return buffer;
}

void contrast_count(FILE *out, const struct contrast *controls,
                    const struct snapshot *snapshot)
{
    static const struct {
        enum mark mark;
        const char *what;
    } parts[] = {
        { MARK_NEITHER, "in neither state" }, { MARK_MORE, "too often" },
        { MARK_OLD, "only in the old one" },  { MARK_NEW, "only in the new one" },
        { MARK_GONE, "in both and gone" },
    };
    CLEANUP(mem_freep) struct verdict_row *rows = NULL;
    size_t of_mark[MARK_ABSENT + 1] = { 0 }, count = rows_of(controls, snapshot, &rows);
    const char *between = "";

    for (size_t i = 0; i < count; i++)
        of_mark[mark_of(&rows[i])]++;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        size_t n = of_mark[parts[i].mark];

        if (n) {
            fprintf(out, "%s%zu element%s %s", between, n, n == 1 ? "" : "s",
                    parts[i].what);
            between = ", ";
        }
    }
}

/* --- what changes from one look to the next --- */

/* Of a key, or of an element of it. */
static void write_expiry(FILE *out, const struct change *change,
                         const struct snapshot *before, struct str key, struct str field)
{
    int64_t ttl_ms = ttl_of(before, key, field);

    if (change->expiry == CHANGE_TELLS_LEFT) {
        fputs(", which ", out);
        write_ttl(out, before, key, field);
    } else if (change->expiry == CHANGE_TELLS_DUE && ttl_ms >= 0) {
        fputs(", due ", out);
        write_seconds(out, change->since_ms + ttl_ms);
        fputs(" after the death", out);
    }
}

/* An element that comes or goes; with `elements`, the whole key that has so many. */
static void write_change(FILE *out, const struct change *change,
                         const struct verdict_row *row, size_t elements,
                         const struct snapshot *before)
{
    const struct atom *atom = row->atom;

    fprintf(out, "  %s: ", row->here > row->old ? change->added : change->removed);
    if (!elements) {
        write_element(out, atom);
        fputs(" of ", out);
    }
    write_key(out, atom);
    if (elements > 1)
        fprintf(out, " with %zu elements", elements);
    write_expiry(out, change, before, atom->key, elements ? STR("") : atom->id);
    fputc('\n', out);
}

/* Of one key: `rows` has what was in `old` and what is in `here`. Returns how many of its
 * elements changed. */
static size_t write_key_changes(FILE *out, const struct change *change,
                                const struct verdict_row *rows, size_t count,
                                const struct snapshot *before)
{
    size_t gone = 0, came = 0, shown = 0;

    for (size_t i = 0; i < count; i++) {
        gone += rows[i].here == 0;
        came += rows[i].old == 0;
    }
    if (gone == count || came == count) {
        write_change(out, change, rows, count, before);
        return count;
    }
    for (size_t i = 0; i < count; i++)
        if (rows[i].here != rows[i].old && shown++ < ROWS_SHOWN)
            write_change(out, change, &rows[i], 0, before);
    if (shown > ROWS_SHOWN)
        fprintf(out, "  ... and %zu more of it\n", shown - ROWS_SHOWN);
    return shown;
}

/* Time that passes brings an expiry within its bound, and changes nothing by that.
 * Returns how many rows there are then. */
static size_t fold_expiries(struct verdict_row *rows, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct verdict_row *last = kept ? &rows[kept - 1] : NULL;

        if (last && atom_compare_place(last->atom, rows[i].atom) == 0 &&
            str_compare(last->atom->value, rows[i].atom->value) == 0) {
            last->old += rows[i].old;
            last->here += rows[i].here;
        } else {
            rows[kept++] = rows[i];
        }
    }
    return kept;
}

bool contrast_changes(FILE *out, const struct change *change,
                      const struct snapshot *before, const struct snapshot *after)
{
    CLEANUP(mem_freep) struct verdict_row *rows = NULL;
    size_t count = verdict_rows(&before->state, &before->state, &after->state, &rows);
    size_t changed = 0;

    if (change->expiry != CHANGE_TELLS_NO_EXPIRY)
        count = fold_expiries(rows, count);
    for (size_t from = 0, to; from < count; from = to) {
        to = key_end(rows, from, count);
        changed += write_key_changes(out, change, rows + from, to - from, before);
    }
    return changed > 0;
}
