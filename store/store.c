/*
 * Store: opening and closing.
 *
 *     probe -- nothing, or never finished --> create
 *        \---- a store --> start READ, check -- sound --> start WRITE, repair
 *                                \---- damage --> refused, nothing changed; with read_only: what is before it
 */
#include <assert.h>
#include <inttypes.h>

#include "acta/memory_engine.h"

#include "internal.h"

#define MEMORY_BYTES_DEFAULT    (UINT64_C(256) << 20)
#define QUEUE_BYTES_DEFAULT     (UINT64_C(64) << 20)
#define COMPACTION_RATE_DEFAULT (UINT64_C(32) << 20)
#define TAIL_BYTES_DEFAULT      (UINT64_C(32) << 20)

enum {
    /* Of the memory. */
    BLOCKS_SHARE = 16,
    STRIPS_SHARE = 16,
    INDEX_TAIL_SHARE = 8,
    SPARES_SHARE = 256,

    BATCH_COUNT_DEFAULT = 1024
};

static acta_status
copy_path(acta_store *store, const char *path, acta_error *error)
{
    const acta_allocator *allocator = &store->environment.allocator;

    store->path_size = strlen(path) + 1;
    store->path = allocator->alloc(allocator->user, store->path_size);
    if (store->path == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot open store '%s'", path);
    memcpy(store->path, path, store->path_size);
    return ACTA_OK;
}

static uint64_t
or_default(uint64_t value, uint64_t instead)
{
    return value != 0 ? value : instead;
}

/* An allocator aligns for any plain type; a store's parts stand on cache lines of their own. */
enum { STORE_BLOCK = sizeof(acta_store) + ACTI_CACHE_LINE };

static acta_store *
store_alloc(const acta_allocator *allocator)
{
    uint8_t *block = allocator->alloc(allocator->user, STORE_BLOCK);
    if (block == NULL) return NULL;

    acta_store *store =
        (acta_store *)(block + (ACTI_CACHE_LINE - (uintptr_t)block % ACTI_CACHE_LINE) % ACTI_CACHE_LINE);
    memset(store, 0, sizeof *store);
    store->block = block;
    return store;
}

/* A store that holds nothing yet; takes the engine. NULL: no memory, and the engine is closed. */
static acta_store *
store_create(const acta_store_config *config, acta_engine *engine)
{
    acta_environment environment = acta_environment_or_default(config->environment);
    acta_store *store = store_alloc(&environment.allocator);

    if (store == NULL) return NULL;
    store->environment = environment;
    store->spares = acta_spares_create(
        &environment.allocator, or_default(config->memory_bytes, MEMORY_BYTES_DEFAULT) / SPARES_SHARE);
    if (store->spares == NULL) {
        environment.allocator.free(environment.allocator.user, store->block, STORE_BLOCK);
        return NULL;
    }
    store->engine = engine;
    store->manual = config->manual;
    store->read_only = config->read_only;
    store->no_sync = config->unsafe_no_sync;
    store->compaction.bytes_per_second =
        config->no_compaction ? 0 : or_default(config->compaction_bytes_per_second, COMPACTION_RATE_DEFAULT);
    store->queue_bytes_max = or_default(config->queue_bytes_max, QUEUE_BYTES_DEFAULT);
    store->keep_by_stream = config->keep_by_stream;
    store->batch_count_max = (uint32_t)or_default(config->batch_count_max, BATCH_COUNT_DEFAULT);
    acti_types_init(&store->types, &environment.allocator);
    acti_tail_init(&store->tail, &environment.allocator, or_default(config->tail_bytes_max, TAIL_BYTES_DEFAULT));
    acti_index_tail_init(&store->index, &environment.allocator,
        (size_t)(or_default(config->memory_bytes, MEMORY_BYTES_DEFAULT) / INDEX_TAIL_SHARE));
    acti_blocks_init(&store->blocks, or_default(config->memory_bytes, MEMORY_BYTES_DEFAULT) / BLOCKS_SHARE);
    acti_strips_init(
        &store->strips, &environment.allocator, or_default(config->memory_bytes, MEMORY_BYTES_DEFAULT) / STRIPS_SHARE);
    acti_monitor_init(&store->expiry);
    acti_monitor_init(&store->failure_lock);
    acti_monitor_init(&store->bed);
    acti_monitor_init(&store->marker.monitor);
    acti_monitor_init(&store->subscriptions_lock);
    acti_monitor_init(&store->compactor.monitor);
    return store;
}

static void
store_free(acta_store *store)
{
    acta_allocator allocator = store->environment.allocator;

    acti_committer_deinit(store);
    acti_strips_deinit(&store->strips);
    acti_blocks_deinit(&store->blocks);
    acti_tail_deinit(&store->tail);
    acti_by_stream_destroy(store->index.by_stream);
    acti_by_stream_list_free(&allocator, store->by_stream);
    acti_index_tail_deinit(&store->index);
    acti_types_deinit(&store->types);
    store->engine->ops->close(store->engine);
    acti_monitor_deinit(&store->compactor.monitor);
    acti_monitor_deinit(&store->subscriptions_lock);
    acti_monitor_deinit(&store->marker.monitor);
    acti_monitor_deinit(&store->bed);
    acti_monitor_deinit(&store->failure_lock);
    acti_monitor_deinit(&store->expiry);
    if (store->path != NULL) allocator.free(allocator.user, store->path, store->path_size);
    acta_spares_destroy(store->spares);
    allocator.free(allocator.user, store->block, STORE_BLOCK);
}

/* Opened to read only: from the start it refuses writes, and says why. */
static void
refuse_writes(acta_store *store, const acta_error *damage)
{
    if (damage->status == ACTA_OK)
        acta_error_set(&store->failure, ACTA_READ_ONLY, "the store '%s' was opened read-only", store->path);
    else {
        acta_error_set(
            &store->failure, ACTA_READ_ONLY, "the store '%s' was opened read-only; %.380s", store->path, damage->text);
        acta_log_event(&store->environment, ACTA_LOG_WARNING, "store.read_only",
            ACTA_LOG_FIELDS(acta_log_text("store", acta_str_of(store->path)),
                acta_log_text("error", acta_str_of(store->failure.text))),
            "%s", store->failure.text);
    }
    atomic_init(&store->refusing, ACTA_READ_ONLY);
}

/* What has begun as a copy with rows, and lacks some, is no store that may be written. */
static acta_status
refuse_unfinished(acta_store *store, acta_error *error)
{
    bool lacks_rows;
    acta_status status = acti_store_lacks_rows(store, &lacks_rows, error);

    if (status != ACTA_OK || !lacks_rows || store->is_import) return status;
    return acta_error_set(error, ACTA_CORRUPT,
        "the store '%s' is not whole: rows of an import have not all come; nothing was changed; begin that import "
        "again",
        store->path);
}

/* A store that was there before. */
static acta_status
open_existing(acta_store *store, const acta_store_config *config, const acti_mark *mark, acta_error *error)
{
    acta_error damage = { .status = ACTA_OK };

    ACTA_CRASH_POINT("recovery_begun");
    acti_mark durable = *mark;
    acta_status status = store->read_only ? acti_view_open(store, &durable, &damage)
                                          : store->engine->ops->start(store->engine, ACTI_START_READ, &damage);

    store->committer.mark = durable;
    if (status == ACTA_OK && !store->read_only) status = acti_recovery_check(store, mark, &damage);
    if (status == ACTA_OK) damage.status = ACTA_OK;
    store->damage = damage;
    if (status != ACTA_OK && (!store->recovered.shown || status != ACTA_CORRUPT)) {
        if (error != NULL) *error = damage;
        return status;
    }
    status = acti_recovery_schema(store, config->schema_name, config->schema_hash, false, error);
    if (status == ACTA_OK && store->read_only) refuse_writes(store, &damage);
    if (status == ACTA_OK && !store->read_only) status = refuse_unfinished(store, error);
    if (status != ACTA_OK || store->read_only) return status;

    acti_backup_clear(store);
    status = store->engine->ops->start(store->engine, ACTI_START_WRITE, error);
    if (status == ACTA_OK) status = acti_recovery_repair(store, error);
    if (status == ACTA_OK) status = acti_recovery_schema(store, config->schema_name, config->schema_hash, true, error);
    return status;
}

static bool
is_made(acta_store *store)
{
    acta_error ignored;

    return store->engine->ops->start(store->engine, ACTI_START_READ, &ignored) == ACTA_OK &&
           acti_recovery_is_made(store);
}

static acta_status
open_new(acta_store *store, const acta_store_config *config, acta_error *error)
{
    if (config->must_exist || config->read_only)
        return acta_error_set(error, ACTA_NOT_FOUND, "there is no store in '%s'", store->path);
    acta_status status = acti_recovery_create(store, error);
    if (status == ACTA_OK) status = acti_recovery_schema(store, config->schema_name, config->schema_hash, true, error);
    return status;
}

static acta_status
open_engine(acta_store *store, const acta_store_config *config, acta_error *error)
{
    acti_engine_config engine_config = {
        .path = store->path,
        .read_only = config->read_only,
        .memory_bytes = or_default(config->memory_bytes, MEMORY_BYTES_DEFAULT),
        .environment = store->environment,
    };
    acti_mark mark = { .turn = 0 };
    acti_found found = ACTI_FOUND_NOTHING;
    bool blank = true;
    acta_status status = store->engine->ops->probe(store->engine, &engine_config, &found, error);

    if (status == ACTA_OK) status = acti_committer_init(store, engine_config.memory_bytes, error);
    if (status == ACTA_OK && found != ACTI_FOUND_NOTHING) status = acti_mark_read(store->engine, &mark, &blank, error);
    if (status != ACTA_OK) return status;

    /* It never became a store, so nothing was ever acknowledged. But the mark alone may be of before. */
    bool unfinished = (mark.turn > 0 && mark.batch == 0) || (blank && found == ACTI_FOUND_PLACE);
    if (unfinished && found == ACTI_FOUND_STORE) unfinished = !is_made(store);
    store->committer.mark.turn = mark.turn;
    memcpy(store->committer.mark.store_id, mark.store_id, sizeof mark.store_id);
    if (found == ACTI_FOUND_NOTHING || unfinished) return open_new(store, config, error);
    if (mark.turn == 0)
        return acta_error_set(error, ACTA_CORRUPT,
            "neither mark of the store '%s' is sound, so nothing says how far its log must reach; nothing was changed",
            store->path);
    if (found != ACTI_FOUND_STORE)
        return acta_error_set(error, ACTA_CORRUPT,
            "the store '%s' has lost its file 'CURRENT'; nothing was changed; restore the directory from a backup",
            store->path);
    return open_existing(store, config, &mark, error);
}

/* -- failure -- */

void
acti_store_fail(acta_store *store, acta_status status, const acta_error *error)
{
    acti_monitor_enter(&store->failure_lock);
    bool first = atomic_load_explicit(&store->refusing, memory_order_relaxed) == ACTA_OK; /* we hold the lock */
    if (first) {
        acta_error_set(
            &store->failure, status, "the store '%s' refuses writes since one failed: %s", store->path, error->text);
        /* Release: the text comes first; readers take the lock all the same. */
        atomic_store_explicit(&store->refusing, status, memory_order_release);
    }
    acti_monitor_leave(&store->failure_lock);
    if (first)
        acta_log_event(&store->environment, ACTA_LOG_ERROR, "store.refuses_writes",
            ACTA_LOG_FIELDS(acta_log_text("store", acta_str_of(store->path)),
                acta_log_text("error", acta_str_of(store->failure.text))),
            "%s", store->failure.text);
}

acta_status
acta_store_health(const acta_store *const_store, acta_error *error)
{
    acta_store *store = (acta_store *)(uintptr_t)const_store; /* only the lock is touched */
    acta_status status = (acta_status)atomic_load_explicit(&store->refusing, memory_order_acquire);

    if (status == ACTA_OK || error == NULL) return status;
    acti_monitor_enter(&store->failure_lock);
    *error = store->failure;
    acti_monitor_leave(&store->failure_lock);
    return status;
}

bool
acti_store_refuses(acta_store *store)
{
    return atomic_load_explicit(&store->refusing, memory_order_acquire) != ACTA_OK;
}

/* -- opening, closing -- */

void
acta_engine_close(acta_engine *engine)
{
    if (engine != NULL) engine->ops->close(engine);
}

static acta_status
open_store(const acta_store_config *config, bool is_import, acta_store **store_out, acta_error *error)
{
    acta_engine *engine = config->engine != NULL ? config->engine : acti_rocksdb_engine();
    const char *path = config->path != NULL ? config->path : config->engine != NULL ? "memory" : NULL;
    acta_store *store = engine != NULL ? store_create(config, engine) : NULL;

    if (store == NULL) {
        acta_engine_close(engine);
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot open a store: there is no memory");
    }
    store->is_import = is_import;
    acta_status status = path != NULL && path[0] != '\0' ? copy_path(store, path, error)
                                                         : acta_error_set(error, ACTA_INVALID,
                                                               "cannot open a store: the configuration gives no path");
    if (status == ACTA_OK) status = open_engine(store, config, error);
    if (status == ACTA_OK) {
        atomic_init(&store->head, store->recovered.position);
        store->opened_at = store->recovered.position;
        store->compaction.opening = store->committer.mark.turn;
        store->marker.written = store->marker.wanted = store->committer.mark;
        status = acti_committer_start(store, error);
        if (status != ACTA_OK) acti_committer_stop(store);
    }
    if (status != ACTA_OK) {
        store_free(store);
        return status;
    }
    store->keep_by_stream = NULL; /* the caller's */
    acti_compactor_wake(store);
    *store_out = store;
    return ACTA_OK;
}

acta_status
acta_store_open(const acta_store_config *config, acta_store **store_out, acta_error *error)
{
    return open_store(config, false, store_out, error);
}

acta_status
acti_store_open_to_import(const acta_store_config *config, acta_store **store_out, acta_error *error)
{
    return open_store(config, true, store_out, error);
}

void
acta_store_close(acta_store *store)
{
    acta_error error;

    if (store == NULL) return;
    assert(store->subscriptions == NULL); /* they would read a store that is gone */
    acti_compactor_stop(store);
    acti_committer_stop(store);
    if (acta_store_health(store, NULL) == ACTA_OK && acti_recovery_close(store, &error) != ACTA_OK)
        acta_log_event(&store->environment, ACTA_LOG_WARNING, "store.close_failed",
            ACTA_LOG_FIELDS(
                acta_log_text("store", acta_str_of(store->path)), acta_log_text("error", acta_str_of(error.text))),
            "closing store '%s': %s", store->path, error.text);
    store_free(store);
}

void
acta_store_abandon(acta_store *store)
{
    if (store == NULL) return;
    assert(store->manual);
    acti_committer_abandon(store);
    store_free(store);
}

uint64_t
acta_store_session(acta_store *store)
{
    /* Relaxed: only that each gets another one. */
    return atomic_fetch_add_explicit(&store->session_last, 1, memory_order_relaxed) + 1;
}

void
acta_store_stats_read(const acta_store *store, acta_store_stats *out)
{
    /* Relaxed: counts for people, each alone. */
#define READ(what) .what = atomic_load_explicit(&store->stats.what, memory_order_relaxed)
    *out = (acta_store_stats){ READ(batches), READ(transactions), READ(events), READ(conflicts), READ(refused),
        READ(syncs), READ(mark_syncs), READ(tail_hits), READ(tail_misses),
        .queued_bytes = atomic_load_explicit(&store->queued_bytes, memory_order_relaxed) };
#undef READ
}
