/* peer.c - see peer.h. */
#include "tap/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/mutant.h"
#include "base/process.h"

enum peer {
    PEER_KNOWN,  /* *ret_uid has made it */
    PEER_GONE,   /* it is closed already, and nobody's any more */
    PEER_UNTOLD, /* this kernel tells nobody */
};

/* The two ends, as the other one sees them: it is the source. */
struct ends {
    struct sockaddr_in source, target;
};

static bool find_ends(int fd, struct ends *ret)
{
    socklen_t source = sizeof(ret->source), target = sizeof(ret->target);

    return getpeername(fd, (struct sockaddr *)&ret->source, &source) == 0 &&
           getsockname(fd, (struct sockaddr *)&ret->target, &target) == 0 &&
           ret->source.sin_family == AF_INET;
}

/* From Linux 6.17 on a socket that was closed keeps its user until its end is
 * acknowledged (net: "replace sock_i_uid() with sk_uid()", 2025). Before, it is root's.
 */
static bool closed_sockets_keep_users(void)
{
    struct utsname name;
    unsigned major = 0, minor = 0;

    return !mutant("closed-nobodys") && uname(&name) == 0 &&
           sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
           (major > 6 || (major == 6 && minor >= 17));
}

/* A socket without an inode is one that no process has open. It has its user still if
 * that is not root, who stands for nobody: in Linux before 6.17, and behind the
 * acknowledgement, of which FIN_WAIT2 and TIME_WAIT come. */
static enum peer told(unsigned long inode, uid_t uid, unsigned state, uid_t *ret_uid)
{
    bool acknowledged = state == TCP_FIN_WAIT2 || state == TCP_TIME_WAIT;

    *ret_uid = uid;
    if (inode || (uid && !mutant("closed-nobodys")) ||
        (!acknowledged && closed_sockets_keep_users()))
        return PEER_KNOWN;
    return PEER_GONE;
}

/* ---- sock_diag ---- */

static bool send_question(int netlink, const struct ends *ends)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
    } question = {
        .header = { .nlmsg_len = sizeof(question),
                    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                    .nlmsg_flags = NLM_F_REQUEST },
        .request = { .sdiag_family = AF_INET,
                     .sdiag_protocol = IPPROTO_TCP,
                     .idiag_states = ~0u,
                     .id = { .idiag_sport = ends->source.sin_port,
                             .idiag_dport = ends->target.sin_port,
                             .idiag_src = { ends->source.sin_addr.s_addr },
                             .idiag_dst = { ends->target.sin_addr.s_addr },
                             .idiag_cookie = { INET_DIAG_NOCOOKIE,
                                               INET_DIAG_NOCOOKIE } } },
    };

    return send(netlink, &question, sizeof(question), 0) == (ssize_t)sizeof(question);
}

static enum peer take_answer(int netlink, uid_t *ret_uid)
{
    union {
        struct nlmsghdr header;
        char bytes[4096];
    } answer;
    ssize_t n;

    do
        n = recv(netlink, &answer, sizeof(answer), 0);
    while (n < 0 && errno == EINTR);
    if (n < 0 || !NLMSG_OK(&answer.header, (size_t)n))
        return PEER_UNTOLD;
    if (answer.header.nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *error = NLMSG_DATA(&answer.header);

        return error->error == -ENOENT && n >= (ssize_t)NLMSG_LENGTH(sizeof(*error))
                   ? PEER_GONE
                   : PEER_UNTOLD;
    }
    if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
        return PEER_UNTOLD;
    const struct inet_diag_msg *socket = NLMSG_DATA(&answer.header);

    return told(socket->idiag_inode, socket->idiag_uid, socket->idiag_state, ret_uid);
}

static enum peer ask_kernel(const struct ends *ends, uid_t *ret_uid)
{
    CLEANUP(file_closep)
    int netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

    if (netlink < 0 || !send_question(netlink, ends))
        return PEER_UNTOLD;
    return take_answer(netlink, ret_uid);
}

