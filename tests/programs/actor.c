/* actor.c - a program for tests of what runs programs. It does what its arguments say,
 * one after the other, and exits 0:
 *
 *     tcp, unix       connects to REDIS_HOST:REDIS_PORT, or to REDIS_SOCKET
 *     send=COMMAND    writes an inline command, in which {uuid} is a new one each time,
 *                     {ms} and {s} what the clock says, {ms+N} N later, {count} how many
 *                     bytes the file "count" has, and {dots} so many dots
 *     say=COMMAND     the same, and waits for its reply
 *     again=COMMAND   the same, for ever; poll=COMMAND: every few milliseconds
 *     hear            waits for another reply, or a message
 *     want=TEXT       unless it is in the last reply: says what that was, exits 7
 *     until=TEXT COMMAND   says it, every few milliseconds, until that is in its reply
 *     close           the connection
 *     wait            for the connection's end
 *     print=N         N bytes on standard output, in lines
 *     line=TEXT       a line on standard output
 *     getenv=NAME     its value, or "unset", as a line
 *     about           pid, session, directory, signals and descriptors, as lines
 *     read            standard input, to its end; then "read N"
 *     hold=PATH       opens a FIFO, for as long as anybody has this descriptor
 *     knock=PATH      a byte into a FIFO; await=PATH: one out of it
 *     count           a byte more in the file "count"; count=PATH: in another
 *     ignore=N        signal N is ignored
 *     goodbye=COMMAND what is written when SIGTERM comes, before it exits
 *     setsid
 *     fork            what follows, to "end", is done by a child; goes on when the child
 *                     is "ready", or has ended
 *     ready
 *     join            waits for all children
 *     storm           children that fork and end, for ever; goes on
 *     sleep           for ever
 *     raise=N, exit=N
 *     trace=PID       stops a process as debuggers do
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
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
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

static void print_uuid(FILE *out)
{
    FILE *file = fopen("/proc/sys/kernel/random/uuid", "re");
    char uuid[37];

    MUST(file && fgets(uuid, sizeof(uuid), file));
    fclose(file);
    fputs(uuid, out);
}

static void print_time(FILE *out, long long unit_ns, const char *later)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    fprintf(out, "%lld",
            (now.tv_sec * 1000000000LL + now.tv_nsec) / unit_ns + atoll(later));
}

static void print_count(FILE *out, bool dots)
{
    struct stat st;

    MUST(stat("count", &st) == 0);
    for (off_t i = 0; dots && i < st.st_size; i++)
        fputc('.', out);
    if (!dots)
        fprintf(out, "%lld", (long long)st.st_size);
}

/* What stands for something else begins here; returns how long it is, or 0. */
static size_t print_instead(FILE *out, const char *text)
{
    const char *end = *text == '{' ? strchr(text, '}') : NULL;

    if (!end)
        return 0;
    if (strncmp(text, "{uuid}", 6) == 0)
        print_uuid(out);
    else if (strncmp(text, "{ms", 3) == 0)
        print_time(out, 1000000, text + 3);
    else if (strncmp(text, "{s}", 3) == 0)
        print_time(out, 1000000000, "");
    else if (strncmp(text, "{count}", 7) == 0 || strncmp(text, "{dots}", 6) == 0)
        print_count(out, text[1] == 'd');
    else
        return 0;
    return (size_t)(end + 1 - text);
}

static void send_command(const char *command)
{
    char line[1024];
    FILE *out = fmemopen(line, sizeof(line), "w");

    while (*command) {
        size_t length = print_instead(out, command);

        if (!length)
            fputc(*command, out);
        command += length ? length : 1;
    }
    fputs("\r\n", out);
    fclose(out);
    write_all(connection, line, strlen(line));
}

/* The last one, as much of it as there is room for. */
static char reply[4096];
static size_t reply_length;

static char hear_byte(void)
{
    char byte;

    MUST(read(connection, &byte, 1) == 1);
    if (reply_length < sizeof(reply) - 1)
        reply[reply_length++] = byte;
    reply[reply_length] = '\0';
    return byte;
}

/* And what belongs to it. */
static void hear_line(void)
{
    char kind = hear_byte(), number[24] = "";
    size_t length = 0;
    long count;

    for (char byte; (byte = hear_byte()) != '\n';)
        if (length < sizeof(number) - 1)
            number[length++] = byte;
    count = strtol(number, NULL, 10);
    for (long i = 0; kind == '$' && count >= 0 && i < count + 2; i++)
        hear_byte();
    if (kind == '%')
        count *= 2;
    for (long i = 0; strchr("*>~%", kind) && i < count; i++)
        hear_line();
}

static void hear(void)
{
    reply_length = 0;
    hear_line();
}

static void say(const char *command)
{
    send_command(command);
    hear();
}

static void want(const char *text)
{
    if (strstr(reply, text))
        return;
    printf("wanted %s, not %s\n", text, reply);
    exit(7);
}

/* Who asks again and again leaves the CPU to others. */
static void pause_briefly(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

static void say_until(const char *text_and_command)
{
    char text[32] = "";
    const char *command = strchr(text_and_command, ' ');

    MUST(command && command - text_and_command < 32);
    memcpy(text, text_and_command, (size_t)(command - text_and_command));
    for (say(command + 1); !strstr(reply, text); say(command + 1))
        pause_briefly();
}

static void disconnect(void)
{
    MUST(close(connection) == 0);
}

static void say_again(const char *command)
{
    for (;;)
        say(command);
}

static void poll_with(const char *command)
{
    for (;; pause_briefly())
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

static void add_byte(const char *path, int flags)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0600);

    MUST(fd >= 0);
    write_all(fd, ".", 1);
    close(fd);
}

static void knock(const char *path)
{
    add_byte(path, 0);
}

static void count_in(const char *path)
{
    add_byte(path, O_CREAT | O_APPEND);
}

static void count(void)
{
    count_in("count");
}

static void await(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char byte;

    MUST(fd >= 0 && read(fd, &byte, 1) == 1);
    close(fd);
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

static void join(void)
{
    while (wait(NULL) > 0)
        ;
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

/* For as long as any test goes on: one that fails may leave it behind. */
#define LIFETIME_S 900

static void sleep_for_ever(void)
{
    alarm(LIFETIME_S);
    for (;;)
        pause();
}

static void trace(const char *number)
{
    pid_t pid = (pid_t)atol(number);

    MUST(ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0);
    MUST(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0);
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
    { "tcp", connect_by_tcp, NULL },
    { "unix", connect_by_path, NULL },
    { "send", NULL, send_command },
    { "say", NULL, say },
    { "again", NULL, say_again },
    { "poll", NULL, poll_with },
    { "hear", hear, NULL },
    { "want", NULL, want },
    { "until", NULL, say_until },
    { "close", disconnect, NULL },
    { "wait", await_end, NULL },
    { "print", NULL, print_much },
    { "line", NULL, line },
    { "getenv", NULL, print_variable },
    { "about", print_about, NULL },
    { "read", read_input, NULL },
    { "hold", NULL, hold },
    { "knock", NULL, knock },
    { "await", NULL, await },
    { "count", count, count_in },
    { "ignore", NULL, ignore },
    { "goodbye", NULL, say_goodbye },
    { "setsid", lead_session, NULL },
    { "ready", be_ready, NULL },
    { "join", join, NULL },
    { "storm", storm, NULL },
    { "sleep", sleep_for_ever, NULL },
    { "raise", NULL, raise_signal },
    { "exit", NULL, leave },
    { "trace", NULL, trace },
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
