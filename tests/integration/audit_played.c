/* audit: servers that say what no test could make a real one say in time. */
#include "testlib.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "redis/address.h"

static char *directory;

static void begin(void)
{
    directory = test_directory();
}

static void end(void)
{
    test_directory_remove(directory);
}

TestSuite(audit_played, .init = begin, .fini = end);

static int listen_at(char *path)
{
    struct address at = { .path = path };
    struct err err = ERR_NULL;
    int listener = address_listen(&at, &err);

    cr_assert_geq(listener, 0, "%s", err.msg);
    return listener;
}

/* False: the other one is gone. */
static bool say(int fd, const char *text)
{
    for (size_t left = strlen(text); left;) {
        ssize_t n = write(fd, text, left);

        if (n <= 0)
            return false;
        text += n;
        left -= (size_t)n;
    }
    return true;
}

/* Says all of it to whoever connects first, whatever it is asked, and hangs up when the
 * other one does, or at once. Returns its process. */
static pid_t play(char *path, const char *lines, bool hang_up)
{
    int listener = listen_at(path), fd;
    char bytes[512];
    pid_t pid = fork();

    if (pid) {
        close(listener);
        return pid;
    }
    fd = accept(listener, NULL, NULL);
    if (fork() == 0) { /* one writes while the other one reads */
        say(fd, lines);
        if (hang_up)
            shutdown(fd, SHUT_WR);
        _exit(0);
    }
    while (read(fd, bytes, sizeof(bytes)) > 0)
        ;
    wait(NULL);
    _exit(0);
}

static json_t *first_of(const struct run *run, const char *list)
{
    json_t *first = json_array_get(json_object_get(run->json, list), 0);

    cr_assert_not_null(first, "%s%s", run->out, run->err);
    return first;
}

static struct run audit_played_as(char *format, const char *lines, bool hang_up)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/played", directory);
    pid_t pid = play(path, lines, hang_up);
    struct run run = RUN("audit", "-s", path, "--format", format);

    waitpid(pid, NULL, 0);
    unlink(path);
    return run;
}

static struct run audit_played(const char *lines, bool hang_up)
{
    return audit_played_as((char[]){ "json" }, lines, hang_up);
}

/* What the report of an audit says, in a format. */
static void expect_said(const char *lines, const char *format, const char *words)
{
    CLEANUP(mem_freep) char *name = mem_strdup(format);
    struct run run = audit_played_as(name, lines, false);

    EXPECT_SAYS(run.out, words);
    run_release(&run);
}

#define INFO_ALONE "$31\r\nloading:0\ndb0:keys=5,expires=5\n\r\n"
#define NO_SETS "+none\r\n+none\r\n+none\r\n+none\r\n" /* of known systems */
#define INFO_SAYS INFO_ALONE NO_SETS
#define SCAN_SAYS(count, keys) "*2\r\n$1\r\n0\r\n*" count "\r\n" keys
#define KEY(digit) "$3\r\nk:" digit "\r\n"
#define FACT(ttl) "+string\r\n:" ttl "\r\n"
#define SAMPLE ":50\r\n:7\r\n:1\r\n"

/* Two keys expire, and a third one does when it is looked at again: its writer was
 * between two commands. A fourth is gone, and a fifth is of another kind by then. */
Test(audit_played, leaves_alone_who_is_not_done)
{
    struct run run = audit_played(
        INFO_SAYS SCAN_SAYS("4", KEY("1") KEY("2") KEY("3") KEY("4")) FACT("900")
            FACT("900") FACT("-1") "+none\r\n:-2\r\n" SAMPLE SAMPLE SAMPLE FACT("800")
                SAMPLE,
        false);

    cr_assert_not_null(run.json, "%s%s", run.out, run.err);
    cr_expect_eq(json_whole(run.json, "keys"), 3);
    cr_expect_eq(json_whole(run.json, "vanished"), 1);
    cr_expect_eq(json_whole(run.json, "leaking_groups"), 0);
    cr_expect_eq(json_whole(first_of(&run, "groups"), "without_expiry"), 1);
    cr_expect_eq(json_whole(first_of(&run, "groups"), "looked_at_again"), 1);
    run_release(&run);
}

