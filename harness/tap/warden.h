/* warden.h - a process that starts a program, and sees to it that nothing of the program
 * outlives what it was started for.
 *
 * A process group is not enough: programs call setsid(), fork twice, become daemons. So
 * the warden is a subreaper: whoever loses his parent below it becomes its own child. It
 * kills all that descend from it, top down, and again whatever has come since, until it
 * has no children left. It does so when it is asked to, and when whoever started it is
 * gone, however that happened: its end of a socket is closed then. Therefore the warden
 * is in a session of its own, takes no signals, and is not killed by its parent's death,
 * which lets it go on if the program has stopped it; should it be killed itself, the
 * program's main process goes with it, and nothing else.
 *
 * Without /proc it finds only the program's process group and what loses its parent and
 * then ends by itself; for the rest it waits. It does not wait for ever: who may not be
 * killed (one that changed its user) has WARDEN_REFUSED_NS to end by himself when he is
 * the last, and all together have WARDEN_DYING_NS. Then the warden says so, and leaves.
 *
 * The program runs in a session of its own as well, with all signals as they are by
 * default, nothing to read from its standard input, and no other descriptors but one pipe
 * for both outputs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/clock.h"
#include "base/err.h"

#define WARDEN_REFUSED_NS (3 * NSEC_PER_SEC)
#define WARDEN_DYING_NS (60 * NSEC_PER_SEC) /* it may have much memory to give back */

struct program {
    char *const *argv;        /* argv[0] is looked up in the PATH of its environment */
    const char *directory;    /* where it runs; NULL: here */
    char *const *environment; /* NULL-terminated */
};

struct warden {
    pid_t pid;  /* 0: there is none */
    int socket; /* readable when there is news */
    int output; /* what the program says; not blocking */
    pid_t main; /* the program's main process */
};
#define WARDEN_NULL ((struct warden){ 0, -1, -1, 0 })

/* Returns when the program runs; if it cannot be started, the error has errno's code and
 * says "start 'nodee': No such file or directory". */
int warden_start(const struct program *program, struct warden *ret, struct err *err);

enum warden_news_kind {
    WARDEN_NO_NEWS,
    WARDEN_ENDED, /* the program's main process has ended; the others are let be */
    WARDEN_OVER,  /* all are dead; the last news */
    WARDEN_ALIVE, /* so it is instead, if some are not and cannot be helped */
    WARDEN_LOST,  /* the warden died, and is no use any more */
};
struct warden_news {
    enum warden_news_kind kind;
    int status;         /* as wait(2) has it, when it has ended */
    size_t left_behind; /* how many others had to be killed, when it is over */
    pid_t alive;        /* one that is not dead; 0: nobody knows which */
    bool refused;       /* and it may not be killed */
};
struct warden_news warden_hear(const struct warden *warden); /* does not wait */

/* In words: who is alive, and why. -EBUSY. */
int warden_complain(const struct warden_news *news, struct err *err);

/* An error if it is stopped, which no signal that can be blocked does: a program may, and
 * waits in vain for what it has told then. Not yet when it is seen so for the first time,
 * for all may have been stopped, and go on one after the other. To be asked every
 * WARDEN_LOOK_MS, with `looks`, which begins as 0. */
#define WARDEN_LOOK_MS 500
int warden_check_stopped(const struct warden *warden, unsigned *looks, struct err *err);

void warden_terminate(const struct warden *warden); /* SIGTERM to the main process */
/* SIGKILL to all; may be repeated. If the warden is stopped, its part is done here first,
 * for what it watches over may be what stops it; then it goes on. */
void warden_kill(const struct warden *warden);

/* Kills what is there, waits for its end, and closes all. May be called twice. */
void warden_close(struct warden *warden);
