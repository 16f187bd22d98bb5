/*
 * The purses of the third program (purse.fbs), with upcasters from all that the first two wrote (purse_old.c).
 */
#ifndef TESTS_ACTORS_PURSE_H
#define TESTS_ACTORS_PURSE_H

#include "purse.acta.h"

extern const purse_upcasters purse_upcasts;
extern const acta_aggregate *const purse_aggregates[];
extern const acta_process_manager *const purse_process_managers[];
extern const purse_projection purse_rows;

/* What the upcasters are to do otherwise; set while nothing runs. */
typedef struct purse_hooks {
    acta_status (*lent)(const purse_v1_Lent *old, acta_upcast *out); /* NULL: as they do */
} purse_hooks;
extern purse_hooks purse_hook;

#endif
