/* audit.c - afterkill audit: what has leaked already, on a live server. */
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "audit/progress.h"
#include "audit/rounds.h"
#include "audit/scan.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/signals.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/target_options.h"
#include "redis/connection.h"
#include "report/audit_words.h"
#include "report/format.h"

#define COUNT 1000 /* keys of a batch */
#define COUNT_MOST 100000
#define DB_NONE UINT64_MAX
#define TOP 10
#define SECONDS_MOST 3600.0
#define SLICE_MS 100
#define WATCH_MOST (7 * 86400.0)

struct options {
    struct operands operands; /* none */
    struct target_options target;
    struct scan_options scan;
    uint64_t db; /* DB_NONE: all of them */
    uint64_t top;
    bool fail;
    const char *rules; /* a file; NULL: none */
    struct rules all_rules;
    const char *before, *since; /* files; NULL: none */
    bool after_time;
    double watch_s;      /* 0: one audit, and no more */
    const char *command; /* to watch; NULL: none */
    struct vitals vitals;
    const char *output; /* a file for the report; NULL: none */
    bool stopped;       /* by a signal, in the course of an audit */
    const struct format *format;
    const char *color;
};

static const struct cmd_option table[] = {
    { "db", "N", "One database (default: all)", 2, .take = option_whole,
      .at = offsetof(struct options, db), .most = INT32_MAX, .letter = 'n' },
    { "pattern", "GLOB", "Only keys that match", 2, .take = option_text,
      .at = offsetof(struct options, scan.pattern) },
    { "type", "TYPE", "Only keys of this type, as 'hash'", 2, .take = option_text,
      .at = offsetof(struct options, scan.type) },
    { "limit", "N", "End when so many keys have been seen", 2, .take = option_whole,
      .at = offsetof(struct options, scan.limit), .least = 1, .most = UINT64_MAX },
    { "cursor", "N", "Go on where an audit with --limit has ended; with --db", 2,
      .take = option_whole, .at = offsetof(struct options, scan.cursor),
      .most = UINT64_MAX },
    { "count", "N", "Ask for so many keys at once (default 1000)", 3,
      .take = option_whole, .at = offsetof(struct options, scan.count), .least = 1,
      .most = COUNT_MOST },
    { "interval", "SECONDS", "Pause between batches", 3, .take = option_seconds,
      .at = offsetof(struct options, scan.pause_s), .above = 0, .below = SECONDS_MOST,
      .letter = 'i' },
    { "max-latency", "SECONDS",
      "Make batches smaller, and pause, while the server takes longer than this for one",
      3, .take = option_seconds, .at = offsetof(struct options, scan.latency_s),
      .above = 0, .below = SECONDS_MOST },
    { "rules", "FILE",
      "More rules, besides those of known systems: what must expire, or be somewhere", 5,
      .take = option_file, .at = offsetof(struct options, rules) },
    { "fields", "N",
      "Read the first elements of suspects, so many of each; before Redis 7.2 that "
      "resets their idle time",
      5, .take = option_whole, .at = offsetof(struct options, scan.elements), .least = 1,
      .most = GLIMPSE_MOST },
    { "before", "FILE", "Write the names of all keys into FILE, for a later --since", 5,
      .take = option_file, .at = offsetof(struct options, before) },
    { "since", "FILE",
      "Report the keys that are not in FILE, and exit with status 1 if there are any", 5,
      .take = option_file, .at = offsetof(struct options, since) },
    { "after-time", NULL,
      "With --since: only keys that stay when all that expires is gone", 5,
      .take = option_flag, .at = offsetof(struct options, after_time) },
    { "watch", "SECONDS", "Audit again and again, and write a line about each round", 5,
      .take = option_seconds, .at = offsetof(struct options, watch_s), .above = 0,
      .below = WATCH_MOST },
    { "command", "COMMAND",
      "With --watch: how often this command runs, and how long it takes; 'HSET *:work': "
      "and what is known of such keys",
      5, .take = option_text, .at = offsetof(struct options, command) },
    { "top", "N", "Show so many groups (default 10)", 4, .take = option_whole,
      .at = offsetof(struct options, top), .least = 1, .most = UINT32_MAX },
    { "fail", NULL, "Exit with status 1 if anything leaks", 4, .take = option_flag,
      .at = offsetof(struct options, fail) },
    OPTION_FORMAT(DOCUMENT_AUDIT, 4, offsetof(struct options, format)),
    { "output", "FILE", "Write the report there; standard output then gets the text", 4,
      .take = option_file, .at = offsetof(struct options, output), .letter = 'o' },
    { "color", "auto|always|never", "Of the report (default auto)", 4,
      .take = option_word, .at = offsetof(struct options, color) },
    { .name = NULL },
};

