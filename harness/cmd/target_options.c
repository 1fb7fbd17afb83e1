/* target_options.c - see target_options.h. */
#include "cmd/target_options.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/signals.h"

#define URL_VARIABLE "REDIS_URL"
#define PASSWORD_VARIABLE "REDISCLI_AUTH"
#define SLICE_MS 100

static const struct cmd_option table[] = {
    { "redis", "URL",
      "redis[s]://[USER@]HOST[:PORT][/DB] or unix:///PATH (default: " URL_VARIABLE
      " in the environment, which may have a password, else 127.0.0.1:6379)",
      1, .take = option_text, .at = offsetof(struct target_options, url) },
    { "host", "HOST", "In place of a URL", 1, .take = option_text,
      .at = offsetof(struct target_options, host), .letter = 'h' },
    { "port", "PORT", "Of --host (default 6379)", 1, .take = option_whole,
      .at = offsetof(struct target_options, port), .least = 1, .most = UINT16_MAX,
      .letter = 'p' },
    { "socket", "PATH", "A unix socket, in place of a URL", 1, .take = option_file,
      .at = offsetof(struct target_options, socket), .letter = 's' },
    { "user", "NAME", "Of an ACL user (default: the default user)", 1,
      .take = option_text, .at = offsetof(struct target_options, user) },
    { "pass-file", "FILE",
      "The password is the first line of it; " PASSWORD_VARIABLE
      " in the environment does as well",
      1, .take = option_file, .at = offsetof(struct target_options, pass_file) },
    { "askpass", NULL, "Ask for the password on the terminal", 1, .take = option_flag,
      .at = offsetof(struct target_options, askpass) },
    { "tls", NULL, "Speak TLS, as with rediss://", 1, .take = option_flag,
      .at = offsetof(struct target_options, tls.on) },
    { "sni", "NAME", "The server's name, in its certificate too (default: HOST)", 1,
      .take = option_text, .at = offsetof(struct target_options, tls.sni) },
    { "cacert", "FILE",
      "Trust the authority whose certificate that is (default: those of the system)", 1,
      .take = option_file, .at = offsetof(struct target_options, tls.cacert) },
    { "cacertdir", "DIR", "Trust those whose certificates are in there", 1,
      .take = option_directory, .at = offsetof(struct target_options, tls.cacertdir) },
    { "cert", "FILE", "Our certificate, for servers that want one", 1,
      .take = option_file, .at = offsetof(struct target_options, tls.cert) },
    { "key", "FILE", "Its private key", 1, .take = option_file,
      .at = offsetof(struct target_options, tls.key) },
    { "insecure", NULL, "Take whoever answers for the server", 1, .take = option_flag,
      .at = offsetof(struct target_options, tls.insecure) },
    { .name = NULL },
};

const struct command_line target_options_line = { .options = table };

static char *first_line(const char *text)
{
    return strndup(text, strcspn(text, "\r\n"));
}

/* Without its name, for who has forgotten that --pass takes a file has given the password
 * itself. */
static int read_pass_file(const char *path, char **ret, struct err *err)
{
    size_t length;
    char *text = file_read(path, &length);

    if (!text)
        return err_errno(err, "--pass-file, whose first line is the password");
    *ret = first_line(text);
    explicit_bzero(text, length);
    free(text);
    return 0;
}

/* Waits for a line, unless somebody asks for an end, which is held back meanwhile: who
 * ends without more ado leaves a terminal that shows nothing. */
static ssize_t read_line(int fd, char *text, size_t size)
{
    struct pollfd terminal = { fd, POLLIN, 0 };

    while (poll(&terminal, 1, SLICE_MS) == 0)
        if (signals_stop_asked())
            break;
    if (!signals_stop_asked())
        return read(fd, text, size);
    errno = EINTR;
    return -1;
}

/* A line that is typed, and not shown. */
static int ask_password(char **ret, struct err *err)
{
    CLEANUP(file_closep) int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    struct termios before, quiet;
    char text[512] = "";
    sigset_t held;
    bool stopped;
    ssize_t n;

    if (fd < 0 || tcgetattr(fd, &before) < 0)
        return err_set(err, ERR_USAGE,
                       "--askpass: there is no terminal to ask on; use --pass-file");
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    signals_hold(&held);
    dprintf(fd, "Password: ");
    tcsetattr(fd, TCSAFLUSH, &quiet);
    n = read_line(fd, text, sizeof(text) - 1);
    tcsetattr(fd, TCSAFLUSH, &before);
    dprintf(fd, "\n");
    stopped = signals_release(&held);
    if (stopped)
        err_set(err, ERR_STOPPED, "--askpass: interrupted");
    else if (n < 0)
        err_errno(err, "--askpass: read from the terminal");
    else
        *ret = first_line(text);
    explicit_bzero(text, sizeof(text));
    return err->code;
}

