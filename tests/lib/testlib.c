/* testlib.c - see testlib.h. */
#include "testlib.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

/* Starts the program; its standard output goes to the descriptor, or through a pipe if
 * that is -1. */
static struct live_run start(int into_fd, const char *const *arguments)
{
    const char *program = getenv("AFTERKILL");
    const char *argv[64] = { "afterkill" };
    int out[2], err[2];
    pid_t pid;

    cr_assert_not_null(program, "AFTERKILL is not set; run the tests with meson test");
    for (size_t i = 0; arguments[i]; i++)
        argv[i + 1] = arguments[i];
    cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(err, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        sigset_t none;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setpgid(0, 0); /* as a shell's jobs do */
        for (int number = 1; number < SIGRTMIN; number++)
            signal(number, SIG_DFL); /* whoever began the tests may ignore some */
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        dup2(into_fd < 0 ? out[1] : into_fd, STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        execv(program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(out[1]);
    close(err[1]);
    cr_assert_gt(pid, 0);
    return (struct live_run){ pid, out[0], err[0] };
}

struct live_run run_start(const char *const *arguments)
{
    return start(-1, arguments);
}

char *run_hear(struct live_run *live, const char *text)
{
    char seen[16384];
    size_t used = 0;
    ssize_t n;

    while ((n = read(live->err_fd, seen + used, sizeof(seen) - 1 - used)) > 0) {
        used += (size_t)n;
        seen[used] = '\0';
        if (strstr(seen, text))
            return mem_strdup(seen);
        cr_assert_lt(used, sizeof(seen) - 1, "too much on standard error:\n%s", seen);
    }
    return NULL;
}

bool run_wait_for(struct live_run *live, const char *text)
{
    CLEANUP(mem_freep) char *heard = run_hear(live, text);

    return heard != NULL;
}

struct run run_afterkill_into(const char *path, const char *const *arguments)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    struct live_run live;

    cr_assert_geq(fd, 0, "cannot open %s", path);
    live = start(fd, arguments);
    close(fd);
    return run_finish(&live);
}

void break_program(const char *mutant)
{
    const char *program = getenv("AFTERKILL_MUTABLE");

    if (!program)
        cr_skip_test("this build has no program that can be broken");
    setenv("AFTERKILL", program, 1);
    setenv("AFTERKILL_MUTANT", mutant, 1);
}

struct run run_finish(struct live_run *live)
{
    struct {
        char *text;
        size_t length;
    } streams[2] = { { NULL, 0 }, { NULL, 0 } };
    struct pollfd fds[2] = { { .fd = live->out_fd, .events = POLLIN },
                             { .fd = live->err_fd, .events = POLLIN } };
    int open_streams = 2, status;
    struct run run;

    while (open_streams) {
        poll(fds, 2, -1);
        for (int i = 0; i < 2; i++) {
            char bytes[4096];
            ssize_t n;

            if (fds[i].fd < 0 || !fds[i].revents)
                continue;
            n = read(fds[i].fd, bytes, sizeof(bytes));
            if (n <= 0) {
                close(fds[i].fd);
                fds[i].fd = -1;
                open_streams--;
                continue;
            }
            streams[i].text =
                mem_grow(streams[i].text, streams[i].length + (size_t)n + 1, 1);
            memcpy(streams[i].text + streams[i].length, bytes, (size_t)n);
            streams[i].length += (size_t)n;
        }
    }
    waitpid(live->pid, &status, 0);
    for (int i = 0; i < 2; i++) {
        if (!streams[i].text)
            streams[i].text = mem_grow(NULL, 1, 1);
        streams[i].text[streams[i].length] = '\0';
    }
    run = (struct run){
        .status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
        .out = streams[0].text,
        .err = streams[1].text,
    };
    run.json = json_loads(run.out, 0, NULL);
    return run;
}

struct run run_afterkill(const char *const *arguments)
{
    struct live_run live = run_start(arguments);

    return run_finish(&live);
}

void run_release(struct run *run)
{
    free(run->out);
    free(run->err);
    json_decref(run->json);
    memset(run, 0, sizeof(*run));
}

/* Does the text begin with the words? */
static bool begins(const char *text, const char *words)
{
    while (*words && *text) {
        if (isspace((unsigned char)*words) && isspace((unsigned char)*text)) {
            words += strspn(words, " \n");
            text += strspn(text, " \n");
        } else if (*words++ != *text++) {
            return false;
        }
    }
    return !*words;
}

static bool left_open(const struct run *run)
{
    json_t *strategy;
    size_t i;

    if (run->status != 3)
        return false;
    json_array_foreach (json_object_get(run->json, "strategies"), i, strategy)
        if (json_number_value(json_object_get(strategy, "contention_share")) > 0)
            return true;
    return says(run->out, "The machine was busy with something else");
}

void expect_decided(const struct run *run, int status, const char *words)
{
    if (run->status != status && left_open(run))
        return;
    cr_expect_eq(run->status, status, "status %d: %s%s", run->status, run->out, run->err);
    EXPECT_SAYS(run->out[0] ? run->out : run->err, words);
}

void expect_mistake(const struct run *run, const char *const *words, size_t most)
{
    cr_expect_eq(run->status, 2, "status %d: %s%s", run->status, run->out, run->err);
    EXPECT_SILENT(run->out);
    for (size_t i = 0; i < most && words[i]; i++)
        EXPECT_SAYS(run->err, words[i]);
}

bool run_let(const struct live_run *live, uint64_t ns)
{
    struct timespec timeout = ns_to_timespec(ns);
    struct pollfd ended = { .fd = (int)syscall(SYS_pidfd_open, live->pid, 0),
                            .events = POLLIN };
    int ready;

    cr_assert_geq(ended.fd, 0);
    ready = ppoll(&ended, 1, &timeout, NULL);
    close(ended.fd);
    return ready == 0;
}

bool says(const char *text, const char *words)
{
    for (; *text; text++)
        if (begins(text, words))
            return true;
    return false;
}

void expect_stopped_by(const char *text, int number)
{
    CLEANUP(mem_freep) char *words = mem_printf("stopped by signal %d (", number);

    EXPECT_SAYS(text, words);
}

void processes_adopt(void)
{
    cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
}

void processes_wait(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        ;
    cr_assert_eq(errno, ECHILD);
}

/* The parent and the name of a process; 0 if there is no such process. */
static pid_t process_parent(const char *pid, char name[64])
{
    CLEANUP(mem_freep) char *path = mem_printf("/proc/%s/stat", pid);
    FILE *file = fopen(path, "re");
    int parent = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%*d (%63[^)]) %*c %d", name, &parent) != 2)
        parent = 0;
    fclose(file);
    return parent;
}

/* Calls visit(context, pid, name) for every child of the process. */
static void each_child(pid_t parent,
                       void (*visit)(void *context, pid_t pid, const char *name),
                       void *context)
{
    DIR *stream = opendir("/proc");
    struct dirent *entry;

    cr_assert_not_null(stream);
    while ((entry = readdir(stream))) {
        char name[64];
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

        if (pid > 0 && process_parent(entry->d_name, name) == parent)
            visit(context, pid, name);
    }
    closedir(stream);
}

struct wanted {
    const char *name;
    pid_t pid;
};

static void take_wanted(void *context, pid_t pid, const char *name)
{
    struct wanted *wanted = context;

    if (strcmp(name, wanted->name) == 0)
        wanted->pid = pid;
}

pid_t process_child(pid_t parent, const char *name)
{
    struct wanted wanted = { name, 0 };

    each_child(parent, take_wanted, &wanted);
    return wanted.pid;
}

static void count_below(void *context, pid_t pid, const char *name)
{
    (void)name;
    *(size_t *)context += 1 + processes_below(pid);
}

size_t processes_below(pid_t parent)
{
    size_t count = 0;

    each_child(parent, count_below, &count);
    return count;
}

char *test_scenario(const char *name)
{
    const char *directory = getenv("TEST_SCENARIOS");

    cr_assert_not_null(directory,
                       "TEST_SCENARIOS is not set; run the tests with meson test");
    return mem_printf("%s/%s.lua", directory, name);
}

char *test_directory(void)
{
    const char *parent = getenv("TEST_TMPDIR");
    char *path = mem_printf("%s/afterkill_test.XXXXXX", parent ? parent : "/tmp");
    char *results;

    cr_assert_not_null(mkdtemp(path));
    setenv("TMPDIR", path, 1);
    results = mem_printf("%s.results", path);
    setenv("AFTERKILL_RESULTS", results, 1);
    free(results);
    return path;
}

void test_directory_remove(char *directory)
{
    struct err err = ERR_NULL;

    cr_expect_eq(file_remove_tree(directory, &err), 0, "%s", err.msg);
    cr_expect_eq(file_remove_tree(getenv("AFTERKILL_RESULTS"), &err), 0, "%s", err.msg);
    free(directory);
}

size_t test_directory_entries(const char *directory)
{
    DIR *stream = opendir(directory);
    struct dirent *entry;
    size_t count = 0;

    cr_assert_not_null(stream);
    while ((entry = readdir(stream)))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(stream);
    return count;
}

char *test_file(const char *directory, const char *name, const char *text)
{
    char *path = mem_printf("%s/%s", directory, name);
    FILE *file = fopen(path, "we");

    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
    return path;
}

int test_fifo(const char *directory, const char *name, int flags)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/%s", directory, name);
    int fd;