static int check_watch(const struct options *options, struct err *err)
{
    if (options->before || options->since || options->scan.limit || options->scan.cursor)
        return err_set(err, ERR_USAGE,
                       "--watch is about all keys, again and again: do without --before, "
                       "--since, --limit and --cursor");
    if (options->scan.elements)
        return err_set(err, ERR_USAGE,
                       "--fields resets the idle time of what it reads, before Redis "
                       "7.2: do without --watch");
    if (options->fail)
        return err_set(err, ERR_USAGE,
                       "--watch goes on until it is stopped: do without --fail");
    if (!options->output && options->format != format_by_name("text") &&
        options->format != format_by_name("json"))
        return err_set(err, ERR_USAGE,
                       "--watch writes a line a round, as text or json: for another "
                       "--format of each round's report name a file, too, with --output "
                       "FILE");
    return 0;
}

/* Without its text: a URL may have a password. */
static int refuse_operand(const char *operand, struct err *err)
{
    if (strstr(operand, "://"))
        return err_set(err, ERR_USAGE,
                       "audit takes no operands: give the URL with --redis or, if there "
                       "is a password in it, as REDIS_URL in the environment");
    return err_set(err, ERR_USAGE,
                   "audit takes no operands; the server is --redis URL, or -h HOST -p "
                   "PORT");
}

static int check(void *parsed, struct err *err)
{
    const struct options *options = parsed;

    if (options->operands.count)
        return refuse_operand(options->operands.items[0], err);
    if (options->after_time && !options->since)
        return err_set(err, ERR_USAGE, "--after-time goes with --since FILE");
    if (options->command && !(options->watch_s > 0))
        return err_set(err, ERR_USAGE, "--command goes with --watch SECONDS");
    if (options->since && options->format == format_by_name("prometheus"))
        return err_set(err, ERR_USAGE,
                       "--since is not told for Prometheus; use text or json");
    if ((options->before || options->since) &&
        (options->scan.limit || options->scan.cursor))
        return err_set(err, ERR_USAGE,
                       "--before and --since are about all keys: do without --limit and "
                       "--cursor");
    return options->watch_s > 0 ? check_watch(options, err) : 0;
}

/* Each batch is told. */
static bool look(void *context, const struct audit *audit)
{
    audit_progress_show(context, audit);
    return signals_stop_asked();
}

/* Writes what is for later, and compares with what was. */
static int compare(const struct options *options, struct inventory *now,
                   struct audit *audit, struct err *err)
{
    CLEANUP(inventory_release) struct inventory before = INVENTORY_NULL;

    if (audit->interrupted)
        return 0;
    inventory_settle(now);
    if (options->since && inventory_read(options->since, &before, err) < 0)
        return err_wrap(err, "--since");
    if (options->before && inventory_write(now, options->before, err) < 0)
        return err_wrap(err, "--before");
    if (!options->since)
        return 0;
    inventory_subtract(now, &before, options->after_time);
    audit->has_since = true;
    audit->after_time = options->after_time;
    audit->since = *now;
    *now = INVENTORY_NULL;
    return 0;
}

/* Those that have begun: the last need not have an end. */
static size_t count_lines(const char *text)
{
    size_t count = 1;

    while ((text = strchr(text, '\n')))
        text++, count++;
    return count;
}

static int load_rules(struct options *options, struct err *err)
{
    CLEANUP(mem_freep) char *text = NULL;
    size_t length;

    options->scan.rules = &options->all_rules;
    rules_add_known(&options->all_rules);
    if (!options->rules)
        return 0;
    text = file_read(options->rules, &length);
    if (!text)
        return err_errno(err, "--rules: read '%s'", options->rules);
    if (strlen(text) < length)
        return err_set(err, ERR_USAGE, "%s:%zu: there is a zero byte in the file",
                       options->rules, count_lines(text));
    return rules_parse(&options->all_rules, options->rules, text, err);
}

