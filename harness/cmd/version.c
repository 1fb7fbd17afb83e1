/* version.c - see version.h. */
#include "cmd/version.h"

#include <stdbool.h>
#include <string.h>

#include "audit/tls.h"
#include "base/mem.h"
#include "run/fleet.h"
#include "scenario/sandbox.h"
#include "stats/interval.h"
#include "store/environment.h"

void version_libraries(struct environment *environment)
{
    environment_add(environment, "libuv", fleet_libuv_version());
    environment_add(environment, "lua", sandbox_lua_version());
    environment_add(environment, "rmath", interval_library_version());
}

/* Is it only known from the header? */
static bool is_of_header(const char *library)
{
    static const char *const names[] = { "hiredis", "lua", "rmath" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(names[i], library) == 0)
            return true;
    return false;
}

void version_write(FILE *out)
{
    CLEANUP(environment_release) struct environment libraries = ENVIRONMENT_NULL;

    environment_libraries(&libraries);
    version_libraries(&libraries);
    fputs("afterkill " VERSION "\n", out);
    for (size_t i = 0; i < libraries.count; i++)
        fprintf(out, "%s %s%s\n", libraries.entries[i].name, libraries.entries[i].value,
                is_of_header(libraries.entries[i].name) ? " (built with)" : "");
    fprintf(out, "hiredis_ssl %s\n",
            tls_version() ? tls_version() : "none: audit speaks no TLS");
}
