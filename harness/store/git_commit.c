/* git_commit.c - see git_commit.h. */
#include "store/git_commit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/sha1.h"
#include "store/git.h"

#define PATIENCE_NS (2 * NSEC_PER_SEC)
#define INDEX_MOST ((size_t)64 << 20)   /* of the list of files */
#define CONTENT_MOST ((off_t)256 << 20) /* of one of them */
#define DIGITS 40

enum likeness { CHANGED, SAME, UNCHECKED };

/* What the index knows of a file besides its content: how it was when that was put there.
 * Numbers are kept in 32 bits. */
struct last_seen {
    unsigned ctime_s, ctime_ns, mtime_s, mtime_ns, inode, user, group, size;
};

/* A row of the index: tag, mode, digest, stage, path; and what follows it. */
struct entry {
    bool absent; /* of a sparse checkout: it need not be there */
    mode_t mode;
    struct str digest;
    const char *path; /* below the working tree, terminated */
    struct last_seen seen;
};

struct checkout {
    const char *top; /* the working tree; owned by who made it */
    uint64_t deadline_ns;
    struct timespec indexed; /* when the index was written */
    bool keeps_modes, keeps_links;
};

#define ASK(directory, most, deadline_ns, ret, ...)                                      \
    git_ask((directory), (const char *const[]){ __VA_ARGS__, NULL }, (most),             \
            (deadline_ns), (ret))

/* Of one line, that line, in memory of its own; else NULL. */
static char *only_line(const struct buffer *buffer)
{
    const char *end = buffer->length ? memchr(buffer->bytes, '\n', buffer->length) : NULL;
    size_t length = end ? (size_t)(end - buffer->bytes) : 0;

    if (!end || length + 1 != buffer->length || memchr(buffer->bytes, '\0', length))
        return NULL;
    return mem_printf("%.*s", (int)length, buffer->bytes);
}

static char *ask_line(const char *directory, const char *what, const char *operand,
                      uint64_t deadline_ns)
{
    struct buffer said = BUFFER_NULL;
    char *line = NULL;

    if (ASK(directory, PATH_MAX, deadline_ns, &said, "rev-parse", what, operand))
        line = only_line(&said);
    buffer_release(&said);
    return line;
}

/* The content of a file, or where a link leads. Nothing that is no file is opened: a FIFO
 * would never end. */
