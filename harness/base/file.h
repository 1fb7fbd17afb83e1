/* file.h - files that are whole or not there, and directories that do not outlive their
 * owner. */
#pragma once

#include <stddef.h>

#include "base/err.h"

/* Opens what is closed of standard input, output and error, in such a way that they can
 * be neither read nor written, as when they were closed: else other files would get their
 * numbers, and what is printed would go into them. */
void file_hold_standard(void);

/* CLEANUP(file_closep): close(2) for any descriptor variable, unless it is -1. */
void file_closep(const int *fd);

/* Writes beside the target, syncs, renames: a reader sees the old file or the new one,
 * whole. Nothing is left beside it by who is asked to stop meanwhile, which waits. */
int file_write(const char *path, const char *bytes, size_t length, struct err *err);

/* Writes a file that must not be there yet; ERR_USAGE if it is. */
int file_create(const char *path, const char *bytes, size_t length, struct err *err);

/* Creates the directory and its parents where they are missing. */
int file_make_directory(const char *path, struct err *err);

/* Removes a directory and all below it. Missing is fine. */
int file_remove_tree(const char *path, struct err *err);

/* A file's bytes, terminated, though it may not say how many they are (/proc); NULL and
 * errno if it cannot be read. The caller frees them. */
char *file_read(const char *path, size_t *ret_length);

/* Where a file is whose directory may become another one: its name stays what it is, also
 * if that is a link, but for descriptors (/dev/fd/3), which are others' tomorrow. NULL
 * and errno; the caller frees it. */
char *file_absolute(const char *path);

/* The text of a file up to the first zero byte, freed by the caller; "" if it cannot be
 * read. */
char *file_text(const char *path);

/* The last few lines of a text file, for error messages; "" if it cannot be read. */
void file_tail(const char *path, char *buffer, size_t size);

/* A private directory under $TMPDIR (or /tmp) named afterkill-<pid>-XXXXXX. Its owner
 * holds a lock on the file "owner" in it for as long as it lives, so that leftovers can
 * be told from directories in use, also across pid namespaces and recycled pids. */
struct tempdir {
    char *path;
    int lock_fd;
};
#define TEMPDIR_NULL ((struct tempdir){ NULL, -1 })

int tempdir_make(struct tempdir *ret, struct err *err);
void tempdir_remove(struct tempdir *directory); /* may be called twice */
/* Gives it away: from now on it is no temporary directory, and nobody removes it. It is
 * named afterkill-WORD-<pid>-XXXXXX beside where it was. The caller frees *ret_path. */
int tempdir_keep(struct tempdir *directory, const char *word, char **ret_path,
                 struct err *err);
/* Removes what owners that were killed have left under $TMPDIR. Best effort. */
void tempdir_sweep(void);
