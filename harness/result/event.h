/* event.h - what a run finds out, in the order in which it does: what a lane tells the
 * fleet, what is stored, and what a result is counted from. Pure.
 *
 * An event is a type and a body, native structs: whoever tells and whoever is told are
 * the same program. Trials come in batches. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "redis/command.h"
#include "state/example.h"
#include "state/verdict.h"

enum event_type {
    EVENT_HELLO,   /* struct event_hello: connected */
    EVENT_CONTROL, /* struct event_control: what one strategy does uncrashed */
    EVENT_COMMAND, /* struct event_command: one command of an uninterrupted update */
    EVENT_SAMPLES, /* struct event_samples */
    EVENT_BLOCK,   /* struct event_block: durations of all strategies, side by side */
    EVENT_POINT,   /* struct event_point: one crash point of the census */
    EVENT_READY,   /* nothing: the lane's share of a stage is done; it waits for "go" */
    EVENT_TRIALS,  /* struct event_trial, as many as the length says */
    EVENT_NOTE,    /* struct event_note: why a trial ended in an error */
    EVENT_ALIVE,   /* struct doing, of programs, or nothing: still working */
    EVENT_DONE,    /* nothing: the lane has nothing left to do */
    EVENT_ERROR,   /* struct err: the lane gives up */
    EVENT_TEXT,    /* a piece of a replay's narrative, not terminated */
    EVENT_REPLAY,  /* uint32_t: the replay's enum replay_likeness */
    EVENT_TIMES,   /* struct trial_times: of all kills of the lane */
    EVENT_PROGRAM, /* struct event_program: what is known of a strategy that is one */
    EVENT_OUTPUT,  /* struct event_output: a piece of what it printed */
    EVENT_PROOF,   /* struct event_proof: a harm of it, done by real kills */
    EVENT_HEARD,   /* struct event_heard: a command of its recording, and the reply */
    EVENT_CHANGE,  /* struct event_change: what a state that it left has, or lacks */
    EVENT_LIFE,    /* struct event_life: a time to live in that state */
    EVENT_LEFT,    /* struct event_left: that was all of the state */
    EVENT_ENDED,   /* struct event_ended: another program of the scenario's */
    EVENT_TIMED,   /* uint32_t: of a run with programs, from here on time is spent on this
                      stage, whichever is on */
    EVENT_OVER, /* uint32_t: of a run with programs, a strategy of which all is known */
    EVENT_CURE, /* struct event_cure: what came of the cure of a harm */
};

struct event_hello {
    char version[64];
    uint64_t read_bytes; /* see server.h */
};

struct event_control {
    uint32_t strategy; /* index among those that take part */
    uint32_t uncrashed;
    uint64_t commands, bytes, trips;
    struct signature done;
    uint32_t unbegun;
    uint32_t uncrashed_passing; /* what ends of what it does uncrashed */
    int64_t uncrashed_lasts_ms;
    char example[EXAMPLE_TEXT], unbegun_example[EXAMPLE_TEXT];
};

struct event_command {
    uint32_t strategy;
    uint64_t index;
    struct command command;
    uint64_t end;       /* byte of the output at which it ends */
    uint64_t write;     /* which write it left in */
    uint64_t replies;   /* read when it was written */
    bool key_was_there; /* its key existed before the update */
    /* Of a program: on which of its connections it came, from 1 on, and which of the
     * distinct states it left, from 0 on. */
    uint64_t connection, state;
};

struct event_program {
    uint32_t strategy;
    uint64_t connections;
    uint64_t states;  /* distinct ones, the old one among them */
    uint64_t varying; /* commands that a second run did not send */
    /* States that were compared when the commands were sent again; those that were the
     * same; the first command that left another one, from 1 on, 0: none did. */
    uint64_t compared, same, first;
    bool true_time; /* libfaketime is missing: all programs saw the true time */
};

struct event_output {
    uint32_t strategy;
    char text[]; /* not terminated */
};

/* Told while the program is recorded, before anything else is known of it; of a command
 * that waited once more when it is answered. */
struct event_heard {
    uint32_t strategy;
    bool reply_whole;     /* `reply_bytes` are all that came */
    uint64_t answered;    /* so many commands were executed by then; 0: it waits */
    uint64_t index;       /* of the command, from 0 on */
    uint64_t since_ns;    /* the program was started */
    uint64_t sent_bytes;  /* as an array of RESP, whatever it came as */
    uint64_t reply_bytes; /* at least */
    uint32_t sent_kept;   /* such an array; of words that are too long, the beginning */
    uint32_t reply_kept;  /* its beginning, behind the command */
    char text[];          /* both */
};

