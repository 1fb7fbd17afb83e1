/* load.h - how busy the machine is. */
#pragma once

struct machine_load;

/* Before this run has a part in it. One that is gone on with began when it did. */
void load_before(struct machine_load *machine);
void load_behind(struct machine_load *machine); /* at its end */
