/* mutants.c - the tester is tested: a harness that is broken in one place fails the
 * suite.
 *
 * A mutant is a place in the harness that a test build breaks when the environment says
 * so (harness/base/mutant.h); its killer is a test of this suite. Every killer is run
 * twice with the same programs: with the mutant it must fail, without it must pass, so
 * that nothing but the mutant can be why. CONTRIBUTING.md shows the same table. */
#include "testlib.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

static const struct {
    const char *mutant;
    const char *program; /* in TEST_PROGRAMS */
    const char *test;    /* suite/name */
} rows[] = {
    { "no-drain", "integration_modules_mutable",
      "snapshot/waits_for_what_a_dead_client_left" },
    { "keys-uncounted", "integration_modules_mutable",
      "snapshot/sees_the_same_by_plain_commands" },
    { "ignore-expiries", "integration_verdicts",
      "verdicts/every_word_where_it_belongs_and_nowhere_else" },
    { "ignore-values", "integration_verdicts", "verdicts/every_type_of_value" },
    { "ignore-field-expiries", "unit_snapshot_mutable",
      "digest/fields_of_a_hash_expire_one_by_one" },
    { "one-control-old", "integration_verdicts",
      "verdicts/every_word_where_it_belongs_and_nowhere_else" },
    { "one-control-new", "integration_verdicts",
      "verdicts/every_word_where_it_belongs_and_nowhere_else" },
    { "duplicates-leak", "integration_verdicts",
      "verdicts/every_word_where_it_belongs_and_nowhere_else" },
    { "mixed-in-range", "integration_verdicts",
      "verdicts/every_word_where_it_belongs_and_nowhere_else" },
    { "kills-unheard", "unit_check_mutable",
      "check/census_judges_and_kills_must_not_contradict" },
    { "guesses", "unit_cure_mutable", "cure/no_guesses_about_programs" },
    { "kept-unseen", "integration_programs_told",
      "programs_told/no_expiry_for_what_is_kept" },
    { "printed-untried", "unit_gap_mutable",
      "cured/is_called_a_cure_only_if_it_was_tried" },
    { "replies-unasked", "integration_cures", "cures/know_what_depends_on_replies" },
    { "other-is-same", "integration_cures", "cures/are_tried" },
    { "lock-unowned", "integration_cures", "cures/are_tried" },
    { "cured-alone", "integration_cures", "cures/are_tried_together" },
    { "line-alone", "integration_try", "try/what_is_printed_asks_what_was_asked" },
    { "one-connection", "unit_gap_mutable", "as_sent/in_one_line" },
    { "heard-is-known", "unit_names_mutable", "names/process_ids_that_were_heard" },
    { "only-unheard", "unit_verdict_mutable", "expect/is_met_or_not" },
    { "found-untold", "unit_verdict_line_mutable", "verdict_line/of_runs" },
    { "status-unaccounted", "unit_sheet_mutable",
      "sheet/whose_status_no_case_accounts_for" },
    { "misses-clean", "unit_tally_mutable", "tally/kills_count_outcomes_and_words" },
    { "look-once", "unit_sequence_mutable",
      "sequence/is_wider_than_a_single_look_but_where_nothing_was_hit" },
    { "census-late", "integration_modules_mutable",
      "wire/cut_leaves_exactly_the_prefix" },
    { "census-short", "integration_verdicts",
      "verdicts/every_word_where_it_belongs_and_nowhere_else" },
    { "invariants-hold", "integration_verdicts",
      "verdicts/every_word_where_it_belongs_and_nowhere_else" },
    { "fisher-always", "unit_difference_mutable",
      "difference/method_depends_on_what_is_shared" },
    { "lua-stays", "integration_modules_mutable", "worker/leaves_nothing_in_lua" },
    { "done-forgotten", "unit_agenda_mutable", "agenda/every_item_is_taken_once" },
    { "errors-unread", "integration_liar", "liar/errors_in_the_audit" },
    { "order-forgotten", "integration_verdicts",
      "verdicts/states_that_functions_tell_apart" },
    { "streams-alike", "integration_verdicts",
      "verdicts/states_that_functions_tell_apart" },
    { "replay-forgives", "integration_replay",
      "replay/of_what_is_not_as_recorded_fails" },
    { "nothing-tested", "integration_trust", "trust/nothing_tested" },
    { "recovery-unblamed", "integration_own", "own/functions_of_strategies" },
    { "judged-once", "integration_trust", "trust/coins_are_noticed" },
    { "consumers-unseen", "integration_verdicts", "verdicts/streams" },
    { "fence-down", "integration_fence", "fence/keeps_scripts_in" },
    { "trespass-unseen", "integration_fence", "fence/other_databases_are_looked_at" },
    { "deadline-unheard", "integration_unseen",
      "unseen/expiries_by_the_clock_that_have_passed" },
    { "kept-unchecked", "integration_modules_mutable",
      "snapshot/what_is_kept_is_looked_at" },
    { "zero-counts", "integration_verdicts", "verdicts/what_is_hardly_there" },
    { "effects-alike", "integration_verdicts", "verdicts/effects" },
    { "hollow-gone", "integration_verdicts", "verdicts/what_is_hardly_there" },
    { "one-moment", "integration_lasts", "lasts/point_by_point" },
    { "times-alike", "integration_lasts", "lasts/point_by_point" },
    { "passing-forgotten", "integration_lasts", "lasts/point_by_point" },
    { "needs-unasked", "integration_needs", "needs/are_told_where_they_are_not_met" },
    { "gate-on-leaked", "unit_gate_mutable", "gate/rates" },
    { "replies-unheard", "integration_shorthand", "shorthand/replies_to_alive" },
    { "try-unjudged", "integration_try", "try/says_whether_an_update_is_safe" },
    { "lasts-forgotten", "unit_longer_mutable", "longer/of_two_runs" },
    { "slices-unheeded", "unit_speed_mutable", "speed/of_slices" },
    { "slices-lost", "integration_interleave",
      "interleave/slices_stay_if_they_cannot_be_merged" },
    { "slices-in-a-row", "unit_slices_mutable", "slices/take_turns" },
    { "aim-short", "unit_aim_mutable",
      "aim/strata_follow_each_other_and_share_all_attempts" },
    { "weights-uneven", "unit_aim_mutable",
      "aim/weights_make_the_same_sum_in_any_order" },
    { "weights-equal", "unit_tally_mutable", "tally/kills_count_as_much_as_they_weigh" },
    { "few-are-all", "unit_figures_mutable", "figures/few_long_updates_may_be_more" },
    { "late-unsaid", "unit_figures_mutable",
      "figures/time_that_no_kill_has_seen_widens" },
    { "dying-disturbs", "unit_fault_mutable",
      "disturbed/is_an_update_that_was_late_only_by_waiting" },
    { "contention-unsaid", "unit_figures_mutable", "figures/contention_widens" },
    { "journal-believed", "unit_database_mutable",
      "database/journals_of_others_are_not_believed" },
    { "server-strays", "integration_bad_luck",
      "bad_luck/redis_server_that_goes_its_own_way" },
    { "rows-uncounted", "integration_store", "store/rows_that_are_gone_are_told" },
    { "names-believed", "integration_store", "store/names_lead_nowhere" },
    { "lines-believed", "integration_store", "store/lines_for_a_shell" },
    { "refuse-each-other", "unit_database_mutable",
      "database/who_writes_waits_for_who_looks" },
    { "lines-forged", "integration_forged", "forged/by_texts_of_baselines" },
    { "commands-obeyed", "integration_forged", "forged/by_what_scenarios_say" },
    { "door-open", "integration_network", "network/strangers_are_refused" },
    { "stopped-misnamed", "integration_stopped", "stopped/processes_are_named" },
    { "audit-writes", "integration_audit", "audit/finds_what_leaks_and_nothing_else" },
    { "expiry-forgotten", "unit_audit_mutable", "audit/compares_inventories" },
    { "mixed-unseen", "unit_audit_mutable", "audit/tells_mixed_groups" },
    { "rules-unheard", "integration_audit", "audit/knows_what_must_expire" },
    { "arrivals-uncounted", "unit_audit_mutable",
      "audit/counts_what_leaks_between_rounds" },
    { "calls-since-start", "unit_audit_mutable", "audit/reads_counters" },
    { "slow-unread", "unit_audit_mutable", "audit/counts_slow_commands" },
    { "glimpse-uncut", "integration_audit", "audit/reads_the_first_of_suspects" },
    { "elsewhere-unknown", "integration_audit_live",
      "audit_live/looks_at_a_primary_of_a_cluster" },
    { "alone-suspect", "integration_audit",
      "audit/minds_rules_of_some_where_others_expire" },
    { "members-alone", "integration_audit", "audit/knows_which_members_need_keys" },
    { "keys-anywhere", "integration_audit", "audit/knows_where_keys_must_be" },
    { "places-unsure", "integration_audit_played",
      "audit_played/leaves_alone_what_moves" },
    { "dribble-unending", "unit_audit_mutable",
      "audit/waits_for_no_answer_that_dribbles" },
    { "dribble-unheard", "integration_audit_played",
      "audit_played/ends_when_it_is_asked_to_although_there_is_always_more" },
    { "looked-at-once", "integration_audit_played",
      "audit_played/leaves_alone_who_is_not_done" },
    { "long-names-gone", "integration_audit", "audit/is_not_sure_of_very_long_names" },
    { "unlooked-innocent", "integration_audit_played",
      "audit_played/is_not_sure_of_those_that_it_did_not_look_at_again" },
    { "unlooked-unasked", "integration_audit_played",
      "audit_played/is_not_sure_of_members_that_it_did_not_look_at_again" },
    { "never-enough", "unit_stopping_mutable",
      "stopping/a_rate_that_changes_ends_the_kills_too" },
    { "waits-add-up", "unit_fault_mutable", "late/is_not_who_waits_for_nobody" },
    { "launch-unheard", "integration_liar", "liar/is_not_waited_for" },
    { "server-blamed", "unit_fault_mutable", "late/is_a_server_that_has_had_its_time" },
    { "silence-blamed", "unit_fault_mutable", "late/is_a_lane_that_has_had_its_time" },
    { "starved-late", "unit_scenario_mutable", "load/late_is_who_has_run" },
    { "starved-absent", "unit_fault_mutable",
      "late/is_not_who_was_stopped_with_all_others" },
    { "starved-blamed", "unit_fault_mutable", "late/is_who_has_had_its_time" },
    { "texts-cut", "unit_scenario_mutable", "load/no_text_is_cut_at_a_zero_byte" },
    { "secrets-kept", "integration_store", "store/secrets_are_not_kept" },
    { "late-unheard", "unit_base_mutable", "signals/what_waits_is_told_at_the_end" },
    { "limit-kills", "integration_merge", "merge/files_that_may_not_grow" },
    { "pairs-shifted", "unit_paired_mutable",
      "pairing/sees_what_the_test_for_any_dependence_does_not" },
    { "discordants-swapped", "unit_paired_mutable",
      "pairing/of_equal_attempts_is_exact" },
    { "difference-narrow", "unit_rate_difference_mutable",
      "rate_difference/is_not_judged_by_less_than_rates_are" },
    { "interval-unheard", "unit_rate_difference_mutable",
      "rate_difference/is_not_judged_by_less_than_rates_are" },
    { "parent-hasty", "integration_rates",
      "rates/parents_are_refused_where_they_are_late" },
    { "blocks-unpaired", "unit_ratio_mutable", "ratio/what_blocks_share_cancels_out" },
    { "blocks-independent", "unit_clusters_mutable", "clusters/effects_by_hand" },
    { "drift-unseen", "unit_clusters_mutable", "clusters/changes_are_told" },
    { "itself-unsaid", "unit_comparable_mutable", "comparable/a_run_and_itself" },
    { "shards-mixed", "unit_clusters_mutable", "clusters/shards_that_differ_are_told" },
    { "load-unheard", "unit_comparable_mutable",
      "comparable/machines_that_had_more_to_do_are_told" },
    { "runs-beside", "unit_gate_mutable", "gate/updates_of_another_day_decide_nothing" },
    { "no-holm", "unit_difference_mutable", "holm/adjusts_step_by_step" },
    { "tap-one-more", "integration_tap_mutable",
      "tap/cuts_behind_exactly_so_many_commands" },
    { "stop-counts", "integration_stopped", "stopped/all_at_once_and_on_again" },
    { "ends-unheld", "integration_tap_mutable",
      "tap/nobody_is_gone_before_he_was_looked_at" },
    { "closed-nobodys", "integration_tap_mutable",
      "tap/who_writes_and_is_gone_is_known" },
    { "tap-skips-writes", "integration_tap_mutable",
      "tap/events_in_the_order_of_execution" },
    { "tap-trusts-readonly", "integration_tap_asks_mutable",
      "tap_asks/only_about_what_may_have_changed_something" },
    { "tap-reply-astray", "integration_tap_mutable", "tap/replies_go_to_who_asked" },
    { "warden-spares-sessions", "integration_program_mutable",
      "program/leaves_nobody_behind" },
    { "alive-unsaid", "integration_program_alive_mutable",
      "program_alive/is_told_and_not_waited_for" },
    { "warden-unwatched", "integration_program_mutable",
      "program/stops_what_watches_over_it" },
    { "let-go-unheard", "integration_program_mutable",
      "program/is_over_when_the_server_has_let_go" },
    { "exit-ignored", "integration_programs", "programs/get_their_verdicts" },
    { "names-kept", "integration_programs_alike",
      "programs_alike/ids_and_times_of_survivors" },
    { "proof-twice", "integration_programs",
      "programs/prove_as_many_harms_as_asked_for" },
    { "unshifted", "unit_shift_mutable", "shift/what_sets_an_expiry" },
    { "recover-once", "integration_programs", "programs/recover_at_all_moments" },
    { "recover-last", "integration_programs", "programs/recover_at_all_moments" },
    { "gone-untold", "integration_programs_narrated",
      "programs_narrated/when_nothing_is_there_any_more" },
    { "listed-early", "unit_listed_mutable",
      "listed/a_point_of_each_state_however_late" },
    { "done-late", "integration_programs_narrated",
      "programs_narrated/times_to_live_of_a_program_that_goes_on" },
    { "told-unchecked", "integration_programs_narrated",
      "programs_narrated/what_is_not_what_was_judged" },
    { "failures-unheard", "integration_programs_printed",
      "programs_printed/is_shown_when_they_fail" },
    { "finished-again", "integration_programs_resumed",
      "programs_resumed/at_the_very_end" },
    { "over-early", "integration_programs_resumed", "programs_resumed/interrupted" },
    { "html-unescaped", "unit_html_mutable", "html/escapes" },
};

