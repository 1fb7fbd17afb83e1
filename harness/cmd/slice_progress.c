/* slice_progress.c - see slice_progress.h. */
#include "cmd/slice_progress.h"

#include "base/clock.h"

#define BAR_COLUMNS 24
#define PLAIN_QUIET_NS (2 * NSEC_PER_SEC) /* shorter runs show nothing elsewhere */
#define PLAIN_EVERY_NS (5 * NSEC_PER_SEC)

void slice_progress_init(struct slice_progress *progress, FILE *out, bool terminal,
                         const char *name, uint64_t each)
{
    uint64_t now_ns = clock_now_ns();

    *progress = (struct slice_progress){ out,    terminal, name,
                                         now_ns, now_ns,   now_ns + PLAIN_QUIET_NS,
                                         each,   0 };
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

static void show(const struct slice_progress *progress, uint64_t now_ns)
{
    uint64_t total = SLICE_SIDES * progress->each;
    struct slice slice = slices_at(progress->each, progress->done);
    double left_s = seconds_left(progress, now_ns);
    FILE *out = progress->out;

    if (progress->terminal) {
        fputs("\r\033[K[", out);
        for (uint64_t i = 0; i < BAR_COLUMNS; i++)
            fputc(i < progress->done * BAR_COLUMNS / total ? '=' : ' ', out);
        fputs("] ", out);
    }
    fprintf(out, "%s: slice %llu of %llu (%s %llu/%llu)", progress->name,
            (unsigned long long)progress->done + 1, (unsigned long long)total,
            slice_side_name(slice.side), (unsigned long long)slice.shard.index + 1,
            (unsigned long long)slice.shard.total);
    if (left_s >= 0)
        fprintf(out, ", %.0f s left", left_s);
    fputs(progress->terminal ? "" : "\n", out);
    fflush(out);
}

void slice_progress_tick(void *context)
{
    struct slice_progress *progress = context;
    uint64_t now_ns = clock_now_ns();

    if (!progress->out || (!progress->terminal && now_ns < progress->next_plain_ns))
        return;
    progress->next_plain_ns = now_ns + PLAIN_EVERY_NS;
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
    if (!progress->out)
        return;
    if (progress->terminal)
        fputs("\r\033[K", progress->out);
    fflush(progress->out);
}
