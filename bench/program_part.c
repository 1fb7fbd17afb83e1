/* program_part.c - a program that bench/programs has recorded and recovered, and what
 * notes how long it takes.
 *
 *     program_part LOG ROLE work COMMANDS STATES    commands one by one, of which STATES
 * - 1 change something; the others read program_part LOG ROLE tidy deletes what work
 * leaves program_part LOG ROLE exec COMMAND..          another program
 *
 * One process does it, and one waits for it, and adds a line to LOG: ROLE, and the
 * nanoseconds from fork to end. So what a process costs by itself is in there; what
 * starts this one and hears of its end is not. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "redis/connection.h"

static redisContext *dial(void)
{
    struct address address = { .path = getenv("REDIS_SOCKET") };
    redisContext *connection = NULL;
    struct err err = ERR_NULL;

    if (!address.path || connection_open(&address, &connection, &err) < 0) {
        fprintf(stderr, "program_part: %s\n", address.path ? err.msg : "no REDIS_SOCKET");
        exit(EXIT_FAILURE);
    }
    return connection;
}

static void say(redisContext *connection, const char *command)
{
    redisReply *reply = redisCommand(connection, command);

    if (!reply || reply->type == REDIS_REPLY_ERROR) {
        fprintf(stderr, "program_part: %s: %s\n", command,
                reply ? reply->str : connection->errstr);
        exit(EXIT_FAILURE);
    }
    freeReplyObject(reply);
}

/* The last command changes something, and the others that do are evenly before it. */
static void work(long commands, long states)
{
    redisContext *connection = dial();

    for (long i = 1; i <= commands; i++) {
        bool changes = i * (states - 1) / commands > (i - 1) * (states - 1) / commands;

        say(connection, changes ? "INCR work" : "GET work");
    }
    connection_close(connection);
}

static void tidy(void)
{
    redisContext *connection = dial();

    say(connection, "DEL work");
    connection_close(connection);
}

/* False: these are no such arguments. */
static bool act(int argc, char **argv)
{
    if (argc == 6 && strcmp(argv[3], "work") == 0) {
        work(atol(argv[4]), atol(argv[5]));
    } else if (argc == 4 && strcmp(argv[3], "tidy") == 0) {
        tidy();
    } else if (argc > 4 && strcmp(argv[3], "exec") == 0) {
        execvp(argv[4], argv + 4);
        perror(argv[4]);
        exit(EXIT_FAILURE);
    } else {
        return false;
    }
    return true;
}

static void note(const char *log, const char *role, uint64_t ns)
{
    char line[128];
    int length = snprintf(line, sizeof(line), "%.64s %" PRIu64 "\n", role, ns);
    int fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, line, (size_t)length) != length) {
        perror(log);
        exit(EXIT_FAILURE);
    }
}

int main(int argc, char **argv)
{
    uint64_t start_ns = clock_now_ns();
    int status = 0;
    pid_t pid;

    if (argc < 4 || (pid = fork()) < 0)
        return 2;
    if (pid == 0)
        return act(argc, argv) ? EXIT_SUCCESS : 2;
    waitpid(pid, &status, 0);
    note(argv[1], argv[2], clock_now_ns() - start_ns);
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
