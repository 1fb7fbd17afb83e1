/* machine.c - see machine.h. */
#include "result/machine.h"

#include <math.h>

#include "base/mutant.h"

#define MORE_LOAD 1.0 /* per CPU */
#define MORE_WAITING 0.1

static double share_of(double waited_ns, double ran_ns)
{
    return waited_ns + ran_ns > 0 ? waited_ns / (waited_ns + ran_ns) : 0;
}

struct waited machine_waited(const struct result *result)
{
    double waited_ns[2] = { 0, 0 }, ran_ns[2] = { 0, 0 };

    result_foreach (finding, result) {
        if (finding->blind)
            return (struct waited){ .known = false };
        for (size_t i = 0; i < finding->cold_count; i++) {
            bool second = 2 * i >= finding->cold_count;

            waited_ns[second] += (double)finding->cold[i].waited_ns;
            ran_ns[second] += (double)finding->cold[i].ran_ns;
        }
    }
    return (struct waited){
        .known = ran_ns[0] > 0 && ran_ns[1] > 0,
        .begin = share_of(waited_ns[0], ran_ns[0]),
        .end = share_of(waited_ns[1], ran_ns[1]),
    };
}

static bool load_differs(const struct machine_load *base, const struct machine_load *new)
{
    return base->begun && new->begun &&
           base->cpus &&new->cpus &&fabs(base->load_begin / base->cpus -
                                         new->load_begin / new->cpus) >= MORE_LOAD;
}

static bool waiting_differs(struct waited base, struct waited new)
{
    return base.known && new.known &&fmax(fabs(base.begin - new.begin),
                                          fabs(base.end - new.end)) >= MORE_WAITING;
}

bool machine_differs(const struct result *base, const struct result *new)
{
    return !mutant("load-unheard") &&
           (load_differs(&base->machine, &new->machine) ||
            waiting_differs(machine_waited(base), machine_waited(new)));
}