/* Of twenty without an expiry sixteen are looked at again, and have one by then. Nothing
 * is known of the others. */
Test(audit_played, is_not_sure_of_those_that_it_did_not_look_at_again)
{
    enum { KEYS = 50, WITHOUT = 20, AGAIN = 16 };
    CLEANUP(mem_freep) char *lines = NULL;
    FILE *out = mem_stream(&lines);
    struct run run;

    fputs(INFO_SAYS "*2\r\n$1\r\n0\r\n", out);
    fprintf(out, "*%d\r\n", KEYS);
    for (int i = 0; i < KEYS; i++)
        fprintf(out, "$4\r\nk:%02d\r\n", i);
    for (int i = 0; i < KEYS; i++)
        fputs(i < WITHOUT ? FACT("-1") : FACT("900"), out);
    for (int i = 0; i < KEYS; i++)
        fputs(SAMPLE, out);
    for (int i = 0; i < AGAIN; i++)
        fputs(FACT("800") SAMPLE, out);
    fclose(out);
    run = audit_played(lines, false);
    cr_expect_eq(json_whole(run.json, "leaking_groups"), 0);
    cr_expect_eq(json_whole(run.json, "unsure_groups"), 1);
    cr_expect_str_eq(json_string_value(json_object_get(run.json, "verdict")),
                     "inconclusive");
    cr_expect_eq(json_whole(first_of(&run, "groups"), "without_expiry"), WITHOUT);
    cr_expect_eq(json_whole(first_of(&run, "groups"), "looked_at_again"), AGAIN);
    cr_expect_eq(json_whole(first_of(&run, "groups"), "unlooked"), WITHOUT - AGAIN);
    cr_expect(json_is_true(json_object_get(first_of(&run, "groups"), "unsure")));
    run_release(&run);
    run = audit_played_as((char[]){ "text" }, lines, false);
    EXPECT_SAYS(run.out,
                "They are too many for all of them to be looked at again: 4 were "
                "not. Without an expiry when looked at again, 0 of 16.");
    EXPECT_SAYS(run.out, "1 group may leak: of keys without an expiry not all could be "
                         "looked at again.");
    run_release(&run);
    expect_said(lines, "prometheus",
                "afterkill_audit_unsure_groups 1\n"
                "# HELP afterkill_audit_unsure_sets Sets that may have such members: not "
                "all could be looked at again.\n"
                "# TYPE afterkill_audit_unsure_sets gauge\n"
                "afterkill_audit_unsure_sets 0\n");
    expect_said(lines, "prometheus",
                "afterkill_audit_group_unsure{db=\"0\",pattern=\"k:{num}\"} 1\n");
    expect_said(lines, "csv", ",unsure,unlooked\n");
    expect_said(lines, "csv", ",true,4\n");
    expect_said(lines, "html", "4 were not. Without an expiry when looked at again");
    expect_said(lines, "markdown", "1 group may leak");
}

