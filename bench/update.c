/* update.c - the update alone, by hiredis: what a harness adds to it is measured against
 * this.
 *
 *     update SOCKET FILE MANNER once
 *     update SOCKET FILE MANNER alone|fork SECONDS
 *
 * FILE holds one command per line, its words separated by tabs. MANNER is how they are
 * sent: `wait` for each reply, `each` command in a write of its own, all in `one` write;
 * the last two read the replies afterwards.
 *
 *   once    one update. For those that kill it from outside.
 *   alone   updates one after the other on one connection, prints how many per second.
 *   fork    connects, forks, and the child dies of a kernel timer at an instant that is
 *           uniform over the update's own duration, or has finished before; prints how
 *           many per second. This is a kill trial of afterkill's less all that makes it
 *           one: nothing is drained, looked at, judged, restored or noted.
 *
 * To stay on one CPU is the caller's matter. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum manner { MANNER_WAIT, MANNER_EACH, MANNER_ONE };

struct command {
    int argc;
    const char **argv;
};

struct update {
    enum manner manner;
    struct command *commands;
    size_t count;
};

static void fail(const char *what)
{
    fprintf(stderr, "update: %s\n", what);
    _exit(EXIT_FAILURE);
}

static struct command parse(char *line)
{
    struct command command = { 0, calloc(strlen(line) + 1, sizeof(char *)) };

    for (char *word = strtok(line, "\t\n"); word; word = strtok(NULL, "\t\n"))
        command.argv[command.argc++] = word;
    return command;
}

/* The lines live as long as the program. */
static void load(struct update *update, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;

    if (!file)
        fail("cannot open FILE");
    while (getline(&line, &room, file) > 0) {
        update->commands =
            realloc(update->commands, (update->count + 1) * sizeof(*update->commands));
        update->commands[update->count++] = parse(strdup(line));
    }
    free(line);
    fclose(file);
    if (update->count == 0)
        fail("FILE holds no command");
}

/* Workers may die faster than Redis, which comes second here, takes their connections. */
static redisContext *connect_to(const char *path)
{
    for (;;) {
        redisContext *connection = redisConnectUnix(path);

        if (connection && !connection->err)
            return connection;
        if (!connection || errno != EAGAIN)
            fail(connection ? connection->errstr : "no memory");
        redisFree(connection);
        sched_yield();
    }
}

static void flush(redisContext *connection)
{
    int done = 0;

    while (!done)
        if (redisBufferWrite(connection, &done) != REDIS_OK)
            fail(connection->errstr);
}

static void read_reply(redisContext *connection)
{
    void *reply;

    if (redisGetReply(connection, &reply) != REDIS_OK)
        fail(connection->errstr);
    if (((redisReply *)reply)->type == REDIS_REPLY_ERROR)
        fail(((redisReply *)reply)->str);
    freeReplyObject(reply);
}

static void run(const struct update *update, redisContext *connection)
{
    for (size_t i = 0; i < update->count; i++) {
        const struct command *command = &update->commands[i];

        redisAppendCommandArgv(connection, command->argc, command->argv, NULL);
        if (update->manner != MANNER_ONE)
            flush(connection);
        if (update->manner == MANNER_WAIT)
            read_reply(connection);
    }
    for (size_t i = 0; update->manner != MANNER_WAIT && i < update->count; i++)
        read_reply(connection);
}

static double run_alone(const struct update *update, const char *path, uint64_t for_ns)
{
    redisContext *connection = connect_to(path);
    uint64_t start_ns = clock_now_ns(), now_ns = start_ns, count = 0;

    for (; now_ns - start_ns < for_ns; now_ns = clock_now_ns(), count++)
        run(update, connection);
    return (double)count / ns_to_s((double)(now_ns - start_ns));
}

static void kill_me_in(uint64_t delay_ns)
{
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL };
    struct itimerspec when = { .it_value = ns_to_timespec(delay_ns) };
    timer_t timer;

    if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
        timer_settime(timer, 0, &when, NULL) < 0)
        fail("no timer");
}

/* A delay of 0: never. Returns how long the update took, as far as is known. */
static uint64_t run_forked(const struct update *update, const char *path,
                           uint64_t delay_ns, uint64_t *shared_ns)
{
    redisContext *connection = connect_to(path);
    pid_t pid = _Fork();

    if (pid < 0)
        fail("cannot fork");
    if (pid == 0) {
        uint64_t start_ns;

        if (delay_ns)
            kill_me_in(delay_ns);
        start_ns = clock_now_ns();
        run(update, connection);
        *shared_ns = clock_now_ns() - start_ns;
        _exit(0);
    }
    redisFree(connection);
    waitpid(pid, NULL, 0);
    return *shared_ns;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

#define CALIBRATIONS 31

static double run_kills(const struct update *update, const char *path, uint64_t for_ns)
{
    uint64_t *shared_ns = mmap(NULL, sizeof(*shared_ns), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint64_t samples_ns[CALIBRATIONS], start_ns, now_ns, count = 0;

    if (shared_ns == MAP_FAILED)
        fail("no shared memory");
    for (size_t i = 0; i < CALIBRATIONS; i++)
        samples_ns[i] = run_forked(update, path, 0, shared_ns);
    qsort(samples_ns, CALIBRATIONS, sizeof(*samples_ns), compare);
    start_ns = now_ns = clock_now_ns();
    for (; now_ns - start_ns < for_ns; now_ns = clock_now_ns(), count++)
        run_forked(update, path,
                   1 + (uint64_t)(drand48() * (double)samples_ns[CALIBRATIONS / 2]),
                   shared_ns);
    return (double)count / ns_to_s((double)(now_ns - start_ns));
}

int main(int argc, char **argv)
{
    static const char *const manners[] = { "wait", "each", "one" };
    struct update update = { .manner = MANNER_ONE + 1 };
    double seconds = argc == 6 ? atof(argv[5]) : 0;
    const char *what = argc >= 5 ? argv[4] : "";
    bool once = argc == 5 && strcmp(what, "once") == 0,
         alone = strcmp(what, "alone") == 0;

    for (unsigned i = 0; argc >= 5 && i <= MANNER_ONE; i++)
        if (strcmp(argv[3], manners[i]) == 0)
            update.manner = i;
    if (update.manner > MANNER_ONE ||
        (!once && (seconds <= 0 || (!alone && strcmp(what, "fork") != 0)))) {
        fputs("usage: update SOCKET FILE wait|each|one once\n"
              "       update SOCKET FILE wait|each|one alone|fork SECONDS\n",
              stderr);
        return 2;
    }
    load(&update, argv[2]);
    if (once)
        run(&update, connect_to(argv[1]));
    else
        printf("%.4f\n", (alone ? run_alone : run_kills)(&update, argv[1],
                                                         (uint64_t)(seconds * 1e9)));
    return 0;
}
