/* verdict: the oracle, case by case. Every verdict appears where it should and stays away
 * where it should not. States are written as atoms.h says. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "atoms.h"
#include "base/mem.h"
#include "state/verdict.h"

#define JOBS "hash:work:t1=a~ hash:work:t2=b~"

Test(now, what_a_reader_sees)
{
    static const struct {
        const char *name, *old, *new, *state;
        enum now now;
    } cases[] = {
        { "nothing was and is", "", "", "", NOW_INTACT },
        { "the old state", "string:a=1", "string:a=2", "string:a=1", NOW_INTACT },
        { "the new state", "string:a=1", "string:a=2", "string:a=2", NOW_INTACT },
        { "order does not matter", "set:s:1 set:s:2", "", "set:s:2 set:s:1", NOW_INTACT },
        { "not made yet", "", JOBS, "", NOW_INTACT },
        { "gone as it should be", JOBS, "", "", NOW_INTACT },
        { "Sidekiq, unlinked", JOBS, JOBS, "", NOW_GAP },
        { "part of what stays the same", JOBS, JOBS, "hash:work:t1=a~", NOW_GAP },
        { "new but for what is in both", "string:a=1 set:s:x", "string:a=2 set:s:x",
          "string:a=2", NOW_GAP },
        { "old but for what is in both", "string:a=1 set:s:x", "string:a=2 set:s:x",
          "string:a=1", NOW_GAP },
        { "one of two equal entries", "list:q:j list:q:j", "list:q:j list:q:j",
          "list:q:j", NOW_GAP },
        { "expiry missing", JOBS, JOBS, "hash:work:t1=a hash:work:t2=b", NOW_TORN },
        { "expiry missing, one field", JOBS, JOBS, "hash:work:t1=a", NOW_TORN },
        { "expiry beyond its bound", JOBS, JOBS, "hash:work:t1=a~~ hash:work:t2=b~~",
          NOW_TORN },
        { "expiry that should not be", "string:a=1", "string:a=1", "string:a=1~",
          NOW_TORN },
        { "half of the new", "", JOBS, "hash:work:t1=a~", NOW_TORN },
        { "half of the old", JOBS, "", "hash:work:t1=a~", NOW_TORN },
        { "old and new", "string:a=1 string:b=1", "string:a=2 string:b=2",
          "string:a=1 string:b=2", NOW_TORN },
        { "popped and nowhere", "list:q:j", "list:w:j", "", NOW_TORN },
        { "in both queues", "list:q:j", "list:w:j", "list:q:j list:w:j", NOW_TORN },
        { "a value that is neither", "string:a=1", "string:a=2", "string:a=3", NOW_TORN },
        { "another type", "string:a=1", "string:a=1", "set:a:1", NOW_TORN },
        { "one entry too many", "list:q:j", "list:q:j", "list:q:j list:q:j", NOW_TORN },
        { "a stranger", "string:a=1", "string:a=2", "string:a=1 string:z=9", NOW_TORN },
        { "a gap and a stranger", JOBS, JOBS, "hash:work:t1=a~ hash:work:t3=c~",
          NOW_TORN },
        { "a gap in a mix", "string:a=1 string:b=1 set:s:x",
          "string:a=2 string:b=2 set:s:x", "string:a=1 string:b=2", NOW_TORN },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct state old = atoms_parse(cases[i].old), new = atoms_parse(cases[i].new);
        struct state state = atoms_parse(cases[i].state);
        enum now now = verdict_now(&old, &new, &state);

        cr_expect_eq(now, cases[i].now, "%s: %s", cases[i].name, now_name(now));
        state_release(&old);
        state_release(&new);
        state_release(&state);
    }
}

enum {
    CLEAN = 0,
    LEAKED = LATER_LEAKED,
    DUPLICATED = LATER_DUPLICATED,
    LOST = LATER_LOST,
    MIXED = LATER_MIXED,
};

/* `old` and `new` are the residues that are right. */
Test(later, what_survives_time)
{
    static const struct {
        const char *name, *old, *new, *residue;
        unsigned later;
    } cases[] = {
        { "nothing at all", "", "", "", CLEAN },
        { "died before", "string:a=1", "string:a=2", "string:a=1", CLEAN },
        { "died after", "string:a=1", "string:a=2", "string:a=2", CLEAN },
        { "entries in another order", "list:q:i list:q:j", "", "list:q:j list:q:i",
          CLEAN },

        { "Sidekiq's zombie", "", "", "hash:work:t1=a hash:work:t2=b", LEAKED },
        { "a new key", "string:a=1", "string:a=1", "string:a=1 string:z=1", LEAKED },
        { "a new set member", "set:s:x", "set:s:x", "set:s:x set:s:y", LEAKED },
        { "a new field", "hash:h:x=1", "hash:h:x=1", "hash:h:x=1 hash:h:y=1", LEAKED },
        { "a new sorted-set member", "zset:z:x=1", "zset:z:x=2", "zset:z:x=2 zset:z:y=1",
          LEAKED },
        { "an entry twice", "list:q:j", "list:q:j", "list:q:j list:q:j", DUPLICATED },
        { "a stream entry twice", "stream:s:f", "stream:s:f stream:s:g",
          "stream:s:f stream:s:g stream:s:g", DUPLICATED },
        { "a lock that nobody holds", "", "", "string:lock=me", LEAKED },
        { "a key that lost its expiry", "", "string:a=1", "string:a=1 string:b=1",
          LEAKED },

        { "a key", "string:a=1", "string:a=1", "", LOST },
        { "a set member", "set:s:x set:s:y", "set:s:x set:s:y", "set:s:x", LOST },
        { "a field", "hash:h:x=1 hash:h:y=1", "hash:h:x=1 hash:h:y=1", "hash:h:x=1",
          LOST },
        { "one of two equal entries", "list:q:j list:q:j", "list:q:j list:q:j",
          "list:q:j", LOST },
        { "all of what both have, new otherwise", "string:a=1 set:s:x",
          "string:a=2 set:s:x", "string:a=2", LOST },

        { "a job's hash in no queue", "", "hash:job:q=1 list:queue:job", "hash:job:q=1",
          MIXED },
        { "a job in the queue without its hash", "", "hash:job:q=1 list:queue:job",
          "list:queue:job", MIXED },
        { "popped and nowhere", "list:q:j", "list:w:j", "", MIXED },
        { "popped and nowhere, others wait", "list:q:i list:q:j", "list:q:i list:w:j",
          "list:q:i", MIXED },
        { "in both queues", "list:q:j", "list:w:j", "list:q:j list:w:j", MIXED },
        { "two indexes disagree", "set:a:x zset:b:x=1", "", "zset:b:x=1", MIXED },
        { "one of two pushed", "", "list:q:j list:q:j", "list:q:j", MIXED },
        { "a string that is neither", "string:n=1", "string:n=3", "string:n=2", MIXED },
        { "a string that stays the same", "string:n=1", "string:n=1", "string:n=2",
          MIXED },
        { "an empty string", "string:n=1", "string:n=1", "string:n", MIXED },
        { "a field's value that is neither", "hash:h:f=1", "hash:h:f=1", "hash:h:f=2",
          MIXED },
        { "a string that was empty", "string:n", "string:n", "string:n=2", MIXED },
        { "a field that was empty", "hash:h:f", "hash:h:f", "hash:h:f=2", MIXED },
        { "a score that is neither", "zset:z:m=1", "zset:z:m=2", "zset:z:m=9", MIXED },

        { "a new entry, twice", "list:q:i", "list:q:i", "list:q:i list:q:j list:q:j",
          LEAKED },
        { "once in the old state, thrice in the new one", "list:q:j",
          "list:q:j list:q:j list:q:j", "list:q:j list:q:j", MIXED },
        { "once more than in the new one", "list:q:j", "list:q:j list:q:j",
          "list:q:j list:q:j list:q:j", DUPLICATED },
        { "done twice, and still to do", "list:q:j", "list:done:j",
          "list:q:j list:done:j list:done:j", DUPLICATED | MIXED },
        { "gone, and what both have with it", "list:q:r list:q:x", "list:q:x list:q:x",
          "", LOST | MIXED },
        { "a value that is neither has driven out what both have", "string:a=1 list:q:j",
          "string:a=1", "string:a=2 list:q:j", MIXED },
        { "a value where the other control has none", "string:a=1", "", "string:a=2",
          MIXED },
        { "an index of an ordered list that was empty text", "list:log:0", "list:log:0",
          "list:log:0=x", MIXED },

        { "leaked and lost", "string:a=1", "string:a=1", "string:b=1", LEAKED | LOST },
        { "a key of another type", "string:a=1", "string:a=1", "set:a:1", LEAKED | LOST },
        { "leaked and mixed", "list:q:j", "list:w:j", "string:z=1", LEAKED | MIXED },
        { "lost and mixed", "string:a=1 set:s:x set:s:y", "string:a=1 set:t:x set:t:y",
          "set:s:x set:t:y", LOST | MIXED },
        { "everything", "string:a=1 list:q:j", "string:a=1 list:w:j", "string:z=1",
          LEAKED | LOST | MIXED },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct state old = atoms_parse(cases[i].old), new = atoms_parse(cases[i].new);
        struct state residue = atoms_parse(cases[i].residue);
        unsigned later = verdict_later(&old, &new, &residue);
        char text[LATER_TEXT];

        cr_expect_eq(later, cases[i].later, "%s: %s", cases[i].name,
                     later_text(later, text));
        state_release(&old);
        state_release(&new);
        state_release(&residue);
    }
}

