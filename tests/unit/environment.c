/* environment: what a run was made with is told, but no password is; a shell takes the
 * command line again; git is asked for the commit, and may be missing, wrong or hang.
 *
 * Everything on disk happens in a directory of the test's own, and no configuration of
 * git's but the tests' own counts. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/redact.h"
#include "base/sha1.h"
#include "base/str.h"
#include "store/environment.h"
#include "store/git_commit.h"
#include "testlib.h"

/* ---- arguments ---- */

#define MOST_ARGUMENTS 6

struct command_line {
    char arguments[MOST_ARGUMENTS][80]; /* end with an empty one */
};

static char *text_of(const struct command_line *line)
{
    const char *arguments[MOST_ARGUMENTS];
    size_t count = 0;

    for (; count < MOST_ARGUMENTS && line->arguments[count][0]; count++)
        arguments[count] = line->arguments[count];
    return redact_arguments(arguments, count);
}

struct redaction {
    struct command_line line;
    char text[160]; /* what is shown */
};

static void expect_texts(const struct redaction *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP(mem_freep) char *text = text_of(&cases[i].line);

        cr_expect_str_eq(text, cases[i].text, "expected %s\n     got %s", cases[i].text,
                         text);
    }
}

/* Every password in here holds the word hunter, so no row can show one by a mistake. */
Test(arguments, hide_passwords)
{
    static const struct redaction cases[] = {
        /* URLs */
        { { { "redis://user:hunter@host" } }, "'redis://user:***@host'" },
        { { { "redis://user:hunter@host:6379/0" } }, "'redis://user:***@host:6379/0'" },
        { { { "rediss://:hunter@host" } }, "'rediss://:***@host'" },
        { { { "redis://hunter@host" } }, "'redis://***@host'" },
        { { { "unix://user:hunter@/tmp/s" } }, "'unix://user:***@/tmp/s'" },
        { { { "unix://:hunter@/tmp/a@b" } }, "'unix://:***@/tmp/a@b'" },
        { { { "REDIS://U:hunter@H" } }, "'REDIS://U:***@H'" },
        { { { "--redis=redis://u:hunter@h" } }, "'--redis=redis://u:***@h'" },
        { { { "--redis", "redis://u:hunter@h" } }, "--redis 'redis://u:***@h'" },
        { { { "new=redis://u:hunter@h" } }, "'new=redis://u:***@h'" },
        { { { "redis://u:hunter@[::1]:6379" } }, "'redis://u:***@[::1]:6379'" },
        { { { "redis://u:%68unter%40hunter@h" } }, "'redis://u:***@h'" },
        { { { "redis://u:hunter:hunter@h:1" } }, "'redis://u:***@h:1'" },
        /* Characters that should have been escaped */
        { { { "redis://u:hunter@hunter@h" } }, "'redis://u:***@h'" },
        { { { "redis://u:hunter/hunter@h" } }, "'redis://u:***@h'" },
        { { { "redis://:hunter#hunter@h/0" } }, "'redis://:***@h/0'" },
        { { { "redis://:1?hunter@h" } }, "'redis://:***@h'" },
        { { { "redis://u:hunter hunter@h" } }, "'redis://u:***@h'" },
        { { { "redis://u:hunter'@h" } }, "'redis://u:***@h'" },
        /* Several */
        { { { "redis://a:hunter@h,redis://b:hunter@i" } },
          "'redis://a:***@h,redis://b:***@i'" },
        { { { "redis://h:1,redis://b:hunter@i" } }, "'redis://h:1,redis://b:***@i'" },
        { { { "redis://a:hunter@h redis://i redis://:hunter@j/x@y" } },
          "'redis://a:***@h redis://i redis://:***@j/x@y'" },
        { { { "redis://a:hunter@h,b:hunter@i" } }, "'redis://a:***@i'" },
        /* Names */
        { { { "--password=hunter" } }, "'--password=***'" },
        { { { "--password", "hunter", "x" } }, "--password '***' x" },
        { { { "--passwd=hunter" } }, "'--passwd=***'" },
        { { { "--redis-auth", "hunter" } }, "--redis-auth '***'" },
        { { { "--AuthToken=hunter" } }, "'--AuthToken=***'" },
        { { { "--CLIENT_SECRET", "hunter" } }, "--CLIENT_SECRET '***'" },
        { { { "--passw", "hunter" } }, "--passw '***'" },
        { { { "--set", "password=hunter" } }, "--set 'password=***'" },
        { { { "--set=password=hunter" } }, "'--set=password=***'" },
        { { { "--set", "my_token=hunter=hunter" } }, "--set 'my_token=***'" },
        { { { "--set", "a=1,secret=hunter,b=2" } }, "--set 'a=1,secret=***'" },
        { { { "REDISCLI_AUTH=hunter" } }, "'REDISCLI_AUTH=***'" },
        { { { "redis://h/0?password=hunter" } }, "'redis://h/0?password=***'" },
        { { { "redis://u:hunter@h?token=hunter" } }, "'redis://u:***@h?token=***'" },
        { { { "--password", "-hunter" } }, "--password '***'" },
        { { { "--token", "--password", "hunter" } }, "--token '***' '***'" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        cr_assert_not(strstr(cases[i].text, "hunter"), "row %zu", i);
    expect_texts(cases, ARRAY_SIZE(cases));
}

Test(arguments, show_what_is_no_secret)
{
    static const struct redaction cases[] = {
        { { { "afterkill", "run", "x.lua" } }, "afterkill run x.lua" },
        { { { "redis://host" } }, "redis://host" },
        { { { "redis://host:6379/0" } }, "redis://host:6379/0" },
        { { { "redis://[::1]:6379/0@1" } }, "'redis://[::1]:6379/0@1'" },
        { { { "redis://host/0@1:2" } }, "redis://host/0@1:2" },
        { { { "redis://host:6379/a@b" } }, "redis://host:6379/a@b" },
        { { { "unix:///tmp/a@b:c@d" } }, "unix:///tmp/a@b:c@d" },
        { { { "new=unix:///tmp/s" } }, "new=unix:///tmp/s" },
        { { { "redis://user:@host" } }, "redis://user:@host" },
        { { { "redis://@host" } }, "redis://@host" },
        { { { "redis://" } }, "redis://" },
        { { { "://" } }, "://" },
        { { { "--set", "key=a:b@c" } }, "--set key=a:b@c" },
        { { { "user:word@host" } }, "user:word@host" },
        { { { "a:/b:c@d" } }, "a:/b:c@d" },
        { { { "/tmp/secret/token.lua" } }, "/tmp/secret/token.lua" },
        { { { "secret", "x" } }, "secret x" },
        { { { "/secret/x=1" } }, "/secret/x=1" },
        { { { "--set", "jobs=25" } }, "--set jobs=25" },
        { { { "--password=", "x" } }, "--password= x" },
        { { { "x.lua", "--password" } }, "x.lua --password" },
    };

    expect_texts(cases, ARRAY_SIZE(cases));
}

/* What sh -c makes of the text, each argument terminated. */
static size_t by_shell(const char *text, char *bytes, size_t size)
{
    CLEANUP(mem_freep) char *command = mem_printf("printf '%%s\\0' %s", text);
    FILE *shell = popen(command, "r");
    size_t length;

    cr_assert(shell);
    length = fread(bytes, 1, size, shell);
    cr_expect_eq(pclose(shell), 0, "sh cannot read: %s", text);
    return length;
}

Test(arguments, are_what_a_shell_takes_again)
{
    static const char *const lines[][5] = {
        { "afterkill", "run", "scenarios/x.lua", "--trials=10", NULL },
        { "", "a b", "", "  ", NULL },
        { "'", "''", "it's", "'\\''", NULL },
        { "\"$HOME\"", "$(id)", "`id`", "a;b|c&d", NULL },
        { "*", "?", "[a-z]", "~/x", NULL },
        { "\\", "\\n", "a\\", "%s%d", NULL },
        { "a\nb", "\t", "\x01\x7f", "!#", NULL },
        { "\xc3\xa4", "\xff\xfe", "(x)", "{a,b}", NULL },
        { "x=y", "-n", "--", "<>", NULL },
        { "redis://h:1/0", "k=a:b@c", "100%", "^", NULL },
    };

    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        CLEANUP(mem_freep) char *text = redact_arguments(lines[i], 4);
        char bytes[256], expected[256];
        size_t length = by_shell(text, bytes, sizeof(bytes)), expected_length = 0;

        for (size_t k = 0; k < 4; k++) {
            strcpy(expected + expected_length, lines[i][k]);
            expected_length += strlen(lines[i][k]) + 1;
        }
        cr_expect(length == expected_length && memcmp(bytes, expected, length) == 0,
                  "line %zu: %s", i, text);
    }
}

Test(arguments, may_be_none)
{
    CLEANUP(mem_freep) char *text = redact_arguments(NULL, 0);

    cr_expect_str_empty(text);
}

/* ---- git ---- */

static char *directory;

/* No repository that the temporary directory may lie in counts. */
static void enter_directory(void)
{
    CLEANUP(mem_freep) char *parent = NULL;

    directory = test_directory();
    parent = mem_strdup(directory);
    *strrchr(parent, '/') = '\0';
    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    setenv("GIT_CONFIG_SYSTEM", "/dev/null", 1);
    setenv("GIT_CEILING_DIRECTORIES", parent, 1);
}

static void leave_directory(void)
{
    test_directory_remove(directory);
}

/* Runs a line of shell with $D, the directory; the test ends, and passes, if there is no
 * git that it could use. */
static void shell(const char *line)
{
    setenv("D", directory, 1);
    cr_assert_eq(system(line), 0, "%s", line);
}

static void need_git(void)
{
    if (system("command -v git >/dev/null") != 0)
        cr_skip_test("there is no git");
}

#define COMMIT "git -C $D -c user.name=t -c user.email=t@t commit -q --allow-empty -m x"

static void make_repository(void)
{
    need_git();
    shell("git init -q $D && mkdir $D/sub && echo 1 > $D/sub/x.lua && git -C $D add .");
    shell(COMMIT);
}

/* Lines for the shell, and what stands behind the commit when each has been done. */
static void expect_suffixes(const char *const rows[][2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CLEANUP(mem_freep) char *commit = NULL;

        shell(rows[i][0]);
        commit = git_commit_of(directory);
        cr_assert(commit && strlen(commit) >= 40, "%s", rows[i][0]);
        cr_expect_str_eq(commit + 40, rows[i][1], "%s", rows[i][0]);
    }
}

/* What git says is HEAD, by another command than the one that is tested. */
static char *head(void)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s.head", directory);
    char line[64] = "";

    shell("git -C $D rev-parse HEAD > $D.head");
    file_tail(path, line, sizeof(line));
    unlink(path);
    cr_assert_eq(strlen(line), 40, "'%s'", line);
    return mem_strdup(line);
}

