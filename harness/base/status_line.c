/* status_line.c - see status_line.h. */
#include "base/status_line.h"

#include "base/clock.h"

#define BAR_COLUMNS 24

/* How long nothing is shown, and how often a line is, elsewhere and on a terminal. */
static const struct {
    uint64_t quiet_ns, every_ns;
} paces[] = {
    [false] = { 2 * NSEC_PER_SEC, 5 * NSEC_PER_SEC },
    [true] = { NSEC_PER_SEC / 4, NSEC_PER_SEC / 10 },
};

void status_line_init(struct status_line *line, FILE *out, bool terminal)
{
    *line = (struct status_line){ out, terminal,
                                  .next_ns = clock_now_ns() + paces[terminal].quiet_ns };
}

bool status_line_is_due(struct status_line *line, uint64_t now_ns)
{
    if (!line->out || now_ns < line->next_ns)
        return false;
    line->next_ns = now_ns + paces[line->terminal].every_ns;
    return true;
}

void status_line_begin(struct status_line *line)
{
    if (line->terminal)
        fputs("\r\033[K", line->out);
}

void status_line_bar(struct status_line *line, uint64_t done, uint64_t total)
{
    int full = total ? (int)(done * BAR_COLUMNS / total) : 0;

    if (!line->terminal)
        return;
    fputc('[', line->out);
    for (int i = 0; i < BAR_COLUMNS; i++)
        fputc(i < full ? '=' : ' ', line->out);
    fputs("] ", line->out);
}

void status_line_end(struct status_line *line)
{
    if (!line->terminal)
        fputc('\n', line->out);
    fflush(line->out);
    line->shown = true;
}

void status_line_wipe(struct status_line *line)
{
    if (line->terminal && line->shown) {
        fputs("\r\033[K", line->out);
        fflush(line->out);
    }
    line->shown = false;
}
