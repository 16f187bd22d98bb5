/*
 * The model checker of the runtime's protocols: it runs the shipped functions in every order that matters.
 *
 *     shipped .c file --(-include seam.h)--> each atomic, lock and futex becomes a step of a model thread
 *                     --(-fsanitize=thread)--> each plain access is checked for an order (no library of the compiler's)
 *     checker.c: depth-first over the interleavings; memory.c: what a load may see; fibre.c: the threads
 *
 * A case sets its state up, starts model threads, and looks at the state when all of them have come to an end or to a
 * stand. The checker does that again and again until no other order of dependent steps is left, and each value that a
 * load may see under its memory order has been seen. A failure prints the interleaving.
 *
 * What the model covers. Orders: all, up to the exchange of neighbouring steps that don't touch the same word (dynamic
 * partial-order reduction with sleep sets; Flanagan and Godefroid, 2005). Values: a load sees any store of the word that
 * its happens-before doesn't hide: stale values, missing releases and acquires, and two seq_cst operations that would
 * have to be one, as Relacy does it. Plain accesses without a happens-before between them are reported. Not covered: a
 * load that sees a store that is still to come, failures of a weak compare-and-exchange for no reason, futexes that
 * return for no reason, and after a pause in a loop the stale values (a store is seen in the end).
 */
#ifndef ACTA_TESTS_RUNTIME_MODEL_MODEL_H
#define ACTA_TESTS_RUNTIME_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_THREAD_MAX = 8 };

/* A defect made in the model, not in the text: what one kind of operation in one shipped function does instead. */
typedef enum model_plant_effect {
    MODEL_PLANT_NONE = 0,
    MODEL_PLANT_BLIND, /* a compare-and-exchange doesn't compare */
    MODEL_PLANT_SKIP,  /* the operation isn't done; a load gives 0 */
    MODEL_PLANT_RELAX  /* its order is relaxed */
} model_plant_effect;

typedef struct model_plant {
    const char *function; /* of the shipped file */
    const char *object;   /* in the operation's text, as in "armed_ns" */
    model_plant_effect effect;
} model_plant;

typedef struct model_case {
    const char *name;
    void (*begin)(void); /* makes the state, always the same, and calls model_thread; no step of the model */
    void (*end)(void);   /* nobody can go on: is it right? model_fail if not. NULL: nothing to check */
    model_plant plant;
    uint64_t part; /* of a large case: at most so many interleavings, times the environment's ACTA_STRESS; 0: all */
} model_case;

typedef struct model_result {
    uint64_t interleavings; /* run to the end */
    uint64_t pruned;        /* given up as the same as one before */
    uint64_t steps;
    bool is_complete; /* nothing is left, or a failure was found */
    bool failed;
    char failure[256];
    char *trace; /* of the failure: a line a step. The caller frees it; NULL: none */
} model_result;

/* Explore; prints a line with the counts. */
model_result model_explore(const model_case *c);

/* In begin: a thread; gives its number. A daemon may stand still at the end, others must have returned. */
uint32_t model_thread(const char *name, void (*run)(void *argument), void *argument, bool is_daemon);

/* In threads and in end: the property doesn't hold. Doesn't return in a thread. */
void model_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define MODEL_CHECK(condition)                                                                                         \
    do {                                                                                                               \
        if (!(condition)) model_fail("line %d: not so: %s", __LINE__, #condition);                                     \
    } while (0)

/* A variable that threads swap when they take turns: what the shipped code has as thread-local. Once, before begin. */
void model_thread_local(void **variable);

/* How long threads have slept so far, those that slept until their time was over: for a clock. */
uint64_t model_slept_ns(void);

/* Memory of an execution: never given out twice in it, so that a use after free is found. Zeroed. */
void *model_alloc(size_t size);
void model_free(void *block, size_t size);

#endif
