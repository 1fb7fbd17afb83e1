/* testlib.h - what the integration tests share: the program run as a user runs it, a
 * private server for tests of single modules, and scenario files of their own.
 *
 * Everything lives in a temporary directory per test, removed at its end, and nothing
 * waits by sleeping. */
#pragma once

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/types.h>

#include "base/mem.h"
#include "base/sanitizer.h"
#include "redis/server.h"

/* A finished run of the program. */
struct run {
    int status;   /* exit status; 128 + signal if a signal ended it */
    char *out;    /* standard output, terminated */
    char *err;    /* standard error, terminated */
    json_t *json; /* what `out` says, if it is JSON; else NULL */
};

/* Runs $AFTERKILL with the arguments, which end with NULL. Free with run_release(). */
struct run run_afterkill(const char *const *arguments);
#define RUN(...) run_afterkill((const char *const[]){ __VA_ARGS__, NULL })
void run_release(struct run *run);

/* Nobody is killed at random, and one lane will do: each begins with a server of its own,
 * and by learning all that there is to learn. What several do beside each other is seen
 * where there are kills. */
#define CENSUS "--trials", "0", "--lanes", "1"

/* For a run that goes on until somebody ends it. It says that it kills after two seconds
 * at the soonest, and waits most of the time until then, so that others have the CPUs. */
#define ENDLESS "--trials", "1000000", "--rtt", "1ms"

/* How many kills there are, or bytes of an update. Under sanitizers each takes twice as
 * long or more; and a wrong access that they look for is in the first kill of a kind, or
 * in none. What takes many kills to be seen,
 * a rate, is seen in the plain build. */
#define UNLESS_SANITIZED(many, few) (SANITIZED ? (few) : (many))
/* The same of valgrind, which takes thirty times as long; tools/test says that it is
 * there. */
#define UNLESS_VALGRIND(many, few) (getenv("UNDER_VALGRIND") ? (few) : (many))

/* A run that goes on: for tests that disturb it. The program's standard error can be read
 * from err_fd, so that a test can wait for it to say something. */
struct live_run {
    pid_t pid;
    int out_fd, err_fd;
};
struct live_run run_start(const char *const *arguments);
#define START(...) run_start((const char *const[]){ __VA_ARGS__, NULL })
/* Waits until the program has said the text on standard error, or ends. The first one
 * returns what was read, which the caller frees, or NULL if it was not said; the second
 * one whether it was. */
char *run_hear(struct live_run *live, const char *text);
bool run_wait_for(struct live_run *live, const char *text);
struct run run_finish(
    struct live_run *live); /* waits for its end and collects everything */

/* Lets a run go on for a while, or until it ends. Returns whether it still goes on. */
bool run_let(const struct live_run *live, uint64_t ns);

/* Expects that a mistake is refused: status 2, nothing on standard output, and on
 * standard error the words, which end with the first NULL. */
void expect_mistake(const struct run *run, const char *const *words, size_t most);

/* Expects a status, and words in what is said; or that the machine has kept a gate of the
 * run from being decided (status 3), and that the report says so. Then intervals are as
 * wide as it was busy, and that is as right as a decision. No test may need an idle
 * machine; that gates are right where intervals are narrow is asked of those, too
 * (tests/unit/gate.c). */
void expect_decided(const struct run *run, int status, const char *words);

/* Runs the program with its standard output opened at the path; run.out is "". */
struct run run_afterkill_into(const char *path, const char *const *arguments);

/* From here on the program is one that is broken in this place (harness/base/mutant.h). A
 * build that has none, as for sanitizers, skips the test. */
void break_program(const char *mutant);

/* From here on every process that the program leaves behind becomes a child of this one,
 * so that none can hide. */
void processes_adopt(void);
/* Waits until no child of this process is left. */
void processes_wait(void);
/* A child of the process with this name (see ps -o comm), or 0. */
pid_t process_child(pid_t parent, const char *name);
/* The number of processes below this one. */
size_t processes_below(pid_t parent);

/* Does the text contain the words? Reports are wrapped, so any white space is as good as
 * any other. */
bool says(const char *text, const char *words);
#define EXPECT_SAYS(text, words)                                                         \
    cr_expect(says((text), (words)), "expected \"%s\" in:\n%s", (words), (text))
/* Does it say by which signal something was stopped? */
void expect_stopped_by(const char *text, int number);
#define EXPECT_SILENT(text)                                                              \
    cr_expect_str_empty((text), "expected nothing, but there is:\n%s", (text))

/* The path of tests/scenarios/NAME.lua; freed by the caller. */
char *test_scenario(const char *name);

/* A temporary directory that is TMPDIR too, so that everything the program leaves behind
 * shows; runs are kept beside it. It is made in /tmp, or in TEST_TMPDIR: for tests that
 * run tests which fail and clean up nothing. */
char *test_directory(void); /* makes it, sets TMPDIR; freed by the caller */
void test_directory_remove(char *directory); /* removes it, frees the name */
size_t test_directory_entries(const char *directory);

/* Writes a file into the directory and returns its path; freed by the caller. */
char *test_file(const char *directory, const char *name, const char *text);
/* Makes a FIFO in the directory and opens it (O_RDWR: it has both ends as long as the
 * caller has it), close-on-exec. */
int test_fifo(const char *directory, const char *name, int flags);

/* The finding of a strategy in a run's JSON; NULL if it is not there. Borrowed. */
json_t *json_strategy(const struct run *run, const char *name);
/* These strategies are told, in this order, and no others. */
void json_expect_strategies(const struct run *run, const char *const *names,
                            size_t count);
/* A whole number of an object. */
long long json_whole(const json_t *object, const char *name);
/* A whole number inside an object, by names: json_count(strategy, "census", "leaked"). */
long long json_count(const json_t *object, const char *first, const char *second);
double json_number(const json_t *object, const char *first, const char *second);
/* The share of the time in updates that a strategy's kills have not seen, by its report.
 */
double json_hidden(const json_t *strategy);

/* The words of an array of texts, joined by "+"; "clean" if there are none. Freed by the
 * caller. */
char *json_words(const json_t *array);

/* A private server for tests that use a module directly. */
struct server test_server(const char *directory);
/* Does the server that tests run against have this command? It is asked. */
bool test_server_has(const char *directory, const char *command);
/* Why tests are skipped of which it has not the commands. */
#define NO_FIELDS "this server has no fields that expire (Redis 7.4, Valkey 9)"
