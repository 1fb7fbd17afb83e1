/* comparable.c - see comparable.h. */
#include "result/comparable.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/mutant.h"
#include "result/machine.h"
#include "result/place.h"
#include "result/stopping.h"
#include "result/tally.h"

__attribute__((format(printf, 3, 4))) static void note(struct comparable *comparable,
                                                       bool loud, const char *format, ...)
{
    char *text;
    va_list args;

    va_start(args, format);
    text = mem_vprintf(format, args);
    va_end(args);
    comparable->notes =
        mem_grow(comparable->notes, comparable->count + 1, sizeof(*comparable->notes));
    comparable->notes[comparable->count++] = (struct comparable_note){ loud, text };
}

static void note_texts(struct comparable *comparable, bool loud, const char *what,
                       const char *base, const char *new)
{
    base = base ? base : "";
    new = new ? new : "";
    if (strcmp(base, new) != 0)
        note(comparable, loud, "%s: '%s' in the base, '%s' in the new run", what, base,
             new);
}

/* NULL: the scenario has no such parameter. */
static const char *parameter_value(const struct outline *scenario, const char *name)
{
    for (size_t i = 0; i < scenario->parameter_count; i++)
        if (strcmp(scenario->parameters[i].name, name) == 0)
            return scenario->parameters[i].value;
    return NULL;
}

static void note_parameters(struct comparable *comparable, const struct outline *base,
                            const struct outline *new)
{
    for (size_t i = 0; i < base->parameter_count; i++) {
        const char *name = base->parameters[i].name;
        const char *value = parameter_value(new, name);

        if (!value)
            note(comparable, true, "parameter %s: only the base has it (%s)", name,
                 base->parameters[i].value);
        else if (strcmp(base->parameters[i].value, value) != 0)
            note(comparable, true, "parameter %s: %s in the base, %s in the new run",
                 name, base->parameters[i].value, value);
    }
    for (size_t i = 0; i < new->parameter_count; i++)
        if (!parameter_value(base, new->parameters[i].name))
            note(comparable, true, "parameter %s: only the new run has it (%s)",
                 new->parameters[i].name, new->parameters[i].value);
}

/* What they come to means something else if harm is, or if somebody looks at other times.
 */
static void note_times(struct comparable *comparable, const struct outline *base,
                       const struct outline *new)
{
    static const char *const unsaid[TIME_COUNT] = {
        [TIME_TOLERATE] = "whatever ends",
        [TIME_RECOVER_AFTER] = "0 s",
        [TIME_MOMENTS] = "none",
    };

    if (!base->times[TIME_TOLERATE] != !new->times[TIME_TOLERATE])
        note(comparable, false,
             "%s was kept without its tolerate, recover_after and moments; if they are "
             "others, so is what counts as harm",
             base->times[TIME_TOLERATE] ? "the new run" : "the base");
    for (int i = 0; i < TIME_COUNT; i++) {
        const char *was = base->times[i], *is = new->times[i];

        if (was && is && strcmp(was, is) != 0)
            note(comparable, true, "%s: %s%s in the base, %s%s in the new run",
                 outline_time_name((enum outline_time)i), *was ? was : unsaid[i],
                 *was ? " s" : "", *is ? is : unsaid[i], *is ? " s" : "");
    }
}

/* "load 0.52 and 1.93 on 2 CPUs, updates waited for 1.2% and 0.8% of their time" */
static char *machine_text(const struct result *result)
{
    const struct machine_load *machine = &result->machine;
    struct waited waited = machine_waited(result);
    CLEANUP(mem_freep)
    char *load = machine->begun ? mem_printf("load %.2f before it began, on %u CPU%s",
                                             machine->load_begin, machine->cpus,
                                             machine->cpus == 1 ? "" : "s")
                                : mem_strdup("load not known");

    return waited.known ? mem_printf("%s, and updates waited for a CPU for %.1f%% of "
                                     "their time in its first half, %.1f%% in the second",
                                     load, 100 * waited.begin, 100 * waited.end)
                        : mem_strdup(load);
}

/* What kills meet depends on what else the machine does. */
static void note_machines(struct comparable *comparable, const struct result *base,
                          const struct result *new)
{
    CLEANUP(mem_freep) char *was = machine_text(base);
    CLEANUP(mem_freep) char *is = machine_text(new);

    if (machine_differs(base, new))
        note(comparable, false,
             "the machine had more to do in one of the runs; the base: %s; the new run: "
             "%s",
             was, is);
}

/* The first command of which the words differ; 0: of none that both have. */
static uint64_t first_other(const struct finding *base, const struct finding *new)
{
    for (uint64_t k = 1; k <= base->commands && k <= new->commands; k++)
        if (strcmp(finding_command(base, k), finding_command(new, k)) != 0)
            return k;
    return 0;
}

