/* narrative.c - see narrative.h. */
#include "narrative.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define ROWS_SHOWN 6 /* of one key and one mark; the others are counted */
#define WHY_SHOWN 8  /* elements that are wrong */
#define ERROR_COLUMNS 400

/* How an element stands to two states that are right. */
enum mark { MARK_BOTH, MARK_OLD, MARK_NEW, MARK_NEITHER, MARK_GONE, MARK_NONE };
static const char *const mark_names[] = {
    [MARK_BOTH] = "in both",    [MARK_OLD] = "only old", [MARK_NEW] = "only new",
    [MARK_NEITHER] = "NEITHER", [MARK_GONE] = "GONE",
};

static enum mark mark_of(const struct verdict_row *row)
{
    if (row->here > row->old && row->here > row->new)
        return MARK_NEITHER;
    if (row->here < row->old && row->here < row->new)
        return MARK_GONE;
    if (row->here == 0)
        return MARK_NONE;
    if (row->here > row->new)
        return MARK_OLD;
    return row->here > row->old ? MARK_NEW : MARK_BOTH;
}

/* The states that a state is compared with, and what they are called. */
struct controls {
    struct state *old, *new;
    const char *names[2];
};

static struct controls states_of(const struct narrative *narrative)
{
    return (struct controls){
        .old = (struct state *)(uintptr_t)&narrative->judge->old.state,
        .new = (struct state *)(uintptr_t)&narrative->subject->done.state,
        .names = { "the old state", "the new state" },
    };
}

static struct controls residues_of(const struct narrative *narrative)
{
    return (struct controls){
        .old = (struct state *)(uintptr_t)&narrative->judge->right_old.state,
        .new = (struct state *)(uintptr_t)&narrative->judge->right_new.state,
        .names = { "the old state's residue", "the completed update's residue" },
    };
}

static size_t rows_of(const struct controls *controls, const struct snapshot *snapshot,
                      struct verdict_row **ret)
{
    return verdict_rows(controls->old, controls->new,
                        (struct state *)(uintptr_t)&snapshot->state, ret);
}

static void write_element(FILE *out, const struct atom *atom)
{
    const char *between = "";

    if (atom->id.length) {
        fputc('\'', out);
        str_print(out, atom->id, 30);
        fputc('\'', out);
        between = " = ";
    }
    if (atom->value.length || !atom->id.length) {
        fprintf(out, "%s'", between);
        str_print(out, atom->value, 30);
        fputc('\'', out);
    }
}

static const char *expiry_text(enum expiry expiry)
{
    static const char *const texts[] = {
        [EXPIRY_NEVER] = "never expires",
        [EXPIRY_BOUNDED] = "expires",
        [EXPIRY_BEYOND] = "expires later than any complete update lets it",
    };

    return texts[expiry];
}

/* An atom at the same place; NULL: there is none. */
static const struct atom *at_place(const struct state *state, const struct atom *atom)
{
    for (size_t i = 0; i < state->count; i++)
        if (atom_compare_place(&state->atoms[i], atom) == 0)
            return &state->atoms[i];
    return NULL;
}

static bool has_key(const struct state *state, struct str key)
{
    for (size_t i = 0; i < state->count; i++)
        if (str_compare(state->atoms[i].key, key) == 0)
            return true;
    return false;
}

/* What a control has in place of an atom. */
static void write_instead(FILE *out, const char *control, const struct atom *there)
{
    fprintf(out, "; %s has ", control);
    if (there->value.length) {
        fputc('\'', out);
        str_print(out, there->value, 20);
        fputs("', which ", out);
    } else {
        fputs("one that ", out);
    }
    fputs(expiry_text(there->expiry), out);
}

/* Why an atom that is in neither control is not. */
static void write_novelty(FILE *out, const struct controls *controls,
                          const struct atom *atom)
{
    const struct atom *old = at_place(controls->old, atom);
    const struct atom *new = at_place(controls->new, atom);

    if (!old && !new) {
        fputs(has_key(controls->old, atom->key) || has_key(controls->new, atom->key)
                  ? ": a new element"
                  : ": a new key",
              out);
        return;
    }
    if ((old && atom_compare(old, atom) == 0) || (new &&atom_compare(new, atom) == 0)) {
        fputs(": once more than it should be", out);
        return;
    }
    if (old)
        write_instead(out, controls->names[0], old);
    if (new)
        write_instead(out, controls->names[1], new);
}