Test(audit_played, tells_servers_that_fail)
{
    static const struct {
        const char *lines, *says;
    } cases[] = {
        { "$10\r\nloading:1\n\r\n", "INFO: it is loading its data; try again" },
        { INFO_SAYS "-LOADING Redis is loading\r\n", "SCAN: it is loading its data" },
        { INFO_SAYS SCAN_SAYS("1", KEY("1")) "-MOVED 1 h:1\r\n",
          "TYPE: it is a node of a cluster" },
        { INFO_SAYS SCAN_SAYS("1", KEY("1")) "-ASK 1 h:1\r\n",
          "TYPE: it is a node of a cluster that is giving this key away" },
        { INFO_SAYS SCAN_SAYS("1", KEY("1")) "+string\r\n-MASTERDOWN no\r\n",
          "PTTL: it is a replica that has lost its primary" },
        { INFO_SAYS SCAN_SAYS("1", KEY("1")) "+string\r\n-BUSY a script\r\n",
          "PTTL: it is busy with a script" },
        { INFO_SAYS SCAN_SAYS("1", KEY("1")) FACT("-1") "-LOADING it\r\n",
          "MEMORY USAGE: it is loading its data" },
        { INFO_SAYS SCAN_SAYS("1", KEY("1")) FACT("-1") ":1\r\n-NOPERM no\r\n",
          "OBJECT IDLETIME: this user may not do what an audit needs" },
        { INFO_SAYS SCAN_SAYS("1", KEY("1")) FACT("-1") ":1\r\n:1\r\n-NOAUTH no\r\n",
          "OBJECT REFCOUNT: it wants a password" },
        { INFO_SAYS SCAN_SAYS("1", KEY("1")), "TYPE: the server has gone away" },
        { INFO_SAYS, "SCAN: the server has gone away" },
        { INFO_SAYS "+OK\r\n", "SCAN: the reply is none of SCAN" },
        { "nonsense\r\n", "INFO: this is no answer of a Redis" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct run run = audit_played(cases[i].lines, true);

        cr_expect_eq(run.status, 4, "%zu: %d", i, run.status);
        EXPECT_SAYS(run.err, cases[i].says);
        run_release(&run);
    }
}

/* Answers of a type that none of these questions has, at every place, are no facts about
 * keys: nor are lists whose elements would fill all memory, and those within others. */
Test(audit_played, believes_no_nonsense)
{
    static const struct {
        const char *before, *question;
        const char *right; /* types that are */
    } places[] = {
        { "", "INFO", "$+" },
        { INFO_ALONE, "TYPE", "$+" },
        { INFO_SAYS, "SCAN", "" },
        { INFO_SAYS SCAN_SAYS("1", KEY("1")), "TYPE", "$+" },
        { INFO_SAYS SCAN_SAYS("1", KEY("1")) "+string\r\n", "PTTL", ":" },
        { INFO_SAYS SCAN_SAYS("1", KEY("1")) FACT("-1"), "MEMORY USAGE", ":_" },
        { INFO_SAYS SCAN_SAYS("1", KEY("1")) FACT("-1") ":1\r\n", "OBJECT IDLETIME",
          ":_" },
        { INFO_SAYS SCAN_SAYS("1", KEY("1")) FACT("-1") ":1\r\n:1\r\n", "OBJECT REFCOUNT",
          ":_" },
    };
    static const char *const answers[] = {
        ":5\r\n",
        ":-9223372036854775808\r\n",
        "_$-1\r\n",
        "_*-1\r\n",
        "*0\r\n",
        "*2\r\n:1\r\n:2\r\n",
        "$3\r\nfoo\r\n",
        "+OK\r\n",
        "*2147483647\r\n",
        "*2\r\n$1\r\n0\r\n*99999999\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
    };

    for (size_t i = 0; i < ARRAY_SIZE(places) * ARRAY_SIZE(answers); i++) {
        const char *answer = answers[i % ARRAY_SIZE(answers)];
        const char *right = places[i / ARRAY_SIZE(answers)].right;
        CLEANUP(mem_freep)
        char *lines = mem_printf("%s%s", places[i / ARRAY_SIZE(answers)].before,
                                 answer + (*answer == '_'));
        struct run run;

        if (strchr(right, *answer) && answer[1] != '-')
            continue;
        if (*answer == '_' && *right && right[strlen(right) - 1] == '_')
            continue;
        run = audit_played(lines, true);
        cr_expect_eq(run.status, 4, "%s: %d: %s", lines, run.status, run.out);
        EXPECT_SAYS(run.err, places[i / ARRAY_SIZE(answers)].question);
        cr_expect_null(strstr(run.err, "gone away"), "%s: %s", lines, run.err);
        run_release(&run);
    }
}

/* An audit, by one's own rule if there is one, of a server that says something first, and
 * then replies with these in turn, a thousand times. */
static struct run audit_circle(const char *rule, const char *first,
                               const char *const *replies, size_t count)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/played", directory);
    CLEANUP(mem_freep) char *rules = test_file(directory, "rules", rule);
    CLEANUP(mem_freep) char *lines = NULL;
    FILE *out = mem_stream(&lines);
    struct run run;
    pid_t pid;

    fputs(first, out);
    for (size_t i = 0; i < 1000; i++)
        fputs(replies[i % count], out);
    fclose(out);
    pid = play(path, lines, true);
    run = RUN("audit", "-s", path, "--rules", rules);
    waitpid(pid, NULL, 0);
    unlink(path);
    return run;
}

