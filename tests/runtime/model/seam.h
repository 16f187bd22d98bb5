/*
 * Stands before every shipped file that the model runs (-include): its C11 atomics and its seam of threads (thread.h)
 * are the model's from here on. The shipped text stays as it is.
 */
#ifndef ACTA_TESTS_RUNTIME_MODEL_SEAM_H
#define ACTA_TESTS_RUNTIME_MODEL_SEAM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "thread.h"

typedef struct model_site {
    const char *file, *function, *text;
    int line;
} model_site;

typedef enum model_update { MODEL_SET, MODEL_ADD, MODEL_SUB, MODEL_OR, MODEL_AND } model_update;

uint64_t model_load(const volatile void *object, size_t size, memory_order order, model_site site);
void model_store(volatile void *object, size_t size, uint64_t value, memory_order order, model_site site);
uint64_t model_change(
    volatile void *object, size_t size, model_update update, uint64_t value, memory_order order, model_site site);
bool model_compare_exchange(volatile void *object, size_t size, void *expected, uint64_t desired, memory_order order,
    memory_order failure, model_site site);

#define MODEL_SITE(text)   ((model_site){ __FILE__, __func__, text, __LINE__ })
#define MODEL_TYPE(object) __typeof__((void)0, *(object))
#define MODEL_UNION(object)                                                                                            \
    union {                                                                                                            \
        uint64_t bits;                                                                                                 \
        MODEL_TYPE(object) value;                                                                                      \
    }
#define MODEL_BITS(object, v) (((MODEL_UNION(object)){ .value = (v) }).bits)
#define MODEL_FROM(object, b) (((MODEL_UNION(object)){ .bits = (b) }).value)

#undef atomic_load
#undef atomic_store
#undef atomic_fetch_add
#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_exchange_explicit
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub_explicit
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak_explicit

#define atomic_load_explicit(object, order)                                                                            \
    MODEL_FROM(object, model_load(object, sizeof(MODEL_TYPE(object)), order, MODEL_SITE("load " #object)))
#define atomic_store_explicit(object, v, order)                                                                        \
    model_store(object, sizeof(MODEL_TYPE(object)), MODEL_BITS(object, v), order, MODEL_SITE("store " #object))
#define MODEL_CHANGE(object, update, v, order, name)                                                                   \
    MODEL_FROM(object, model_change(object, sizeof(MODEL_TYPE(object)), update, MODEL_BITS(object, v), order,          \
                           MODEL_SITE(name #object)))
#define atomic_exchange_explicit(object, v, order)  MODEL_CHANGE(object, MODEL_SET, v, order, "exchange ")
#define atomic_fetch_add_explicit(object, v, order) MODEL_CHANGE(object, MODEL_ADD, v, order, "add to ")
#define atomic_fetch_sub_explicit(object, v, order) MODEL_CHANGE(object, MODEL_SUB, v, order, "subtract from ")
#define atomic_fetch_or_explicit(object, v, order)  MODEL_CHANGE(object, MODEL_OR, v, order, "or into ")
#define atomic_fetch_and_explicit(object, v, order) MODEL_CHANGE(object, MODEL_AND, v, order, "and into ")
#define atomic_compare_exchange_strong_explicit(object, expected, v, order, failure)                                   \
    model_compare_exchange(object, sizeof(MODEL_TYPE(object)), expected, MODEL_BITS(object, v), order, failure,        \
        MODEL_SITE("compare and exchange " #object))
#define atomic_compare_exchange_weak_explicit atomic_compare_exchange_strong_explicit

#define atomic_load(object)         atomic_load_explicit(object, memory_order_seq_cst)
#define atomic_store(object, v)     atomic_store_explicit(object, v, memory_order_seq_cst)
#define atomic_fetch_add(object, v) atomic_fetch_add_explicit(object, v, memory_order_seq_cst)

/* -- thread.h: its functions are the model's (checker.c); the one that is inline too -- */

#define acti_pause model_pause
void model_pause(void);

#endif
