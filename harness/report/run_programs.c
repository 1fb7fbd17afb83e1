/* run_programs.c - what there is to say of strategies that are programs: what was
 * recorded of them, and which of their harms real kills have done again. */

#include <stdlib.h>

#include "base/mem.h"
#include "report/parts.h"
#include "report/words.h"
#include "result/tally.h"

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* "43 commands on 2 connections leave 14 states; 9 of the commands vary from run to run"
 */
static void say_recorded(FILE *out, const struct finding *finding)
{
    fprintf(out,
            "%s, a program: %llu command%s on %llu connection%s leave%s %llu state%s",
            finding->strategy->name, (unsigned long long)finding->commands,
            plural(finding->commands), (unsigned long long)finding->connections,
            plural(finding->connections), finding->commands == 1 ? "s" : "",
            (unsigned long long)finding->states, plural(finding->states));
    if (finding->varying)
        fprintf(out, "; %llu of the commands %s from run to run",
                (unsigned long long)finding->varying,
                finding->varying == 1 ? "varies" : "vary");
    fputc('.', out);
    if (finding->true_time)
        fputs(
            " libfaketime is not installed: programs saw the true time, whatever `clock` "
            "says, and what waits for a deadline in the data did not find it passed.",
            out);
    if (finding->same < finding->compared)
        fprintf(
            out,
            " Sent again, its commands leave %llu of %llu states as they were; the "
            "first that differs is behind command %llu, which may do something else each "
            "time.",
            (unsigned long long)finding->same, (unsigned long long)finding->compared,
            (unsigned long long)finding->first);
}

/* "mixed after 3: proved by 2 real kills" */
static void say_proof(FILE *out, const struct finding *finding,
                      const struct proof_count *proof)
{
    unsigned missed = proof->tried - proof->came;
    char words[LATER_TEXT], other[LATER_TEXT];

    fprintf(out, " %s:%llu, %s, is ", finding->strategy->name,
            (unsigned long long)proof->point,
            later_text(finding->points[proof->point].verdict.later, words));
    if (proof->proved == proof->tried) {
        fprintf(out, "proved by %u real kill%s.", proof->proved, plural(proof->proved));
        return;
    }
    if (proof->came)
        fprintf(out, "not reproduced by %u of %u real kills: they came to %s.",
                proof->came - proof->proved, proof->came,
                later_text(proof->words, other));
    if (missed)
        fprintf(out,
                "%s%u of %u times the program ended, or had run out of its time, before "
                "the command behind which to kill it had come again.",
                proof->came ? " " : "not reproduced: ", missed, proof->tried);
}

/* Of points without harm, only what real kills have done nevertheless. */
static void say_proofs(FILE *out, const struct finding *finding)
{
    uint64_t same = 0, came = 0;

    for (size_t i = 0; i < finding->proof_count; i++) {
        const struct proof_count *proof = &finding->proofs[i];

        same += proof->same;
        came += proof->came;
        if (finding->points[proof->point].verdict.later || proof->words)
            say_proof(out, finding, proof);
    }
    if (came)
        fprintf(out,
                " %llu of %llu real kills left the recorded state, ids and times "
                "aside.",
                (unsigned long long)same, (unsigned long long)came);
}

void run_programs(FILE *out, const struct result *result, struct report_style style)
{
    result_foreach (finding, result) {
        CLEANUP(mem_freep) char *text = NULL;
        FILE *memory;

        if (!finding->controlled || !finding->states)
            continue;
        memory = mem_stream(&text);
        say_recorded(memory, finding);
        say_proofs(memory, finding);
        fclose(memory);
        words_wrapped(out, style, text);
    }
}