/* What --db says, else the URL. */
static int choose_db(struct options *options, const struct target *target,
                     struct err *err)
{
    options->scan.db = options->db == DB_NONE ? target->db : (int)options->db;
    if (options->scan.cursor && options->scan.db < 0)
        return err_set(err, ERR_USAGE,
                       "--cursor: a cursor is of one database; say which with --db");
    return 0;
}

static int scan_connected(struct options *options, const struct target *target,
                          struct audit *ret, struct err *err)
{
    CLEANUP(connection_closep) redisContext *connection = NULL;
    CLEANUP(inventory_release) struct inventory now = INVENTORY_NULL;
    bool wanted = options->before || options->since;
    struct audit_progress progress;
    sigset_t before;

    if (target_connect(target, &connection, err) < 0)
        return err->code;
    audit_progress_init(&progress, stderr, isatty(STDERR_FILENO));
    options->scan.keys_alone = options->since;
    signals_hold(&before);
    scan_run(connection, target, &options->scan,
             &(struct scan_watch){ look, wanted ? &now : NULL, &progress }, ret, err);
    audit_progress_end(&progress);
    if (signals_release(&before))
        options->stopped = ret->interrupted = true;
    return err->code < 0 || !wanted ? err->code : compare(options, &now, ret, err);
}

/* A server that goes away while it is asked is an error; nobody who reads what is printed
 * is none. */
static int scan(struct options *options, const struct target *target, struct audit *ret,
                struct err *err)
{
    signals_fail_at_pipe();
    scan_connected(options, target, ret, err);
    signals_end_at_pipe();
    return err->code;
}

/* The file is replaced whole, for whoever reads it meanwhile. */
static int save(const struct options *options, const struct audit *audit, struct err *err)
{
    CLEANUP(mem_freep) char *bytes = NULL;
    FILE *out;

    if (!options->output)
        return 0;
    out = mem_stream(&bytes);
    format_audit(options->format, out, audit,
                 (struct report_style){ .rows = (unsigned)options->top });
    fclose(out);
    return file_write(options->output, bytes, strlen(bytes), err) < 0
               ? err_wrap(err, "--output")
               : 0;
}

/* What the server does not tell is told once. */
static void tell_refused(const char *what, const char *reply, bool *told)
{
    struct err err = ERR_NULL;

    if (!reply || *told)
        return;
    *told = true;
    target_refused(what, reply, &err);
    fprintf(stderr, "afterkill: --watch goes on without %s\n", err.msg);
}

/* Returns when the time has come, or with true as soon as somebody wants an end. */
static bool wait_until(uint64_t end_ns)
{
    sigset_t before, stop = signals_stop_set();
    bool stopped = false;
    uint64_t now_ns;

    signals_hold(&before);
    while (!stopped && (now_ns = clock_now_ns()) < end_ns) {
        struct timespec left = ns_to_timespec(end_ns - now_ns);

        stopped = sigtimedwait(&stop, NULL, &left) > 0;
    }
    return signals_release(&before) || stopped;
}

/* Waits until standard output takes a piece: a pager may not read on for hours. Returns
 * false if somebody wants an end meanwhile. */
static bool wait_reader(const struct options *options)
{
    struct pollfd reader = { STDOUT_FILENO, POLLOUT, 0 };

    while (poll(&reader, 1, SLICE_MS) == 0)
        if (options->stopped || signals_stop_asked())
            return false;
    return true;
}

/* Of JSON, a whole report is one. The caller frees it. */
static char *line_of(const struct options *options, const struct audit *audit)
{
    char *line;
    FILE *out = mem_stream(&line);

    if (!options->output && options->format == format_by_name("json"))
        format_audit(options->format, out, audit, (struct report_style){ .line = true });
    else
        round_text(out, audit, audit->rounds);
    fclose(out);
    return line;
}

/* In pieces for which there is room in any pipe that takes something: a longer line would
 * wait for its reader, and hear nobody meanwhile. */
