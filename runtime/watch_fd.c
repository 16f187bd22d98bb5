/*
 * Watched files: who is to be told what about which number.
 *
 *     files[fd] -> watch (of an actor's reference)      the kernel's set: (fd, file) -> fd | serial << 32
 *
 *     ARMED --event, or its file was closed and the number is watched anew--> FIRED: the watch's node is in the mailbox
 *       |
 *       +--unwatch, end of the actor--> gone
 *
 * A number is not a file: it may be closed behind our back and come again as another file, while the first lives on as
 * a duplicate and stays in the kernel's set, where it can't be reached any more. So each watch has a serial, which the
 * kernel gives back with the event: an event with another serial than the number's last is of the past, and dropped. And
 * a number that can be added though it has an armed watch tells that the file of that watch was closed.
 *
 * Invariants
 *  - An armed watch is in files[fd], and nowhere else. All of it is under the lock.
 *  - A fired one has its node in its actor's mailbox, pushed under the lock, so that an actor that finds it no longer
 *    armed will find it there.
 *
 * Who waits: a thread of its own, or nobody in a manual runtime, where acti_fds_poll looks.
 */
#include "fds.h"

#include <errno.h>

struct acti_fd_watch {
    acti_node node;
    acti_actor *actor;
    acta_ref ref;
    int fd;
    bool is_armed;
    uint32_t ready;
    acta_status status;
};

acta_status
acti_fds_create(acta_runtime *runtime)
{
    struct acti_fds *fds = acti_alloc(runtime, sizeof *fds);

    if (fds == NULL) return ACTA_NO_MEMORY;
    memset(fds, 0, sizeof *fds);
    fds->poll = ACTI_POLL_CLOSED;
    if (!acti_mutex_init(&fds->lock)) {
        acti_free(runtime, fds, sizeof *fds);
        return ACTA_NO_MEMORY;
    }
    runtime->fds = fds;
    return ACTA_OK;
}

void
acti_fds_destroy(acta_runtime *runtime)
{
    struct acti_fds *fds = runtime->fds;

    if (fds == NULL) return;
    acti_poll_close(&fds->poll);
    acti_free(runtime, fds->files, fds->file_capacity * sizeof(acti_file));
    acti_mutex_deinit(&fds->lock);
    acti_free(runtime, fds, sizeof *fds);
    runtime->fds = NULL;
}

/* -- events, under the lock -- */

static void
fire(acti_fd_watch *watch, uint32_t ready, acta_status status)
{
    ACTI_ASSERT(watch->is_armed);
    watch->is_armed = false;
    watch->ready = ready;
    watch->status = status;
    acti_push_signal(watch->actor, watch->node.generation, &watch->node, ACTI_FD);
}

static bool
take_event(struct acti_fds *fds, const acti_poll_event *event)
{
    uint32_t fd = (uint32_t)event->key;
    acti_file *entry = fd < fds->file_capacity ? &fds->files[fd] : NULL;

    if (entry == NULL || entry->watch == NULL || entry->serial != (uint32_t)(event->key >> 32)) return false;
    acti_fd_watch *watch = entry->watch;
    entry->watch = NULL;
    fire(watch, event->ready, ACTA_OK);
    return true;
}

/* True: somebody was told something. */
static bool
take_events(acta_runtime *runtime, bool waits)
{
    struct acti_fds *fds = runtime->fds;
    acti_poll_event events[ACTI_POLL_BATCH];
    bool told = false;
    uint32_t count = acti_poll_wait(&fds->poll, events, waits);

    if (count == 0) return false;
    acti_mutex_lock(&fds->lock);
    for (uint32_t i = 0; i < count; i++) {
        if (events[i].key == ACTI_POLL_WAKE)
            acti_poll_take_wake(&fds->poll);
        else if (events[i].key == ACTI_POLL_TIMER)
            acti_host_timer_rang(runtime);
        else if (take_event(fds, &events[i]))
            told = true;
    }
    acti_mutex_unlock(&fds->lock);
    return told;
}

static void *
poller_main(void *argument)
{
    acta_runtime *runtime = argument;

    /* acquire: the one who ends us has written all before. */
    while (!atomic_load_explicit(&runtime->fds->is_ending, memory_order_acquire))
        take_events(runtime, true);
    return NULL;
}

bool
acti_fds_poll(acta_runtime *runtime)
{
    struct acti_fds *fds = runtime->fds;

    /* relaxed: only the thread that steps the runtime opens it. */
    return atomic_load_explicit(&fds->is_open, memory_order_relaxed) && take_events(runtime, false);
}