    cr_assert_eq(mkfifo(path, 0600), 0);
    fd = open(path, flags | O_CLOEXEC);
    cr_assert_geq(fd, 0);
    return fd;
}

void json_expect_strategies(const struct run *run, const char *const *names, size_t count)
{
    json_t *strategies = json_object_get(run->json, "strategies");

    cr_assert_eq(json_array_size(strategies), count);
    for (size_t i = 0; i < count; i++)
        cr_expect_str_eq(
            json_string_value(json_object_get(json_array_get(strategies, i), "name")),
            names[i]);
}

json_t *json_strategy(const struct run *run, const char *name)
{
    json_t *strategies = json_object_get(run->json, "strategies");
    json_t *strategy;
    size_t i;

    json_array_foreach (strategies, i, strategy)
        if (strcmp(json_string_value(json_object_get(strategy, "name")), name) == 0)
            return strategy;
    return NULL;
}

long long json_whole(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    cr_assert(json_is_integer(value), "%s is not a whole number", name);
    return json_integer_value(value);
}

long long json_count(const json_t *object, const char *first, const char *second)
{
    json_t *value = json_object_get(json_object_get(object, first), second);

    cr_assert(json_is_integer(value), "%s.%s is not a whole number", first, second);
    return json_integer_value(value);
}

