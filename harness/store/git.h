/* git.h - git is asked something about a directory that nobody vouches for.
 *
 * A repository can name programs in its configuration that git runs: a file system
 * monitor, filters of contents, hooks, helpers of remotes. So only plumbing is asked that
 * looks at objects, references and the index, and no file of the working tree; the
 * monitor is switched off, and no transport is allowed, by which missing objects would be
 * fetched.
 *
 * Nothing depends on the answer, so nothing may suffer from the question: git runs
 * without a shell, without a terminal to ask for passwords on, and without the variables
 * by which a hook that runs afterkill would point it at another repository. One that
 * takes too long is told to end, which lets it remove its locks, and is killed if it does
 * not. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* The standard output of `git ARGUMENT..` (the last one is NULL) in a directory. False if
 * there is no git, if it does not end well before that time, or if it says more than that
 * many bytes. Forks: call it from the main thread. The caller releases *ret in any case.
 */
bool git_ask(const char *directory, const char *const *arguments, size_t most_bytes,
             uint64_t deadline_ns, struct buffer *ret);
