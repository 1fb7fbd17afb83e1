/* environment.h - what a run was made with: versions, machine, command line, scenario, as
 * a list of named texts.
 *
 * For people who ask why two runs differ; nothing is computed from it. What cannot be
 * found out is left out, and nothing of it fails. The list is built once, at the start of
 * a run; whoever knows more (the version of Redis, of a library that is not the store's,
 * the transport) adds it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct environment_entry {
    char *name, *value; /* owned; a value may hold bytes that are no UTF-8 */
};

struct environment {
    struct environment_entry *entries; /* in the order in which they were added */
    size_t count;
};
#define ENVIRONMENT_NULL ((struct environment){ NULL, 0 })

struct environment_sources {
    const char *const *arguments; /* the command line, the program's name first */
    size_t argument_count;
    const char *scenario; /* path of the scenario's file; NULL: none */
};

/* Adds what is known to the list:
 *
 *   afterkill, compiler, hiredis, jansson, sqlite, xxhash    versions
 *   kernel              as uname -srm
 *   cpu                 its model
 *   cpus                how many this process may run on
 *   memory_bytes        of the machine
 *   hypervisor          "yes", if the CPU says that there is one
 *   load_average        over 1, 5 and 15 minutes
 *   command             without passwords, see redact.h
 *   scenario_commit     of the directory that the scenario is in, see git_commit.h
 *   scenario_sha1       of the file's bytes
 *
 * May take a few seconds if git hangs. Forks: call it from the main thread. */
void environment_collect(struct environment *environment,
                         const struct environment_sources *sources);

/* Adds the versions of the libraries that the store has (hiredis, jansson, sqlite,
 * xxhash): as they are linked, but that of hiredis, which only its header says. */
void environment_libraries(struct environment *environment);

/* Adds an entry, or gives the one of that name another value. Texts are copied; a value
 * of NULL adds nothing. */
void environment_add(struct environment *environment, const char *name,
                     const char *value);

/* The value of an entry; NULL if it is not there. Borrowed. */
const char *environment_get(const struct environment *environment, const char *name);

void environment_release(struct environment *environment); /* may be called twice */

/* What the text of /proc/cpuinfo says. The model, or what stands for it on ARM; NULL if
 * it says neither. Freed by the caller. Pure. */
char *environment_cpu(const char *cpuinfo);
bool environment_hypervisor(const char *cpuinfo); /* is the flag there? Pure */