/* The texts of an atom, in this order. */
enum change_text {
    CHANGE_KEY,
    CHANGE_TYPE,
    CHANGE_ELEMENT,
    CHANGE_VALUE,
    CHANGE_SHOWN,
    CHANGE_TEXTS
};

/* An atom (state.h) of which there are more, or less, than in the state that was told
 * before. */
struct event_change {
    uint32_t strategy;
    int32_t copies; /* that came; < 0: that went */
    uint64_t state;
    uint32_t expiry; /* enum expiry */
    bool effect;
    bool whole; /* no text is cut */
    uint32_t lengths[CHANGE_TEXTS];
    char text[];
};

struct event_life {
    uint32_t strategy;
    uint32_t key, field; /* lengths of the texts; of the field 0: the key's own */
    uint64_t state;
    int64_t ms; /* -1: it has none any more */
    char text[];
};

struct event_left {
    uint32_t strategy;
    uint64_t state;
    uint64_t omitted; /* so many changes were not told: they were too many */
};

/* The texts of the end of a program, in this order. */
enum ended_text { ENDED_WHAT, ENDED_COMMAND, ENDED_FATE, ENDED_PRINTED, ENDED_TEXTS };

/* One that makes the old state, or a survivor: "before", "recover", "alive". Of those
 * that end well the first of each strategy is told; of the others the first after each
 * death. */
struct event_ended {
    int64_t strategy; /* -1: none's */
    int64_t point;    /* whose death it survived; -1: nobody had died */
    bool well;
    bool killed;    /* that was a real death, and not a cut of the recording */
    uint64_t bytes; /* that it printed; the text may be less, and says so */
    uint32_t lengths[ENDED_TEXTS];
    char text[];
};

struct event_proof {
    uint32_t strategy;
    uint32_t tried, came, proved, same; /* kills; those whose command came again; those
                                           that did the same harm; those that left the
                                           recorded state, ids and times aside */
    uint32_t words;                     /* what they came to, all together */
    uint64_t point;
};

struct event_cure {
    uint32_t strategy;
    uint32_t remedy;         /* enum remedy_kind (trial/remedy.h) */
    uint32_t outcome, first; /* enum cure_outcome: of it; and of what was better, and came
                                to nothing: CURE_TRIED, there was none */
    uint32_t words;          /* of the harm that is left */
    bool slots;     /* one of its steps has keys in several hash slots of a cluster */
    uint64_t point; /* at which the harm begins */
    uint64_t points, harmful; /* of the cured update */
    int64_t lasts_ms;         /* of what ends by itself */
    uint64_t took_ns;         /* to try it, and what was better */
    char notation[];          /* of the cured update, terminated; "": none was made */
};

enum samples_kind {
    SAMPLES_UPDATE,   /* durations of warm updates, ns */
    SAMPLES_COLD,     /* an update as those that are killed: how long it ran, and waited
                         for its CPU while others had it (if that is known), ns */
    SAMPLES_TIMELINE, /* one update: when each command was written, and the end, ns */
};

struct event_samples {
    uint32_t strategy;
    uint32_t kind;
    uint64_t count;
    uint64_t values[]; /* count of them */
};

/* Warm updates of strategies that took turns, in one process and without a pause. All of
 * it is told and kept at once, so that the n-th durations of all strategies are always of
 * one block. */
struct event_block {
    uint32_t first, strategies; /* from this one on, so many */
    uint64_t kills_waited_ns;   /* so long a lane did not kill meanwhile */
    uint64_t count;             /* of each */
    uint64_t values[];          /* durations, ns: all of the first, all of the next, .. */
};

struct event_point {
    uint32_t strategy;
    uint64_t index; /* commands executed */
    bool alike;     /* it leaves the old state, times to live included */
    struct verdict verdict;
    struct signature signature;
    char example[EXAMPLE_TEXT];
};

struct event_trial {
    uint64_t number; /* of a kill: the trial's; of another fault: its point */
    uint32_t strategy;
    uint8_t fault;
    uint8_t outcome;
    struct verdict verdict;
    uint64_t replies, commands; /* executed was a prefix of a length between these */
    double weight_ns;           /* of a kill: see plan/aim.h; 0: not known */
    uint64_t kill_ns; /* when SIGKILL was due after the update's beginning; 0: before */
    struct signature signature;
};

struct event_note {
    uint64_t number; /* of the trial */
    char text[512];
};