TestSuite(commit, .init = enter_directory, .fini = leave_directory);

Test(commit, of_a_clean_and_of_a_changed_directory)
{
    CLEANUP(mem_freep) char *expected = NULL, *clean = NULL, *below = NULL,
                            *untracked = NULL, *dirty = NULL, *expected_dirty = NULL;
    CLEANUP(mem_freep) char *sub = mem_printf("%s/sub/", directory);

    make_repository();
    expected = head();
    expected_dirty = mem_printf("%s-dirty", expected);
    clean = git_commit_of(directory);
    below = git_commit_of(sub);
    cr_expect_str_eq(clean ? clean : "none", expected);
    cr_expect_str_eq(below ? below : "none", expected);
    shell("echo 2 > $D/other.lua");
    untracked = git_commit_of(directory);
    cr_expect_str_eq(untracked ? untracked : "none", expected);
    shell("echo 2 > $D/sub/x.lua");
    dirty = git_commit_of(directory);
    cr_expect_str_eq(dirty ? dirty : "none", expected_dirty);
}

/* A repository that one has got from somebody names programs: all that git would run when
 * it is asked whether a file is changed, and when it needs an object that is not there.
 */
Test(commit, no_program_of_the_repository_is_run)
{
    CLEANUP(mem_freep) char *commit = NULL, *run = mem_printf("%s/run", directory);

    make_repository();
    free(test_file(directory, "spy", "#!/bin/sh\ntouch $D/run\ncat\n"));
    shell("chmod +x $D/spy && echo '* filter=spy' > $D/.gitattributes && cd $D &&"
          "git add .gitattributes");
    shell(COMMIT);
    shell(
        "cd $D && git config core.fsmonitor $D/spy && git config filter.spy.clean "
        "$D/spy && git config filter.spy.process $D/spy && git config core.pager $D/spy "
        "&& git config diff.external $D/spy && git config filter.spy.required true && "
        "for hook in post-index-change reference-transaction fsmonitor-watchman; do cp "
        "spy .git/hooks/$hook; done");
    shell("echo 2 > $D/sub/x.lua && rm -f $D/run");
    commit = git_commit_of(directory);
    cr_assert_not_null(commit);
    cr_expect_not_null(strstr(commit, "-unchecked"),
                       "%s: only the filter could tell what the bytes are", commit);
    cr_expect(access(run, F_OK) < 0, "a program of the repository has run");
    shell("cd $D && git config core.repositoryformatversion 1 && git config "
          "extensions.partialClone origin && git config remote.origin.promisor true && "
          "git config remote.origin.url $D && git config remote.origin.uploadpack $D/spy "
          "&& find .git/objects -type f -delete");
    mem_freep(&commit);
    commit = git_commit_of(directory);
    cr_expect(access(run, F_OK) < 0, "a program of the repository has run to fetch");
}