#define EMPTY_AT(cursor) "*2\r\n$1\r\n" cursor "\r\n*0\r\n"
#define SHOP "shop: members s have *\n"
#define SHOP_SAYS(type) INFO_SAYS type /* of the known sets, and of the shop's */
#define ONE_AT(cursor, members) "*2\r\n$1\r\n" cursor "\r\n*" members "+hash\r\n"

/* Cursors that are the same, or the same ones again and again, come to no end: nor does a
 * list that has as many elements as are asked for at every place. */
Test(audit_played, goes_in_no_circles)
{
    static const struct {
        const char *rule, *first, *says;
        const char *replies[9];
    } cases[] = {
        { "", INFO_SAYS, "SCAN: the server goes in circles: in ", { EMPTY_AT("7") } },
        { "",
          INFO_SAYS,
          "SCAN: the server goes in circles: in ",
          { EMPTY_AT("1"), EMPTY_AT("2"), EMPTY_AT("3"), EMPTY_AT("4") } },
        { "",
          INFO_SAYS,
          "SCAN: the server goes in circles: in ",
          { EMPTY_AT("1"), EMPTY_AT("1"), EMPTY_AT("1"), EMPTY_AT("1"), EMPTY_AT("2"),
            EMPTY_AT("2"), EMPTY_AT("2"), EMPTY_AT("3") } },
        { SHOP,
          SHOP_SAYS("+set\r\n"),
          "SSCAN: the server goes in circles: in ",
          { EMPTY_AT("7") } },
        { SHOP,
          SHOP_SAYS("+set\r\n"),
          "SSCAN: the server goes in circles: in ",
          { ONE_AT("1", "1\r\n$1\r\na\r\n"), ONE_AT("2", "1\r\n$1\r\nb\r\n") } },
        { SHOP,
          SHOP_SAYS("+zset\r\n"),
          "ZSCAN: the server goes in circles: in ",
          { ONE_AT("7", "2\r\n$1\r\na\r\n$1\r\n1\r\n") } },
        { SHOP,
          SHOP_SAYS("+hash\r\n"),
          "HSCAN: the server goes in circles: in ",
          { ONE_AT("7", "2\r\n$1\r\na\r\n$1\r\n1\r\n") } },
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        size_t count = 0;
        struct run run;

        while (cases[i].replies[count])
            count++;
        run = audit_circle(cases[i].rule, cases[i].first, cases[i].replies, count);
        cr_expect_eq(run.status, 4, "%zu: %d: %s", i, run.status, run.out);
        EXPECT_SAYS(run.err, cases[i].says);
        EXPECT_SAYS(run.err, ", and comes to no end");
        run_release(&run);
    }
}

/* One cursor for a whole walk is none, nor is a list that is as long as it says. */
Test(audit_played, goes_ways_that_are_long)
{
    CLEANUP(mem_freep) char *lines = NULL;
    FILE *out = mem_stream(&lines);
    const char *replies[1];
    struct run run;

    for (int i = 0; i < 150; i++)
        fprintf(out, "*2\r\n$1\r\n7\r\n*1\r\n$3\r\n%03d\r\n+hash\r\n", i);
    fputs(SCAN_SAYS("0", "") SCAN_SAYS("0", ""), out);
    fclose(out);
    replies[0] = lines;
    run = audit_circle(SHOP, SHOP_SAYS("+set\r\n"), replies, 1);
    cr_expect_eq(run.status, 0, "%d: %s", run.status, run.err);
    run_release(&run);
}

