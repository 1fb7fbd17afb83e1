/* git_commit.h - which commit of a git repository a directory is at, and whether files
 * that git knows are changed.
 *
 * git is asked as git.h says, so its own answer to the second question cannot be had: it
 * would run the filters that the repository names. The index is compared with the commit
 * by git, and the files are compared with the index here: digests of their bytes with
 * those that the index has. A file that a filter or another encoding stands between and
 * the index is not compared if its bytes differ, nor is a submodule; nor what there is no
 * time for. Ends of lines are allowed to differ. */
#pragma once

/* 40 hexadecimal digits, and behind them "-dirty" if files that git knows are changed or
 * staged, else "-unchecked" if some could not be compared; NULL if there is no commit to
 * be had. Takes a few seconds at most. Forks: call it from the main thread. Freed by the
 * caller. */
char *git_commit_of(const char *directory);
