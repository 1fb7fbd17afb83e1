/* judge.h - lets time pass over a state and gives the verdict.
 *
 * What is right is learned first (controls.h). Then any state can be judged; one that was
 * judged before is not judged again. */
#pragma once

#include "redis/command.h"
#include "redis/recording.h"
#include "state/example.h"
#include "state/keeper.h"
#include "state/names.h"
#include "state/verdict.h"
#include "tap/table.h"
#include "trial/aftermath.h"
#include "trial/doing.h"
#include "trial/overheard.h"
#include "trial/worker.h"

/* What becomes of a state while it is judged, for somebody who wants to see it: first how
 * the death left it, and then, at each moment, the rest in this order. */
enum judge_moment {
    JUDGE_DEAD,      /* as the death left it */
    JUDGE_LAPSED,    /* what was due was dropped */
    JUDGE_RECOVERED, /* `recover` ran; why: what it raised */
    JUDGE_RESIDUE,   /* what there is now */
    JUDGE_INVARIANT, /* why: which one is violated */
    JUDGE_ALIVE,     /* `alive` was tried; why: what failed */
};

struct judge_sight {
    enum judge_moment moment;
    int64_t at_ms; /* since the death; LASTS_FOREVER: the last */
    /* What has become of the controls by then. */
    const struct snapshot *right_old, *right_new;
    /* NULL of the last two; the first has no `before`. */
    const struct snapshot *before, *after;
    const struct err *why; /* code 0: nothing is wrong */
    bool excused;          /* what is wrong is with a control, too: it does not count */
};

struct judge_watch {
    void (*seen)(void *context, const struct judge_sight *sight);
    void *context;
};

struct judgement {
    struct signature signature; /* of the state that was judged */
    struct signature key;       /* by which it is found again, if it may be */
    bool reusable;
    struct verdict verdict;
    char example[EXAMPLE_TEXT]; /* what is wrong later, its cause first; or "" */
};

/* An old state, and what leads away from it. Most scenarios have one; strategies with a
 * `before` of their own have their own. */
struct origin {
    scenario_function before;
    struct snapshot old;
    struct kept kept;
    struct bounds bounds; /* the observer has them while strategies start from here */
    struct subject *reference; /* whose completed update from here is right */
};

/* What is known of one strategy. */
struct subject {
    size_t strategy;       /* index into the scenario's */
    struct origin *origin; /* where it starts */
    struct snapshot done;  /* its own new state */
    struct recording recording;
    struct recorded *recorded; /* of a program (recorded.h); NULL: it is none; owned */
    bool apart; /* it completes what has ids and times of its own: nobody else can say
                   what is right */
    size_t repeated; /* so many commands, from the first, a second recording sent too */
    uint64_t commands, bytes, trips;
    uint64_t changes;           /* to the database; 0: it only reads */
    struct overheard overheard; /* of its update */
    /* What becomes of the old state and of its completed update, at different moments.
     * The first of each is sure (repeat.h). */
    struct controls {
        struct aftermath **items; /* owned */
        size_t count;
    } idle, completed;
    struct subject *right; /* whose completed update is right: mostly the reference */
    /* Later words of what it does without any crash, beside the reference: of its
     * recovery of the old state, and of its completed update. 0: clean. */
    unsigned unbegun, uncrashed;
    unsigned uncrashed_passing; /* what ends of the latter */
    int64_t uncrashed_lasts_ms;
    char unbegun_example[EXAMPLE_TEXT], uncrashed_example[EXAMPLE_TEXT];
    struct judgement *judgements;
    size_t judged;
};

/* The completed update that the subject's own is held against: mostly the reference's. */
static inline const struct subject *subject_measure(const struct subject *subject)
{
    return subject->apart ? subject : subject->origin->reference;
}

/* Can its update be sent again? Not if it depends on replies that differ each time. */
static inline bool subject_repeats(const struct subject *subject)
{
    return subject->repeated == subject->commands;
}