static const char *setting(const char *name)
{
    const char *value = getenv(name);

    cr_assert_not_null(value, "%s is not set; run the tests with meson test", name);
    return value;
}

/* One run of a killer, which has a CPU of its own: there it has one lane, as long as it
 * asks for no more, and learns what there is to learn once. */
struct attempt {
    size_t row;
    bool broken;   /* with the mutant, and not without */
    pid_t pid;     /* 0: not running */
    int fd, pidfd; /* what a broken one says; -1: its end */
    bool failing;  /* one expectation was not met */
    char *said;
    size_t length; /* of it */
    bool passed;
};

/* What Criterion says where it happens, however long the test goes on. */
#define FAILING "Assertion Failed"

/* Begins a test as a process of its own. Whoever fails leaves memory and files behind:
 * nobody is to look for the former, and the latter go where they will be removed. */
static void begin(struct attempt *attempt, const char *directory, int cpu)
{
    const char *mutant = attempt->broken ? rows[attempt->row].mutant : NULL;
    CLEANUP(mem_freep)
    char *path =
        mem_printf("%s/%s", setting("TEST_PROGRAMS"), rows[attempt->row].program);
    CLEANUP(mem_freep)
    char *filter = mem_printf("--filter=%s", rows[attempt->row].test);
    const char *mutable = setting("AFTERKILL_MUTABLE");
    int said[2];

    cr_assert_eq(pipe2(said, O_CLOEXEC), 0);
    attempt->pid = fork();
    cr_assert_geq(attempt->pid, 0);
    if (attempt->pid == 0) {
        process_pin(cpu);
        unsetenv("BXFI_MAP"); /* by this Criterion knows its workers; this is none */
        unsetenv("AFTERKILL_MUTANT");
        if (mutant) {
            setenv("AFTERKILL_MUTANT", mutant, 1);
            setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
            dup2(said[1], STDOUT_FILENO);
            dup2(said[1], STDERR_FILENO);
        }
        setenv("AFTERKILL", mutable, 1);
        setenv("TEST_TMPDIR", directory, 1);
        execl(path, path, filter, "--jobs=1", (char *)NULL);
        _exit(127);
    }
    close(said[1]);
    attempt->fd = said[0];
    attempt->pidfd = (int)syscall(SYS_pidfd_open, attempt->pid, 0);
    cr_assert_geq(attempt->pidfd, 0);
}