/* As atoms_parse(), of which keys that begin with "e" are effects. */
static struct state parse_effects(const char *text)
{
    struct state state = atoms_parse(text);

    for (size_t i = 0; i < state.count; i++)
        state.atoms[i].effect = state.atoms[i].key.bytes[0] == 'e';
    return state;
}

Test(later, what_jobs_did_is_there_too_often_or_too_seldom)
{
    static const struct {
        const char *name, *old, *new, *residue;
        unsigned later;
    } cases[] = {
        /* Numbers. */
        { "nothing was done", "", "", "", CLEAN },
        { "once", "string:e=1", "string:e=1", "string:e=1", CLEAN },
        { "not", "string:e=1", "string:e=1", "", LOST },
        { "less", "string:e=3", "string:e=2", "string:e=1", LOST },
        { "twice", "string:e=1", "string:e=1", "string:e=2", DUPLICATED },
        { "what nobody asked for", "", "", "string:e=1", DUPLICATED },
        { "not yet", "", "string:e=1", "", CLEAN },
        { "done already", "", "string:e=1", "string:e=1", CLEAN },
        { "between the two", "string:e=1", "string:e=4", "string:e=3", CLEAN },
        { "between none and two", "", "string:e=2", "string:e=1", CLEAN },
        { "as numbers, not as text", "string:e=9", "string:e=11", "string:e=10", CLEAN },
        { "beyond the two", "string:e=9", "string:e=10", "string:e=11", DUPLICATED },
        { "0 is none", "string:e=0", "", "", CLEAN },
        { "none is 0", "", "", "string:e=0", CLEAN },
        { "0 instead of 1", "string:e=1", "string:e=1", "string:e=0", LOST },
        { "counted down", "string:e=-1", "string:e=-1", "string:e=-2", LOST },
        { "not counted down", "string:e=-1", "string:e=-1", "", DUPLICATED },
        { "its expiry does not count", "string:e=1~", "string:e=1~", "string:e=1",
          CLEAN },
        { "nor one too late", "string:e=1~", "string:e=1", "string:e=1~~", CLEAN },
        { "twice, and no expiry", "string:e=1~", "string:e=1~", "string:e=2",
          DUPLICATED },
        { "a field", "hash:e:j=1 hash:e:k=1", "hash:e:j=1 hash:e:k=1",
          "hash:e:j=2 hash:e:k=0", DUPLICATED | LOST },
        { "a score", "zset:e:j=1", "zset:e:j=2", "zset:e:j=3", DUPLICATED },

        /* What is no number. */
        { "another text", "string:e=a", "string:e=b", "string:e=c", DUPLICATED },
        { "either text", "string:e=a", "string:e=b", "string:e=a", CLEAN },
        { "no text", "string:e=a", "string:e=a", "", LOST },
        { "either of two texts, and none", "string:e=a", "string:e=b", "", CLEAN },
        { "a number instead of a text", "string:e=a", "string:e=a", "string:e=5",
          DUPLICATED },
        { "more digits than a number has", "string:e=99999999999999999999",
          "string:e=99999999999999999999", "string:e=1", DUPLICATED },
        { "a number that Redis would not write", "string:e=1", "string:e=1",
          "string:e=01", DUPLICATED },
        { "a field's text", "hash:e:j=a", "hash:e:j=a", "hash:e:j=b", DUPLICATED },
        { "a place of an ordered list is no number", "list:e:0=5", "list:e:0=5",
          "list:e:0=4", DUPLICATED },

        /* Elements. */
        { "a member", "set:e:a", "set:e:a", "set:e:a", CLEAN },
        { "no member", "set:e:a", "set:e:a set:e:b", "", LOST },
        { "a member of one", "set:e:a", "set:e:a set:e:b", "set:e:a", CLEAN },
        { "a strange member", "set:e:a", "set:e:a", "set:e:a set:e:b", DUPLICATED },
        { "one copy of two", "list:e:j list:e:j", "list:e:j list:e:j", "list:e:j", LOST },
        { "between one copy and three", "list:e:j", "list:e:j list:e:j list:e:j",
          "list:e:j list:e:j", CLEAN },
        { "three copies of two", "list:e:j", "list:e:j list:e:j",
          "list:e:j list:e:j list:e:j", DUPLICATED },
        { "expiries of copies do not count", "list:e:j~ list:e:j~", "list:e:j~ list:e:j~",
          "list:e:j list:e:j~", CLEAN },
        { "one copy of two, and no expiry", "list:e:j~ list:e:j~", "list:e:j~ list:e:j~",
          "list:e:j", LOST },
        { "of another type", "string:e=1", "string:e=1", "list:e:1", LOST | DUPLICATED },
        { "nothing in a hash but what is ignored", "", "", "hash:e", CLEAN },

        /* Beside what is no effect. */
        { "speaks for nobody", "list:q:j", "string:e=1", "", CLEAN },
        { "in the queue and done", "list:q:j", "string:e=1", "list:q:j string:e=1",
          CLEAN },
        { "others may be mixed", "list:q:j set:e:a", "list:w:j set:e:b",
          "list:q:j list:w:j set:e:a", MIXED },
        { "others may be leaked", "", "", "string:a=1 string:e=1", LEAKED | DUPLICATED },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct state old = parse_effects(cases[i].old), new = parse_effects(cases[i].new);
        struct state residue = parse_effects(cases[i].residue);
        unsigned later = verdict_later(&old, &new, &residue);
        char text[LATER_TEXT];

        cr_expect_eq(later, cases[i].later, "%s: %s", cases[i].name,
                     later_text(later, text));
        state_release(&old);
        state_release(&new);
        state_release(&residue);
    }
}