double json_number(const json_t *object, const char *first, const char *second)
{
    json_t *value = json_object_get(json_object_get(object, first), second);

    cr_assert(json_is_number(value), "%s.%s is not a number", first, second);
    return json_number_value(value);
}

double json_hidden(const json_t *strategy)
{
    return json_number_value(json_object_get(strategy, "unsampled_share")) +
           json_number_value(json_object_get(strategy, "contention_share"));
}

char *json_words(const json_t *array)
{
    char *text = NULL;
    json_t *word;
    size_t i;

    cr_assert(json_is_array(array));
    json_array_foreach ((json_t *)(uintptr_t)array, i, word) {
        char *longer = mem_printf("%s%s%s", text ? text : "", text ? "+" : "",
                                  json_string_value(word));

        free(text);
        text = longer;
    }
    return text ? text : mem_strdup("clean");
}

struct server test_server(const char *directory)
{
    struct server_options options = { .directory = directory, .cpu = -1 };
    struct server server;
    struct err err = ERR_NULL;

    cr_assert_eq(server_start(&options, &server, &err), 0, "%s", err.msg);
    cr_assert_eq(server_wait(&server, &err), 0, "%s", err.msg);
    return server;
}

bool test_server_has(const char *directory, const char *command)
{
    struct server server = test_server(directory);
    CLEANUP(connection_closep) redisContext *connection = NULL;
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct err err = ERR_NULL;
    bool has;

    cr_assert_eq(connection_open(&server.address, &connection, &err), 0, "%s", err.msg);
    cr_assert_eq(CONNECTION_COMMAND(connection, &reply, &err, "COMMAND", "INFO", command),
                 0, "%s", err.msg);
    has = reply->elements == 1 && reply->element[0]->type == REDIS_REPLY_ARRAY &&
          reply->element[0]->elements;
    server_stop(&server);
    return has;
}
