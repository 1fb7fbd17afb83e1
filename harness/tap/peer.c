/* peer.c - see peer.h. */
#include "tap/peer.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"

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

/* A socket without an inode is one that no process has open. */
static enum peer told(unsigned long inode, uid_t uid, uid_t *ret_uid)
{
    *ret_uid = uid;
    return inode ? PEER_KNOWN : PEER_GONE;
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

    return told(socket->idiag_inode, socket->idiag_uid, ret_uid);
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
        unsigned source, source_port, target, target_port, uid;
        unsigned long inode;

        if (sscanf(line, " %*u: %x:%x %x:%x %*x %*x:%*x %*x:%*x %*x %u %*d %lu", &source,
                   &source_port, &target, &target_port, &uid, &inode) == 6 &&
            source == ends->source.sin_addr.s_addr &&
            target == ends->target.sin_addr.s_addr &&
            source_port == ntohs(ends->source.sin_port) &&
            target_port == ntohs(ends->target.sin_port))
            peer = told(inode, (uid_t)uid, ret_uid);
    }
    fclose(table);
    return peer;
}

/* Without the kernel's module for it the answer to everything is that there is no such
 * socket, so the table is asked, too, before that is believed. */
enum peer peer_ask(int fd, uid_t *ret_uid)
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

static bool is_among(const pid_t *pids, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++)
        if (pids[i] == pid)
            return true;
    return false;
}

/* Parents usually come before their children there. */
bool peer_is_below(pid_t top, uid_t uid)
{
    DIR *proc = opendir("/proc");
    CLEANUP(mem_freep) pid_t *below = NULL;
    const struct dirent *entry;
    size_t count = 0;
    bool found = false;

    while (proc && !found && (entry = readdir(proc))) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        struct process_look look;
        struct stat st;

        if (pid <= 0 || !process_look(pid, &look) ||
            (pid != top && !is_among(below, count, look.parent)))
            continue;
        below = mem_grow(below, count + 1, sizeof(*below));
        below[count++] = pid;
        found = fstatat(dirfd(proc), entry->d_name, &st, 0) == 0 && st.st_uid == uid;
    }
    if (proc)
        closedir(proc);
    return found;
}
