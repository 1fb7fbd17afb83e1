/* program_line.c - see program_line.h. */
#include "cmd/program_line.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/printable.h"
#include "cmd/scenario_files.h"
#include "result/stopping.h"
#include "scenario/notation_lua.h"
#include "trial/fault.h"

int program_line_find(int argc, char **argv)
{
    int i = 1;

    while (i < argc && strcmp(argv[i], "--") != 0)
        i++;
    return i < argc ? i + 1 : 0;
}

static char *scenario_of(char *const *command)
{
    CLEANUP(mem_freep) char *title = NULL;
    char *text = NULL;
    FILE *out = mem_stream(&title);

    for (size_t i = 0; command[i]; i++) {
        if (i)
            fputc(' ', out);
        str_print_shell(out, command[i]);
    }
    fclose(out);
    out = mem_stream(&text);
    fputs("return {\n  title = ", out);
    notation_lua_literal(out, str_of(title));
    fputs(",\n  strategies = {\n    { name = \"program\", expect = \"safe\",\n"
          "      command = { ",
          out);
    for (size_t i = 0; command[i]; i++) {
        if (i)
            fputs(", ", out);
        notation_lua_literal(out, str_of(command[i]));
    }
    fputs(" } },\n  },\n}\n", out);
    fclose(out);
    return text;
}

int program_line_hold(char *const *command, struct err *err)
{
    CLEANUP(mem_freep) char *text = scenario_of(command);
    size_t length = strlen(text);
    int fd = memfd_create("command", MFD_CLOEXEC);

    if (fd < 0 || write(fd, text, length) != (ssize_t)length ||
        lseek(fd, 0, SEEK_SET) < 0 || dup2(fd, STDIN_FILENO) < 0)
        err_errno(err, "hold the command as a scenario");
    if (fd >= 0)
        close(fd);
    return err->code;
}

char *program_line_name(char *const *command)
{
    CLEANUP(mem_freep) char *path = mem_strdup(command[0]);
    size_t length = strlen(path);
    const char *slash, *name;

    while (length && path[length - 1] == '/')
        path[--length] = '\0';
    slash = strrchr(path, '/');
    name = slash ? slash + 1 : path;
    return printable_name_new(*name ? name : "program");
}

void program_line_explain(char *const *command, struct err *err)
{
    const char *at = strstr(err->msg, SCENARIO_STDIN), *behind;
    CLEANUP(mem_freep) char *text = NULL;

    if (!at || memchr(err->msg, '\n', (size_t)(at - err->msg)))
        return;
    behind = at + strlen(SCENARIO_STDIN);
    if (*behind == ':' && isdigit((unsigned char)behind[1])) /* a line nobody has seen */
        behind += 1 + strspn(behind + 1, "0123456789");
    text = mem_printf("%.*sthe command '%s'%s", (int)(at - err->msg), err->msg,
                      command[0], behind);
    err_set(err, err->code, "%s", text);
}

int program_line_limit(const struct scenario *scenario, bool trials_given,
                       struct request *request, struct err *err)
{
    if (!scenario->programs.any)
        return 0;
    if (faults_include(request->faults, FAULT_BYTE) ||
        (trials_given && request->trials > 0) || stopping_is_asked(&request->stopping))
        return err_set(err, ERR_USAGE,
                       "%s: the census of programs is taken, and their harms are proved "
                       "by real kills; rates of them are not measured yet: leave "
                       "out --trials, --until-.. and --fault byte",
                       scenario->outline.path);
    if (request->shard.total > 1)
        return err_set(err, ERR_USAGE,
                       "%s: each shard would record another run of the programs; "
                       "leave out --shard",
                       scenario->outline.path);
    free(request->faults);
    request->faults = mem_strdup("step");
    request->trials = 0;
    return 0;
}