static void write_line(const struct options *options, const struct audit *audit)
{
    CLEANUP(mem_freep) char *line = line_of(options, audit);
    size_t left = strlen(line);

    for (const char *at = line; left && wait_reader(options);) {
        size_t piece = left < PIPE_BUF ? left : PIPE_BUF;

        fwrite(at, 1, piece, stdout);
        fflush(stdout);
        at += piece;
        left -= piece;
    }
}

/* A line, and the file, which is not left in pieces by who wants an end. */
static int tell_round(struct options *options, const struct audit *audit, struct err *err)
{
    sigset_t before;

    signals_hold(&before);
    write_line(options, audit);
    save(options, audit, err);
    options->stopped |= signals_release(&before);
    return err->code;
}

/* An audit every so many seconds, or as soon as the last one is over. Returns the exit
 * status, if there is no error. */
static enum exit_status watch_rounds(struct options *options, const struct target *target,
                                     struct err *err)
{
    CLEANUP(rounds_release) struct rounds rounds = ROUNDS_NULL;
    CLEANUP(fresh_release) struct fresh fresh = FRESH_NULL;
    uint64_t every_ns = (uint64_t)(options->watch_s * NSEC_PER_SEC), begin_ns;
    bool slow_told = false, latency_told = false;

    options->scan.timed = true;
    options->scan.vitals = &options->vitals;
    options->scan.fresh = &fresh;
    do {
        CLEANUP(audit_release) struct audit audit = { .groups = NULL };

        begin_ns = clock_now_ns();
        fresh_next(&fresh);
        if (scan(options, target, &audit, err) < 0 || audit.interrupted)
            break;
        rounds_add(&rounds, &audit, clock_now_ns());
        audit.rounds = &rounds;
        audit.vitals = &options->vitals;
        tell_refused("SLOWLOG GET", options->vitals.slow_refused, &slow_told);
        tell_refused("LATENCY HISTOGRAM", options->vitals.latency_refused, &latency_told);
        if (tell_round(options, &audit, err) < 0)
            break;
    } while (!options->stopped && !wait_until(begin_ns + every_ns));
    return EXIT_INTERRUPTED;
}

/* What leaks, or what was not looked at, only counts if somebody asks for that. */
static enum exit_status status_of(const struct options *options,
                                  const struct audit *audit)
{
    return options->fail || audit->has_since || audit->interrupted ? audit_status(audit)
                                                                   : EXIT_PASS;
}

/* The same of one. */
static enum exit_status audit_once(struct options *options, const struct target *target,
                                   struct err *err)
{
    CLEANUP(audit_release) struct audit audit = { .groups = NULL };
    struct report_style style = option_style(options->color);

    if (scan(options, target, &audit, err) < 0)
        return EXIT_INFRASTRUCTURE;
    style.rows = (unsigned)options->top;
    save(options, &audit, err); /* if it cannot be written, there is still the text */
    format_audit(options->output ? format_by_name("text") : options->format, stdout,
                 &audit, style);
    return status_of(options, &audit);
}

const struct command_line audit_line = {
    .options = table,
    .operands_doc = "",
    .check = check,
    .about = "Look for keys that should have expired, on a live server."
             "\vKeys are put into groups by their names. Where most keys of a group "
             "expire and some do not, those are suspects. The server is only read.",
    .more = &target_options_line,
    .more_title = "The server:",
    .more_group = 1,
    .more_at = offsetof(struct options, target),
};

int cmd_audit(int argc, char **argv, enum exit_status *ret_status, struct err *err)
{
    struct options options = { .scan = { .count = COUNT },
                               .db = DB_NONE,
                               .top = TOP,
                               .vitals = VITALS_NULL,
                               .format = format_by_name("text"),
                               .color = "auto" };
    CLEANUP(target_release) struct target target = TARGET_NULL;

    options_parse(&audit_line, argc, argv, &options);
    signals_end_with(EXIT_INTERRUPTED);
    if ((!options.command || vitals_choose(&options.vitals, options.command, err) == 0) &&
        load_rules(&options, err) == 0 &&
        target_options_target(&options.target, &target, err) == 0 &&
        choose_db(&options, &target, err) == 0)
        *ret_status = options.watch_s > 0 ? watch_rounds(&options, &target, err)
                                          : audit_once(&options, &target, err);
    rules_release(&options.all_rules);
    vitals_release(&options.vitals);
    return err->code;
}
