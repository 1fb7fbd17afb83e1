/* loader.c - any bytes as a scenario file: they are loaded or refused with a message that
 * names the file, in bounded time and memory, and nothing else happens.
 *
 * The entry is libFuzzer's, so that clang's fuzzer can be linked to it (tools/fuzz); in
 * the test suite replay.c calls it. */
#include "fuzz.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "scenario/sandbox.h"
#include "scenario/scenario.h"
#include "state/verdict.h"

/* What the rest of the program takes for granted of a scenario that was loaded. */
static void check_scenario(const struct scenario *scenario)
{
    MUST(scenario->outline.strategy_count > 0);
    MUST(scenario->outline.reference < scenario->outline.strategy_count);
    for (size_t i = 0; i < scenario->outline.strategy_count; i++) {
        const struct strategy *strategy = &scenario->outline.strategies[i];
        ptrdiff_t found = outline_find(&scenario->outline, strategy->name);

        MUST(strategy->name[0] && strategy->about && scenario->functions[i].update);
        MUST(found == (ptrdiff_t)i);
    }
    for (size_t i = 0; i < scenario->outline.parameter_count; i++)
        MUST(scenario->outline.parameters[i].name &&
             scenario->outline.parameters[i].value);
    ignored_key(&scenario->ignore, STR("stat:1"));
    ignored_field(&scenario->ignore, STR("\xff"), STR(""));
    patterns_match(&scenario->ordered, STR("\xff\0log"));
    patterns_match(&scenario->zero, STR(""));
}

/* A file in memory, by a path; one for all inputs. */
static int rewrite(const uint8_t *bytes, size_t size, char path[32])
{
    static int fd = -1;

    if (fd < 0)
        fd = memfd_create("scenario", MFD_CLOEXEC);
    MUST(fd >= 0);
    MUST(ftruncate(fd, 0) == 0);
    MUST(pwrite(fd, bytes, size, 0) == (ssize_t)size);
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct parameter_settings settings = { .seed = 7, .now = 1700000000 };
    struct scenario *scenario = NULL;
    struct err err = ERR_NULL;
    char path[32];
    int code;

    sandbox_memory_bytes = 32u << 20;
    sandbox_patience_ns = NSEC_PER_SEC / 10;
    rewrite(bytes, size, path);
    code = scenario_load(path, &settings, &scenario, &err);
    MUST((code == 0) == (scenario != NULL));
    if (code == 0) {
        check_scenario(scenario);
    } else {
        MUST(code == ERR_USAGE && err.code == code);
        MUST(strstr(err.msg, strrchr(path, '/') + 1));
    }
    scenario_free(scenario);
    return 0;
}