/* ---- /proc ---- */

static enum peer look_up(const struct ends *ends, uid_t *ret_uid)
{
    FILE *table = fopen("/proc/net/tcp", "re");
    enum peer peer = PEER_GONE;
    char line[256];

    if (!table)
        return PEER_UNTOLD;
    while (peer == PEER_GONE && fgets(line, sizeof(line), table)) {
        unsigned source, source_port, target, target_port, state, uid;
        unsigned long inode;

        if (sscanf(line, " %*u: %x:%x %x:%x %x %*x:%*x %*x:%*x %*x %u %*d %lu", &source,
                   &source_port, &target, &target_port, &state, &uid, &inode) == 7 &&
            source == ends->source.sin_addr.s_addr &&
            target == ends->target.sin_addr.s_addr &&
            source_port == ntohs(ends->source.sin_port) &&
            target_port == ntohs(ends->target.sin_port))
            peer = told(inode, (uid_t)uid, state, ret_uid);
    }
    fclose(table);
    return peer;
}

/* Without the kernel's module for it the answer to everything is that there is no such
 * socket, so the table is asked, too, before that is believed. */
static enum peer peer_ask(int fd, uid_t *ret_uid)
{
    struct ends ends;
    enum peer peer, again;

    if (!find_ends(fd, &ends))
        return PEER_GONE;
    peer = ask_kernel(&ends, ret_uid);
    if (peer == PEER_KNOWN)
        return peer;
    again = look_up(&ends, ret_uid);
    return again == PEER_UNTOLD ? peer : again;
}

static bool has_user(void *context, pid_t pid, const struct process_look *look)
{
    char path[32];
    struct stat st;

    (void)look;
    snprintf(path, sizeof(path), "/proc/%ld", (long)pid);
    return stat(path, &st) == 0 && st.st_uid == *(const uid_t *)context;
}

bool peer_is_below(pid_t top, uid_t uid)
{
    return process_any(top, has_user, &uid);
}

/* ---- ends ---- */

/* Segments that are an end, and nothing else, are not taken: TCP sends them again. */
void peer_hold_ends(int listener)
{
    enum { FLAGS_AT = 13, OFFSET_AT = 12, NOTHING = 0, ALL = -1 };
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_AT),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_FIN, 0, 6),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, OFFSET_AT), /* in words, above other bits */
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 2),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x3c),
        BPF_STMT(BPF_MISC | BPF_TAX, 0),
        BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, (uint32_t)ALL),
        BPF_STMT(BPF_RET | BPF_K, NOTHING),
    };
    const struct sock_fprog filter = { ARRAY_SIZE(steps), steps };

    if (closed_sockets_keep_users() && !mutant("ends-unheld"))
        setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

static void let_end(int fd)
{
    int ignored = 0;

    setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof(ignored));
}

/* ---- who may come in ---- */

static bool is_known(const struct peer_rules *rules, uid_t uid)
{
    return uid == geteuid() || uid == 0 ||
           (rules->knows && rules->knows(rules->context, uid));
}

/* Whoever wrote something and has gone since: may that be the program? */
static int check_gone(const struct peer_rules *rules, int fd, struct err *err)
{
    char byte;

    if (!rules->dies || rules->dies(rules->context) ||
        recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
        return 0;
    return err_set(err, PEER_NOBODY_KNOWS,
                   "somebody has connected to its port (TCP), written and gone at once, "
                   "so that nobody knows whether that was the program or another user of "
                   "the machine; a unix socket ({socket}) has no such doubts");
}

int peer_check(int fd, const struct peer_rules *rules, bool *ret_welcome, struct err *err)
{
    uid_t uid;
    enum peer peer = peer_ask(fd, &uid);

    let_end(fd);
    *ret_welcome = peer != PEER_KNOWN || is_known(rules, uid);
    return peer == PEER_GONE ? check_gone(rules, fd, err) : 0;
}