static bool end_below(void *context, pid_t pid, const struct process_look *look)
{
    const pid_t *top = context;

    (void)look;
    if (pid != *top)
        kill(pid, SIGKILL);
    return false;
}

/* One expectation that is not met is enough, and nobody waits for the others: the test is
 * ended, and Criterion, which has begun it, ends by itself and may say so. */
static void hear(struct attempt *attempt)
{
    char said[4096];
    ssize_t n = read(attempt->fd, said, sizeof(said));

    if (n <= 0) {
        close(attempt->fd);
        attempt->fd = -1; /* poll() passes over it */
        return;
    }
    if (attempt->failing)
        return;
    attempt->said = mem_grow(attempt->said, attempt->length + (size_t)n, 1);
    memcpy(attempt->said + attempt->length, said, (size_t)n);
    attempt->length += (size_t)n;
    attempt->failing =
        memmem(attempt->said, attempt->length, FAILING, strlen(FAILING)) != NULL;
    if (attempt->failing)
        process_any(attempt->pid, end_below, &attempt->pid);
}

static void note_end(struct attempt *attempt)
{
    int status;

    cr_assert_eq(waitpid(attempt->pid, &status, 0), attempt->pid);
    cr_assert_neq(WIFEXITED(status) ? WEXITSTATUS(status) : 0, 127, "cannot run %s",
                  rows[attempt->row].program);
    attempt->passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    attempt->pid = 0;
    free(attempt->said);
    close(attempt->pidfd);
    if (attempt->fd >= 0)
        close(attempt->fd);
}

