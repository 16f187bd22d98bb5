/*
 * Watching file descriptors: sockets, pipes, terminals, eventfds, timerfds, anything that epoll takes.
 *
 *     acta_watch_fd(self, connection->fd, ACTA_FD_READABLE, &connection->ref, &error);   in a handler
 *     … ACTA_INFO_FD with ref == connection->ref: read until EAGAIN, and watch again …   in handle_info
 *
 * A watch is for one event: an actor that wants the next one watches again, when it is done with this one. So readiness
 * never queues up in a mailbox, and an actor that is slow slows its peer down. Watching again a file that was watched
 * before is one system call.
 *
 * A runtime has one thread for all watches, started with the first one; it sleeps in epoll. A manual or host-driven
 * runtime has none: acta_runtime_step and acta_run_once look at the files when no actor is ready.
 *
 * Files stay their owner's: the runtime never reads, writes, closes or changes them. Set O_NONBLOCK.
 */
#ifndef ACTA_WATCH_FD_H
#define ACTA_WATCH_FD_H

#include "acta/gen_server.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ACTA_FD_READABLE = 1, /* read won't block: there are bytes, or the end, or a connection to accept */
    ACTA_FD_WRITABLE = 2,
    ACTA_FD_HANGUP = 4, /* the other side has closed, or closed its half; comes unasked */
    ACTA_FD_ERROR = 8   /* getsockopt(SO_ERROR) has more; comes unasked */
};

/*
 * Have one ACTA_INFO_FD with *ref_out when the file is as asked, or is so already:
 *   tag      what it is: ACTA_FD_… or-ed
 *   user     the number of the file
 *   status   ACTA_OK; or ACTA_NOT_FOUND: the file was closed while it was watched, and its number watched again as that
 *            of another file. A file that is closed, and no more, is not noticed: unwatch first, then close
 *
 *   interest ACTA_FD_READABLE, ACTA_FD_WRITABLE, or both
 *   ref_out  may be NULL
 * Threads: a handler of `self`. The watch ends with the actor.
 * Errors: ACTA_INVALID         no open file, or of a kind that can't be watched (a regular file, a folder: those are
 *                              always ready; read them with acta_offload), or no interest
 *         ACTA_ALREADY_EXISTS  somebody watches this very file by this number now; dup(2) it for a second watch
 *         ACTA_BUSY            more watches than the system allows (/proc/sys/fs/epoll/max_user_watches)
 *         ACTA_IO              the system has no file or thread left for the watching itself
 *         ACTA_NO_MEMORY
 * After an error no event comes.
 */
ACTA_API acta_status acta_watch_fd(acta_self *self, int fd, uint32_t interest, acta_ref *ref_out, acta_error *error);

/*
 * No event of `ref` is seen afterwards, not even one that is in the mailbox. Before the file is closed, and harmless
 * after. True: it was in time. False: the event had happened, or `ref` is unknown.
 */
ACTA_API bool acta_unwatch_fd(acta_self *self, acta_ref ref);

#ifdef __cplusplus
}
#endif
#endif