static bool read_entry(const char *path, const struct stat *stat, struct buffer *ret)
{
    size_t size = (size_t)stat->st_size;
    ssize_t n = 0;
    int fd;

    buffer_room(ret, size + 1);
    if (S_ISLNK(stat->st_mode)) {
        n = readlink(path, ret->bytes, size + 1);
        ret->length = n > 0 ? (size_t)n : 0;
        return n >= 0;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    while (fd >= 0 && ret->length <= size &&
           (n = read(fd, ret->bytes + ret->length, size + 1 - ret->length)) > 0)
        ret->length += (size_t)n;
    if (fd >= 0)
        close(fd);
    return fd >= 0 && n == 0;
}

/* As git makes it: of a head that says what and how long it is, and the bytes. */
static bool is_digest_of(struct str digest, struct str bytes)
{
    CLEANUP(mem_freep)
    char *head = mem_printf("blob %zu", bytes.length);
    struct buffer blob = BUFFER_NULL;
    char text[SHA1_TEXT];

    buffer_add(&blob, (struct str){ head, strlen(head) + 1 });
    buffer_add(&blob, bytes);
    sha1_text(buffer_str(&blob), text);
    buffer_release(&blob);
    return str_compare(str_of(text), digest) == 0;
}

static void drop_returns(struct buffer *content)
{
    size_t kept = 0;

    for (size_t i = 0; i < content->length; i++)
        if (content->bytes[i] != '\r' || i + 1 == content->length ||
            content->bytes[i + 1] != '\n')
            content->bytes[kept++] = content->bytes[i];
    content->length = kept;
}

/* Does what the repository says of a path put something between the file and the index?
 * Answers come as path, attribute, value, each with a zero byte behind it. */
static bool is_converted(const struct checkout *checkout, const char *path)
{
    struct buffer said = BUFFER_NULL;
    bool asked =
        ASK(checkout->top, INDEX_MOST, checkout->deadline_ns, &said, "check-attr", "-z",
            "filter", "ident", "working-tree-encoding", "--", path);
    bool converted = !asked;
    size_t field = 0;

    for (size_t i = 0; asked && i < said.length; field++) {
        const char *value = said.bytes + i;
        size_t length = strnlen(value, said.length - i);

        if (field % 3 == 2 && strncmp(value, "unspecified", length) != 0 &&
            strncmp(value, "unset", length) != 0)
            converted = true;
        i += length + 1;
    }
    buffer_release(&said);
    return converted;
}

static enum likeness compare_content(const struct checkout *checkout,
                                     const struct entry *entry, const char *path,
                                     const struct stat *stat)
{
    struct buffer content = BUFFER_NULL;
    enum likeness ret = SAME;

    if (!read_entry(path, stat, &content)) {
        ret = UNCHECKED;
    } else if (!is_digest_of(entry->digest, buffer_str(&content))) {
        drop_returns(&content);
        if (!is_digest_of(entry->digest, buffer_str(&content)))
            ret = is_converted(checkout, entry->path) ? UNCHECKED : CHANGED;
    }
    buffer_release(&content);
    return ret;
}

/* Is it as it was when the index was made of it, and is that sure? What was written in
 * the instant in which the index was, or later, may have been changed again without a
 * trace. */
static bool is_untouched(const struct checkout *checkout, const struct last_seen *seen,
                         const struct stat *stat)
{
    const struct last_seen now = {
        (unsigned)stat->st_ctim.tv_sec,
        (unsigned)stat->st_ctim.tv_nsec,
        (unsigned)stat->st_mtim.tv_sec,
        (unsigned)stat->st_mtim.tv_nsec,
        (unsigned)stat->st_ino,
        stat->st_uid,
        stat->st_gid,
        (unsigned)stat->st_size,
    };
    const struct timespec *indexed = &checkout->indexed;

    return memcmp(seen, &now, sizeof(now)) == 0 &&
           (stat->st_mtim.tv_sec < indexed->tv_sec ||
            (stat->st_mtim.tv_sec == indexed->tv_sec &&
             stat->st_mtim.tv_nsec < indexed->tv_nsec));
}

/* Of a mode, git keeps what kind of file it is, and whether its owner may execute it. */
static bool is_of_mode(const struct checkout *checkout, mode_t mode, mode_t now)
{
    if (S_ISLNK(mode))
        return S_ISLNK(now) || (S_ISREG(now) && !checkout->keeps_links);
    return S_ISREG(now) && (!((mode ^ now) & S_IXUSR) || !checkout->keeps_modes);
}

static enum likeness compare_entry(const struct checkout *checkout,
                                   const struct entry *entry)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/%s", checkout->top, entry->path);
    struct stat stat;

    if (!S_ISLNK(entry->mode) && !S_ISREG(entry->mode)) /* a submodule */
        return UNCHECKED;
    if (lstat(path, &stat) < 0)
        return errno != ENOENT && errno != ENOTDIR ? UNCHECKED
               : entry->absent                     ? SAME
                                                   : CHANGED;
    if (!is_of_mode(checkout, entry->mode, stat.st_mode))
        return CHANGED;
    if (is_untouched(checkout, &entry->seen, &stat))
        return SAME;
    if (stat.st_size > CONTENT_MOST)
        return UNCHECKED;
    return compare_content(checkout, entry, path, &stat);
}

/* What follows a row: lines of names and numbers. Returns where the next row begins;
 * NULL: they are not what they were when this was written. */
static const char *parse_seen(const char *lines, struct last_seen *ret)
{
    int length = 0;

    if (sscanf(lines,
               " ctime: %u:%u mtime: %u:%u dev: %*u ino: %u uid: %u gid: %u size: %u"
               " flags: %*x%n",
               &ret->ctime_s, &ret->ctime_ns, &ret->mtime_s, &ret->mtime_ns, &ret->inode,
               &ret->user, &ret->group, &ret->size, &length) != 8 ||
        lines[length] != '\n')
        return NULL;
    return lines + length + 1;
}

/* "H 100644 DIGEST 0\tPATH", terminated. */
static bool parse_entry(const char *row, struct entry *ret)
{
    const char *tab = strchr(row, '\t');
    char *end;

    if (!row[0] || row[1] != ' ')
        return false;
    ret->absent = row[0] == 'S';
    ret->mode = (mode_t)strtoul(row + 2, &end, 8);
    ret->digest = (struct str){ end + 1, DIGITS };
    if (!tab || *end != ' ' || tab - end != DIGITS + 3)
        return false;
    ret->path = tab + 1;
    return true;
}

