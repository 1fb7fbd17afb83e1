/* actor.c - a program for tests of what runs programs. It does what its arguments say,
 * one after the other, and exits 0:
 *
 *     tcp, unix       connects to REDIS_HOST:REDIS_PORT, or to REDIS_SOCKET
 *     send=COMMAND    writes an inline command
 *     say=COMMAND     the same, and waits for its reply, of one line
 *     again=COMMAND   the same, for ever
 *     wait            for the connection's end
 *     print=N         N bytes on standard output, in lines
 *     line=TEXT       a line on standard output
 *     getenv=NAME     its value, or "unset", as a line
 *     about           pid, session, directory, signals and descriptors, as lines
 *     read            standard input, to its end; then "read N"
 *     hold=PATH       opens a FIFO, for as long as anybody has this descriptor
 *     ignore=N        signal N is ignored
 *     goodbye=COMMAND what is written when SIGTERM comes, before it exits
 *     setsid
 *     fork            what follows, to "end", is done by a child; goes on when the child
 *                     is "ready", or has ended
 *     ready
 *     storm           children that fork and end, for ever; goes on
 *     sleep           for ever
 *     raise=N, exit=N
 *
 * Anything that fails: "actor: ..", and exit status 99. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connection = -1, ready_pipe = -1;

#define MUST(condition)                                                                  \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "actor: not so: %s (%s)\n", #condition, strerror(errno));    \
            exit(99);                                                                    \
        }                                                                                \
    } while (0)

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    MUST(value);
    return value;
}

static void connect_by_tcp(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((uint16_t)atoi(variable("REDIS_PORT"))) };

    MUST(inet_pton(AF_INET, variable("REDIS_HOST"), &to.sin_addr) == 1);
    connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(connect(connection, (struct sockaddr *)&to, sizeof(to)) == 0);
}

static void connect_by_path(void)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };

    snprintf(to.sun_path, sizeof(to.sun_path), "%s", variable("REDIS_SOCKET"));
    connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    MUST(connect(connection, (struct sockaddr *)&to, sizeof(to)) == 0);
}

static void write_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t n = write(fd, bytes, length);

        MUST(n > 0);
        bytes += n;
        length -= (size_t)n;
    }
}

static void send_command(const char *command)
{
    char line[1024];
    int n = snprintf(line, sizeof(line), "%s\r\n", command);

    write_all(connection, line, (size_t)n);
}

static void hear_line(void)
{
    char byte = 0;

    while (byte != '\n')
        MUST(read(connection, &byte, 1) == 1);
}

static void say(const char *command)
{
    send_command(command);
    hear_line();
}

static void say_again(const char *command)
{
    for (;;)
        say(command);
}

static void await_end(void)
{
    char piece[1024];

    while (read(connection, piece, sizeof(piece)) > 0)
        ;
}

static void print_much(const char *number)
{
    static char lines[64 * 1024];
    unsigned long long left = strtoull(number, NULL, 10);

    for (size_t i = 0; i < sizeof(lines); i++)
        lines[i] = i % 64 == 63 ? '\n' : 'x';
    while (left) {
        size_t n = left < sizeof(lines) ? (size_t)left : sizeof(lines);

        write_all(STDOUT_FILENO, lines, n);
        left -= n;
    }
}

static void line(const char *text)
{
    write_all(STDOUT_FILENO, text, strlen(text));
    write_all(STDOUT_FILENO, "\n", 1);
}

static void print_variable(const char *name)
{
    const char *value = getenv(name);

    line(value ? value : "unset");
}

static void print_about(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    DIR *descriptors = opendir("/proc/self/fd");
    const struct dirent *entry;
    char text[4096];
    int own = 2; /* these two */

    printf("pid %d group %d session %d\n", getpid(), getpgrp(), getsid(0));
    printf("in %s\n", getcwd(text, sizeof(text)));
    while (fgets(text, sizeof(text), status))
        if (strncmp(text, "SigBlk", 6) == 0 || strncmp(text, "SigIgn", 6) == 0)
            fputs(text, stdout);
    while ((entry = readdir(descriptors)))
        own -= entry->d_name[0] != '.';
    printf("descriptors %d\n", -own);
    fclose(status);
    closedir(descriptors);
    fflush(stdout);
}