void
acti_fds_join(acta_runtime *runtime)
{
    struct acti_fds *fds = runtime->fds;

    if (!fds->has_thread) return;
    atomic_store_explicit(&fds->is_ending, true, memory_order_release);
    acti_poll_wake(&fds->poll);
    acti_thread_join(fds->thread);
    fds->has_thread = false;
}

/* -- watching, under the lock -- */

acta_status
acti_fds_open(acta_runtime *runtime, bool keeps_time, acta_error *error)
{
    struct acti_fds *fds = runtime->fds;

    if (atomic_load_explicit(&fds->is_open, memory_order_relaxed)) return ACTA_OK; /* written under the lock */
    int problem = acti_poll_open(&fds->poll, keeps_time);
    if (problem != 0) return acta_error_set(error, ACTA_IO, "cannot watch files: %s", strerror(problem));
    atomic_store_explicit(&fds->is_open, true, memory_order_relaxed);
    return ACTA_OK;
}

static acta_status
open_and_start(acta_runtime *runtime, acta_error *error)
{
    struct acti_fds *fds = runtime->fds;
    char name[32];

    acta_status status = acti_fds_open(runtime, false, error);
    if (status != ACTA_OK) return status;
    if (runtime->is_manual || fds->has_thread) return ACTA_OK;
    snprintf(name, sizeof name, "%.10s-fds", runtime->name);
    fds->has_thread = acti_thread_start(&fds->thread, name, poller_main, runtime);
    return fds->has_thread ? ACTA_OK
                           : acta_error_set(error, ACTA_IO, "cannot watch files: the system gives no thread for it");
}

static acti_file *
provide_entry(acta_runtime *runtime, int fd)
{
    struct acti_fds *fds = runtime->fds;

    while ((uint32_t)fd >= fds->file_capacity) {
        if (!acti_array_grow(runtime, (void **)&fds->files, &fds->file_capacity, 64, sizeof(acti_file))) return NULL;
    }
    return &fds->files[fd];
}

static acta_status
explain(int problem, int fd, acta_error *error)
{
    switch (problem) {
    case EPERM:
        return acta_error_set(error, ACTA_INVALID,
            "cannot watch fd %d: a regular file or a folder is always ready; read it with acta_offload", fd);
    case EBADF:
        return acta_error_set(error, ACTA_INVALID, "cannot watch fd %d: it is not open", fd);
    case EEXIST:
        return acta_error_set(
            error, ACTA_ALREADY_EXISTS, "cannot watch fd %d: it is watched already; dup() it for a second watch", fd);
    case ENOSPC:
        return acta_error_set(error, ACTA_BUSY,
            "cannot watch fd %d: the user has as many watches as /proc/sys/fs/epoll/max_user_watches allows", fd);
    case ENOMEM:
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory to watch fd %d", fd);
    default:
        return acta_error_set(error, ACTA_INVALID, "cannot watch fd %d: %s", fd, strerror(problem));
    }
}

static acta_status
arm(acta_runtime *runtime, acti_fd_watch *watch, uint32_t interest, acta_error *error)
{
    struct acti_fds *fds = runtime->fds;
    int fd = watch->fd, problem = ENOENT;
    acti_file *entry = (uint32_t)fd < fds->file_capacity ? &fds->files[fd] : NULL;
    uint64_t key = (uint64_t)++fds->serial << 32 | (uint32_t)fd;
    bool is_free = entry == NULL || entry->watch == NULL;

    if (is_free && entry != NULL && entry->is_known) problem = acti_poll_rearm(&fds->poll, fd, interest, key);
    if (problem == ENOENT) problem = acti_poll_add(&fds->poll, fd, interest, key);
    if (problem == EEXIST && is_free) problem = acti_poll_rearm(&fds->poll, fd, interest, key);
    if (problem != 0) return explain(problem, fd, error);
    entry = provide_entry(runtime, fd);
    if (entry == NULL) {
        acti_poll_forget(&fds->poll, fd);
        return explain(ENOMEM, fd, error);
    }

    if (entry->watch != NULL) fire(entry->watch, 0, ACTA_NOT_FOUND); /* another file has its number by now */
    *entry = (acti_file){ .watch = watch, .serial = fds->serial, .is_known = true };
    watch->is_armed = true;
    return ACTA_OK;
}