/* What can become of a file that git knows: shell, and what is said behind the commit. */
Test(commit, of_every_kind_of_change)
{
    static const char *const rows[][2] = {
        { "true", "" },
        { "touch -d 2001-01-01 $D/sub/x.lua", "" },
        { "printf '1\\r\\n' > $D/sub/x.lua", "" },
        { "chmod +x $D/sub/x.lua", "-dirty" },
        { "git -C $D config core.fileMode false", "" },
        { "git -C $D config core.fileMode true", "-dirty" },
        { "chmod 640 $D/sub/x.lua", "" },
        { "git -C $D config core.symlinks false && rm $D/link && printf target > $D/link",
          "" },
        { "printf elsewhere > $D/link", "-dirty" },
        { "git -C $D config core.symlinks true && printf target > $D/link", "-dirty" },
        { "rm $D/link", "-dirty" },
        { "ln -sfn elsewhere $D/link", "-dirty" },
        { "ln -sfn target $D/link", "" },
        { "rm $D/sub/x.lua && mkfifo $D/sub/x.lua", "-dirty" },
        { "rm $D/sub/x.lua && ln -s /dev/zero $D/sub/x.lua", "-dirty" },
        { "rm -r $D/sub && echo > $D/sub", "-dirty" },
        { "rm -r $D/sub && mkdir $D/sub && echo 1 > $D/sub/x.lua", "" },
        { "echo 3 > $D/new && git -C $D add new", "-dirty" },
        { "git -C $D rm -q --cached new", "" },
        { "git -C $D update-index --skip-worktree sub/x.lua && rm $D/sub/x.lua", "" },
    };

    make_repository();
    shell("cd $D && ln -s target link && git add link");
    shell(COMMIT);
    expect_suffixes(rows, ARRAY_SIZE(rows));
}

