/* store.c - any bytes as the file of a run that is kept: refused with a message, or
 * loaded, and then reported in all formats.
 *
 * The entry is libFuzzer's, as in loader.c. */
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "report/writers.h"
#include "store/file.h"
#include "store/load.h"

static struct tempdir place = TEMPDIR_NULL;

static void remove_place(void)
{
    tempdir_remove(&place);
}

/* One directory for all inputs; whatever the one before has left there goes. */
static void rewrite(const uint8_t *bytes, size_t size)
{
    CLEANUP(mem_freep) char *path = NULL;
    struct err err = ERR_NULL;
    int fd;

    if (!place.path) {
        MUST(tempdir_make(&place, &err) == 0);
        atexit(remove_place);
    }
    path = mem_printf("%s/" STORE_FILE, place.path);
    database_remove(path);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    MUST(fd >= 0);
    MUST(write(fd, bytes, size) == (ssize_t)size);
    close(fd);
}

static void check_reports(const struct result *result)
{
    const struct report_style style = { .full = true, .points = true };
    CLEANUP(mem_freep) char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);

    MUST(out);
    run_text(out, result, style);
    run_text(out, result, (struct report_style){ .full = false });
    run_json(out, result, style);
    fclose(out);
    MUST(length > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    CLEANUP(saved_release) struct saved saved = { .directory = NULL };
    struct err err = ERR_NULL;
    int code;

    rewrite(bytes, size);
    code = saved_load_attempts(place.path, &saved, &err);
    MUST(code <= 0 && err.code == code && (code == 0) == (err.msg[0] == '\0'));
    if (code == 0)
        check_reports(&saved.result);
    return 0;
}
