/* slice_progress.c - see slice_progress.h. */
#include "cmd/slice_progress.h"

#include "base/clock.h"

void slice_progress_init(struct slice_progress *progress, FILE *out, bool terminal,
                         const char *name, uint64_t each)
{
    uint64_t now_ns = clock_now_ns();

    *progress = (struct slice_progress){
        .name = name, .start_ns = now_ns, .slice_ns = now_ns, .each = each
    };
    status_line_init(&progress->line, out, terminal);
}

/* The mean of those that are done is a fair guess for the others; below 0, nothing is
 * known. */
static double seconds_left(const struct slice_progress *progress, uint64_t now_ns)
{
    uint64_t total = SLICE_SIDES * progress->each;
    double done_s = ns_to_s((double)(progress->slice_ns - progress->start_ns));
    double left_s;

    if (!progress->done)
        return -1;
    left_s = done_s / (double)progress->done * (double)(total - progress->done) -
             ns_to_s((double)(now_ns - progress->slice_ns));
    return left_s > 0 ? left_s : 0;
}

static void show(struct slice_progress *progress, uint64_t now_ns)
{
    uint64_t total = SLICE_SIDES * progress->each;
    struct slice slice = slices_at(progress->each, progress->done);
    double left_s = seconds_left(progress, now_ns);
    FILE *out = progress->line.out;

    status_line_begin(&progress->line);
    status_line_bar(&progress->line, progress->done, total);
    fprintf(out, "%s: slice %llu of %llu (%s %llu/%llu)", progress->name,
            (unsigned long long)progress->done + 1, (unsigned long long)total,
            slice_side_name(slice.side), (unsigned long long)slice.shard.index + 1,
            (unsigned long long)slice.shard.total);
    if (left_s >= 0)
        fprintf(out, ", %.0f s left", left_s);
    status_line_end(&progress->line);
}

void slice_progress_tick(void *context)
{
    struct slice_progress *progress = context;
    uint64_t now_ns = clock_now_ns();

    if (status_line_is_due(&progress->line, now_ns))
        show(progress, now_ns);
}

void slice_progress_begin(struct slice_progress *progress, uint64_t done)
{
    progress->done = done;
    progress->slice_ns = clock_now_ns();
    slice_progress_tick(progress);
}

void slice_progress_close(struct slice_progress *progress)
{
    status_line_wipe(&progress->line);
}
