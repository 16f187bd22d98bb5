/*
 * The files that a runtime's actors watch: shared by watch_fd.c, which tells the actors, and host_loop.c, which shows
 * the same set of files to a host.
 */
#ifndef ACTI_RUNTIME_FDS_H
#define ACTI_RUNTIME_FDS_H

#include "internal.h"
#include "fd_poll.h"

typedef struct acti_fd_watch acti_fd_watch;

typedef struct acti_file {
    acti_fd_watch *watch; /* armed; NULL: none */
    uint32_t serial;      /* of its last watch */
    bool is_known;        /* the kernel may have it, at rest since its event came: then it need not be added again */
} acti_file;

struct acti_fds {
    acti_mutex lock; /* all below but the poll, once it is open */
    acti_poll poll;
    acti_file *files; /* by number */
    uint32_t file_capacity;
    uint32_t serial;
    bool has_thread;
    acti_thread thread;
    _Atomic bool is_open, is_ending;
};

#endif