/* Whether a file is as the index knows it is seen without reading it, as git does: of one
 * that is too large to be read nothing else is known. What was touched is read. */
Test(commit, of_what_nobody_has_touched)
{
    static const char *const rows[][2] = {
        { "true", "" },
        { "cp -p $D/big $D/copy && mv $D/copy $D/big", "-unchecked" },
        { "git -C $D update-index --refresh", "" },
        { "touch -d '+1 hour' $D/big", "-unchecked" },
        { "git -C $D update-index --refresh", "-unchecked" },
        { "touch -d 2001-01-01 $D/big && git -C $D update-index --refresh", "" },
        { "printf 1 | dd of=$D/big conv=notrunc status=none && touch -d 2001-01-01 "
          "$D/big",
          "-unchecked" },
        { "truncate -s 5 $D/big", "-dirty" },
    };

    make_repository();
    shell("cd $D && truncate -s 257M big && git -c core.bigFileThreshold=1m add big");
    shell(COMMIT);
    expect_suffixes(rows, ARRAY_SIZE(rows));
}

Test(commit, is_not_called_by_a_tag)
{
    CLEANUP(mem_freep) char *expected = NULL, *commit = NULL;

    make_repository();
    shell(
        "git -C $D tag light && git -C $D -c user.name=t -c user.email=t@t tag -a heavy "
        "-m x");
    expected = head();
    commit = git_commit_of(directory);
    cr_expect_str_eq(commit ? commit : "none", expected);
}

