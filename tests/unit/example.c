/* example: what is wrong with a residue, its cause first. States are written as atoms.h
 * says. */
#include <criterion/criterion.h>
#include <string.h>

#include "atoms.h"
#include "base/mem.h"
#include "state/example.h"
#include "state/verdict.h"

/* The states that a test has written down, and what is made of them. */
struct written {
    struct state states[6];
    struct example example;
};

/* A residue that is not written is what stays of the state where nobody recovers. */
static void write_down(struct written *written, const char *const texts[6])
{
    struct state *states = written->states;

    for (size_t i = 0; i < 3; i++)
        states[i] = atoms_parse(texts[i]);
    for (size_t i = 3; i < 6; i++)
        states[i] = texts[i] ? atoms_parse(texts[i]) : atoms_lapsed(&states[i - 3]);
    written->example = (struct example){ &states[0], &states[1], &states[2],
                                         &states[3], &states[4], &states[5] };
}

/* Keys that begin so are effects. */
static void mark_effects(struct state *state, char key)
{
    for (size_t i = 0; i < state->count; i++)
        state->atoms[i].effect = state->atoms[i].key.bytes[0] == key;
}

static void forget(struct written *written)
{
    for (size_t i = 0; i < ARRAY_SIZE(written->states); i++)
        state_release(&written->states[i]);
}

