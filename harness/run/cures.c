/* cures.c - see cures.h. */
#include "run/cures.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "result/tally.h"
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
            *kind =
                (struct kind){ gap, { .strategy = strategy, .points[0] = gap.first } };
            kind->request.count =
                (uint32_t)gap_remedies(finding, &gap, kind->request.remedies);
        }
    }
    for (size_t i = 0; i < count && code == 0; i++)
        if (kinds[i].request.count && !finding_cured(finding, kinds[i].gap.first))
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

static bool is_better(const struct cure_trial *a, const struct cure_trial *b)
{
    if (a->outcome != CURE_TRIED || b->outcome != CURE_TRIED)
        return a->outcome == CURE_TRIED && b->outcome != CURE_TRIED;
    return a->harmful < b->harmful;
}

static bool is_harmless(const struct cure_trial *trial)
{
    return trial->outcome == CURE_TRIED && !trial->harmful;
}

static int tell_cure(struct teller *teller, const struct cure_request *request,
                     const struct cure_trial trials[CURE_REMEDIES], size_t best,
                     uint64_t took_ns, struct err *err)
{
    const struct cure_trial *trial = &trials[best];
    const char *notation = trial->notation ? trial->notation : "";
    size_t length = strlen(notation);
    size_t kept = length <= CURES_NOTATION ? length : 0;
    size_t bytes = sizeof(struct event_cure) + kept + 1;
    CLEANUP(mem_freep) struct event_cure *event = mem_alloc(bytes);
    int code = 0;

    event->strategy = request->strategy;
    event->remedy = request->remedies[best].kind;
    event->outcome = trial->outcome;
    event->first = best ? trials[0].outcome : CURE_TRIED;
    event->points = trial->points;
    event->harmful = trial->harmful;
    event->words = trial->words;
    event->lasts_ms = trial->lasts_ms;
    event->slots = trial->slots;
    event->took_ns = took_ns;
    memcpy(event->notation, notation, kept);
    for (size_t i = 0; i < request->remedies[best].places && code == 0; i++) {
        event->point = request->points[i];
        code = tell_event(teller, EVENT_CURE, event, bytes, err);
        event->took_ns = 0; /* it was tried once */
    }
    return code;
}

/* *ret_late: a survivor may have taken all of its time, and may with the next. */
static int try_one(const struct cure_request *request, struct bench *bench,
                   struct teller *teller, bool *ret_late, struct err *err)
{
    struct subject *subject = &bench->judge.subjects[request->strategy - teller->first];
    struct cure_trial trials[CURE_REMEDIES] = { { .notation = NULL } };
    uint64_t since_ns = clock_now_ns();
    size_t best = 0;
    int code = tell_event(teller, EVENT_ALIVE, NULL, 0, err);

    for (size_t i = 0; i < request->count && code == 0; i++) {
        code = cure_try(&bench->judge, subject, &request->remedies[i], &trials[i], err);
        if (i && is_better(&trials[i], &trials[best]))
            best = i;
        *ret_late = trials[i].outcome == CURE_UNJUDGED;
        if (is_harmless(&trials[best]) || *ret_late)
            break;
    }
    if (code == 0)
        code = tell_cure(teller, request, trials, best, clock_now_ns() - since_ns, err);
    for (size_t i = 0; i < CURE_REMEDIES; i++)
        cure_trial_release(&trials[i]);
    return code;
}

int cures_try(struct cures *cures, struct bench *bench, struct teller *teller,
              struct err *err)
{
    bool late = false;
    int code = 0;

    for (size_t i = 0; i < cures->count && code == 0 && !late; i++)
        if (cures->requests[i].strategy >= teller->first)
            code = try_one(&cures->requests[i], bench, teller, &late, err);
    cures_release(cures);
    return code;
}
