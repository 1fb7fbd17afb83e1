/* output.c - see output.h. */
#include "cmd/output.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/signals.h"
#include "cmd/options.h"
#include "cmd/summary.h"

static void write_report(FILE *out, const struct format *format,
                         const struct sweep *sweep, struct report_style style)
{
    if (sweep->parameter)
        format_sweep(format, out, sweep, style);
    else
        format_run(format, out, &sweep->results[0], style);
}

static int save_one(const struct destination *destination, const struct format *format,
                    const struct sweep *sweep, struct err *err)
{
    CLEANUP(mem_freep) char *path =
        mem_printf("%s/%s", destination->directory, format->file);
    CLEANUP(mem_freep) char *bytes = NULL;
    FILE *out = mem_stream(&bytes);

    write_report(out, format, sweep,
                 (struct report_style){ .full = true,
                                        .points = true,
                                        .conclusion = destination->conclusion });
    fclose(out);
    return file_write(path, bytes, strlen(bytes), err);
}

int output_write_files(const struct destination *destination, const struct sweep *sweep,
                       struct err *err)
{
    const struct format *format;

    for (size_t i = 0; (format = format_at(i)); i++) {
        struct err own = ERR_NULL;

        if (format->file && (format_has(format, DOCUMENT_SWEEP) || !sweep->parameter) &&
            save_one(destination, format, sweep, &own) < 0 && !err->code)
            *err = own;
    }
    return err->code;
}

static int print(const struct destination *destination, const struct sweep *sweep,
                 struct err *err)
{
    struct report_style style = option_style(destination->color);

    signals_end_at_pipe();
    style.points = destination->points;
    style.full = destination->full || destination->points;
    style.conclusion = destination->conclusion;
    summary_open(destination->format, &style.summary, err);
    if (destination->rows == ROWS_TRIALS && destination->directory)
        trials_write(stdout, &sweep->results[0], destination->directory, err);
    else
        write_report(stdout, destination->format, sweep, style);
    summary_close(style.summary, err);
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout))
        return err_errno(err, "write the report to standard output");
    return err->code;
}

static bool anything_known(const struct result *result)
{
    result_foreach (finding, result)
        if (finding->controlled)
            return true;
    return false;
}

/* A mistake in the scenario gives no report, so that nobody takes it for a result; unless
 * it shows only at a later value of a sweep: hours of work are not thrown away. */
static bool worth_reporting(const struct sweep *sweep, const struct err *err)
{
    size_t count = sweep->count - (sweep->count && err->code == ERR_USAGE);

    for (size_t i = 0; i < count; i++)
        if (anything_known(&sweep->results[i]))
            return true;
    return false;
}

int output_write(const struct destination *destination, const struct sweep *sweep,
                 enum exit_status *ret_status, struct err *err)
{
    struct err late = ERR_NULL, saving = ERR_NULL;

    *ret_status = sweep->parameter ? sweep_exit_status(sweep)
                                   : conclusion_exit_status(&sweep->results[0],
                                                            destination->conclusion);
    if (!worth_reporting(sweep, err))
        return err->code;
    if (destination->directory) /* first: whoever reads the report may be gone */
        output_write_files(destination, sweep, &saving);
    if (print(destination, sweep, &late) == 0)
        late = saving;
    err_append(err, &late);
    return err->code;
}