Test(example, names_the_cause)
{
    static const struct {
        const char *name;
        const char *states[6]; /* old, new, dead; what stays of them */
        const char *text;
    } cases[] = {
        { "nothing is wrong", { "string:a=1", "string:a=2", "string:a=2" }, "" },

        /* What stays. */
        { "a key that lost its expiry",
          { "", "string:s=1~", "string:s=1" },
          "stays: string 's' = '1', which never expires" },
        { "a lock",
          { "list:q:j", "list:q:j", "list:q:j string:lock=me" },
          "stays: string 'lock' = 'me', which never expires" },
        { "a lock on a name in another language",
          { "", "", "string:caf\xc3\xa9\xe2\x80\xae=\xe6\x97\xa5\xff" },
          "stays: string 'caf\xc3\xa9\\xe2\\x80\\xae' = '\xe6\x97\xa5\\xff', which never "
          "expires" },
        { "an element of a key that never expires",
          { "set:s:x", "set:s:x", "set:s:x set:s:y" },
          "stays: set 's', element 'y'" },
        { "a lock before the queue that it strands",
          { "", "list:jobs:j string:lock=me~", "list:jobs:j string:lock=me", "", "",
            "list:jobs:j string:lock=me" },
          "stays: string 'lock' = 'me', which never expires" },
        { "a key that no right state has, before another",
          { "", "", "list:jobs:j string:lock=me" },
          "stays: string 'lock' = 'me', which never expires" },
        { "a key before an element",
          { "set:s:x", "set:s:x", "set:s:x set:s:y hash:z:f=1" },
          "stays: hash 'z', element 'f' = '1', which never expires" },
        { "a part of another type",
          { "stream:s:1-1", "stream:s:1-1", "stream:s:1-1 consumer:s:me" },
          "stays: consumer 's', element 'me'" },
        { "a lost expiry before a key that no right state has",
          { "", "hash:z:f=1~", "hash:z:f=1 string:a=1" },
          "stays: hash 'z', element 'f' = '1', which never expires" },

        /* Copies. */
        { "twice",
          { "list:q:j", "list:q:j", "list:q:j list:q:j" },
          "stays: list 'q', element 'j', twice instead of once" },
        { "four of two or one",
          { "list:q:j", "list:q:j list:q:j", "list:q:j list:q:j list:q:j list:q:j" },
          "stays: list 'q', element 'j', 4 times instead of twice" },

        /* What is gone. */
        { "popped", { "list:q:j", "list:q:j", "" }, "gone: list 'q', element 'j'" },
        { "left to expire",
          { "string:s=1", "string:s=1", "string:s=1~" },
          "gone: string 's' = '1', which was left to expire" },
        { "gone, not missing because of a lock",
          { "list:a:1 list:b:2", "list:a:1 list:b:2", "list:b:2 string:lock=me",
            "list:a:1 list:c:2", "list:a:1 list:c:2", "list:b:2 string:lock=me" },
          "stays: string 'lock' = 'me', which never expires; gone: list 'a', element "
          "'1'" },

        /* Values. */
        { "neither value",
          { "string:n=1", "string:n=3", "string:n=2" },
          "stays: string 'n' = '2', instead of '1' or '3'" },
        { "another value",
          { "hash:h:f=1", "hash:h:f=1", "hash:h:f=2" },
          "stays: hash 'h', element 'f' = '2', instead of '1'" },
        { "a value where there may be none",
          { "", "string:n=1", "string:n=2" },
          "stays: string 'n' = '2', instead of '1' or nothing" },

        /* Both sides. */
        { "a record and its index",
          { "hash:player:score=700 zset:board:42=700",
            "hash:player:score=900 zset:board:42=900",
            "hash:player:score=900 zset:board:42=700" },
          "hash 'player' has 'score' = '900', but zset 'board' still has '42' = '700'" },
        { "taken and never noted",
          { "list:queue:i list:queue:j", "list:queue:i list:done:j", "list:queue:i" },
          "list 'queue' no longer has 'j', but list 'done' has no 'j'" },
        { "noted and never taken",
          { "list:queue:j", "list:done:j", "list:queue:j list:done:j" },
          "list 'done' has 'j', but list 'queue' still has 'j'" },
        { "the same job, not any",
          { "list:queue:j string:a=1", "list:done:j string:a=2", "string:a=1" },
          "list 'queue' no longer has 'j', but list 'done' has no 'j'" },
        { "gone between two times to live",
          { "string:k=1", "string:k=1~", "", "string:k=1", "string:k=1~", "" },
          "string 'k' is gone" },
        { "left to expire between two values",
          { "string:c=1", "string:c=2", "string:c=1~" },
          "string 'c' is gone: it was left to expire" },
        { "a hash that is gone with its field",
          { "hash:h:f=1", "hash:h:f=2", "" },
          "hash 'h' is gone" },
        { "keys of one value",
          { "string:a=1", "string:b=1", "" },
          "string 'a' is no longer there, but string 'b' is not there" },
        { "in one key",
          { "list:q:i", "list:q:j", "" },
          "list 'q' no longer has 'i', but has no 'j'" },
        { "some of the copies",
          { "", "list:q:j list:q:j list:q:j", "list:q:j list:q:j" },
          "list 'q' has 'j' twice instead of not at all or 3 times" },
        { "some of the copies beside something whole",
          { "string:z=1", "list:q:j list:q:j string:z=2", "list:q:j string:z=2" },
          "string 'z' has '2', but list 'q' has 'j' only once" },
        { "a value that is gone",
          { "string:n=1", "string:n=2", "" },
          "string 'n' is gone" },
        { "a field that is gone",
          { "hash:h:f=1 hash:h:g=1", "hash:h:f=2 hash:h:g=1", "hash:h:g=1" },
          "hash 'h', element 'f' is gone" },

        /* What follows from what the death left. */
        { "pushed, and not scheduled",
          { "", "list:at:9:j zset:schedule:9=9", "list:at:9:j", "", "", "list:at:9:j" },
          "at the death list 'at' has '9:j', but zset 'schedule' has no '9' = '9'; "
          "stays: list 'at', element '9:j'" },
        { "what both had at first lapses sooner on one side: that is no part of both",
          { "string:a=1~ string:b=1~", "string:a=1~ string:b=1~",
            "string:a=1~ string:b=1~ string:zombie=1~", "", "string:a=1~ string:b=1~",
            "string:a=1~ string:zombie=1~" },
          "stays: string 'zombie' = '1'" },

        /* Only the expiry is wrong. */
        { "none, beside a part of what is right",
          { "", "string:k=1~ string:z=1~", "string:k=1 string:z=1~", "",
            "string:k=1~ string:z=1~", "string:k=1 string:z=1~" },
          "stays: string 'k' = '1', instead of '1' with an expiry or nothing" },
        { "one that is within its bound by now, and was beyond it",
          { "", "string:k=1~ string:z=1~", "string:k=1~~ string:z=1~", "", "string:z=1~",
            "string:k=1~ string:z=1~" },
          "stays: string 'k' = '1'" },
        { "and one that nothing should have",
          { "string:k=1", "string:k=1", "string:k=1~", "string:k=1", "string:k=1",
            "string:k=1~" },
          "stays: string 'k' = '1', instead of '1' without an expiry" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct written written;
        char text[EXAMPLE_TEXT], small[8];

        write_down(&written, cases[i].states);
        example_write(&written.example, text, sizeof(text));
        cr_expect_str_eq(text, cases[i].text, "%s: %s", cases[i].name, text);
        example_write(&written.example, small, sizeof(small));
        cr_expect_eq(strncmp(small, text, sizeof(small) - 1), 0, "%s: cut to '%s'",
                     cases[i].name, small);
        forget(&written);
    }
}

/* Nobody died: only the completed update is right, and nothing was left halfway. */
Test(example, of_a_completed_update)
{
    const char *const states[6] = { "list:q:j", "list:done:j", "list:q:j string:l=1",
                                    NULL,       NULL,          NULL };
    struct written written;
    char text[EXAMPLE_TEXT];

    write_down(&written, states);
    written.example.right_old = written.example.right_new;
    example_write(&written.example, text, sizeof(text));
    cr_expect_str_eq(text,
                     "stays: string 'l' = '1', which never expires; gone: list 'done', "
                     "element 'j'");
    forget(&written);
}

/* Of what jobs did: how often, and how often it would have been right. Keys that begin
 * with "e" are effects. */
Test(example, counts_what_jobs_did)
{
    static const struct {
        const char *name;
        const char *states[6]; /* old, new, dead; what stays of them */
        const char *text;
    } cases[] = {
        { "done by the dead worker, and again",
          { "list:q:j", "string:e=1", "list:q:j string:e=1", "string:e=1", "string:e=1",
            "string:e=2" },
          "at the death string 'e' has '1', but list 'q' still has 'j'; stays: "
          "string 'e' = '2', instead of '1'" },
        { "taken, and not done",
          { "list:q:j", "string:e=1", "", "string:e=1", "string:e=1", "" },
          "gone: string 'e' = '1'" },
        { "twice by the dead worker",
          { "", "string:e=1", "string:e=2" },
          "stays: string 'e' = '2', instead of '1' or nothing" },
        { "counted down",
          { "hash:e:j=2", "hash:e:j=3", "hash:e:j=1" },
          "stays: hash 'e', element 'j' = '1', instead of '2' or '3'" },
        { "a number that neither has",
          { "", "", "string:e=1" },
          "stays: string 'e' = '1', once instead of not at all" },
        { "an entry twice",
          { "list:e:j", "list:e:j", "list:e:j list:e:j" },
          "stays: list 'e', element 'j', twice instead of once" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[EXAMPLE_TEXT];
        struct written written;

        write_down(&written, cases[i].states);
        for (size_t s = 0; s < 6; s++)
            mark_effects(&written.states[s], 'e');
        example_write(&written.example, text, sizeof(text));
        cr_expect_str_eq(text, cases[i].text, "%s: %s", cases[i].name, text);
        forget(&written);
    }
}

/* A verdict has an example, whatever the words, and none if there are none; with effects
 * and without. */
Test(example, goes_with_the_verdict)
{
    for (uint64_t i = 0; i < 30000; i += 3) {
        struct state states[3] = { atoms_random(i), atoms_random(i + 1),
                                   atoms_random(i + 2) };
        const struct example example = { &states[0], &states[1], &states[2],
                                         &states[0], &states[1], &states[2] };
        char text[EXAMPLE_TEXT];

        for (size_t s = 0; s < ARRAY_SIZE(states); s++)
            mark_effects(&states[s], i % 2 ? "ahl"[i % 9 / 3] : '-');
        example_write(&example, text, sizeof(text));
        cr_expect_eq(*text != '\0',
                     verdict_later(&states[0], &states[1], &states[2]) != 0,
                     "case %llu: '%s'", (unsigned long long)i, text);
        for (size_t s = 0; s < ARRAY_SIZE(states); s++)
            state_release(&states[s]);
    }
}