/* Waits until one of the places is free. */
static size_t end_one(struct attempt **running, size_t places)
{
    for (;;) {
        struct pollfd fds[2 * CPU_SETSIZE];

        for (size_t i = 0; i < places; i++) {
            if (!running[i])
                return i;
            fds[2 * i] = (struct pollfd){ .fd = running[i]->fd, .events = POLLIN };
            fds[2 * i + 1] = (struct pollfd){ .fd = running[i]->pidfd, .events = POLLIN };
        }
        poll(fds, 2 * places, -1);
        for (size_t i = 0; i < places; i++) {
            if (fds[2 * i].revents)
                hear(running[i]);
            if (fds[2 * i + 1].revents) {
                note_end(running[i]);
                running[i] = NULL;
            }
        }
    }
}

static bool end_it(void *context, pid_t pid, const struct process_look *look)
{
    (void)context;
    (void)look;
    if (pid != getpid())
        kill(pid, SIGKILL);
    return false;
}

/* Programs that were started by a harness that is broken, and not ended by it. */
static void end_leftovers(void)
{
    do
        process_any(getpid(), end_it, NULL);
    while (waitpid(-1, NULL, 0) > 0);
}

/* Each with its mutant; without any, each test once, however many mutants it kills. */
static size_t all_attempts(struct attempt *ret)
{
    size_t n = 0;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        size_t before = 0;

        while (strcmp(rows[before].program, rows[i].program) != 0 ||
               strcmp(rows[before].test, rows[i].test) != 0)
            before++;
        if (before == i)
            ret[n++] = (struct attempt){ .row = i };
        ret[n++] = (struct attempt){ .row = i, .broken = true };
    }
    return n;
}