/* What is given twice, or does not go together. */
static int check(const struct target_options *options, struct err *err)
{
    if (!options->url + !options->host + !options->socket < 2)
        return err_set(err, ERR_USAGE, "--redis, --host and --socket: give one of them");
    if ((options->host && strstr(options->host, "://")) ||
        (options->socket && strstr(options->socket, "://")))
        return err_set(err, ERR_USAGE,
                       "--host takes a name or an address, and --socket a path: a URL "
                       "goes with --redis or, if there is a password in it, into "
                       "the environment as " URL_VARIABLE);
    if (options->port && (options->url || options->socket))
        return err_set(err, ERR_USAGE, "--port goes with --host, and with nothing else");
    if (options->askpass && options->pass_file)
        return err_set(err, ERR_USAGE, "--askpass and --pass-file: give one of them");
    return 0;
}

static int parse_given_url(const char *url, struct target *ret, struct err *err)
{
    if (target_parse_url(url, ret, err) < 0)
        return err_wrap(err, "--redis");
    if (!ret->password)
        return 0;
    target_release(ret);
    return err_set(err, ERR_USAGE,
                   "--redis: there is a password in the URL, which every user of this "
                   "machine can read in the list of processes: put the URL into the "
                   "environment as " URL_VARIABLE ", or the password into a file for "
                   "--pass-file");
}

static int find(const struct target_options *options, struct target *ret, struct err *err)
{
    const char *url = getenv(URL_VARIABLE);

    if (options->url)
        return parse_given_url(options->url, ret, err);
    if (!options->host && !options->socket && !options->port && url && *url)
        return target_parse_url(url, ret, err) < 0 ? err_wrap(err, URL_VARIABLE) : 0;
    *ret = TARGET_NULL;
    if (options->socket)
        ret->path = mem_strdup(options->socket);
    else
        ret->host = mem_strdup(options->host ? options->host : "127.0.0.1");
    if (options->port)
        ret->port = (uint16_t)options->port;
    return 0;
}

static int find_password(const struct target_options *options, struct target *target,
                         struct err *err)
{
    const char *variable = getenv(PASSWORD_VARIABLE);
    const struct rlimit none = { 0, 0 };
    char *password = NULL;

    if (options->pass_file && read_pass_file(options->pass_file, &password, err) < 0)
        return err->code;
    if (options->askpass && ask_password(&password, err) < 0)
        return err->code;
    if (!password && !target->password && variable && *variable)
        password = mem_strdup(variable);
    if (password)
        target_set_password(target, password);
    if (target->password)
        setrlimit(RLIMIT_CORE, &none); /* it would be in there */
    return 0;
}

/* TLS that is asked for by --tls or by the URL, with what else is said of it. */
static int find_tls(const struct tls_options *options, struct target *target,
                    struct err *err)
{
    bool on = options->on || target->tls.on;
    bool trusts = options->cacert || options->cacertdir;

    target->tls = *options;
    target->tls.on = on;
    if (!on &&
        (trusts || options->sni || options->cert || options->key || options->insecure))
        return err_set(err, ERR_USAGE,
                       "--sni, --cacert, --cacertdir, --cert, --key and --insecure go "
                       "with --tls, or with a rediss:// URL");
    if (!on)
        return 0;
    if (target->path)
        return err_set(err, ERR_USAGE, "--tls goes with a host, not with a socket");
    if (!options->cert != !options->key)
        return err_set(err, ERR_USAGE, "--cert and --key: give both of them");
    if (options->insecure && trusts)
        return err_set(err, ERR_USAGE,
                       "--insecure trusts whoever answers: do without --cacert and "
                       "--cacertdir");
    return tls_check(err) < 0 ? err_wrap(err, "--tls") : 0;
}

int target_options_target(const struct target_options *options, struct target *ret,
                          struct err *err)
{
    struct target target = TARGET_NULL;

    if (check(options, err) < 0 || find(options, &target, err) < 0)
        return err->code;
    if (options->user) {
        free(target.user);
        target.user = mem_strdup(options->user);
    }
    if (find_tls(&options->tls, &target, err) < 0 ||
        find_password(options, &target, err) < 0) {
        target_release(&target);
        return err->code;
    }
    *ret = target;
    return 0;
}