/* As in a hook of another repository. */
Test(commit, is_the_directory_s_whatever_the_variables_say)
{
    CLEANUP(mem_freep) char *expected = NULL, *commit = NULL;

    make_repository();
    expected = head();
    setenv("GIT_DIR", "/nowhere", 1);
    setenv("GIT_WORK_TREE", "/", 1);
    setenv("GIT_INDEX_FILE", "/nowhere/index", 1);
    commit = git_commit_of(directory);
    cr_expect_str_eq(commit ? commit : "none", expected);
}

Test(commit, is_none_where_there_is_no_repository)
{
    need_git();
    cr_expect_null(git_commit_of(directory));
    cr_expect_null(git_commit_of("/nowhere/at/all"));
    shell("git init -q $D");
    cr_expect_null(git_commit_of(directory), "nothing is committed yet");
}

/* Puts a script called git into the PATH, before all others or alone. */
static void fake_git(const char *script, bool alone)
{
    CLEANUP(mem_freep) char *bin = mem_printf("%s/bin", directory);
    CLEANUP(mem_freep) char *path = mem_printf("%s/git", bin);
    CLEANUP(mem_freep)
    char *search = alone ? mem_strdup(bin) : mem_printf("%s:%s", bin, getenv("PATH"));

    cr_assert_eq(mkdir(bin, 0755), 0);
    if (script) {
        free(test_file(bin, "git", script));
        cr_assert_eq(chmod(path, 0755), 0);
    }
    setenv("PATH", search, 1);
}

Test(commit, is_none_without_git)
{
    fake_git(NULL, true);
    cr_expect_null(git_commit_of(directory));
}

Test(commit, is_none_if_git_says_something_else)
{
    static const char *const sayings[] = {
        "true",
        "echo",
        "echo v1.0",
        "echo 0123456789012345678901234567890123456789-broken",
        "echo 0123456789012345678901234567890123456789x",
        "echo 01234567890123456789012345678901234567",
        "printf 0123456789012345678901234567890123456789",
        "yes",
        "cat /dev/zero",
        "exec >&-",
    };

    fake_git("#!/bin/sh\neval \"$SAYING\"\n", false);
    for (size_t i = 0; i < ARRAY_SIZE(sayings); i++) {
        setenv("SAYING", sayings[i], 1);
        cr_expect_null(git_commit_of(directory), "%s", sayings[i]);
    }
}