Test(mutants, are_killed)
{
    char *directory = test_directory();
    struct attempt attempts[2 * ARRAY_SIZE(rows)];
    struct attempt *running[CPU_SETSIZE] = { NULL };
    CLEANUP(mem_freep) int *cpus = NULL;
    size_t n = all_attempts(attempts), places = (size_t)process_cpus(&cpus);

    processes_adopt();
    for (size_t i = 0; i < n; i++) {
        size_t place = end_one(running, places);

        begin(&attempts[i], directory, cpus[place]);
        running[place] = &attempts[i];
    }
    for (size_t i = 0; i < places; i++)
        while (running[i])
            end_one(&running[i], 1);
    end_leftovers();
    for (size_t i = 0; i < n; i++) {
        const char *test = rows[attempts[i].row].test;
        const char *mutant = rows[attempts[i].row].mutant;

        if (!attempts[i].broken) {
            cr_expect(attempts[i].passed, "%s fails without any mutant", test);
            continue;
        }
        fprintf(stderr, "%-22s %s by %s\n", mutant,
                attempts[i].passed ? "SURVIVES" : "killed", test);
        cr_expect_not(attempts[i].passed, "%s does not see the mutant %s", test, mutant);
    }
    test_directory_remove(directory);
}

static char *read_file(const char *path, size_t *ret_bytes)
{
    FILE *file = fopen(path, "re");
    struct stat about;
    size_t size;
    char *bytes;

    cr_assert_not_null(file, "cannot open %s", path);
    cr_assert_eq(fstat(fileno(file), &about), 0);
    size = (size_t)about.st_size;
    bytes = mem_alloc(size + 1);
    cr_assert_eq(fread(bytes, 1, size, file), size, "cannot read %s", path);
    fclose(file);
    bytes[size] = '\0';
    *ret_bytes = size;
    return bytes;
}

