/* sweep_words.c - see sweep_words.h. */
#include "report/sweep_words.h"

#include "base/mem.h"
#include "report/words.h"
#include "result/tally.h"

/* What was seen of a strategy at one value: by the kills, or if there are none by the
 * census. */
struct seen {
    bool known, harm;
    double most;     /* upper end of the interval */
    char amount[64]; /* "25.4% [22.5, 28.4]", "25 of 28 crash points" */
};

static struct seen look(const struct result *result, const struct finding *finding)
{
    struct seen seen = { .known = false };
    struct words words = tally_census(finding);
    uint64_t valid = tally_valid(finding), points = finding_points(finding), hits;

    if (result->kills_wanted) {
        struct rate rate = figure_kill_rate(result, finding, RATE_HARMED);

        hits = rate.hits;
        seen.known = valid > 0;
        seen.most = rate.interval.high;
        words_rate(seen.amount, sizeof(seen.amount), rate);
    } else {
        hits = tally_harmed(&words);
        seen.known = tally_census_complete(finding);
        snprintf(seen.amount, sizeof(seen.amount), "%llu of %llu crash points",
                 (unsigned long long)hits, (unsigned long long)points);
    }
    seen.harm = seen.known && hits > 0;
    return seen;
}

/* The values of a strategy at which something is known, in ascending order. */
struct story {
    const struct sweep *sweep;
    size_t strategy;
    struct seen *seen; /* owned */
    size_t *run;       /* which run it is of; owned */
    size_t count, harmful;
    size_t first; /* the first that is harmful, if any is */
};

static struct story story_of(const struct sweep *sweep, size_t strategy)
{
    struct story story = { .sweep = sweep, .strategy = strategy };
    CLEANUP(mem_freep) size_t *order = sweep_order(sweep);

    story.seen = MEM_ARRAY(struct seen, sweep->count);
    story.run = MEM_ARRAY(size_t, sweep->count);
    for (size_t i = 0; i < sweep->count; i++) {
        const struct result *result = &sweep->results[order[i]];
        struct seen seen = look(result, &result->findings[strategy]);

        if (!seen.known)
            continue;
        if (seen.harm && story.harmful++ == 0)
            story.first = story.count;
        story.run[story.count] = order[i];
        story.seen[story.count++] = seen;
    }
    return story;
}

static void story_release(struct story *story)
{
    mem_freep(&story->seen);
    mem_freep(&story->run);
}

/* "bytes=560" */
static void say_value(FILE *out, const struct story *story, size_t at)
{
    fprintf(out, "%s=%s", story->sweep->parameter, story->sweep->values[story->run[at]]);
}

static unsigned long long update_bytes(const struct story *story, size_t at)
{
    return story->sweep->results[story->run[at]].findings[story->strategy].bytes;
}

/* "25.4% [22.5, 28.4] at bytes=800 (21776 bytes)" */
static void say_seen(FILE *out, const struct story *story, const char *preposition,
                     size_t at)
{
    fprintf(out, "%s %s ", story->seen[at].amount, preposition);
    say_value(out, story, at);
    fprintf(out, " (%llu bytes)", update_bytes(story, at));
}

/* Kills may see nothing where the census does. */
static bool census_harms(const struct story *story)
{
    for (size_t i = 0; i < story->count; i++) {
        const struct finding *finding =
            &story->sweep->results[story->run[i]].findings[story->strategy];
        struct words words = tally_census(finding);

        if (tally_harmed(&words))
            return true;
    }
    return false;
}

static void say_never(FILE *out, const struct story *story)
{
    double most = 0;
    char bound[24];

    for (size_t i = 0; i < story->count; i++)
        most = story->seen[i].most > most ? story->seen[i].most : most;
    fprintf(out, "none at any of %zu values", story->count);
    if (story->sweep->results[0].kills_wanted) {
        words_upper(bound, sizeof(bound), most);
        fprintf(out, " (below %s at each)", bound);
        if (census_harms(story))
            fputs(", although there are crash points that do harm", out);
    }
}

static void say_always(FILE *out, const struct story *story)
{
    fputs("at every value, from ", out);
    say_seen(out, story, "at", 0);
    fputs(" to ", out);
    say_seen(out, story, "at", story->count - 1);
}

static void say_break(FILE *out, const struct story *story)
{
    fputs("none up to ", out);
    say_value(out, story, story->first - 1);
    fprintf(out, " (%llu bytes; %s), ", update_bytes(story, story->first - 1),
            story->seen[story->first - 1].amount);
    say_seen(out, story, "from", story->first);
}

static void say_each(FILE *out, const struct story *story)
{
    for (size_t i = 0; i < story->count; i++) {
        fputs(i ? ", " : "", out);
        say_seen(out, story, "at", i);
    }
}

/* Is there one value from which on all do harm, and none below it? */
static bool is_broken(const struct story *story)
{
    return sweep_is_numeric(story->sweep) && story->harmful && story->first &&
           story->first + story->harmful == story->count;
}

char *sweep_story(const struct sweep *sweep, size_t strategy)
{
    CLEANUP(story_release) struct story story = story_of(sweep, strategy);
    char *words = NULL;
    FILE *memory;

    if (!story.count)
        return NULL;
    memory = mem_stream(&words);
    fprintf(memory, "%s: ", sweep->results[0].findings[strategy].strategy->name);
    if (story.harmful == 0)
        say_never(memory, &story);
    else if (is_broken(&story))
        say_break(memory, &story);
    else if (sweep_is_numeric(sweep) && story.count > 1 && story.harmful == story.count)
        say_always(memory, &story);
    else
        say_each(memory, &story);
    fputc('.', memory);
    fclose(memory);
    return words;
}

bool sweep_break(const struct sweep *sweep, size_t strategy, size_t *ret_run)
{
    CLEANUP(story_release) struct story story = story_of(sweep, strategy);

    if (!is_broken(&story))
        return false;
    *ret_run = story.run[story.first];
    return true;
}