/* Of a stream the entries are, and nothing that has a blank in its type. */
Test(later, an_empty_stream_and_its_readers_are_no_effect)
{
    static const char *const types[] = { "empty stream", "stream group",
                                         "stream consumer", "stream pending" };

    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        struct state old = parse_effects("stream:e:f"), residue = parse_effects("");
        struct atom reader = { .key = STR("e"),
                               .type = str_of(types[i]),
                               .id = STR("g"),
                               .value = STR("1 read"),
                               .effect = true };

        state_add(&residue, old.atoms[0]);
        state_add(&residue, reader);
        state_sort(&residue);
        cr_expect_eq(verdict_later(&old, &old, &residue), CLEAN, "%s", types[i]);
        residue.atoms[0].effect = residue.atoms[1].effect = false;
        cr_expect_eq(verdict_later(&old, &old, &residue), LEAKED, "%s", types[i]);
        state_release(&old);
        state_release(&residue);
    }
}

/* At each moment beside what the controls are then. */
Test(later, what_jobs_did_moment_by_moment)
{
    struct state once = parse_effects("string:e=1"), none = parse_effects("");
    struct state twice = parse_effects("string:e=2");

    cr_expect_eq(verdict_at(&none, &none, &none, &once, &none), CLEAN);
    cr_expect_eq(verdict_at(&none, &none, &once, &once, &none), LOST);
    cr_expect_eq(verdict_at(&once, &once, &none, &once, &once), CLEAN);
    cr_expect_eq(verdict_at(&once, &once, &none, &none, &once), DUPLICATED);
    cr_expect_eq(verdict_at(&none, &once, &once, &twice, &twice), CLEAN);
    state_release(&once);
    state_release(&none);
    state_release(&twice);
}