static bool file_holds(const char *path, const char *word)
{
    size_t bytes;
    CLEANUP(mem_freep) char *content = read_file(path, &bytes);

    return memmem(content, bytes, word, strlen(word)) != NULL;
}

/* What is installed has no such switch. The mutable program, or the killer that is linked
 * with a module which no command uses, shows that one would be found. */
Test(mutants, are_not_in_the_release)
{
    const char *release = setting("AFTERKILL"), *mutable = setting("AFTERKILL_MUTABLE");

    cr_expect_not(file_holds(release, "AFTERKILL_MUTANT"), "%s", release);
    cr_expect(file_holds(mutable, "AFTERKILL_MUTANT"), "%s", mutable);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep)
        char *killer = mem_printf("%s/%s", setting("TEST_PROGRAMS"), rows[i].program);

        cr_expect_not(file_holds(release, rows[i].mutant), "%s", rows[i].mutant);
        cr_expect(file_holds(mutable, rows[i].mutant) ||
                      file_holds(killer, rows[i].mutant),
                  "%s is nowhere; if its file had none before, do meson setup "
                  "--reconfigure",
                  rows[i].mutant);
    }
}

Test(mutants, are_all_in_the_documentation)
{
    size_t bytes;
    CLEANUP(mem_freep) char *text = read_file(setting("CONTRIBUTING"), &bytes);

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        CLEANUP(mem_freep) char *row = mem_printf("| `%s` |", rows[i].mutant);
        char *line = strstr(text, row), *end;

        cr_expect_not_null(line, "no row %s", row);
        if (!line)
            continue;
        end = strchr(line, '\n');
        cr_expect(
            end && memmem(line, (size_t)(end - line), rows[i].test, strlen(rows[i].test)),
            "the row of %s does not name %s", rows[i].mutant, rows[i].test);
    }
}
