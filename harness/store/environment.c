/* environment.c - see environment.h. */
#include "store/environment.h"

#include <hiredis/hiredis.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <xxhash.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/redact.h"
#include "base/sha1.h"
#include "base/str.h"
#include "store/git_commit.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

#ifdef __clang__
#define COMPILER __VERSION__ /* "Debian Clang 14.0.6" */
#else
#define COMPILER "gcc " __VERSION__
#endif

#define HIREDIS TEXT(HIREDIS_MAJOR) "." TEXT(HIREDIS_MINOR) "." TEXT(HIREDIS_PATCH)

/* ---- the list ---- */

static struct environment_entry *find(const struct environment *environment,
                                      const char *name)
{
    for (size_t i = 0; i < environment->count; i++)
        if (strcmp(environment->entries[i].name, name) == 0)
            return &environment->entries[i];
    return NULL;
}

/* Takes the value over. */
static void add_owned(struct environment *environment, const char *name, char *value)
{
    struct environment_entry *entry = find(environment, name);

    if (!value)
        return;
    if (!entry) {
        environment->entries = mem_grow(environment->entries, environment->count + 1,
                                        sizeof(*environment->entries));
        entry = &environment->entries[environment->count++];
        *entry = (struct environment_entry){ mem_strdup(name), NULL };
    }
    free(entry->value);
    entry->value = value;
}

void environment_add(struct environment *environment, const char *name, const char *value)
{
    add_owned(environment, name, value ? mem_strdup(value) : NULL);
}

const char *environment_get(const struct environment *environment, const char *name)
{
    const struct environment_entry *entry = find(environment, name);

    return entry ? entry->value : NULL;
}

void environment_release(struct environment *environment)
{
    for (size_t i = 0; i < environment->count; i++) {
        free(environment->entries[i].name);
        free(environment->entries[i].value);
    }
    free(environment->entries);
    *environment = ENVIRONMENT_NULL;
}

/* ---- the machine ---- */

/* The value of the first "name : value" or "name: value" line; false if there is none. */
static bool find_field(const char *text, const char *name, struct str *ret)
{
    size_t name_length = strlen(name);

    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        const char *value = line + name_length;

        if (strncmp(line, name, name_length) == 0) {
            value += strspn(value, " \t");
            if (*value == ':') {
                value += 1 + strspn(value + 1, " \t");
                *ret = (struct str){ value, strcspn(value, "\n") };
                return true;
            }
        }
        line += length + (line[length] == '\n');
    }
    return false;
}

char *environment_cpu(const char *cpuinfo)
{
    struct str model, implementer, part;

    if (find_field(cpuinfo, "model name", &model) && model.length)
        return mem_printf("%.*s", (int)model.length, model.bytes);
    if (find_field(cpuinfo, "CPU implementer", &implementer) &&
        find_field(cpuinfo, "CPU part", &part))
        return mem_printf("implementer %.*s, part %.*s", (int)implementer.length,
                          implementer.bytes, (int)part.length, part.bytes);
    return NULL;
}

bool environment_hypervisor(const char *cpuinfo)
{
    static const char flag[] = "hypervisor";
    struct str flags;

    if (!find_field(cpuinfo, "flags", &flags))
        return false;
    for (size_t at = 0; at < flags.length;) {
        size_t length = strcspn(flags.bytes + at, " \n");

        if (length == sizeof(flag) - 1 && memcmp(flags.bytes + at, flag, length) == 0)
            return true;
        at += length + 1;
    }
    return false;
}

static char *read_kernel(void)
{
    struct utsname name;

    if (uname(&name) < 0)
        return NULL;
    return mem_printf("%s %s %s", name.sysname, name.release, name.machine);
}

static char *read_cpu(void)
{
    size_t length;
    CLEANUP(mem_freep) char *cpuinfo = file_read("/proc/cpuinfo", &length);
    char *cpu = cpuinfo ? environment_cpu(cpuinfo) : NULL;
    struct utsname name;

    if (!cpu && uname(&name) == 0)
        cpu = mem_strdup(name.machine);
    return cpu;
}