/* It gets no terminal, no pipe, and is asked what it should be. */
Test(commit, is_asked_for_without_a_terminal)
{
    CLEANUP(mem_freep) char *commit = NULL;

    fake_git("#!/bin/sh\n"
             "[ \"$1 $2 $3 $4\" = \"-C $D -c core.fsmonitor=false\" ] || exit 1\n"
             "[ \"$5 $6 $7\" = 'rev-parse --verify HEAD' ] || exit 1\n"
             "[ -z \"$(cat)\" ] || exit 1\n"
             "echo noise >&2\n"
             "echo 0123456789012345678901234567890123456789\n",
             false);
    setenv("D", directory, 1);
    commit = git_commit_of(directory);
    cr_expect_str_eq(commit ? commit : "none",
                     "0123456789012345678901234567890123456789-unchecked",
                     "it says nothing of the files");
}

/* Given up on, and gone: the one that ends when told to, the one that does not, and those
 * that have said something before they hang. Nothing of them is left. */
Test(commit, is_not_waited_for_if_git_hangs)
{
    static const char *const ways[] = {
        "exec sleep 1000",
        "trap '' TERM; sleep 1000; sleep 1000",
        "echo 01234567; exec >&-; exec sleep 1000",
        "echo 0123456789012345678901234567890123456789; exec sleep 1000",
    };

    processes_adopt();
    fake_git("#!/bin/sh\neval \"$WAY\"\n", false);
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        setenv("WAY", ways[i], 1);
        cr_expect_null(git_commit_of(directory), "%s", ways[i]);
        processes_wait();
    }
}

/* ---- the machine ---- */

Test(machine, cpu_is_found_in_what_kernels_say)
{
    static const struct {
        const char *cpuinfo, *cpu;
        bool hypervisor;
    } cases[] = {
        { "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t\t: 85\n"
          "model name\t: Intel(R) Xeon(R) CPU @ 2.20GHz\n"
          "flags\t\t: fpu vme hypervisor lahf_lm\n\n"
          "processor\t: 1\nmodel name\t: other\n",
          "Intel(R) Xeon(R) CPU @ 2.20GHz", true },
        { "model name\t: AMD EPYC\nflags\t\t: fpu vme\n", "AMD EPYC", false },
        { "model name\t: X\nflags\t\t: hypervisor_x ahypervisor\n", "X", false },
        { "model name\t: hypervisor\nflags\t\t: hypervisor", "hypervisor", true },
        { "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd\n"
          "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\n"
          "CPU part\t: 0xd0c\nCPU revision\t: 1\n",
          "implementer 0x41, part 0xd0c", false },
        { "CPU implementer\t: 0x41\n", NULL, false },
        { "model name\t:\n", NULL, false },
        { "xmodel name\t: Y\n", NULL, false },
        { "", NULL, false },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(mem_freep) char *cpu = environment_cpu(cases[i].cpuinfo);

        cr_expect_str_eq(cpu ? cpu : "none", cases[i].cpu ? cases[i].cpu : "none",
                         "case %zu: %s", i, cpu ? cpu : "none");
        cr_expect_eq(environment_hypervisor(cases[i].cpuinfo), cases[i].hypervisor,
                     "case %zu", i);
    }
}

/* ---- the list ---- */

Test(list, keeps_order_and_the_last_value)
{
    struct environment environment = ENVIRONMENT_NULL;

    environment_add(&environment, "redis", "6.0");
    environment_add(&environment, "sqlite", "3.40.1");
    environment_add(&environment, "nothing", NULL);
    environment_add(&environment, "redis", "7.0.15");
    cr_assert_eq(environment.count, 2);
    cr_expect_str_eq(environment.entries[0].name, "redis");
    cr_expect_str_eq(environment.entries[0].value, "7.0.15");
    cr_expect_str_eq(environment.entries[1].name, "sqlite");
    cr_expect_str_eq(environment_get(&environment, "sqlite"), "3.40.1");
    cr_expect_null(environment_get(&environment, "nothing"));
    environment_release(&environment);
    environment_release(&environment);
    cr_expect_eq(environment.count, 0);
}

