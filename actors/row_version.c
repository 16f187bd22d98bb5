/*
 * Versions of read models, and who reads which.
 *
 *     swap:    row_swaps odd --> version of each table + 1 --> row_swaps even
 *     reader:  row_swaps even, version v, leases[v] + 1, row_swaps still the same: it has one; else once more
 *     remove:  version v + 1 counts, leases[v] == 0: nobody reads v, nor ever will
 *
 * Both sides write first and look then, in one order (seq_cst): the reader sees the swap, or who removes sees the reader.
 */
#include "row_version.h"

#include "inline.h"

static const char versions[] = "versions";

/* -- in the store -- */

acta_status
acti_row_version_read(acta_store *store, const char *row_table, uint32_t *version_out, acta_error *error)
{
    acta_memory *memory = acta_memory_create(&(acta_allocator){ .alloc = NULL });
    acta_bytes bytes;
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row");

    *version_out = 0;
    acta_status status = acta_store_get(store, versions, acta_str_bytes(acta_str_of(row_table)), memory, &bytes, error);
    if (status == ACTA_OK && bytes.size != 4)
        status = acta_error_set(error, ACTA_CORRUPT, "the version of '%s' is damaged", row_table);
    for (int i = 3; status == ACTA_OK && i >= 0; i--)
        *version_out = *version_out << 8 | bytes.data[i];
    acta_memory_destroy(memory);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

void
acti_row_version_put(acta_transaction *transaction, const acta_table *row_table, uint32_t version)
{
    uint8_t bytes[4];

    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(version >> (8 * i));
    acta_transaction_put(
        transaction, versions, acta_str_bytes(acta_str_of(row_table->name)), acta_bytes_from(bytes, sizeof bytes));
}

/* -- in memory -- */

static acti_row_share *
find_share(acti_row_share *first, const acta_table *table)
{
    while (first != NULL && first->table != table)
        first = first->next;
    return first;
}

acta_status
acti_row_share_of(acta_app *app, const acta_table *row_table, acti_row_share **share_out, acta_error *error)
{
    /* Acquire: what the list leads to, as its makers left it. */
    acti_row_share *first = atomic_load_explicit(&app->row_shares, memory_order_acquire), *made = NULL;
    uint32_t version;

    while ((*share_out = find_share(first, row_table)) == NULL) {
        acta_status status = acti_row_version_read(app->store, row_table->name, &version, error);
        if (status == ACTA_OK && made == NULL) made = acti_alloc(app, sizeof *made);
        if (status == ACTA_OK && made == NULL)
            status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for rows of '%s'", row_table->name);
        if (status != ACTA_OK) {
            acti_free(app, made, sizeof *made);
            return status;
        }
        memset(made, 0, sizeof *made);
        made->next = first;
        made->table = row_table;
        atomic_init(&made->version, version);
        /* Release publishes it; acquire, when another was faster: then its version is read again, if it is not that one. */
        if (atomic_compare_exchange_strong_explicit(
                &app->row_shares, &first, made, memory_order_release, memory_order_acquire)) {
            *share_out = made;
            return ACTA_OK;
        }
    }
    acti_free(app, made, sizeof *made);
    return ACTA_OK;
}

void
acti_row_shares_free(acta_app *app)
{
    /* Relaxed: nothing runs any more. */
    acti_row_share *share = atomic_load_explicit(&app->row_shares, memory_order_relaxed);

    while (share != NULL) {
        acti_row_share *next = share->next;
        acti_free(app, share, sizeof *share);
        share = next;
    }
}

acta_status
acti_row_share_join(const acta_app *app, acti_row_share *share, const acta_projection *projection, acta_error *error)
{
    const acta_projection *first = NULL;

    /* Relaxed: whose it is, and nothing of it. */
    bool is_first = atomic_compare_exchange_strong_explicit(
        &share->first, &first, projection, memory_order_relaxed, memory_order_relaxed);
    if (is_first || first == projection) return ACTA_OK;
    if (acti_is_inline(app, projection) || acti_is_inline(app, first))
        return acta_error_set(error, ACTA_INVALID,
            "the rows of '%s' are those of projection '%s': an inline projection's tables are no other's",
            share->table->name, first->name);
    /* Release: before anything that it writes; see is_stale of row_cache.c. */
    atomic_store_explicit(&share->is_shared, true, memory_order_release);
    return ACTA_OK;
}

/* -- leases -- */

acta_status
acti_row_lease_take(acta_app *app, const acta_table *row_table, acti_row_lease *lease_out, acta_error *error)
{
    acti_row_share *share;
    acta_status status = acti_row_share_of(app, row_table, &share, error);
    /* Nobody tells who only reads of a swap. */
    if (status == ACTA_OK && app->only_reads) {
        uint32_t version;
        status = acti_row_version_read(app->store, row_table->name, &version, error);
        if (status == ACTA_OK) atomic_store_explicit(&share->version, version, memory_order_seq_cst);
    }
    if (status != ACTA_OK) return status;

    for (;;) {
        uint32_t swaps = atomic_load_explicit(&app->row_swaps, memory_order_seq_cst);
        uint32_t version = atomic_load_explicit(&share->version, memory_order_seq_cst);
        atomic_fetch_add_explicit(&share->leases[version & 1], 1, memory_order_seq_cst);
        *lease_out = (acti_row_lease){ share, version };
        if ((swaps & 1) == 0 && atomic_load_explicit(&app->row_swaps, memory_order_seq_cst) == swaps) return ACTA_OK;
        acti_row_lease_end(lease_out); /* a swap takes a few stores */
    }
}

void
acti_row_lease_end(acti_row_lease *lease)
{
    /* Release: what was read comes before. */
    atomic_fetch_sub_explicit(&lease->share->leases[lease->version & 1], 1, memory_order_release);
}

void
acti_row_versions_swap(acta_app *app, const acta_table *const *row_tables)
{
    acti_row_share *first = atomic_load_explicit(&app->row_shares, memory_order_acquire); /* as above */

    atomic_fetch_add_explicit(&app->row_swaps, 1, memory_order_seq_cst);
    for (; *row_tables != NULL; row_tables++)
        atomic_fetch_add_explicit(&find_share(first, *row_tables)->version, 1, memory_order_seq_cst);
    atomic_fetch_add_explicit(&app->row_swaps, 1, memory_order_seq_cst);
}

bool
acti_row_versions_left(acta_app *app, const acta_table *const *row_tables)
{
    const acti_row_share *first = atomic_load_explicit(&app->row_shares, memory_order_acquire); /* as above */

    for (; *row_tables != NULL; row_tables++) {
        const acti_row_share *share = find_share((acti_row_share *)(uintptr_t)first, *row_tables);
        uint32_t version = atomic_load_explicit(&share->version, memory_order_seq_cst);
        if (atomic_load_explicit(&share->leases[(version + 1) & 1], memory_order_seq_cst) != 0) return false;
    }
    return true;
}
