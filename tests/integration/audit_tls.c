/* audit: a live server that speaks TLS, where hiredis and the server do; and what is said
 * where they do not. */
#include "audited.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "redis/connection.h"

TestSuite(audit_tls, .init = audited_begin, .fini = audited_end);

static bool does(const char *const *words)
{
    CLEANUP(reply_freep) redisReply *reply = NULL;
    struct err err = ERR_NULL;

    return connection_command(connection, &reply, &err, words) == 0;
}
#define DOES(...) does((const char *const[]){ __VA_ARGS__, NULL })

static bool speaks_tls(void)
{
    struct run run = RUN("--version");
    bool speaks = strstr(run.out, "\nhiredis_ssl ") && !strstr(run.out, "speaks no TLS");

    run_release(&run);
    return speaks;
}

Test(audit_tls, is_not_spoken_without_the_library)
{
    static const char sentence[] =
        "this afterkill speaks no TLS, for it was built without "
        "hiredis_ssl";
    static const char *const wrong[][2] = {
        { "--tls", "--host=h" },
        { "--redis", "rediss://h" },
    };

    if (speaks_tls())
        cr_skip_test("this afterkill speaks TLS");
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct run run = RUN("audit", wrong[i][0], wrong[i][1]);

        cr_expect_eq(run.status, 2, "%d: %s", run.status, run.err);
        EXPECT_SAYS(run.err, sentence);
        run_release(&run);
    }
}

Test(audit_tls, has_options_that_go_together)
{
    static const char *const wrong[][3] = {
        { "--cacert", "f", "--host=h" },         { "--insecure", "--port=1", "--host=h" },
        { "--tls", "--socket=s", "--top=1" },    { "--tls", "--cert=f", "--host=h" },
        { "--tls", "--insecure", "--cacert=f" },
    };

    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct run run = RUN("audit", wrong[i][0], wrong[i][1], wrong[i][2]);

        cr_expect_eq(run.status, 2, "%zu: %d: %s", i, run.status, run.err);
        EXPECT_SAYS(run.err, "--");
        run_release(&run);
    }
}

/* An authority, and certificates by it for localhost and for a client. */
static bool make_certificates(void)
{
    CLEANUP(mem_freep) char *line = mem_printf(
        "cd '%s' && exec 2>openssl.log && "
        "key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 "
        "-out $1.key; } && "
        "key ca && openssl req -x509 -new -key ca.key -subj /CN=tests -days 2 -out "
        "ca.pem "
        "&& for name in server client; do key $name && "
        "openssl req -new -key $name.key -subj /CN=$name -out $name.req && "
        "printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\\n' >ext && "
        "openssl x509 -req -in $name.req -CA ca.pem -CAkey ca.key -CAcreateserial "
        "-days 2 -extfile ext -out $name.pem || exit 1; done",
        directory);

    return system(line) == 0;
}

static char *path_of(const char *name)
{
    return mem_printf("%s/%s", directory, name);
}

/* Has the server listen, and returns at which port; NULL: it cannot speak TLS. */
static char *listen_tls(void)
{
    CLEANUP(mem_freep) char *ca = path_of("ca.pem"), *cert = path_of("server.pem");
    CLEANUP(mem_freep) char *key = path_of("server.key");
    char *port;

    if (!DOES("CONFIG", "SET", "tls-cert-file", cert) ||
        !DOES("CONFIG", "SET", "tls-key-file", key) ||
        !DOES("CONFIG", "SET", "tls-ca-cert-file", ca) ||
        !DOES("CONFIG", "SET", "tls-auth-clients", "no"))
        return NULL;
    port = mem_printf("%u", audited_hold_port());
    if (DOES("CONFIG", "SET", "tls-port", port))
        return port;
    free(port);
    return NULL;
}

static void expect(const struct run *run, int status, const char *says_so)
{
    cr_expect_eq(run->status, status, "%d: %s%s", run->status, run->out, run->err);
    EXPECT_SAYS(status ? run->err : run->out, says_so);
}

Test(audit_tls, is_spoken)
{
    CLEANUP(mem_freep) char *ca = path_of("ca.pem"), *cert = path_of("client.pem");
    CLEANUP(mem_freep) char *key = path_of("client.key"), *port = NULL, *url = NULL;
    CLEANUP(mem_freep) char *pass = test_file(directory, "pass", "hush\n");
    struct run run;

    if (!speaks_tls())
        cr_skip_test("this afterkill was built without hiredis_ssl");
    if (!make_certificates())
        cr_skip_test("there is no openssl to make certificates with");
    port = listen_tls();
    if (!port)
        cr_skip_test("this redis-server speaks no TLS");
    cr_assert(DOES(
        "EVAL", "for i = 1, 4000 do redis.call('SET', 'a_long_name:' .. i, i) end", "0"));
    cr_assert(DOES("CONFIG", "SET", "requirepass", "hush"));
    url = mem_printf("rediss://:hush@localhost:%s/0", port);
    run = RUN("audit", "--tls", "-h", "127.0.0.1", "-p", port, "--cacert", ca,
              "--pass-file", pass);
    expect(&run, 0, "4000 keys looked at");
    run_release(&run);
    setenv("REDIS_URL", url, 1);
    run = RUN("audit", "--cacert", ca, "--count", "100000");
    expect(&run, 0, "4000 keys looked at");
    run_release(&run);
    run = RUN("audit");
    expect(&run, 4, "the server's certificate is not trusted:");
    cr_expect_null(strstr(run.err, "hush"));
    run_release(&run);
    run = RUN("audit", "--cacert", ca, "--sni", "other.example");
    expect(&run, 4, "the server's certificate is not for 'other.example'; --sni NAME");
    run_release(&run);
    run = RUN("audit", "--insecure", "--sni", "other.example");
    expect(&run, 0, "4000 keys looked at");
    run_release(&run);
    run = RUN("audit", "--cacert", pass);
    expect(&run, 2, "--cacert '");
    run_release(&run);
    cr_assert(DOES("CONFIG", "SET", "tls-auth-clients", "yes"));
    run = RUN("audit", "--cacert", ca);
    expect(&run, 4, "it has asked for a certificate: --cert and --key name one");
    run_release(&run);
    run = RUN("audit", "--cacert", ca, "--cert", cert, "--key", key);
    expect(&run, 0, "4000 keys looked at");
    run_release(&run);
    run = RUN("audit", "--cacert", ca, "--cert", cert, "--key", ca);
    expect(&run, 2, "--key '");
    run_release(&run);
}

/* Who speaks to somebody who does not. */
Test(audit_tls, is_missed)
{
    static const char nonsense[] = "-ERR what?\r\n";
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
    CLEANUP(mem_freep) char *port = NULL;
    struct live_run live;
    struct run run;
    char bytes[512];

    if (!speaks_tls())
        cr_skip_test("this afterkill was built without hiredis_ssl");
    cr_assert_eq(bind(listener, (struct sockaddr *)&address, size), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    port = mem_printf("%u", ntohs(address.sin_port));
    live = START("audit", "--tls", "-h", "127.0.0.1", "-p", port);
    fd = accept(listener, NULL, NULL);
    cr_assert_gt(read(fd, bytes, sizeof(bytes)), 0);
    cr_assert_eq(write(fd, nonsense, strlen(nonsense)), (ssize_t)strlen(nonsense));
    run = run_finish(&live);
    expect(&run, 4, "does it speak TLS on this port?");
    run_release(&run);
    close(fd);
    close(listener);
}