static void read_input(void)
{
    char piece[1024];
    ssize_t n, sum = 0;

    while ((n = read(STDIN_FILENO, piece, sizeof(piece))) > 0)
        sum += n;
    MUST(n == 0);
    snprintf(piece, sizeof(piece), "read %zd", sum);
    line(piece);
}

static void hold(const char *path)
{
    MUST(open(path, O_WRONLY) >= 0);
}

static void ignore(const char *number)
{
    signal(atoi(number), SIG_IGN);
}

static const char *last_words;

static void on_terminate(int number)
{
    (void)number;
    send_command(last_words);
    _exit(0);
}

static void say_goodbye(const char *command)
{
    last_words = command;
    signal(SIGTERM, on_terminate);
}

static void lead_session(void)
{
    MUST(setsid() >= 0);
}

static void be_ready(void)
{
    MUST(close(ready_pipe) == 0);
}

static void storm(void)
{
    for (int i = 0; i < 3; i++)
        if (fork() == 0) {
            close(ready_pipe);
            while (fork() == 0)
                ;
            _exit(0);
        }
}

static void sleep_for_ever(void)
{
    for (;;)
        pause();
}

static void raise_signal(const char *number)
{
    raise(atoi(number));
}

static void leave(const char *status)
{
    exit(atoi(status));
}

/* In the parent: returns what is behind the "end" that belongs to this fork. */
static char **fork_child(char **next)
{
    int ends[2], depth = 1;
    char byte;
    pid_t pid;

    MUST(pipe2(ends, O_CLOEXEC) == 0);
    pid = fork();
    MUST(pid >= 0);
    if (pid == 0) {
        if (ready_pipe >= 0)
            close(ready_pipe);
        ready_pipe = ends[1];
        close(ends[0]);
        return next;
    }
    close(ends[1]);
    MUST(read(ends[0], &byte, 1) == 0);
    close(ends[0]);
    for (; *next && depth; next++)
        depth += (strcmp(*next, "fork") == 0) - (strcmp(*next, "end") == 0);
    return next;
}

static const struct {
    const char *verb;
    void (*act)(void);
    void (*act_on)(const char *value);
} verbs[] = {
    { "tcp", connect_by_tcp, NULL },    { "unix", connect_by_path, NULL },
    { "send", NULL, send_command },     { "say", NULL, say },
    { "again", NULL, say_again },       { "wait", await_end, NULL },
    { "print", NULL, print_much },      { "line", NULL, line },
    { "getenv", NULL, print_variable }, { "about", print_about, NULL },
    { "read", read_input, NULL },       { "hold", NULL, hold },
    { "ignore", NULL, ignore },         { "goodbye", NULL, say_goodbye },
    { "setsid", lead_session, NULL },   { "ready", be_ready, NULL },
    { "storm", storm, NULL },           { "sleep", sleep_for_ever, NULL },
    { "raise", NULL, raise_signal },    { "exit", NULL, leave },
};

static void act(const char *argument)
{
    const char *value = strchr(argument, '=');
    size_t length = value ? (size_t)(value - argument) : strlen(argument);

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (strlen(verbs[i].verb) != length ||
            strncmp(verbs[i].verb, argument, length) != 0)
            continue;
        if (value && verbs[i].act_on) {
            verbs[i].act_on(value + 1);
            return;
        }
        if (!value && verbs[i].act) {
            verbs[i].act();
            return;
        }
    }
    fprintf(stderr, "actor: what is '%s'?\n", argument);
    exit(99);
}

int main(int argc, char **argv)
{
    (void)argc;
    for (char **next = argv + 1; *next;) {
        char *argument = *next++;

        if (strcmp(argument, "end") == 0) /* of a child's part */
            exit(0);
        if (strcmp(argument, "fork") == 0)
            next = fork_child(next);
        else
            act(argument);
    }
    return 0;
}
