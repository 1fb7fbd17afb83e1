/* file.c - see file.h. */
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/signals.h"

#define TEMPDIR_PREFIX "afterkill-"
#define TEMPDIR_OWNER "owner"

void file_closep(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length) {
        ssize_t n = write(fd, bytes, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

/* The directory that the path is in; the caller frees it. */
static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path))
                 : mem_strdup(".");
}

static int sync_parent(const char *path)
{
    CLEANUP(mem_freep) char *parent = parent_of(path);
    CLEANUP(file_closep) int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && fsync(fd) < 0 ? -errno : 0;
}

static bool replaceable(const char *path)
{
    struct stat st;

    return lstat(path, &st) < 0 || S_ISREG(st.st_mode);
}

void file_hold_standard(void)
{
    const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };

    for (int fd = 0; fd < (int)ARRAY_SIZE(modes); fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", modes[fd]) < 0)
            return;
}

/* What open(2) would give a new file. */
static mode_t usual_mode(void)
{
    mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
}

static int fill(int fd, const char *bytes, size_t length)
{
    int code = write_all(fd, bytes, length);

    return !code && (fchmod(fd, usual_mode()) < 0 || fsync(fd) < 0) ? -errno : code;
}

/* Gives a file that has no name one beside the path; NULL and errno if that cannot be.
 * The caller frees it. */
