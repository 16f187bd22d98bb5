/*
 * What the parts of the model checker share: steps and clocks.
 */
#ifndef ACTA_TESTS_RUNTIME_MODEL_CHECKER_H
#define ACTA_TESTS_RUNTIME_MODEL_CHECKER_H

#include "model.h"
#include "seam.h"

enum { STEP_MAX = 4000, VALUE_MAX = 64 };

typedef enum step_kind {
    STEP_LOAD,
    STEP_STORE,
    STEP_CHANGE,
    STEP_COMPARE,
    STEP_LOCK,
    STEP_TRY_LOCK,
    STEP_UNLOCK,
    STEP_WAIT,  /* look at the futex, and sleep */
    STEP_SLEEP, /* asleep: goes on when woken */
    STEP_WAKE,
    STEP_PAUSE, /* goes on when the word that was read last has changed */
    STEP_JOIN,
    STEP_END
} step_kind;

typedef struct clock_vector {
    uint32_t at[MODEL_THREAD_MAX];
} clock_vector;

static inline void
clock_join(clock_vector *clock, const clock_vector *other)
{
    for (int i = 0; i < MODEL_THREAD_MAX; i++)
        if (other->at[i] > clock->at[i]) clock->at[i] = other->at[i];
}

/* What a thread is about to do, or has done. */
typedef struct step {
    step_kind kind;
    const volatile void *object;
    size_t size;
    memory_order order, failure;
    model_update update;
    uint64_t value; /* given; for a compare the new one */
    void *expected;
    model_site site;
    uint64_t result;
    bool ok;
    uint32_t target; /* JOIN */
} step;

typedef struct model_fibre model_fibre; /* fibre.c */

typedef struct thread {
    const char *name;
    void (*run)(void *argument);
    void *argument;
    bool is_daemon, is_done, is_woken, is_fresh;
    step next;
    uint32_t step_count;
    clock_vector order;  /* of dependent steps */
    clock_vector memory; /* what happens before, by the rules of C11 */
    const volatile void *read_last;
    uint64_t read_version;
    void *local; /* the thread-local variable, while others run */
} thread;

extern thread threads[MODEL_THREAD_MAX];
extern uint32_t thread_count;
extern int running; /* the thread whose code runs; -1: none */
extern void **thread_local_variable;

/* memory.c */
void memory_forget(void);                                 /* between executions */
uint32_t memory_choices(thread *t, const step *s);        /* how many values the load may give */
void memory_perform(thread *t, step *s, uint32_t choice); /* an atomic step */
void memory_perform_outside(step *s);                     /* before the threads and after them */
/* Notes that step number `now` (from 1) is on the object; gives the one before it, or 0. */
uint32_t memory_last_step(const volatile void *object, uint32_t now);
uint64_t memory_version(const volatile void *object);        /* counts the stores to it */
void memory_acquire(thread *t, const volatile void *object); /* a lock's word */
void memory_release(thread *t, const volatile void *object);
bool memory_plant(step *s); /* true: the step is to be left out */

/* fibre.c: fibres with stacks of their own; each runs its thread once an execution. */
void fibre_start(uint32_t index, void (*run)(uint32_t index));
void fibre_switch(int to); /* -1: back to whoever explores */

extern const model_case *exploring;

#endif