static bool same_key(const struct atom *a, const struct atom *b)
{
    return str_compare(a->key, b->key) == 0 && str_compare(a->type, b->type) == 0;
}

static void write_ttl(FILE *out, const struct snapshot *snapshot, struct str key,
                      struct str field)
{
    int64_t ttl_ms = snapshot_ttl_ms(snapshot, key, field);

    if (ttl_ms < 0)
        fputs("never expires", out);
    else
        fprintf(out, ttl_ms < 100000 ? "expires in %.1f s" : "expires in %.0f s",
                (double)ttl_ms / 1e3);
}

static void write_key(FILE *out, const struct atom *atom)
{
    str_print(out, atom->type, 20);
    fputs(" '", out);
    str_print(out, atom->key, 50);
    fputc('\'', out);
}

static void write_row(FILE *out, const struct controls *controls,
                      const struct snapshot *snapshot, const struct verdict_row *row)
{
    enum mark mark = mark_of(row);
    const struct atom *atom = row->atom;

    fprintf(out, "    %-8s  ", mark_names[mark]);
    write_element(out, atom);
    if (row->here > 1)
        fprintf(out, ", %zu times", row->here);
    if (snapshot_ttl_ms(snapshot, atom->key, STR("")) < 0 &&
        snapshot_ttl_ms(snapshot, atom->key, atom->id) >= 0) {
        fputs(", ", out);
        write_ttl(out, snapshot, atom->key, atom->id);
    }
    if (mark == MARK_NEITHER)
        write_novelty(out, controls, atom);
    fputc('\n', out);
}

/* The rows of one key: at most so many of each mark. */
static void write_rows(FILE *out, const struct controls *controls,
                       const struct snapshot *snapshot, const struct verdict_row *rows,
                       size_t count)
{
    size_t of_mark[MARK_NONE + 1] = { 0 };

    for (size_t i = 0; i < count; i++) {
        enum mark mark = mark_of(&rows[i]);

        if (mark != MARK_NONE && of_mark[mark]++ < ROWS_SHOWN)
            write_row(out, controls, snapshot, &rows[i]);
    }
    for (int mark = 0; mark < MARK_NONE; mark++)
        if (of_mark[mark] > ROWS_SHOWN)
            fprintf(out, "    %-8s  ... %zu more\n", mark_names[mark],
                    of_mark[mark] - ROWS_SHOWN);
}

/* Returns whether there was anything to write. */
static bool write_group(FILE *out, const struct controls *controls,
                        const struct snapshot *snapshot, const struct verdict_row *rows,
                        size_t count)
{
    bool shown = false, here = false;

    for (size_t i = 0; i < count; i++) {
        shown |= mark_of(&rows[i]) != MARK_NONE;
        here |= rows[i].here > 0;
    }
    if (!shown)
        return false;
    fputs("  ", out);
    write_key(out, rows->atom);
    fputs(here ? ", " : ", which is not there", out);
    if (here)
        write_ttl(out, snapshot, rows->atom->key, STR(""));
    fputc('\n', out);
    write_rows(out, controls, snapshot, rows, count);
    return true;
}

/* A state, key by key, and how it stands to the controls. */
static void write_state(FILE *out, const struct controls *controls,
                        const struct snapshot *snapshot)
{
    CLEANUP(mem_freep) struct verdict_row *rows = NULL;
    size_t count = rows_of(controls, snapshot, &rows);
    bool shown = false;

    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && same_key(rows[from].atom, rows[to].atom);)
            to++;
        shown |= write_group(out, controls, snapshot, rows + from, to - from);
    }
    if (!shown)
        fputs("  nothing is there, and nothing has to be\n", out);
}

/* How many atoms have each mark. */
struct marks {
    size_t count[MARK_NONE + 1];
    bool is_old, is_new;
};