/* A list of a thousand elements at each place, whatever it says. */
Test(audit_played, reads_no_lists_for_ever)
{
    enum { COUNT = 1000, WINDOWS = 200 };
    static const struct {
        const char *length, *says;
    } cases[] = {
        { ":5\r\n", "LRANGE: the server goes in circles: in " },
        { ":1000000\r\n", "LRANGE: the server has gone away" },
        { "-WRONGTYPE Operation against a key\r\n", "LRANGE: the server goes in " },
        { "-NOPERM this user has no permissions\r\n", "LLEN: " },
    };
    CLEANUP(mem_freep) char *window = NULL;
    FILE *out = mem_stream(&window);
    const char *replies[] = { NULL };

    fprintf(out, "*%d\r\n", COUNT);
    for (int i = 0; i < COUNT; i++)
        fputs("$1\r\nb\r\n", out);
    fclose(out);
    replies[0] = window;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        CLEANUP(mem_freep)
        char *first = mem_printf(SHOP_SAYS("+list\r\n") "%s", cases[i].length);
        struct run run =
            audit_circle("shop: members s have * if a*\n", first, replies, 1);

        cr_expect_eq(run.status, 4, "%zu: %d: %s", i, run.status, run.out);
        EXPECT_SAYS(run.err, cases[i].says);
        run_release(&run);
    }
}

/* Servers that do not know AUTH, and what stands between us and them, repeat its words.
 */
Test(audit_played, repeats_no_password_that_the_server_repeats)
{
    static const struct {
        const char *reply, *says;
    } cases[] = {
        { "-ERR unknown command 'AUTH', with args beginning with: 'hushhush' \r\n",
          "AUTH: it does not have this command; is it a Redis?" },
        { "-ERR backend has no user hushhush\r\n",
          "AUTH: the server refused it, in words that are not shown" },
        { "-WRONGPASS hushhush\r\n",
          "AUTH: the name of the user or the password is wrong" },
    };
    CLEANUP(mem_freep) char *path = mem_printf("%s/played", directory);
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "hushhush\n");

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        pid_t pid = play(path, cases[i].reply, false);
        struct run run = RUN("audit", "-s", path, "--pass-file", pass);

        waitpid(pid, NULL, 0);
        unlink(path);
        cr_expect_eq(run.status, 4, "%zu: %d", i, run.status);
        EXPECT_SAYS(run.err, cases[i].says);
        cr_expect_null(strstr(run.err, "hushhush"), "%s", run.err);
        run_release(&run);
    }
}

/* Says a little again and again, until the other one is gone. Returns its process. */
static pid_t dribble(int fd, const char *piece)
{
    pid_t pid = fork();

    if (pid)
        return pid;
    while (piece && say(fd, piece))
        usleep(10000);
    _exit(0);
}

/* An audit of a server that says these lines when it is asked, and the piece for ever if
 * there is one, and reads no more, is interrupted: it must end, and say the words. */
static void expect_end_by(int stop, const char *lines, const char *piece,
                          const char *words)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/silent", directory);
    int listener = listen_at(path), fd;
    struct live_run live = START("audit", "-s", path);
    struct run run;
    pid_t pid;
    char byte;

    fd = accept(listener, NULL, NULL);
    cr_assert_eq(read(fd, &byte, 1), 1, "it has asked, and holds signals");
    cr_assert(say(fd, lines));
    pid = dribble(fd, piece);
    cr_assert_eq(kill(live.pid, stop), 0);
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "%d: %s", run.status, run.err);
    EXPECT_SAYS(run.err, words);
    run_release(&run);
    close(fd);
    close(listener);
    unlink(path);
    waitpid(pid, NULL, 0);
}

static void expect_end(const char *lines, const char *words)
{
    expect_end_by(SIGINT, lines, NULL, words);
}

/* A server that hangs is not waited for. */
Test(audit_played, ends_when_it_is_asked_to)
{
    expect_end("", "INFO: interrupted while the server did not answer");
}

/* Nor is one that always says a little more, and never all. */
Test(audit_played, ends_when_it_is_asked_to_although_there_is_always_more)
{
    static const char words[] = "INFO: interrupted while the server was still answering";

    expect_end_by(SIGINT, "+", "x", words);
    expect_end_by(SIGTERM, "*1000000\r\n", ":1\r\n", words);
    expect_end_by(SIGHUP, "$500000000\r\n", "x", words);
}

/* Who knows a password leaves no file with its memory. */
static void expect_no_core(pid_t pid)
{
    CLEANUP(mem_freep) char *path = mem_printf("/proc/%ld/limits", (long)pid);
    CLEANUP(mem_freep) char *limits = file_text(path);

    EXPECT_SAYS(limits, "Max core file size 0 0 ");
}