/* What explains a verdict, atom by atom, explains all of it and nothing else. */
Test(rows, are_the_reasons_for_a_verdict)
{
    unsigned seen = 0;

    for (uint64_t i = 0; i < 30000; i += 3) {
        struct state old = atoms_random(i), new = atoms_random(i + 1);
        struct state residue = atoms_random(i + 2);
        unsigned later = verdict_later(&old, &new, &residue), words = 0;
        size_t here = 0;
        struct verdict_row *rows;
        size_t count = verdict_rows(&old, &new, &residue, &rows);

        for (size_t r = 0; r < count; r++) {
            words |= rows[r].words;
            here += rows[r].here;
            cr_expect(!(rows[r].words & LATER_LEAKED) || rows[r].here > rows[r].new);
            cr_expect(!(rows[r].words & LATER_LOST) || rows[r].here < rows[r].old);
        }
        cr_expect_eq(words, later, "case %llu", (unsigned long long)i);
        cr_expect_eq(here, residue.count);
        seen |= later;
        free(rows);
        state_release(&old);
        state_release(&new);
        state_release(&residue);
    }
    cr_expect_eq(seen, LATER_LEAKED | LATER_DUPLICATED | LATER_LOST | LATER_MIXED,
                 "the cases are too few");
}

/* Sidekiq's heartbeat with two jobs: what each prefix of UNLINK, HSET, HSET, EXPIRE
 * leaves. */