static struct marks count_marks(const struct verdict_row *rows, size_t count)
{
    struct marks marks = { .is_old = true, .is_new = true };

    for (size_t i = 0; i < count; i++) {
        marks.count[mark_of(&rows[i])]++;
        marks.is_old &= rows[i].here == rows[i].old;
        marks.is_new &= rows[i].here == rows[i].new;
    }
    return marks;
}

static void say_equal(FILE *out, const struct controls *controls,
                      const struct marks *marks)
{
    const char *both = marks->is_old && marks->is_new ? " and " : "";

    fprintf(out, "exactly %s%s%s", marks->is_old ? controls->names[0] : "", both,
            marks->is_new ? controls->names[1] : "");
    fputs(*both ? ", which are the same" : "", out);
}

static void say_marks(FILE *out, const struct marks *marks)
{
    const struct {
        enum mark mark;
        const char *what;
    } parts[] = {
        { MARK_NEITHER, "in neither state" },
        { MARK_OLD, "only in the old one" },
        { MARK_NEW, "only in the new one" },
        { MARK_GONE, "in both and gone" },
    };
    const char *between = "";

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        size_t count = marks->count[parts[i].mark];

        if (count) {
            fprintf(out, "%s%zu element%s %s", between, count, count == 1 ? "" : "s",
                    parts[i].what);
            between = ", ";
        }
    }
}

static void say_now(struct narrative *narrative, const struct snapshot *dead)
{
    struct controls controls = states_of(narrative);
    enum now now =
        verdict_now(controls.old, controls.new, (struct state *)(uintptr_t)&dead->state);
    CLEANUP(mem_freep) struct verdict_row *rows = NULL;
    size_t count = rows_of(&controls, dead, &rows);
    struct marks marks = count_marks(rows, count);

    fprintf(narrative->out, "  Now: %s. A reader sees ", now_name(now));
    if (now == NOW_INTACT) {
        say_equal(narrative->out, &controls, &marks);
    } else if (now == NOW_GAP) {
        fputs("nothing that is wrong, but something that is in both states is missing; "
              "the next update heals it",
              narrative->out);
    } else {
        fputs("neither the old nor the new state: ", narrative->out);
        say_marks(narrative->out, &marks);
    }
    fputs(".\n", narrative->out);
}

static void tell_dead(struct narrative *narrative, const struct judge_sight *sight)
{
    struct controls controls = states_of(narrative);

    fputs("\nThe state right after the death, beside those before and after the update\n",
          narrative->out);
    write_state(narrative->out, &controls, sight->after);
    say_now(narrative, sight->after);
}

/* --- why a residue is wrong --- */

static void write_mixed(FILE *out, const struct verdict_row *row)
{
    if (row->here > row->old && row->here > row->new)
        fputs("a value that is neither the old nor the new one", out);
    else if (row->here > row->new)
        fputs("as in the old state's residue only", out);
    else if (row->here > row->old)
        fputs("as in the completed update's residue only", out);
    else
        fprintf(out, "not there, but in the %s residue",
                row->old > row->new ? "old state's" : "completed update's");
}

/* "leaked: hash 'app:work', element 'a' = 'b', which never expires: a new element". */
static void write_why(FILE *out, const struct controls *controls,
                      const struct verdict_row *row)
{
    char text[LATER_TEXT];

    fprintf(out, "    %s: ", later_text(row->words, text));
    write_element(out, row->atom);
    fputs(" of ", out);
    write_key(out, row->atom);
    fprintf(out, ", %s\n      ", expiry_text(row->atom->expiry));
    if (row->words & LATER_LEAKED) {
        fputs("in neither residue", out);
        write_novelty(out, controls, row->atom);
    } else if (row->words & LATER_LOST) {
        fputs("in both residues, and gone", out);
    } else {
        write_mixed(out, row);
    }
    fputc('\n', out);
}

static void write_whys(FILE *out, const struct controls *controls,
                       const struct verdict_row *rows, size_t count)
{
    size_t wrong = 0;

    for (size_t i = 0; i < count; i++)
        if (rows[i].words && wrong++ < WHY_SHOWN)
            write_why(out, controls, &rows[i]);
    if (wrong > WHY_SHOWN)
        fprintf(out, "    ... and %zu more\n", wrong - WHY_SHOWN);
}