/* Nor is one that hangs before that, while it is told who we are. */
Test(audit_played, ends_when_it_is_asked_to_while_it_connects)
{
    static const int stops[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    CLEANUP(mem_freep) char *path = mem_printf("%s/silent", directory);
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "hush\n");
    int listener = listen_at(path);

    for (size_t i = 0; i < ARRAY_SIZE(stops); i++) {
        struct live_run live = START("audit", "-s", path, "--pass-file", pass);
        int fd = accept(listener, NULL, NULL);
        struct run run;
        char byte;

        cr_assert_eq(read(fd, &byte, 1), 1, "it says who it is");
        expect_no_core(live.pid);
        cr_assert_eq(kill(live.pid, stops[i]), 0);
        run = run_finish(&live);
        cr_expect_eq(run.status, 130, "%d: %d: %s", stops[i], run.status, run.err);
        EXPECT_SAYS(run.err, "afterkill: interrupted");
        run_release(&run);
        close(fd);
    }
    close(listener);
}

/* So is one that does not read what it is asked. */
Test(audit_played, ends_when_it_is_asked_to_although_nobody_reads)
{
    enum { KEY_BYTES = 8 << 20 };
    CLEANUP(mem_freep) char *key = mem_printf("%0*d", KEY_BYTES, 0);
    CLEANUP(mem_freep) char *lines =
        mem_printf(INFO_SAYS "*2\r\n$1\r\n0\r\n*1\r\n$%d\r\n%s\r\n", KEY_BYTES, key);

    expect_end(lines, "send: interrupted while the server did not read what it is");
}

/* Who asks for an end while it looks at members has not seen the keys. */
Test(audit_played, ends_at_sets_as_interrupted)
{
    CLEANUP(mem_freep) char *path = mem_printf("%s/sets", directory);
    int listener = listen_at(path), fd;
    struct live_run live = START("audit", "-s", path, "--format", "json");
    struct run run;
    char byte;

    fd = accept(listener, NULL, NULL);
    cr_assert_eq(read(fd, &byte, 1), 1, "it has asked, and holds signals");
    cr_assert_eq(kill(live.pid, SIGINT), 0);
    cr_assert(
        say(fd, INFO_ALONE "+set\r\n" SCAN_SAYS("0", "") NO_SETS SCAN_SAYS("0", "")));
    run = run_finish(&live);
    cr_expect_eq(run.status, 130, "%d: %s%s", run.status, run.out, run.err);
    EXPECT_SAYS(run.out, "\"interrupted\": true");
    run_release(&run);
    close(fd);
    close(listener);
}

/* The worker of a member that had no key the first time has left the set by now. */
Test(audit_played, leaves_alone_members_that_go)
{
    struct run run = audit_played(
        INFO_ALONE "+set\r\n" SCAN_SAYS(
            "1",
            "$20\r\napp-1:2:9f8e7d6c5b4b\r\n") "+none\r\n"
                                               "+none\r\n+none\r\n+none\r\n" SCAN_SAYS(
                                                   "0", "") "+none\r\n:0\r\n",
        false);

    cr_expect_eq(json_whole(first_of(&run, "sets"), "without_key"), 1);
    cr_expect_eq(json_whole(first_of(&run, "sets"), "looked_at_again"), 1);
    cr_expect_eq(json_whole(run.json, "leaking_sets"), 0);
    run_release(&run);
}

