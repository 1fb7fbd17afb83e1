/* machine.c - see machine.h. */
#include "machine.h"

#include <math.h>

#include "base/mem.h"
#include "base/rng.h"

#define BEFORE_NS 15000
#define SLOW 50

const struct spread machine_spreads[MACHINE_SPREADS] = {
    { "equal", 0, 0 },
    { "spread 5%", 0.05, 0 },
    { "spread 20%", 0.2, 0 },
    { "spread 40%", 0.4, 0 },
    { "one in ten 50 times slower", 0, 10 },
};

double machine_number(struct machine *machine)
{
    return rng_unit(machine->seed, 5, machine->index++);
}

static double duration_ns(struct machine *machine)
{
    double sigma = sqrt(log1p(machine->spread->deviation * machine->spread->deviation));
    double radius = sqrt(-2 * log1p(-machine_number(machine)));
    double normal = radius * cos(2 * M_PI * machine_number(machine));
    double ns = machine->typical_ns * exp(sigma * normal - sigma * sigma / 2);

    if (machine->spread->slow_one &&
        machine_number(machine) < 1.0 / machine->spread->slow_one)
        ns *= SLOW;
    return ns;
}

/* As on a virtual machine: never at once, mostly soon. */
static double lateness_ns(struct machine *machine)
{
    return fmin(BEFORE_NS, 3000 - 3000 * log1p(-machine_number(machine)));
}

static void see(struct machine *machine, double ns)
{
    if (machine->seen < MACHINE_LOOKED_AT)
        machine->ran_ns[machine->seen] = (uint64_t)ns;
    machine->seen_ns[machine->seen++ % MACHINE_SEEN] = (uint64_t)ns;
    if ((uint64_t)ns > machine->longest_ns)
        machine->longest_ns = (uint64_t)ns;
    if (machine->seen >= MACHINE_SEEN)
        aim_by(&machine->aim, machine->seen_ns, MACHINE_SEEN, machine->longest_ns);
}

void machine_init(struct machine *machine, uint64_t seed, const struct spread *spread,
                  double typical_ns)
{
    *machine = (struct machine){ .seed = seed,
                                 .spread = spread,
                                 .typical_ns = typical_ns,
                                 .aim.before_ns = BEFORE_NS };
    for (unsigned i = 0; i < MACHINE_SEEN; i++)
        see(machine, duration_ns(machine));
}

void machine_look(struct machine *machine, unsigned updates)
{
    for (unsigned i = 0; i < updates; i++)
        see(machine, duration_ns(machine));
}

struct window window_at(double length, double position)
{
    double from = (1 - length) * position;

    return (struct window){ from, from + length };
}

bool blow_is_valid(const struct blow *blow)
{
    return blow->outcome > BLOW_EARLY && blow->outcome < BLOW_LATE;
}

struct blow machine_strike(struct machine *machine, double fraction, struct window window)
{
    struct aimed aimed;
    double ns, kill_ns;

    if (machine->attempts++ % MACHINE_SEEN_EVERY == 0)
        see(machine, duration_ns(machine));
    aimed = aim_at(&machine->aim, fraction);
    ns = duration_ns(machine);
    kill_ns = (double)aimed.instant_ns - BEFORE_NS + lateness_ns(machine);
    if (kill_ns >= ns && ns > (double)machine->longest_ns) {
        machine->longest_ns = (uint64_t)ns;
        aim_by(&machine->aim, machine->seen_ns, MACHINE_SEEN, machine->longest_ns);
    }
    return (struct blow){
        .outcome = kill_ns < 0                  ? BLOW_EARLY
                   : kill_ns >= ns              ? BLOW_LATE
                   : kill_ns < ns * window.from ? BLOW_BEFORE
                   : kill_ns < ns * window.to   ? BLOW_INSIDE
                                                : BLOW_BEHIND,
        .weight_ns = aimed.weight_ns,
        .kill_ns = kill_ns < 0 ? 0 : (uint64_t)kill_ns,
        .slow = ns > SLOW / 2 * machine->typical_ns,
    };
}

struct machine_side machine_side(uint64_t machine_seed, uint64_t seed,
                                 const struct spread *spread, struct window window,
                                 uint64_t attempts)
{
    struct machine_side side = { .attempts = MEM_NEW(struct attempts) };
    struct machine machine;

    machine_init(&machine, machine_seed, spread, 1e6);
    for (uint64_t i = 0; i < attempts; i++) {
        struct blow blow = machine_strike(&machine, rng_unit(seed, 0, i), window);
        bool valid = blow_is_valid(&blow), hit = blow.outcome == BLOW_INSIDE;

        attempts_add(side.attempts, i,
                     (valid ? ATTEMPT_VALID : 0) | (hit ? MACHINE_HARM : 0),
                     blow.weight_ns);
        side.sample.of += valid;
        side.sample.hits += hit;
        if (valid)
            weighted_add(hit ? &side.sample.hit : &side.sample.other, blow.weight_ns);
    }
    return side;
}

void machine_side_release(struct machine_side *side)
{
    side->attempts = attempts_free(side->attempts);
}
