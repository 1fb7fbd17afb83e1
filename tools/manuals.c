/* manuals.c - writes to standard output what comes with the program, made from its tables
 * of commands and options; see docs/meson.build.
 *
 *     manuals FILE.scd            a manual page
 *     manuals bash|zsh|fish       what the shell completes */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd/completion.h"
#include "cmd/manual.h"

int main(int argc, char **argv)
{
    CLEANUP(mem_freep) char *text = NULL;
    struct err err = ERR_NULL;

    if (argc != 2) {
        fputs("usage: manuals FILE.scd|bash|zsh|fish\n", stderr);
        return EXIT_FAILURE;
    }
    if (completion_write(stdout, argv[1]))
        return EXIT_SUCCESS;
    text = file_read(argv[1], &(size_t){ 0 });
    if (!text)
        err_errno(&err, "read '%s'", argv[1]);
    else
        manual_write(stdout, argv[1], text, &err);
    if (err.code == 0)
        return EXIT_SUCCESS;
    fprintf(stderr, "manuals: %s\n", err.msg);
    return EXIT_FAILURE;
}
