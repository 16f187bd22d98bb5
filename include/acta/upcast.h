/*
 * Upcasters: what an old version of an event is to a program that knows newer ones.
 *
 *     bank.fbs      table MoneyWithdrawn (event: "Account", version: 2) { … }
 *     bank.v1.fbs   the schema as it was, with version 1 of it; actac is told of it by --old
 *
 *     static acta_status
 *     withdrawn_without_fee(const bank_v1_MoneyWithdrawn *old, acta_upcast *out)
 *     {
 *         return bank_MoneyWithdrawn_upcast(out, ACTA_INIT(bank_MoneyWithdrawn,
 *             .account_id = old->account_id, .amount = old->amount, .fee = 0));
 *     }
 *     const bank_upcasters bank_upcasts = BANK_UPCASTERS(.v1 = { .MoneyWithdrawn = withdrawn_without_fee });
 *
 *     const acta_app_config config = { …, .schema = &bank_schema, .upcasters = &bank_upcasts.base };
 *
 * An upcaster adds one event, many, or none, of any type. What it adds may itself be an old version: then that one's
 * upcaster goes on. All that reads events sees what came out: rehydration, handlers, projections, process managers, and
 * events that were parked. The log stays as it is; so an upcaster must be pure, for it is called as often as somebody
 * reads, on any thread, also on two at once.
 */
#ifndef ACTA_UPCAST_H
#define ACTA_UPCAST_H

#include "acta/schema.h"
#include "acta/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What an old event becomes. Lives while the upcaster runs. */
typedef struct acta_upcast acta_upcast;

/*
 * Add an event. It is encoded before this returns, so nothing that `value` points to need live longer.
 * Generated code calls it: bank_MoneyWithdrawn_upcast(out, value).
 *   event  of the schema, or an old version that has an upcaster
 * Sticky: after one that failed nothing is added, and the whole old event can't be read.
 * Errors: those of acta_table.write; ACTA_INVALID no event of the schema, or more than 10,000 of one old event;
 *         ACTA_NO_MEMORY. Return it.
 */
ACTA_API acta_status acta_upcast_add(acta_upcast *out, const acta_table *event, const void *value);

/* The old event as it lies in the log: its stream, version, time, ids. Its payload is of the old version that was stored,
 * also within a chain. */
ACTA_API const acta_recorded *acta_upcast_recorded(const acta_upcast *out);

typedef struct acta_upcasters acta_upcasters;

typedef struct acta_upcasters_code {
    const acta_schema *schema;    /* what they lead to */
    const acta_table *const *old; /* events, by version; an index into it is an old event's number */
    uint32_t old_count;
    acta_status (*upcast)(const acta_upcasters *self, uint32_t number, acta_bytes buffer, acta_upcast *out);
    const char *(*missing)(
        const acta_upcasters *self); /* the first that was left out, as "v1.MoneyWithdrawn"; or NULL */
} acta_upcasters_code;

/* First member of each generated struct of upcasters. */
struct acta_upcasters {
    const acta_upcasters_code *code; /* set by the generated initialiser */
};

#ifdef __cplusplus
}
#endif
#endif
