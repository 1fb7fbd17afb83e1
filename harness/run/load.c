/* load.c - see load.h. */
#include "run/load.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/process.h"
#include "result/result.h"

/* As it is kept, so that what is kept says the same. */
static bool read_load(double *ret)
{
    double load;

    if (getloadavg(&load, 1) != 1)
        return false;
    *ret = round(100 * load) / 100;
    return true;
}

void load_before(struct machine_load *machine)
{
    CLEANUP(mem_freep) int *cpus = NULL;

    if (machine->begun)
        return;
    machine->cpus = (unsigned)process_cpus(&cpus);
    machine->begun = read_load(&machine->load_begin);
}

void load_behind(struct machine_load *machine)
{
    machine->ended = read_load(&machine->load_end);
}