static char *name_beside(int fd, const char *path)
{
    CLEANUP(mem_freep) char *self = mem_printf("/proc/self/fd/%d", fd);
    uint32_t number;

    do {
        CLEANUP(mem_freep) char *name = NULL;

        if (getrandom(&number, sizeof(number), 0) != sizeof(number))
            return NULL;
        name = mem_printf("%s.%08x", path, number);
        if (linkat(AT_FDCWD, self, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0)
            return TAKE_PTR(name);
    } while (errno == EEXIST);
    return NULL;
}

/* Has no name until it is whole, and so is gone with whoever does not come to the end,
 * even by SIGKILL. False where the filesystem has no such files, or if anything else is
 * in the way. */
static bool write_unnamed(const char *path, const char *bytes, size_t length)
{
    CLEANUP(mem_freep) char *parent = parent_of(path), *name = NULL;
    CLEANUP(file_closep) int fd = open(parent, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    sigset_t before;
    bool done;

    if (fd < 0 || fill(fd, bytes, length) < 0)
        return false;
    signals_hold(&before);
    name = name_beside(fd, path);
    done = name && rename(name, path) == 0;
    if (name && !done)
        unlink(name);
    signals_let(&before);
    return done;
}

static int write_named(const char *path, const char *bytes, size_t length,
                       struct err *err)
{
    CLEANUP(mem_freep) char *temporary = mem_printf("%s.XXXXXX", path);
    CLEANUP(file_closep) int fd = mkostemp(temporary, O_CLOEXEC);
    int code;

    if (fd < 0)
        return err_errno(err, "write '%s': create '%s'", path, temporary);
    code = fill(fd, bytes, length);
    if (!code && rename(temporary, path) < 0)
        code = -errno;
    if (!code)
        return 0;
    unlink(temporary);
    return err_set(err, code, "write '%s': %s", path, err_words(-code));
}

int file_write(const char *path, const char *bytes, size_t length, struct err *err)
{
    sigset_t before;
    int code = 0;

    if (!replaceable(path))
        return err_set(err, -EEXIST, "write '%s': it exists and is not a regular file",
                       path);
    if (!write_unnamed(path, bytes, length)) {
        signals_hold(&before);
        code = write_named(path, bytes, length, err);
        signals_let(&before);
    }
    if (!code)
        sync_parent(path);
    return code;
}

static int create(const char *path, const char *bytes, size_t length, struct err *err)
{
    CLEANUP(file_closep) int fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    int code;

    if (fd < 0 && errno == EEXIST)
        return err_set(err, ERR_USAGE, "'%s' is there already, and is left as it is",
                       path);
    if (fd < 0)
        return err_errno(err, "create '%s'", path);
    code = write_all(fd, bytes, length);
    if (!code && fsync(fd) < 0 && errno != EINVAL)
        code = -errno;
    if (code) {
        unlink(path);
        return err_set(err, code, "write '%s': %s", path, err_words(-code));
    }
    return 0;
}

int file_create(const char *path, const char *bytes, size_t length, struct err *err)
{
    sigset_t before;
    int code;

    signals_hold(&before);
    code = create(path, bytes, length, err);
    signals_let(&before);
    return code;
}

int file_make_directory(const char *path, struct err *err)
{
    CLEANUP(mem_freep) char *part = mem_strdup(path);
    struct stat st;

    for (char *p = part + (*part != '\0');; p++) {
        bool last = *p == '\0';

        if (*p != '/' && !last)
            continue;
        *p = '\0';
        if (mkdir(part, 0777) < 0 && errno != EEXIST)
            return err_errno(err, "create directory '%s'", part);
        if (last)
            break;
        *p = '/';
    }
    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return err_set(err, -ENOTDIR,
                       "create directory '%s': something else has that name", path);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

int file_remove_tree(const char *path, struct err *err)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
        return err_errno(err, "remove '%s'", path);
    return 0;
}

char *file_read(const char *path, size_t *ret_length)
{
    CLEANUP(mem_freep) char *bytes = NULL;
    FILE *file = fopen(path, "re");
    size_t length = 0, room = 0;
    int failed = 0;

    if (!file)
        return NULL;
    do {
        room = room ? 2 * room : 4096;
        bytes = mem_grow(bytes, room, 1);
        length += fread(bytes + length, 1, room - 1 - length, file);
    } while (length == room - 1);
    if (ferror(file))
        failed = errno;
    fclose(file);
    errno = failed;
    if (failed)
        return NULL;
    bytes[length] = '\0';
    *ret_length = length;
    return TAKE_PTR(bytes);
}

char *file_text(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    if (!file || getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = mem_strdup("");
    }
    if (file)
        fclose(file);
    return text;
}

void file_tail(const char *path, char *buffer, size_t size)
{
    CLEANUP(file_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t end;
    ssize_t n;

    buffer[0] = '\0';
    if (fd < 0 || (end = lseek(fd, 0, SEEK_END)) <= 0)
        return;
    lseek(fd, end > (off_t)size - 1 ? end - ((off_t)size - 1) : 0, SEEK_SET);
    n = read(fd, buffer, size - 1);
    if (n < 0)
        n = 0;
    while (n > 0 && buffer[n - 1] == '\n')
        n--;
    buffer[n] = '\0';
}

char *file_absolute(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    CLEANUP(mem_freep) char *folder = mem_printf("%.*s", (int)(name - path), path);
    CLEANUP(mem_freep) char *real = realpath(slash ? folder : ".", NULL);

    if (real && strncmp(real, "/proc/", 6) == 0)
        return realpath(path, NULL);
    return real ? mem_printf("%s/%s", strcmp(real, "/") == 0 ? "" : real, name) : NULL;
}

static const char *tempdir_parent(void)
{
    static char absolute[PATH_MAX]; /* a server changes its directory before it binds its
                                       socket */
    const char *parent = getenv("TMPDIR");

    if (!parent || !*parent)
        return "/tmp";
    return realpath(parent, absolute) ? absolute : parent;
}

int tempdir_make(struct tempdir *ret, struct err *err)
{
    CLEANUP(mem_freep) char *path =
        mem_printf("%s/" TEMPDIR_PREFIX "%ld-XXXXXX", tempdir_parent(), (long)getpid());
    CLEANUP(mem_freep) char *unlocked = NULL;
    CLEANUP(mem_freep) char *lock = NULL;
    int fd;

    if (!mkdtemp(path))
        return err_errno(
            err,
            "create a temporary directory '%s' (set TMPDIR to a directory that can "
            "be written)",
            path);
    /* The file gets its name when it is locked, so that nobody finds it free. */
    lock = mem_printf("%s/" TEMPDIR_OWNER, path);
    unlocked = mem_printf("%s.new", lock);
    fd = open(unlocked, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || rename(unlocked, lock) < 0) {
        err_errno(err, "lock '%s'", lock);
        if (fd >= 0)
            close(fd);
        unlink(unlocked); /* by name: there may be no descriptor to be had */
        unlink(lock);
        rmdir(path);
        return err->code;
    }
    *ret = (struct tempdir){ TAKE_PTR(path), fd };
    return 0;
}

static int remove_inside(const char *path, const struct stat *st, int type,
                         struct FTW *ftw)
{
    bool stays = ftw->level == 0 ||
                 (ftw->level == 1 && strcmp(path + ftw->base, TEMPDIR_OWNER) == 0);

    return stays ? 0 : remove_one(path, st, type, ftw);
}

/* The lock file goes last: whoever is killed while doing this leaves a directory that can
 * still be told from other people's. The caller holds the lock. */
static void remove_owned(const char *path)
{
    CLEANUP(mem_freep) char *lock = mem_printf("%s/" TEMPDIR_OWNER, path);

    nftw(path, remove_inside, 16, FTW_DEPTH | FTW_PHYS);
    unlink(lock);
    rmdir(path);
}

void tempdir_remove(struct tempdir *directory)
{
    if (directory->path)
        remove_owned(directory->path);
    if (directory->lock_fd >= 0)
        close(directory->lock_fd);
    free(directory->path);
    *directory = TEMPDIR_NULL;
}

int tempdir_keep(struct tempdir *directory, const char *word, char **ret_path,
                 struct err *err)
{
    const char *name = strrchr(directory->path, '/') + 1;
    CLEANUP(mem_freep)
    char *path = mem_printf("%.*s" TEMPDIR_PREFIX "%s-%s", (int)(name - directory->path),
                            directory->path, word, name + strlen(TEMPDIR_PREFIX));
    CLEANUP(mem_freep) char *lock = mem_printf("%s/" TEMPDIR_OWNER, path);

    if (rename(directory->path, path) < 0)
        return err_errno(err, "rename '%s' to '%s'", directory->path, path);
    unlink(lock);
    close(directory->lock_fd);
    free(directory->path);
    *directory = TEMPDIR_NULL;
    *ret_path = TAKE_PTR(path);
    return 0;
}

/* The pid in "afterkill-<pid>-XXXXXX"; 0 if that is not how the name is made. */
static pid_t pid_in(const char *name)
{
    char *end;
    long pid;

    if (strncmp(name, TEMPDIR_PREFIX, strlen(TEMPDIR_PREFIX)) != 0)
        return 0;
    pid = strtol(name + strlen(TEMPDIR_PREFIX), &end, 10);
    return pid > 0 && end[0] == '-' && strlen(end) == strlen("-XXXXXX") ? (pid_t)pid : 0;
}

/* The lock is the truth: a directory whose lock is free is nobody's. One without a lock
 * file was left between mkdir and open, and is empty: there the pid says whether the
 * owner is still on its way. */
static void sweep_one(const char *parent, int parent_fd, const char *name)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/%s", parent, name);
    CLEANUP(mem_freep) char *lock = mem_printf("%s/" TEMPDIR_OWNER, name);
    CLEANUP(file_closep) int fd = -1;
    pid_t pid = pid_in(name);
    struct stat st;

    if (!pid || fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
        return;
    fd = openat(parent_fd, lock, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        remove_owned(path);
    else if (fd < 0 && errno == ENOENT && kill(pid, 0) < 0 && errno == ESRCH)
        rmdir(path);
}

void tempdir_sweep(void)
{
    const char *parent = tempdir_parent();
    DIR *directory = opendir(parent);
    struct dirent *entry;

    if (!directory)
        return;
    while ((entry = readdir(directory)))
        sweep_one(parent, dirfd(directory), entry->d_name);
    closedir(directory);
}