struct judge {
    struct scenario *scenario;     /* borrowed */
    const struct address *address; /* of its workers' Redis; borrowed */
    struct command_table table;    /* what taps have learned of that Redis; owned */
    const char *directory;         /* for sockets of taps; borrowed */
    struct page *page; /* owned; the trial's is still read after the verdict */
    uint64_t timeout_ns;
    int server_turns;             /* as of struct worker_job; owned by the bench */
    void (*alive)(void *context); /* while programs take their time; NULL: nobody asks */
    void *alive_context;
    struct doing doing;
    struct observer observer; /* owned */
    struct keeper keeper;     /* on the observer's connection; owned */
    struct origin *origins;   /* owned */
    size_t origin_count;
    struct origin *origin; /* whose old state the database held last */
    uint64_t fresh_ns; /* until then an old state that nobody touched can be used again */
    bool untouched;    /* nobody has sent a command since the old state was made */
    bool seen;         /* nor since a state was looked at that was judged before */
    /* While survivors run: when the death was, by the clock that programs see, in seconds
     * since 1970; of all states of recordings, and of the one that is judged, if it is
     * that of another run. 0: not known yet. */
    int64_t death_s, killed_s;
    bool surviving;
    struct names names; /* that programs call things by; owned */
    /* Who is told of recordings (recorded.h); NULL: nobody, and what programs were
     * answered is kept; borrowed. */
    const struct recording_watch *recordings;
    /* Who is told what other programs print (routine.h); NULL: nobody; borrowed. */
    const struct routine_watch *endings;
    const struct subject *survived; /* whose survivors run; NULL: none do */
    bool controlling;               /* they do of a state that nobody interrupted */
    bool clock;                     /* a control has asked Redis for the time */
    struct sent {                   /* what the latest program sent last, for messages */
        char text[120];             /* "" if it has sent nothing */
        uint64_t command;           /* its number */
        bool waits;                 /* for others, as BLPOP does */
    } sent;
    struct subject *subjects;        /* owned */
    size_t subject_count;            /* that take part */
    size_t known_count;              /* and the references that do not */
    const struct judge_watch *watch; /* NULL: nobody looks on; see judge_afresh() */
    struct aftermath aftermath;      /* of the latest state that was judged; owned */
};

void judge_release(struct judge *judge);

/* Judges the state that the database holds and the snapshot shows, which is sorted if it
 * is a new one. *ret is valid until the next call. The database holds anything
 * afterwards. */
int judge_state(struct judge *judge, struct subject *subject, struct snapshot *snapshot,
                const struct judgement **ret, struct err *err);

/* When to look at what becomes of a state. */
struct moments judge_moments(const struct judge *judge, const struct subject *subject,
                             const struct snapshot *state);

/* What becomes of a control at these moments: the old state, or the completed update.
 * *ret stays as it is. The database holds anything afterwards. */
int judge_control(struct judge *judge, struct subject *subject, bool completed,
                  const struct moments *moments, const struct aftermath **ret,
                  struct err *err);
void controls_release(struct controls *controls);

/* Beside what a state is judged: what becomes of the controls, how they began, and the
 * state as the death left it, for examples. */
struct judge_beside {
    const struct aftermath *old, *new;
    const struct state *first_old, *first_new, *dead;
};

/* The old state goes through the subject's own recovery; the completed update that is
 * right is mostly the reference's. */
int judge_stand_beside(struct judge *judge, struct subject *subject,
                       const struct moments *moments, const struct state *dead,
                       struct judge_beside *ret, struct err *err);

/* What is wrong, and for how long; `excused` words are not told. Sets all of the verdict
 * but `now`. */
void judge_over_time(const struct judge *judge, const struct judge_beside *beside,
                     const struct aftermath *aftermath, unsigned excused,
                     struct verdict *ret, char example[EXAMPLE_TEXT]);

/* Was the latest state one that had not been judged before? */
static inline bool judge_was_new(const struct judge *judge)
{
    return !judge->seen;
}

/* The same without recourse to what was judged before, before the eyes of the watch,
 * which sees more looks at the database than the verdict needs, and no other state. */
int judge_afresh(struct judge *judge, struct subject *subject, struct snapshot *snapshot,
                 const struct judge_watch *watch, struct judgement *ret, struct err *err);

/* Notes what is done from now on for a strategy, and tells whoever asked to be told. */
void judge_does(struct judge *judge, enum doing_what what, size_t strategy,
                uint64_t number, uint64_t of);

/* Did a key of this hash (command.h) exist before the update? */
bool judge_key_was_there(const struct subject *subject, uint64_t key_hash);

/* COMMAND_KEPT_BEFORE and COMMAND_KEPT_AFTER, of a key of this hash. */
uint32_t judge_key_kept(const struct subject *subject, uint64_t key_hash);

/* Makes the database hold exactly the old state from which a subject starts. */
int judge_prepare(struct judge *judge, const struct subject *subject, struct err *err);

/* What is looked at from now on comes of an old state, which the database need not
 * hold. */
void judge_enter(struct judge *judge, struct origin *origin);

/* Waits until Redis has got everything of a worker that was interrupted. */
int judge_drain(struct judge *judge, int64_t client_id, struct err *err);

/* Says that a worker has sent commands since. Call it after every worker of one's own. */
void judge_touched(struct judge *judge);

/* Makes the database hold what the completed update of a subject leaves. */
int judge_complete(struct judge *judge, struct subject *subject, struct err *err);

/* Runs one of the scenario's functions to its end in a worker that nobody interrupts; or
 * programs that stand in its place (routine.h), of which nothing is recorded.
 * What it raised is in the page; a function that raises or does not return is
 * ERR_USAGE; one that did what none may do is ERR_REFUSED (trespass.h). */
int judge_run(struct judge *judge, scenario_function function, const char *what,
              bool record, struct err *err);
