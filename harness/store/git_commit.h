/* git_commit.h - which commit of a git repository a directory is at, as git says it.
 *
 * Nothing depends on the answer, so nothing may suffer from the question: a git that is
 * missing, that hangs or that says something else is as good as no repository. It runs
 * without a shell, without a terminal to ask for passwords on, and without the variables
 * by which a hook that runs afterkill would point it at another repository. One that
 * takes too long is told to end, which lets it remove its locks, and is killed if it does
 * not. */
#pragma once

/* 40 hexadecimal digits, and "-dirty" behind them if files that git knows are changed;
 * NULL if there is no commit to be had. Takes a few seconds at most. Forks: call it from
 * the main thread. Freed by the caller. */
char *git_commit_of(const char *directory);
