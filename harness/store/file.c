/* file.c - see file.h. */
#include "store/file.h"

#include <glob.h>
#include <string.h>

#include "store/schema.h"

static int open_as(const char *directory, enum database_access access,
                   struct database *ret, struct err *err)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/" STORE_FILE, directory);

    return database_open(path, access, &store_kind, ret, err);
}

int stored_create(const char *directory, struct database *ret, struct err *err)
{
    return open_as(directory, DATABASE_CREATE, ret, err);
}

static bool is_missing(int code)
{
    return code == -ENOENT || code == -ENOTDIR;
}

/* A sweep's directory holds one of a run for each of its values. The first; NULL: there
 * is none. */
static char *first_value_of(const char *directory)
{
    CLEANUP(mem_freep) char *pattern = mem_printf("%s/*/" STORE_FILE, directory);
    char *first = NULL;
    glob_t found;

    if (glob(pattern, 0, NULL, &found) == 0)
        first =
            mem_printf("%.*s", (int)(strlen(found.gl_pathv[0]) - strlen("/" STORE_FILE)),
                       found.gl_pathv[0]);
    globfree(&found);
    return first;
}

static int explain_missing(const char *directory, struct err *err)
{
    CLEANUP(mem_freep) char *value = first_value_of(directory);

    if (value)
        return err_set(err, ERR_USAGE,
                       "there is no run in '%s', but below it, as of a sweep; name one "
                       "of them, like '%s'",
                       directory, value);
    return err_set(err, ERR_USAGE, "there is no run in '%s' (no " STORE_FILE ")",
                   directory);
}

int stored_open(const char *directory, enum database_access access, struct database *ret,
                struct err *err)
{
    int code = open_as(directory, access, ret, err);

    if (is_missing(code))
        return explain_missing(directory, err);
    if (code == -ENODATA)
        return err_set(err, ERR_USAGE, "the run in '%s' had not begun when it was ended",
                       directory);
    return code;
}

bool stored_outdated(const struct database *database)
{
    return database->version < STORE_JUDGED_SINCE;
}

int stored_current(const struct database *database, struct err *err)
{
    if (database->version == store_kind.version)
        return 0;
    return err_set(err, ERR_USAGE,
                   "'%s' was made by an older afterkill, which kept less: it can be "
                   "reported, but nothing can be added to it; make the run again",
                   database->path);
}

int stored_begun(const char *directory, bool *ret, struct err *err)
{
    CLEANUP(database_close) struct database database = DATABASE_NULL;
    struct err why = ERR_NULL;
    int code = open_as(directory, DATABASE_READ, &database, &why);

    *ret = code == 0;
    if (code == 0 || is_missing(code) || code == -ENODATA)
        return 0;
    *err = why;
    return code;
}