/* Of what the residue alone can tell. */
static void say_later(struct narrative *narrative, const struct snapshot *residue)
{
    struct controls controls = residues_of(narrative);
    FILE *out = narrative->out;
    CLEANUP(mem_freep) struct verdict_row *rows = NULL;
    size_t count = rows_of(&controls, residue, &rows);
    struct marks marks = count_marks(rows, count);
    char later[LATER_TEXT];
    unsigned words = 0;

    for (size_t i = 0; i < count; i++)
        words |= rows[i].words;
    fprintf(out, "  This residue is %s", later_text(words, later));
    if (marks.is_old || marks.is_new) {
        fputs(": it is ", out);
        say_equal(out, &controls, &marks);
    }
    fputs(words ? ":\n" : ".\n", out);
    write_whys(out, &controls, rows, count);
}

/* --- what changes from one look to the next --- */

/* How removals and additions are called, and whether the expiry that was there is told.
 */
struct change {
    const char *removed, *added;
    bool ttl;
};

/* A whole key that comes or goes. */
static void write_key_change(FILE *out, const struct change *change,
                             const struct verdict_row *row, size_t elements,
                             const struct snapshot *before)
{
    fprintf(out, "  %s: ", row->here ? change->added : change->removed);
    write_key(out, row->atom);
    if (elements > 1)
        fprintf(out, " with %zu elements", elements);
    if (change->ttl) {
        fputs(", which ", out);
        write_ttl(out, before, row->atom->key, STR(""));
    }
    fputc('\n', out);
}

static void write_element_change(FILE *out, const struct change *change,
                                 const struct verdict_row *row,
                                 const struct snapshot *before)
{
    fprintf(out, "  %s: ", row->here > row->old ? change->added : change->removed);
    write_element(out, row->atom);
    fputs(" of ", out);
    write_key(out, row->atom);
    if (change->ttl) {
        fputs(", which ", out);
        write_ttl(out, before, row->atom->key, row->atom->id);
    }
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
        write_key_change(out, change, rows, count, before);
        return count;
    }
    for (size_t i = 0; i < count; i++)
        if (rows[i].here != rows[i].old && shown++ < ROWS_SHOWN)
            write_element_change(out, change, &rows[i], before);
    if (shown > ROWS_SHOWN)
        fprintf(out, "  ... and %zu more of it\n", shown - ROWS_SHOWN);
    return shown;
}

/* Returns whether anything has changed. */
static bool write_changes(FILE *out, const struct change *change,
                          const struct judge_sight *sight)
{
    struct state *before = (struct state *)(uintptr_t)&sight->before->state;
    struct state *after = (struct state *)(uintptr_t)&sight->after->state;
    CLEANUP(mem_freep) struct verdict_row *rows = NULL;
    size_t count = verdict_rows(before, before, after, &rows), changed = 0;

    for (size_t from = 0, to; from < count; from = to) {
        for (to = from + 1; to < count && same_key(rows[from].atom, rows[to].atom);)
            to++;
        changed += write_key_changes(out, change, rows + from, to - from, sight->before);
    }
    return changed > 0;
}

/* An error may quote anything. */
static void write_error(FILE *out, const char *before, const struct err *err)
{
    fputs(before, out);
    str_print(out, str_of(err->msg), ERROR_COLUMNS);
    fputc('\n', out);
}

static const struct change lapse = { "dropped", "came", true };

static void tell_lapsed(struct narrative *narrative, const struct judge_sight *sight)
{
    FILE *out = narrative->out;

    fputs("\nTime passes: what has an expiry goes away\n", out);
    if (!write_changes(out, &lapse, sight))
        fputs("  nothing: none of it has an expiry\n", out);
    narrative->lapsed = true;
}

static const char *recovery_of(const struct narrative *narrative)
{
    const struct scenario *scenario = narrative->judge->scenario;
    scenario_function own = scenario->strategies[narrative->subject->strategy].recover;

    return own == scenario->recover ? "the scenario's `recover`"
                                    : "the strategy's own `recover`";
}

