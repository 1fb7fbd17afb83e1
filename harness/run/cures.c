/* cures.c - see cures.h. */
#include "run/cures.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mutant.h"
#include "result/tally.h"
#include "state/verdict.h"
#include "trial/cure.h"

void cures_release(struct cures *cures)
{
    free(cures->requests);
    cures->requests = NULL;
    cures->count = 0;
}

void cures_add(struct cures *cures, const struct cure_request *request)
{
    cures->requests =
        mem_grow(cures->requests, cures->count + 1, sizeof(*cures->requests));
    cures->requests[cures->count++] = *request;
}

/* --- what is to be tried --- */

/* What is like each other in a strategy. */
struct kind {
    struct gap gap; /* the first */
    struct cure_request request;
};

static struct kind *find_kind(const struct finding *finding, struct kind *kinds,
                              size_t count, const struct gap *gap)
{
    for (size_t i = 0; i < count; i++)
        if (gap_alike(finding, gap, &kinds[i].gap))
            return &kinds[i];
    return NULL;
}

/* One more place, if the same is done about it. */
static void add_place(struct cure_request *request, const struct finding *finding,
                      const struct gap *gap)
{
    struct remedy more[CURE_REMEDIES];
    size_t count = gap_remedies(finding, gap, more), places = request->remedies[0].places;

    if (!count || count != request->count || places == REMEDY_PLACES ||
        more[0].kind != request->remedies[0].kind)
        return;
    request->points[places] = gap->first;
    for (size_t i = 0; i < count; i++)
        request->remedies[i].at[request->remedies[i].places++] = more[i].at[0];
}

/* Was all of it tried before? They are tried together, or not at all. */
static bool is_known(const struct finding *finding, const struct kind *kinds,
                     size_t count)
{
    for (size_t i = 0; i < finding->cure_count; i++)
        if (finding->cures[i].outcome == CURE_TRIED && !finding->cures[i].harmful)
            return true;
    for (size_t i = 0; i < count; i++)
        if (kinds[i].request.count && !finding_cured(finding, kinds[i].gap.first))
            return false;
    return true;
}

static int ask_of(const struct finding *finding, uint32_t strategy,
                  int (*ask)(int fd, const struct cure_request *request, struct err *err),
                  int fd, struct err *err)
{
    struct kind kinds[CURES_TRIED], *kind;
    size_t count = 0;
    struct gap gap;
    int code = 0;

    for (uint64_t from = 0; gap_find(finding, from, &gap); from = gap.first + 1) {
        kind = find_kind(finding, kinds, count, &gap);
        if (kind) {
            add_place(&kind->request, finding, &gap);
        } else if (count < CURES_TRIED) {
            kind = &kinds[count++];
            *kind = (struct kind){
                gap, { .strategy = strategy, .words = gap.words, .points[0] = gap.first }
            };
            kind->request.count =
                (uint32_t)gap_remedies(finding, &gap, kind->request.remedies);
        }
    }
    for (size_t i = 0; i < count && code == 0 && !is_known(finding, kinds, count); i++)
        if (kinds[i].request.count)
            code = ask(fd, &kinds[i].request, err);
    return code;
}

/* What went over several connections is not to be sent over one, and what left other
 * states when it was sent again says nothing. */
static bool can_be_sent(const struct finding *finding)
{
    return finding->connections <= 1 && finding->same == finding->compared;
}

int cures_ask(const struct result *result,
              int (*ask)(int fd, const struct cure_request *request, struct err *err),
              int fd, struct err *err)
{
    int code = 0;

    for (size_t i = 0; i < result->plan.strategies && code == 0; i++) {
        const struct finding *finding = &result->findings[i];

        if (tally_census_complete(finding) && can_be_sent(finding))
            code = ask_of(finding, (uint32_t)i, ask, fd, err);
    }
    return code;
}

/* --- trying --- */

/* What came of the cure of one harm. */
struct attempt {
    const struct cure_request *request;
    struct cure_trial trials[CURE_REMEDIES]; /* owned */
    size_t best;
    bool made; /* something was tried */
    uint64_t took_ns;
};

/* The update with the cures of several harms, as far as they get on with each other. */
struct whole {
    struct remedy remedies[CURES_TRIED];
    size_t members[CURES_TRIED]; /* attempts */
    size_t count;
    struct cure_trial trial; /* borrowed: that of the last one */
};

static bool is_better(const struct cure_trial *a, const struct cure_trial *b)
{
    if (a->outcome != CURE_TRIED || b->outcome != CURE_TRIED)
        return a->outcome == CURE_TRIED && b->outcome != CURE_TRIED;
    return a->wrong < b->wrong;
}

static bool is_without(const struct cure_trial *trial, unsigned words)
{
    return trial->outcome == CURE_TRIED && !(trial->words & words);
}

/* *ret_late: a survivor may have taken all of its time, and may with the next. */
static int try_one(struct attempt *attempt, const struct whole *whole,
                   struct bench *bench, struct subject *subject, bool *ret_late,
                   struct err *err)
{
    const struct cure_request *request = attempt->request;
    struct remedy remedies[CURES_TRIED];
    uint64_t since_ns = clock_now_ns();
    int code = 0;

