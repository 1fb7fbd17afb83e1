/* terminal.c - reports on a terminal, which is a pseudo-terminal here: as wide as it is,
 * coloured where that is wanted, and the same words in every locale and in a pipe. */
#include "testlib.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/str.h"

/* What the program prints on a terminal that is so wide; freed by the caller. */
static char *on_terminal(unsigned short columns, const char *const *arguments)
{
    struct winsize size = { .ws_row = 50, .ws_col = columns };
    char *text, bytes[4096];
    FILE *memory = mem_stream(&text);
    int terminal, status;
    ssize_t n;
    pid_t pid = forkpty(&terminal, NULL, NULL, &size);

    cr_assert_geq(pid, 0);
    if (pid == 0) {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        execv(getenv("AFTERKILL"), (char *const *)arguments);
        _exit(127);
    }
    while ((n = read(terminal, bytes, sizeof(bytes))) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            fwrite(bytes, 1, (size_t)n, memory);
    close(terminal);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_expect_eq(status, 0);
    fclose(memory);
    return text;
}

/* Without colours and carriage returns. */
static char *plain(const char *text)
{
    char *copy = mem_strdup(text), *to = copy;

    for (const char *at = text; *at; at++) {
        if (*at == '\033') {
            at += strcspn(at, "m");
            if (!*at)
                break;
        } else if (*at != '\r') {
            *to++ = *at;
        }
    }
    *to = '\0';
    return copy;
}

static void check_lines(const char *text, size_t most)
{
    for (const char *at = text; *at;) {
        CLEANUP(mem_freep) char *line = mem_printf("%.*s", (int)strcspn(at, "\n"), at);

        /* Commands are there to be copied; the verdict is one line. */
        if (!strstr(line, " replay ") && !strstr(line, " report ") &&
            strncmp(line, "PASS", 4) != 0 && strncmp(line, "NO VERDICT", 10) != 0)
            cr_expect_leq(str_columns(line), most, "%zu columns of %zu: %s",
                          str_columns(line), most, line);
        at += strlen(line);
        at += *at == '\n';
    }
}

static char *keep_run(const char *directory)
{
    char *kept = mem_printf("%s/kept", directory);
    struct run run =
        RUN("run", "sidekiq_busy", "--trials", "15", "--lanes", "1", "-o", kept);

    cr_assert_eq(run.status, 0, "%s", run.err);
    run_release(&run);
    return kept;
}

Test(terminal, width)
{
    static const unsigned short widths[] = { 80, 120, 200 };
    static const char *const documents[][3] = {
        { "report" }, { "report", "--full" }, { "report", "--points" }, { "compare" }
    };
    char *directory = test_directory();
    char *kept = keep_run(directory);

    for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
        for (size_t d = 0; d < ARRAY_SIZE(documents); d++) {
            const char *arguments[6] = { "afterkill", documents[d][0], kept,
                                         documents[d][1], NULL };
            CLEANUP(mem_freep) char *text = on_terminal(widths[w], arguments);
            CLEANUP(mem_freep) char *words = plain(text);

            cr_expect_neq(words[0], '\0');
            check_lines(words, widths[w]);
        }
    }
    free(kept);
    test_directory_remove(directory);
}

/* What a check finds stands below its strategy where it has no room behind it. */
Test(terminal, check)
{
    static const unsigned short widths[] = { 80, 120, 200 };
    static const char *const arguments[] = { "afterkill",
                                             "check",
                                             "--quick",
                                             "sidekiq_process",
                                             "mastodon_regeneration_marker",
                                             NULL };
    char *directory = test_directory();

    for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
        CLEANUP(mem_freep) char *text = on_terminal(widths[w], arguments);
        CLEANUP(mem_freep) char *words = plain(text);

        cr_expect(says(words, "PASS: 2 scenarios"), "%s", words);
        check_lines(words, widths[w]);
    }
    test_directory_remove(directory);
}