/* Of all files together the worst; a time that is over leaves the rest unchecked. */
static enum likeness compare_files(const struct checkout *checkout)
{
    struct buffer rows = BUFFER_NULL;
    enum likeness worst = SAME;
    struct entry entry;

    if (!ASK(checkout->top, INDEX_MOST, checkout->deadline_ns, &rows, "ls-files", "-t",
             "-s", "-z", "--debug"))
        worst = UNCHECKED;
    buffer_add(&rows, (struct str){ "", 1 });
    for (const char *row = rows.bytes; row && *row && worst != CHANGED;) {
        enum likeness one = UNCHECKED;
        const char *behind = memchr(row, '\0', (size_t)(rows.bytes + rows.length - row));

        behind = behind + 1 < rows.bytes + rows.length
                     ? parse_seen(behind + 1, &entry.seen)
                     : NULL;
        if (behind && clock_now_ns() < checkout->deadline_ns && parse_entry(row, &entry))
            one = compare_entry(checkout, &entry);
        worst = one == SAME ? worst : one;
        row = behind;
    }
    buffer_release(&rows);
    return worst;
}

/* Does this file system keep what a setting is about? Where it does not, git has found
 * out so, and set it to false. */
static bool is_kept(const struct checkout *checkout, const char *setting)
{
    struct buffer said = BUFFER_NULL;
    bool asked = ASK(checkout->top, PATH_MAX, checkout->deadline_ns, &said, "config",
                     "--bool", setting);
    bool kept = !asked || str_compare(buffer_str(&said), str_of("false\n")) != 0;

    buffer_release(&said);
    return kept;
}

/* Most do, so it is asked only if it matters. */
static bool keeps_all(struct checkout *checkout)
{
    checkout->keeps_modes = is_kept(checkout, "core.fileMode");
    checkout->keeps_links = is_kept(checkout, "core.symlinks");
    return checkout->keeps_modes && checkout->keeps_links;
}

/* When the index was written; never, if that is not to be known: then all is read. */
static struct timespec ask_indexed(const char *directory, uint64_t deadline_ns)
{
    CLEANUP(mem_freep)
    char *said = ask_line(directory, "--git-path", "index", deadline_ns);
    CLEANUP(mem_freep) char *path = NULL;
    struct stat stat;

    if (said)
        path = said[0] == '/' ? mem_strdup(said) : mem_printf("%s/%s", directory, said);
    return path && lstat(path, &stat) == 0 ? stat.st_mtim : (struct timespec){ 0, 0 };
}

static enum likeness compare_index(const struct checkout *checkout)
{
    struct buffer names = BUFFER_NULL;
    enum likeness ret = UNCHECKED;

    if (ASK(checkout->top, INDEX_MOST, checkout->deadline_ns, &names, "diff-index",
            "--cached", "--name-only", "--no-ext-diff", "--ignore-submodules=all", "-z",
            "HEAD", "--"))
        ret = names.length ? CHANGED : SAME;
    buffer_release(&names);
    return ret;
}

static bool is_commit(const char *line)
{
    return line && strlen(line) == DIGITS && strspn(line, "0123456789abcdef") == DIGITS;
}

char *git_commit_of(const char *directory)
{
    struct checkout checkout = { .deadline_ns = clock_now_ns() + PATIENCE_NS };
    CLEANUP(mem_freep)
    char *commit = ask_line(directory, "--verify", "HEAD", checkout.deadline_ns);
    CLEANUP(mem_freep) char *top = NULL;
    static const char *const says[] = {
        [CHANGED] = "-dirty", [SAME] = "", [UNCHECKED] = "-unchecked"
    };
    enum likeness likeness = UNCHECKED;

    if (!is_commit(commit))
        return NULL;
    checkout.top = top =
        ask_line(directory, "--show-toplevel", NULL, checkout.deadline_ns);
    if (top)
        likeness = compare_index(&checkout);
    if (likeness == SAME) {
        checkout.indexed = ask_indexed(directory, checkout.deadline_ns);
        checkout.keeps_modes = checkout.keeps_links = true;
        likeness = compare_files(&checkout);
        if (likeness == CHANGED && !keeps_all(&checkout))
            likeness = compare_files(&checkout);
    }
    return mem_printf("%s%s", commit, says[likeness]);
}