/* Of twenty without a key sixteen are looked at again, and have one by then. */
Test(audit_played, is_not_sure_of_members_that_it_did_not_look_at_again)
{
    enum { MEMBERS = 20, AGAIN = 16 };
    CLEANUP(mem_freep) char *lines = NULL;
    FILE *out = mem_stream(&lines);
    struct run run;

    fprintf(out, INFO_ALONE "+set\r\n*2\r\n$1\r\n0\r\n*%d\r\n", MEMBERS);
    for (int i = 0; i < MEMBERS; i++)
        fprintf(out, "$20\r\napp-1:2:9f8e7d6c5b%02d\r\n", i);
    for (int i = 0; i < MEMBERS; i++)
        fputs("+none\r\n", out);
    fputs("+none\r\n+none\r\n+none\r\n" SCAN_SAYS("0", ""), out);
    for (int i = 0; i < AGAIN; i++)
        fputs("+hash\r\n:1\r\n", out);
    fclose(out);
    run = audit_played(lines, false);
    cr_expect_eq(json_whole(first_of(&run, "sets"), "without_key"), MEMBERS);
    cr_expect_eq(json_whole(first_of(&run, "sets"), "looked_at_again"), AGAIN);
    cr_expect_eq(json_whole(first_of(&run, "sets"), "unlooked"), MEMBERS - AGAIN);
    cr_expect_eq(json_whole(run.json, "unsure_sets"), 1);
    cr_expect_eq(json_whole(run.json, "unseen"), 0);
    cr_expect(json_is_true(json_object_get(first_of(&run, "sets"), "unsure")));
    cr_expect_str_eq(json_string_value(json_object_get(run.json, "verdict")),
                     "inconclusive");
    run_release(&run);
    run = audit_played_as((char[]){ "text" }, lines, false);
    EXPECT_SAYS(run.out, "Of 4 it is not known whether they still are. Still so when "
                         "looked at again, 0 of 16.");
    EXPECT_SAYS(run.out, "1 set may have members without what they need: not all could "
                         "be looked at again.");
    run_release(&run);
    expect_said(lines, "prometheus", "afterkill_audit_unsure_sets 1\n");
    expect_said(lines, "html", "Still so when looked at again, 0 of 16.<");
    expect_said(lines, "markdown", "1 set may have members without what they need");
}

#define NOTHING "+none\r\n"
#define NO_PLACES NOTHING NOTHING NOTHING NOTHING NOTHING NOTHING NOTHING NOTHING
#define IN_WAIT "+list\r\n" NOTHING NOTHING NOTHING NOTHING NOTHING NOTHING NOTHING
/* A job of Bull that is in no place at the first look, up to the second one. */
#define LOST_JOB                                                                         \
    INFO_SAYS SCAN_SAYS(                                                                 \
        "1", "$8\r\nbull:m:1\r\n") "+hash\r\n:-1\r\n" SAMPLE NO_PLACES NO_PLACES         \
                                   ":-1\r\n"

/* What it is, and where, when it is looked at closely. */
static void expect_job(const char *lines, long long leaking)
{
    CLEANUP(mem_freep) char *all = mem_printf(LOST_JOB "%s", lines);
    struct run run = audit_played(all, false);

    cr_expect_eq(json_whole(first_of(&run, "sets"), "without_key"), 1, "%s", run.out);
    cr_expect_eq(json_whole(first_of(&run, "sets"), "looked_at_again"), 1);
    cr_expect_eq(json_whole(run.json, "leaking_sets"), leaking, "%s: %s", lines, run.out);
    run_release(&run);
}

/* A job that moves is somewhere: it is looked for in all places at once, and anew if one
 * of them was nothing when they were asked what they are. */
Test(audit_played, leaves_alone_what_moves)
{
    expect_job(NO_PLACES ":-1\r\n" NO_PLACES, 1);
    expect_job(NO_PLACES ":-2\r\n" NO_PLACES, 0);
    expect_job(NO_PLACES ":60\r\n" NO_PLACES, 0);
    expect_job(IN_WAIT ":-1\r\n*1\r\n:0\r\n:1\r\n" IN_WAIT, 0);
    expect_job(IN_WAIT ":-1\r\n*0\r\n:1\r\n" IN_WAIT, 1);
    expect_job(NO_PLACES ":-1\r\n" IN_WAIT ":-1\r\n*1\r\n:0\r\n:1\r\n" IN_WAIT, 0);
    expect_job(IN_WAIT ":-1\r\n*0\r\n:1\r\n" NO_PLACES ":-1\r\n" NO_PLACES, 1);
}

/* A server that is older than LPOS, and a list that is too long for it. */
Test(audit_played, does_not_blame_what_it_cannot_find)
{
#define OLD ":-1\r\n-ERR unknown command 'LPOS'\r\n:1\r\n" IN_WAIT
#define LONG ":-1\r\n*0\r\n:1000001\r\n" IN_WAIT
    expect_job(IN_WAIT OLD OLD OLD, 0);
    expect_job(IN_WAIT LONG LONG LONG, 0);
}