/* True: it was armed, and is gone. False: it has fired, and its node is in the mailbox. */
static bool
withdraw(acta_runtime *runtime, acti_fd_watch *watch)
{
    struct acti_fds *fds = runtime->fds;

    acti_mutex_lock(&fds->lock);
    bool in_time = watch->is_armed;
    if (in_time) {
        acti_file *entry = &fds->files[watch->fd];
        ACTI_ASSERT(entry->watch == watch); /* so the number is not another's in our set */
        entry->watch = NULL;
        entry->is_known = false;
        acti_poll_forget(&fds->poll, watch->fd);
    }
    acti_mutex_unlock(&fds->lock);
    if (in_time) acti_free(runtime, watch, sizeof *watch);
    return in_time;
}

/* -- what handlers call -- */

static acta_status
check(int fd, uint32_t interest, acta_error *error)
{
    if (interest == 0 || (interest & ~(uint32_t)(ACTA_FD_READABLE | ACTA_FD_WRITABLE)) != 0)
        return acta_error_set(error, ACTA_INVALID,
            "cannot watch fd %d: the interest must be ACTA_FD_READABLE, ACTA_FD_WRITABLE or both", fd);
    return fd < 0 ? explain(EBADF, fd, error) : ACTA_OK;
}

acta_status
acta_watch_fd(acta_self *self, int fd, uint32_t interest, acta_ref *ref_out, acta_error *error)
{
    acta_runtime *runtime = self->runtime;

    acta_status status = check(fd, interest, error);
    if (status != ACTA_OK) return status;
    acti_fd_watch *watch = acti_alloc(runtime, sizeof *watch);
    if (watch == NULL) return explain(ENOMEM, fd, error);
    memset(watch, 0, sizeof *watch);
    watch->node.generation = self->generation;
    watch->actor = self;
    watch->fd = fd;
    watch->ref = acti_ref_add(self, ACTI_REF_FD, watch, 0);
    if (watch->ref.value == 0) {
        acti_free(runtime, watch, sizeof *watch);
        return explain(ENOMEM, fd, error);
    }

    acta_ref ref = watch->ref; /* once it is armed, it is the poller's */
    acti_mutex_lock(&runtime->fds->lock);
    status = open_and_start(runtime, error);
    if (status == ACTA_OK) status = arm(runtime, watch, interest, error);
    acti_mutex_unlock(&runtime->fds->lock);
    if (status != ACTA_OK) {
        acti_ref_remove(self, ref);
        acti_free(runtime, watch, sizeof *watch);
        return status;
    }
    if (ref_out != NULL) *ref_out = ref;
    return ACTA_OK;
}

bool
acta_unwatch_fd(acta_self *self, acta_ref ref)
{
    acti_ref_entry *entry = acti_ref_find(self, ref, ACTI_REF_FD);

    if (entry == NULL) return false;
    acti_fd_watch *watch = entry->object;
    acti_ref_remove(self, ref);
    return withdraw(self->runtime, watch);
}

/* -- for the actor's turn, and its end -- */

void
acti_fd_watch_free(acti_actor *actor, acti_node *node)
{
    acti_fd_watch *watch = ACTI_CONTAINER(node, acti_fd_watch, node);

    acti_free(actor->runtime, watch, sizeof *watch);
}

/* A watch that has come by mail. True: the actor is to be told *info_out. */
bool
acti_fd_receive(acti_actor *actor, acti_node *node, acta_info *info_out, acta_error *error_out)
{
    acti_fd_watch *watch = ACTI_CONTAINER(node, acti_fd_watch, node);
    bool is_known = acti_ref_find(actor, watch->ref, ACTI_REF_FD) != NULL;

    *info_out = (acta_info){ .kind = ACTA_INFO_FD,
        .ref = watch->ref,
        .tag = watch->ready,
        .user = (uint64_t)watch->fd,
        .status = watch->status };
    if (watch->status != ACTA_OK) {
        acta_error_set(error_out, watch->status, "fd %d was closed while it was watched", watch->fd);
        info_out->error = error_out;
    }
    if (is_known) acti_ref_remove(actor, watch->ref);
    acti_free(actor->runtime, watch, sizeof *watch);
    return is_known;
}

/* Those that have fired are dropped with the mailbox. */
void
acti_actor_unwatch_fds(acti_actor *actor)
{
    acti_relations *r = acti_relations_of(actor);

    for (uint32_t i = 0; r != NULL && i < r->ref_count; i++) {
        if (r->refs[i].kind == ACTI_REF_FD) withdraw(actor->runtime, r->refs[i].object);
    }
}