static char *read_cpus(void)
{
    int *cpus = NULL;
    int count = process_cpus(&cpus);

    free(cpus);
    return mem_printf("%d", count);
}

static char *read_memory(void)
{
    size_t length;
    CLEANUP(mem_freep) char *meminfo = file_read("/proc/meminfo", &length);
    struct str total;

    if (!meminfo || !find_field(meminfo, "MemTotal", &total))
        return NULL;
    return mem_printf("%llu", strtoull(total.bytes, NULL, 10) * 1024);
}

static char *read_hypervisor(void)
{
    size_t length;
    CLEANUP(mem_freep) char *cpuinfo = file_read("/proc/cpuinfo", &length);

    return cpuinfo && environment_hypervisor(cpuinfo) ? mem_strdup("yes") : NULL;
}

static char *read_load(void)
{
    double load[3];

    if (getloadavg(load, 3) != 3)
        return NULL;
    return mem_printf("%.2f %.2f %.2f", load[0], load[1], load[2]);
}

static char *read_hiredis(void)
{
    return mem_strdup(HIREDIS);
}

/* Before 2.13 it does not say what is linked. */
static char *read_jansson(void)
{
#if JANSSON_VERSION_HEX >= 0x020d00
    return mem_strdup(jansson_version_str());
#else
    return mem_strdup(JANSSON_VERSION);
#endif
}

static char *read_sqlite(void)
{
    return mem_strdup(sqlite3_libversion());
}

static char *read_xxhash(void)
{
    unsigned version = XXH_versionNumber();

    return mem_printf("%u.%u.%u", version / 10000, version / 100 % 100, version % 100);
}

/* ---- the scenario ---- */

static char *find_commit(const char *path)
{
    const char *slash = strrchr(path, '/');
    CLEANUP(mem_freep)
    char *directory =
        slash ? mem_printf("%.*s/", (int)(slash - path), path) : mem_strdup(".");

    return git_commit_of(directory);
}

static char *digest_file(const char *path)
{
    char digest[SHA1_TEXT];
    size_t length = 0;
    CLEANUP(mem_freep) char *bytes = file_read(path, &length);

    if (!bytes)
        return NULL;
    sha1_text((struct str){ bytes, length }, digest);
    return mem_strdup(digest);
}

/* ---- all of it ---- */

static char *read_version(void)
{
    return mem_strdup(VERSION);
}

static char *read_compiler(void)
{
    return mem_strdup(COMPILER);
}

struct probe {
    const char *name;
    char *(*read)(void); /* NULL if it is not to be had */
};

static const struct probe libraries[] = {
    { "hiredis", read_hiredis },
    { "jansson", read_jansson },
    { "sqlite", read_sqlite },
    { "xxhash", read_xxhash },
};

static const struct probe build[] = {
    { "afterkill", read_version },
    { "compiler", read_compiler },
};

static const struct probe machine[] = {
    { "kernel", read_kernel },
    { "cpu", read_cpu },
    { "cpus", read_cpus },
    { "memory_bytes", read_memory },
    { "hypervisor", read_hypervisor },
    { "load_average", read_load },
};

static void probe_all(struct environment *environment, const struct probe *probes,
                      size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_owned(environment, probes[i].name, probes[i].read());
}

void environment_libraries(struct environment *environment)
{
    probe_all(environment, libraries, ARRAY_SIZE(libraries));
}

void environment_collect(struct environment *environment,
                         const struct environment_sources *sources)
{
    probe_all(environment, build, ARRAY_SIZE(build));
    environment_libraries(environment);
    probe_all(environment, machine, ARRAY_SIZE(machine));
    add_owned(environment, "command",
              redact_arguments(sources->arguments, sources->argument_count));
    if (sources->scenario) {
        add_owned(environment, "scenario_commit", find_commit(sources->scenario));
        add_owned(environment, "scenario_sha1", digest_file(sources->scenario));
    }
}
