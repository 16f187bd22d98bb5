/*
 * All actors of a runtime, as another thread sees them: nobody is asked, and nobody waits. For whoever wants to know what
 * a large system is at: a page of 100,000 actors costs the same whether they are idle or stuck.
 *
 *     uint64_t cursor = 0;
 *     while ((count = acta_actors_read(runtime, &cursor, infos, 256)) > 0)
 *         …
 *
 * What only an actor itself can tell (its memory, its links, its state) is in sys.h, one actor at a time.
 */
#ifndef ACTA_ACTORS_H
#define ACTA_ACTORS_H

#include "acta/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum acta_actor_state {
    ACTA_ACTOR_WAITING,  /* it has nothing to do */
    ACTA_ACTOR_READY,    /* it has something to do, and waits for a worker; or its init runs */
    ACTA_ACTOR_RUNNING,  /* a worker is at its turn */
    ACTA_ACTOR_SUSPENDED /* acta_sys_suspend: its messages wait for a resume */
} acta_actor_state;

enum {
    ACTA_ACTOR_NAME_SHOWN = 64, /* bytes of a name, with its NUL */
    ACTA_ACTOR_HANDLED_BITS = 24
};

typedef struct acta_actor_info {
    acta_pid pid;
    const char *behaviour;            /* its name; valid as long as the behaviour, and so as the runtime */
    char name[ACTA_ACTOR_NAME_SHOWN]; /* that it is registered by, cut; "": by none, or in a service of the user's */
    bool is_supervisor;
    acta_actor_state state;
    uint32_t queued_count; /* messages in its mailbox, those of the present turn among them */
    uint32_t queued_peak;  /* the most that there were, of lengths that a turn didn't empty (config.budget) */
    uint32_t queued_max;   /* the mailbox's bound */
    uint64_t queued_bytes;
    /* Handlers that it has begun (messages, answers, timers, …), from some number on and modulo 2 ^ ACTA_ACTOR_HANDLED_BITS:
     * for the difference between two looks. */
    uint32_t handled;
} acta_actor_info;

/*
 * The next actors, in no order that means anything.
 *   cursor     in, out: 0 to begin with; then as the last call left it. 0 again: there are no more
 *   infos      at most count_max of them are written
 *   count_max  at least 1
 * Returns how many were written: fewer than count_max at the end alone.
 *
 * An actor that lives from the first call to the last is given once; one that begins or ends meanwhile at most once.
 * Each number is of about now; those of an actor that works are not all of one moment.
 *
 * Threads: any, in and outside actors. Takes a lock for 64 actors at a time, which is held for some microseconds, and
 * which only a worker that spawns or ends dozens of actors may wait for. No memory is taken.
 */
ACTA_API uint32_t acta_actors_read(acta_runtime *runtime, uint64_t *cursor, acta_actor_info *infos, uint32_t count_max);

#ifdef __cplusplus
}
#endif
#endif