Test(later, sidekiqs_heartbeat_from_command_to_command)
{
    static const struct {
        const char *state;
        enum now now;
        unsigned later;
    } points[] = {
        { JOBS, NOW_INTACT, CLEAN },
        { "", NOW_GAP, CLEAN },
        { "hash:work:t1=a", NOW_TORN, LEAKED },
        { "hash:work:t1=a hash:work:t2=b", NOW_TORN, LEAKED },
        { JOBS, NOW_INTACT, CLEAN },
    };
    struct state complete = atoms_parse(JOBS), nothing = atoms_lapsed(&complete);

    for (size_t k = 0; k < ARRAY_SIZE(points); k++) {
        struct state state = atoms_parse(points[k].state), residue = atoms_lapsed(&state);

        cr_expect_eq(verdict_now(&complete, &complete, &state), points[k].now,
                     "point %zu", k);
        cr_expect_eq(verdict_later(&nothing, &nothing, &residue), points[k].later,
                     "point %zu", k);
        state_release(&state);
        state_release(&residue);
    }
    state_release(&complete);
    state_release(&nothing);
}

Test(words, have_names)
{
    static const struct {
        unsigned words;
        const char *text;
    } cases[] = {
        { 0, "clean" },
        { LATER_LEAKED, "leaked" },
        { LATER_STUCK, "stuck" },
        { LATER_LEAKED | LATER_LOST, "leaked+lost" },
        { LATER_MIXED | LATER_BROKEN, "mixed+broken" },
        { LATER_ALL, "leaked+duplicated+lost+mixed+stuck+broken" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[LATER_TEXT];

        cr_expect_str_eq(later_text(cases[i].words, text), cases[i].text);
    }
    for (unsigned i = 0; i < LATER_COUNT; i++)
        cr_expect_eq(expect_parse(later_name(i)), 1u << i, "%s", later_name(i));
    cr_expect_str_eq(now_name(NOW_INTACT), "intact");
    cr_expect_str_eq(now_name(NOW_GAP), "gap");
    cr_expect_str_eq(now_name(NOW_TORN), "torn");
}

Test(expect, words_are_parsed)
{
    static const struct {
        const char *word;
        unsigned bits;
    } cases[] = {
        { "atomic", EXPECT_ATOMIC },
        { "safe", EXPECT_SAFE },
        { "leaked", LATER_LEAKED },
        { "duplicated", LATER_DUPLICATED },
        { "lost", LATER_LOST },
        { "mixed", LATER_MIXED },
        { "stuck", LATER_STUCK },
        { "broken", LATER_BROKEN },
        { "only", EXPECT_ONLY },
        { "clean", 0 },
        { "torn", 0 },
        { "Atomic", 0 },
        { "leaked+lost", 0 },
        { "leaked ", 0 },
        { "", 0 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        cr_expect_eq(expect_parse(cases[i].word), cases[i].bits, "'%s'", cases[i].word);
}

Test(expect, is_met_or_not)
{
    static const struct {
        const char *name;
        unsigned expect;
        bool torn_or_gap;
        unsigned words, uncrashed;
        bool met;
    } cases[] = {
        { "atomic and perfect", EXPECT_ATOMIC, false, 0, 0, true },
        { "atomic but a gap", EXPECT_ATOMIC, true, 0, 0, false },
        { "atomic but leaks", EXPECT_ATOMIC, false, LATER_LEAKED, 0, false },
        { "atomic but stuck", EXPECT_ATOMIC, false, LATER_STUCK, 0, false },
        { "atomic but harmful uncrashed", EXPECT_ATOMIC, false, 0, LATER_LEAKED, false },
        { "safe and perfect", EXPECT_SAFE, false, 0, 0, true },
        { "safe with a gap", EXPECT_SAFE, true, 0, 0, true },
        { "safe but loses", EXPECT_SAFE, true, LATER_LOST, 0, false },
        { "safe but harmful uncrashed", EXPECT_SAFE, false, 0, LATER_MIXED, false },
        { "leaked and leaks", LATER_LEAKED, true, LATER_LEAKED, 0, true },
        { "leaked, and more", LATER_LEAKED, true, LATER_LEAKED | LATER_LOST, 0, true },
        { "leaked but clean", LATER_LEAKED, true, 0, 0, false },
        { "leaked but loses", LATER_LEAKED, true, LATER_LOST, 0, false },
        { "two words, both", LATER_LOST | LATER_MIXED, true, LATER_LOST | LATER_MIXED, 0,
          true },
        { "two words, one", LATER_LOST | LATER_MIXED, true, LATER_MIXED, 0, false },
        { "broken", LATER_BROKEN, false, LATER_BROKEN, 0, true },
        { "only lost and loses", EXPECT_ONLY | LATER_LOST, true, LATER_LOST, 0, true },
        { "only lost, and more", EXPECT_ONLY | LATER_LOST, true,
          LATER_LOST | LATER_LEAKED, 0, false },
        { "only lost but leaks", EXPECT_ONLY | LATER_LOST, true, LATER_LEAKED, 0, false },
        { "only lost but clean", EXPECT_ONLY | LATER_LOST, true, 0, 0, false },
        { "only lost, leaks uncrashed", EXPECT_ONLY | LATER_LOST, true, LATER_LOST,
          LATER_LEAKED, false },
        { "only two words, both", EXPECT_ONLY | LATER_LOST | LATER_MIXED, true,
          LATER_LOST | LATER_MIXED, LATER_LOST, true },
        { "only two words, one", EXPECT_ONLY | LATER_LOST | LATER_MIXED, true,
          LATER_MIXED, 0, false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        cr_expect_eq(expect_met(cases[i].expect, cases[i].torn_or_gap, cases[i].words,
                                cases[i].uncrashed),
                     cases[i].met, "%s", cases[i].name);
}

/* As they are kept in files. */
Test(expect, texts_are_read_again)
{
    static const struct {
        unsigned expect;
        const char *text;
    } cases[] = {
        { 0, "" },
        { EXPECT_ATOMIC, "atomic" },
        { EXPECT_HARM, "harm" },
        { LATER_LEAKED | LATER_STUCK, "leaked+stuck" },
        { EXPECT_ONLY | LATER_DUPLICATED, "only duplicated" },
        { EXPECT_ONLY | LATER_ALL, "only leaked+duplicated+lost+mixed+stuck+broken" },
    };
    static const char *const wrong[] = { "only",       "only ",      "only safe",
                                         "only clean", "only  lost", "leaked+only" };
    char text[EXPECT_TEXT];
    unsigned expect;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cr_expect_str_eq(expect_text(cases[i].expect, text), cases[i].text);
        cr_expect(expect_read(text, &expect), "'%s'", text);
        cr_expect_eq(expect, cases[i].expect, "'%s'", text);
    }
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        cr_expect_not(expect_read(wrong[i], &expect), "'%s'", wrong[i]);
}

/* What both controls had at first may lapse in them at different times. */
Test(over_time, words_at_a_moment)
{
    static const struct {
        const char *first_old, *first_new, *old, *new, *state;
        unsigned words;
    } cases[] = {
        { "string:a=1~ string:b=1~", "string:a=1~ string:b=1~", "",
          "string:a=1~ string:b=1~", "string:a=1~", CLEAN },
        { "string:a=1~ string:b=1~", "string:a=2~ string:b=2~", "",
          "string:a=2~ string:b=2~", "string:a=2~", MIXED },
        { "", "string:a=1~ string:b=1~", "", "string:b=1~", "", CLEAN },
        { "string:a=1", "string:a=1", "string:a=1", "string:a=1", "", LOST },
        { "", "", "", "", "string:z=1~", LEAKED },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct state states[] = {
            atoms_parse(cases[i].first_old), atoms_parse(cases[i].first_new),
            atoms_parse(cases[i].old),       atoms_parse(cases[i].new),
            atoms_parse(cases[i].state),
        };
        unsigned words =
            verdict_at(&states[0], &states[1], &states[2], &states[3], &states[4]);

        cr_expect_eq(words, cases[i].words, "case %zu: %x", i, words);
        for (size_t s = 0; s < ARRAY_SIZE(states); s++)
            state_release(&states[s]);
    }
}

/* Looked at at once, after a minute, after an hour, and at the last. */
Test(over_time, harm_is_what_outlasts_what_is_tolerated)
{
    static const struct moments moments = { .at_ms = { 0, 60000, 3600000 }, .count = 3 };
    static const struct {
        unsigned words[4];
        int64_t rest_ms, tolerate_ms;
        unsigned later, passing;
        int64_t lasts_ms;
        int last; /* moment at which something is wrong */
    } cases[] = {
        { { 0, 0, 0, 0 }, 5000, 0, 0, 0, 0, -1 },
        { { LOST, 0, 0, 0 }, 5000, LASTS_FOREVER, 0, LOST, 60000, 0 },
        { { LOST, 0, 0, 0 }, 5000, 60000, 0, LOST, 60000, 0 },
        { { LOST, 0, 0, 0 }, 5000, 59999, LOST, 0, 60000, 0 },
        { { LOST, MIXED, 0, 0 }, 0, LASTS_FOREVER, 0, MIXED, 3600000, 1 },
        { { 0, MIXED, 0, 0 }, 0, LASTS_FOREVER, 0, MIXED, 3600000, 1 },
        { { 0, 0, LEAKED, 0 }, 5000, LASTS_FOREVER, 0, LEAKED, 3605000, 2 },
        { { LOST, 0, 0, LEAKED }, 0, LASTS_FOREVER, LEAKED, 0, LASTS_FOREVER, 3 },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct verdict verdict = { .now = NOW_TORN };

        cr_expect_eq(verdict_over_time(&moments, cases[i].words, cases[i].rest_ms,
                                       cases[i].tolerate_ms, &verdict),
                     cases[i].last, "case %zu", i);
        cr_expect_eq(verdict.now, NOW_TORN);
        cr_expect_eq(verdict.later, cases[i].later, "case %zu", i);
        cr_expect_eq(verdict.passing, cases[i].passing, "case %zu", i);
        cr_expect_eq(verdict.lasts_ms, cases[i].lasts_ms, "case %zu: %lld", i,
                     (long long)verdict.lasts_ms);
    }
}

Test(over_time, in_words)
{
    static const struct {
        struct verdict verdict;
        const char *lasts, *text;
    } cases[] = {
        { { NOW_INTACT, 0, 0, 0, false },
          "one recovery more",
          "intact now, clean later" },
        { { NOW_TORN, LEAKED, 0, LASTS_FOREVER, false },
          "for ever",
          "torn now, leaked later" },
        { { NOW_TORN, LEAKED, 0, 86400000, false },
          "24 h",
          "torn now, leaked later, for 24 h" },
        { { NOW_GAP, 0, LOST, 60000, false },
          "60 s",
          "gap now, clean later, but lost for 60 s" },
        { { NOW_TORN, 0, MIXED, 0, false },
          "one recovery more",
          "torn now, clean later, but mixed for one recovery more" },
        { { NOW_TORN, 0, MIXED, 500, false },
          "0.5 s",
          "torn now, clean later, but mixed for 0.5 s" },
        { { NOW_TORN, 0, MIXED, 600000, false },
          "10 min",
          "torn now, clean later, but mixed for 10 min" },
        { { NOW_TORN, 0, MIXED, 172800000, false },
          "2 days",
          "torn now, clean later, but mixed for 2 days" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char lasts[LASTS_TEXT], text[VERDICT_TEXT];

        cr_expect_str_eq(lasts_text(cases[i].verdict.lasts_ms, lasts), cases[i].lasts);
        cr_expect_str_eq(verdict_text(&cases[i].verdict, text), cases[i].text);
    }
}