/* As for people, unless that looks the same. */
static void note_words(struct comparable *comparable, const struct finding *base,
                       const struct finding *new, uint64_t k)
{
    char base_text[COMMAND_SHOWN], new_text[COMMAND_SHOWN];
    const char *was = finding_shown(base, k, base_text);
    const char *is = finding_shown(new, k, new_text);
    bool alike = strcmp(was, is) == 0;

    note(comparable, false,
         "%s does not send the same words; the first command that differs is the %llu%s: "
         "'%s' in the base, '%s' in the new run%s",
         new->strategy->name, (unsigned long long)k, place_ordinal(k),
         alike ? finding_command(base, k) : was, alike ? finding_command(new, k) : is,
         new->states ? " (ids or times that programs make anew are others in every "
                       "recording)"
                     : "");
}

static void note_commands(struct comparable *comparable, const struct finding *base,
                          const struct finding *new)
{
    uint64_t first;

    if (!base || !base->controlled || !new->controlled)
        return;
    if (finding_same_commands(base, new) && base->bytes == new->bytes)
        return;
    first = first_other(base, new);
    if (first)
        note_words(comparable, base, new, first);
    if (base->commands == new->commands && base->bytes == new->bytes)
        return;
    note(comparable, false,
         "%s does not send what it sent: commands %llu, bytes %llu in the base, %llu and "
         "%llu in the new run",
         new->strategy->name, (unsigned long long)base->commands,
         (unsigned long long)base->bytes, (unsigned long long)new->commands,
         (unsigned long long)new->bytes);
}

/* Runs and baselines of old do not say it. */
static bool is_known_what_was_not_seen(const struct result *result)
{
    result_foreach (finding, result)
        if (tally_valid(finding) && !finding->cold_count && !finding->unseen.known)
            return false;
    return true;
}

static void note_troubles(struct comparable *comparable, const struct result *result,
                          const char *which)
{
    uint64_t unexplained = tally_all_unexplained(result);

    if (stopping_is_asked(&result->stopping))
        note(comparable, false, "%s ended when its figures were good enough", which);
    if (!is_known_what_was_not_seen(result))
        note(comparable, false,
             "%s does not say what its kills have not seen (an older afterkill made it), "
             "so "
             "that its rates look more certain than they are",
             which);
    if (!result->complete)
        note(comparable, true, "%s was not finished", which);
    if (unexplained)
        note(comparable, true,
             "%s has %llu unexplained deaths, so none of its rates can be trusted", which,
             (unsigned long long)unexplained);
}

int comparable_check(const struct result *base, const struct result *new, struct err *err)
{
    if (!base->outdated && !new->outdated)
        return 0;
    return err_set(err, ERR_USAGE,
                   "%s was made by an older afterkill, which judged otherwise: what it "
                   "calls harm cannot be compared; make it again",
                   base->outdated ? "the base" : "the new run");
}

bool comparable_same_run(const struct result *base, const struct result *new)
{
    return base->made[0] && strcmp(base->made, new->made) == 0 &&
           !mutant("itself-unsaid");
}

bool comparable_took_turns(const struct result *base, const struct result *new)
{
    return base->turns[0] && strcmp(base->turns, new->turns) == 0;
}

void comparable_run(const struct result *result, struct comparable *ret)
{
    *ret = (struct comparable){ .count = 0 };
    note_troubles(ret, result, "the run");
}

void comparable_runs(const struct result *base, const struct result *new,
                     struct comparable *ret)
{
    *ret = (struct comparable){ .count = 0 };
    if (comparable_same_run(base, new))
        note(ret, false, "base and new are one and the same run");
    if (comparable_took_turns(base, new))
        note(ret, false, "base and new took turns, slice by slice, in one run");
    note_texts(ret, !comparable_took_turns(base, new), "different scenarios",
               base->scenario->name, new->scenario->name);
    note_parameters(ret, base->scenario, new->scenario);
    note_times(ret, base->scenario, new->scenario);
    note_texts(ret, false, "Redis", base->server, new->server);
    note_texts(ret, false, "transport", base->transport, new->transport);
    if (base->rtt_us < new->rtt_us || base->rtt_us > new->rtt_us)
        note(ret, false, "added round trip: %g us in the base, %g us in the new run",
             base->rtt_us, new->rtt_us);
    note_texts(ret, false, "killer", base->killer, new->killer);
    note_machines(ret, base, new);
    result_foreach (finding, new)
        note_commands(ret, finding_named(base, finding->strategy->name), finding);
    note_troubles(ret, base, "the base");
    note_troubles(ret, new, "the new run");
}

void comparable_release(struct comparable *comparable)
{
    for (size_t i = 0; i < comparable->count; i++)
        free(comparable->notes[i].text);
    free(comparable->notes);
    *comparable = (struct comparable){ .count = 0 };
}

bool finding_same_commands(const struct finding *a, const struct finding *b)
{
    if (a->commands != b->commands)
        return false;
    for (uint64_t k = 1; k <= a->commands; k++)
        if (strcmp(finding_command(a, k), finding_command(b, k)) != 0)
            return false;
    return true;
}