static void tell_recovered(struct narrative *narrative, const struct judge_sight *sight)
{
    static const struct change recovery = { "removed", "added", false };
    FILE *out = narrative->out;

    fprintf(out, "\nRecovery: %s runs\n", recovery_of(narrative));
    if (!write_changes(out, &recovery, sight))
        fputs("  it changes nothing\n", out);
    if (sight->why->code)
        write_error(out, "  it raises: ", sight->why);
    narrative->recovered = true;
}

static void tell_residue(struct narrative *narrative, const struct judge_sight *sight)
{
    struct controls controls = residues_of(narrative);
    FILE *out = narrative->out;

    if (!narrative->recovered)
        fputs("\nRecovery: there is no `recover`, nobody cleans up\n", out);
    else
        write_changes(out, &lapse, sight);
    fputs("\nWhat stays, beside what stays of the old state and of a completed update\n",
          out);
    write_state(out, &controls, sight->after);
    say_later(narrative, sight->after);
}

static void tell_invariant(struct narrative *narrative, const struct judge_sight *sight)
{
    write_error(narrative->out,
                narrative->lapsed ? "  An invariant is violated, once time has passed: "
                                  : "  An invariant is violated, right after the death: ",
                sight->why);
}

static void tell_alive(struct narrative *narrative, const struct judge_sight *sight)
{
    fputs("\nA fresh worker tries the operation again: `alive`\n", narrative->out);
    if (sight->why->code)
        write_error(narrative->out, "  it fails: ", sight->why);
    else
        fputs("  it succeeds\n", narrative->out);
}

static void seen(void *context, const struct judge_sight *sight)
{
    static void (*const tell[])(struct narrative *, const struct judge_sight *) = {
        [JUDGE_DEAD] = tell_dead,           [JUDGE_LAPSED] = tell_lapsed,
        [JUDGE_RECOVERED] = tell_recovered, [JUDGE_RESIDUE] = tell_residue,
        [JUDGE_INVARIANT] = tell_invariant, [JUDGE_ALIVE] = tell_alive,
    };

    tell[sight->moment](context, sight);
}

struct judge_watch narrative_watch(struct narrative *narrative)
{
    return (struct judge_watch){ seen, narrative };
}

/* --- the verdict --- */

static const char *const reasons[LATER_COUNT] = {
    "in neither residue: it stays for good, and nobody cares for it",
    "in both residues, and gone for good",
    "part of the old and part of the new for good, or a value that is neither",
    "a fresh worker cannot do the operation again",
    "an invariant of the scenario is violated",
};

void narrative_verdict(FILE *out, const struct judgement *judgement)
{
    char later[LATER_TEXT];

    fprintf(out, "\nVerdict: %s now, %s later\n", now_name(judgement->now),
            later_text(judgement->later, later));
    for (unsigned i = 0; i < LATER_COUNT; i++)
        if (judgement->later >> i & 1)
            fprintf(out, "  %s: %s\n", later_name(i), reasons[i]);
}

/* --- lines --- */

/* How much of a line goes into `most` columns: all of it, or up to a blank, or at least a
 * whole word. */
static size_t fitting(const char *line, size_t length, size_t most)
{
    size_t indent = strspn(line, " "), at = most;

    if (length <= most)
        return length;
    while (at > indent && line[at] != ' ')
        at--;
    if (at > indent)
        return at;
    return indent + strcspn(line + indent, " \n");
}

void narrative_wrap(FILE *out, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n"), indent = strspn(text, " ");
        size_t most = NARRATIVE_COLUMNS, used;

        for (; (used = fitting(text, length, most)) < length; length -= used) {
            fprintf(out, "%.*s\n%*s", (int)used, text, (int)indent + 2, "");
            used += strspn(text + used, " ");
            most = NARRATIVE_COLUMNS - indent - 2;
            text += used;
        }
        fprintf(out, "%.*s\n", (int)length, text);
        text += length;
        text += *text == '\n';
    }
}