TestSuite(collected, .init = enter_directory, .fini = leave_directory);

/* What must be there on every Linux, and is no more than one line. */
Test(collected, entries_are_there_and_say_something)
{
    static const char *const names[] = {
        "afterkill", "compiler", "hiredis", "sqlite",       "jansson",      "xxhash",
        "kernel",    "cpu",      "cpus",    "memory_bytes", "load_average", "command",
    };
    const char *arguments[] = { "afterkill", "--redis=redis://:hunter@h", "x y" };
    struct environment_sources sources = { arguments, ARRAY_SIZE(arguments), NULL };
    struct environment environment = ENVIRONMENT_NULL;
    CLEANUP(mem_freep) int *cpus = NULL;

    environment_collect(&environment, &sources);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *value = environment_get(&environment, names[i]);

        cr_assert(value && *value && !strchr(value, '\n'), "%s: '%s'", names[i],
                  value ? value : "(none)");
    }
    cr_expect_str_eq(environment_get(&environment, "command"),
                     "afterkill '--redis=redis://:***@h' 'x y'");
    cr_expect_str_eq(environment_get(&environment, "jansson"), JANSSON_VERSION);
    cr_expect_eq(atoi(environment_get(&environment, "cpus")), process_cpus(&cpus));
    cr_expect_gt(strtoull(environment_get(&environment, "memory_bytes"), NULL, 10),
                 UINT64_C(1) << 24);
    cr_expect_eq(strncmp(environment_get(&environment, "kernel"), "Linux ", 6), 0);
    cr_expect_null(environment_get(&environment, "scenario_sha1"));
    cr_expect_null(environment_get(&environment, "scenario_commit"));
    environment_release(&environment);
}

/* Longer than one read, and with bytes of any kind in it. */
Test(collected, digest_is_that_of_the_file_s_bytes)
{
    static char bytes[3 * 4096];
    CLEANUP(mem_freep) char *path = mem_printf("%s/x.lua", directory);
    struct environment_sources sources = { NULL, 0, path };

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 31);
    for (size_t length = 0; length <= sizeof(bytes); length += 4095) {
        struct environment environment = ENVIRONMENT_NULL;
        struct err err = ERR_NULL;
        char digest[SHA1_TEXT];

        cr_assert_eq(file_write(path, bytes, length, &err), 0, "%s", err.msg);
        sha1_text((struct str){ bytes, length }, digest);
        environment_collect(&environment, &sources);
        cr_expect_str_eq(environment_get(&environment, "scenario_sha1"), digest);
        environment_release(&environment);
    }
}

Test(collected, commit_is_that_of_the_scenario_s_directory)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/sub/x.lua", directory);
    CLEANUP(mem_freep) char *expected = NULL;
    struct environment_sources absolute = { NULL, 0, path };
    struct environment_sources relative = { NULL, 0, "x.lua" };
    struct environment environment = ENVIRONMENT_NULL;

    make_repository();
    expected = head();
    environment_collect(&environment, &absolute);
    cr_expect_str_eq(environment_get(&environment, "scenario_commit"), expected);
    environment_release(&environment);
    *strrchr(path, '/') = '\0';
    cr_assert_eq(chdir(path), 0);
    environment_collect(&environment, &relative);
    cr_expect_str_eq(environment_get(&environment, "scenario_commit"), expected);
    environment_release(&environment);
    cr_assert_eq(chdir("/"), 0);
}

Test(collected, a_scenario_that_is_gone_does_no_harm)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/gone/x.lua", directory);
    struct environment_sources sources = { NULL, 0, path };
    struct environment environment = ENVIRONMENT_NULL;

    environment_collect(&environment, &sources);
    cr_expect_null(environment_get(&environment, "scenario_sha1"));
    cr_expect_null(environment_get(&environment, "scenario_commit"));
    environment_release(&environment);
}