/* Red is what does harm, green what does not; NO_COLOR and --color have the last word. */
Test(terminal, color)
{
    char *directory = test_directory();
    char *kept = keep_run(directory);
    const char *const automatic[] = { "afterkill", "report", kept, NULL };
    const char *const never[] = { "afterkill", "report", kept, "--color", "never", NULL };
    CLEANUP(mem_freep) char *colored = on_terminal(120, automatic);
    CLEANUP(mem_freep) char *forbidden = on_terminal(120, never);
    CLEANUP(mem_freep) char *without = NULL, *words = plain(colored);
    struct run piped = RUN("report", kept),
               forced = RUN("report", kept, "--color=always");

    setenv("NO_COLOR", "1", 1);
    without = on_terminal(120, automatic);
    cr_expect(strstr(colored, "\033[31m25 of 28 (1)\033[0m"), "%s", colored);
    cr_expect(strstr(colored, "\033[32m0 of 6\033[0m"), "%s", colored);
    cr_expect(strstr(forced.out, "\033[31m25 of 28 (1)\033[0m"), "%s", forced.out);
    cr_expect(!strchr(forbidden, '\033'), "%s", forbidden);
    cr_expect(!strchr(without, '\033'), "%s", without);
    cr_expect(!strchr(piped.out, '\033'), "%s", piped.out);
    cr_expect(says(words, "25 of 28 (1)"));
    run_release(&piped);
    run_release(&forced);
    free(kept);
    test_directory_remove(directory);
}

/* No locale changes a number or a word. */
Test(terminal, locales)
{
    static const char *const locales[] = { "C", "C.UTF-8", "de_DE.UTF-8", "POSIX" };
    char *directory = test_directory();
    char *kept = keep_run(directory);
    struct run first = RUN("report", kept, "--points");

    for (size_t i = 0; i < ARRAY_SIZE(locales); i++) {
        struct run run;

        setenv("LC_ALL", locales[i], 1);
        run = RUN("report", kept, "--points");
        cr_expect_str_eq(run.out, first.out, "%s", locales[i]);
        run_release(&run);
    }
    run_release(&first);
    free(kept);
    test_directory_remove(directory);
}

static bool echoes(int terminal)
{
    struct termios settings;

    cr_assert_eq(tcgetattr(terminal, &settings), 0);
    return settings.c_lflag & ECHO;
}

/* Who is interrupted while a password is asked for leaves a terminal that shows what is
 * typed, by whatever signal: what a key sends, and what comes from elsewhere. */
Test(terminal, password)
{
    static const int stops[] = { 0, SIGTERM };

    for (size_t i = 0; i < ARRAY_SIZE(stops); i++) {
        char said[4096];
        size_t length = 0;
        int terminal, status;
        ssize_t n;
        pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

        cr_assert_geq(pid, 0);
        if (pid == 0) {
            signal(SIGINT, SIG_DFL); /* whoever began the tests may ignore it */
            execl(getenv("AFTERKILL"), "afterkill", "audit", "--askpass", "-s",
                  "/nowhere", NULL);
            _exit(127);
        }
        cr_expect(echoes(terminal));
        while (echoes(terminal)) /* until it asks */
            cr_assert_eq(waitpid(pid, &status, WNOHANG), 0);
        if (stops[i])
            cr_assert_eq(kill(pid, stops[i]), 0);
        else
            cr_assert_eq(write(terminal, "hush\x03", 5), 5);
        cr_assert_eq(waitpid(pid, &status, 0), pid);
        cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 130, "%d", status);
        cr_expect(echoes(terminal));
        while (length + 1 < sizeof(said) &&
               (n = read(terminal, said + length, sizeof(said) - 1 - length)) > 0)
            length += (size_t)n;
        said[length] = '\0';
        cr_expect_not_null(strstr(said, "--askpass: interrupted"), "%s", said);
        cr_expect_null(strstr(said, "hush"), "%s", said);
        close(terminal);
    }
}