    attempt->made = true;
    attempt->best = 0;
    memcpy(remedies, whole->remedies, whole->count * sizeof(*remedies));
    for (size_t i = 0; i < request->count && code == 0; i++) {
        cure_trial_release(&attempt->trials[i]);
        remedies[whole->count] = request->remedies[i];
        code = cure_try(&bench->judge, subject, remedies, whole->count + 1,
                        &attempt->trials[i], err);
        if (i && is_better(&attempt->trials[i], &attempt->trials[attempt->best]))
            attempt->best = i;
        *ret_late = attempt->trials[i].outcome == CURE_UNJUDGED;
        if (is_without(&attempt->trials[attempt->best], request->words) || *ret_late)
            break;
    }
    attempt->took_ns += clock_now_ns() - since_ns;
    return code;
}

/* Is it shown that the list is no worse with it? What is too long to be kept cannot be
 * told as one list of several cures. */
static bool joins(const struct whole *whole, const struct cure_trial *trial)
{
    if (trial->outcome != CURE_TRIED || strlen(trial->notation) > CURES_NOTATION)
        return false;
    return !whole->count || trial->wrong <= whole->trial.wrong;
}

/* Together with those before it; by itself, if they do not get on. */
static int try_with(struct attempt *attempts, size_t number, struct whole *whole,
                    struct bench *bench, struct subject *subject, bool *ret_late,
                    struct err *err)
{
    static const struct whole none = { .count = 0 };
    struct attempt *attempt = &attempts[number];
    const struct cure_trial *best;
    int code = try_one(attempt, mutant("cured-alone") ? &none : whole, bench, subject,
                       ret_late, err);

    best = &attempt->trials[attempt->best];
    if (code == 0 && joins(whole, best) && !mutant("cured-alone")) {
        whole->members[whole->count] = number;
        whole->remedies[whole->count++] = attempt->request->remedies[attempt->best];
        whole->trial = *best;
    } else if (code == 0 && whole->count && !*ret_late) {
        code = try_one(attempt, &none, bench, subject, ret_late, err);
    }
    return code;
}

static bool is_member(const struct whole *whole, size_t number)
{
    for (size_t i = 0; i < whole->count; i++)
        if (whole->members[i] == number)
            return true;
    return false;
}

static int tell_cure(struct teller *teller, const struct attempt *attempt,
                     const struct cure_trial *trial, struct err *err)
{
    const struct cure_request *request = attempt->request;
    const char *notation = trial->notation ? trial->notation : "";
    size_t length = strlen(notation);
    size_t kept = length <= CURES_NOTATION ? length : 0;
    size_t bytes = sizeof(struct event_cure) + kept + 1;
    CLEANUP(mem_freep) struct event_cure *event = mem_alloc(bytes);
    int code = 0;

    event->strategy = request->strategy;
    event->remedy = request->remedies[attempt->best].kind;
    event->outcome = trial->outcome;
    event->first = attempt->best ? attempt->trials[0].outcome : CURE_TRIED;
    event->points = trial->points;
    event->harmful = trial->harmful;
    event->words = trial->words;
    event->lasts_ms = trial->lasts_ms;
    event->slots = trial->slots;
    event->took_ns = attempt->took_ns;
    memcpy(event->notation, notation, kept);
    for (size_t i = 0; i < request->remedies[attempt->best].places && code == 0; i++) {
        event->point = request->points[i];
        code = tell_event(teller, EVENT_CURE, event, bytes, err);
        event->took_ns = 0; /* it was tried once */
    }
    return code;
}

/* The harms of one strategy, until nothing is left of any of them. */
static int try_strategy(const struct cure_request *requests, size_t count,
                        struct bench *bench, struct teller *teller, bool *ret_late,
                        struct err *err)
{
    struct subject *subject = &bench->judge.subjects[requests->strategy - teller->first];
    struct attempt attempts[CURES_TRIED] = { { .request = NULL } };
    struct whole whole = { .count = 0 };
    int code = 0;

    for (size_t i = 0; i < count && code == 0 && !*ret_late; i++) {
        if (whole.count && is_without(&whole.trial, LATER_ALL))
            break;
        code = tell_event(teller, EVENT_ALIVE, NULL, 0, err);
        attempts[i].request = &requests[i];
        if (code == 0)
            code = try_with(attempts, i, &whole, bench, subject, ret_late, err);
    }
    for (size_t i = 0; i < count && code == 0 && attempts[i].made; i++)
        code = tell_cure(teller, &attempts[i],
                         is_member(&whole, i) ? &whole.trial
                                              : &attempts[i].trials[attempts[i].best],
                         err);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < CURE_REMEDIES; k++)
            cure_trial_release(&attempts[i].trials[k]);
    return code;
}

int cures_try(struct cures *cures, struct bench *bench, struct teller *teller,
              struct err *err)
{
    bool late = false;
    size_t count;
    int code = 0;

    for (size_t i = 0; i < cures->count && code == 0 && !late; i += count) {
        const struct cure_request *first = &cures->requests[i];

        count = 1;
        while (i + count < cures->count && count < CURES_TRIED &&
               cures->requests[i + count].strategy == first->strategy)
            count++;
        if (first->strategy >= teller->first)
            code = try_strategy(first, count, bench, teller, &late, err);
    }
    cures_release(cures);
    return code;
}
