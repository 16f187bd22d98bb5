/*
 * Salvage: a directory from which RocksDB can be opened, made of the files of one from which it can't.
 *
 *     FROM/….sst             --linked, or copied--\
 *     FROM/….log             --copied-------------- TO --> RocksDB looks into each file, and makes its lists anew
 *     FROM/acta.mark         --copied-------------/
 *
 * Without a single sorted file RocksDB's own repair would find no families to put the log's records into: then a new, empty
 * store is made there, which numbers its families as the old one did, and the old log is laid before it to be read.
 *
 * TO is written to; FROM is not.
 */
#include <stdio.h>
#include <string.h>

#include "apart.h"
#include "rocksdb.h"
#include "rocksdb_records.h"

typedef struct salvage {
    const char *to;
    uint32_t sorted_count;
    bool logs; /* bring these now; otherwise all else */
    bool mark; /* it was there */
} salvage;

static acta_status
bring_file(void *user, const char *path, const char *name, acta_error *error)
{
    salvage *s = user;
    char from[ACTI_PATH_MAX], to[ACTI_PATH_MAX];
    acti_file_sum sum;
    bool sorted = acti_name_ends_with(name, ".sst"), log = acti_name_ends_with(name, ".log"),
         mark = strcmp(name, ACTI_MARK_FILE) == 0;
    acta_status status = acti_path_join(from, path, name, error);

    if (status == ACTA_OK) status = acti_path_join(to, s->to, name, error);
    if (status != ACTA_OK || log != s->logs || !(sorted || log || mark)) return status;
    s->sorted_count += sorted;
    s->mark = s->mark || mark;
    if (sorted && acti_file_link(from, to)) return ACTA_OK;
    return acti_file_copy(from, to, &sum, error);
}

/* A mark that says nothing, where there is none: the engine is opened by it. */
static acta_status
make_mark(const char *path, acta_error *error)
{
    static const uint8_t zeros[ACTI_MARK_SLOT_COUNT * ACTI_MARK_SLOT_SPACING];
    char full[ACTI_PATH_MAX];
    acta_status status = acti_path_join(full, path, ACTI_MARK_FILE, error);

    return status == ACTA_OK ? acti_file_write(full, zeros, sizeof zeros, error) : status;
}

/* Open it as one to be made: what is missing, families too, is made. */
static acta_status
open_salvaged(const char *path, const acta_environment *environment, acta_engine **engine_out, acta_error *error)
{
    acti_engine_config config = { .path = path, .memory_bytes = UINT64_C(64) << 20, .environment = *environment };
    acta_engine *engine = acti_rocksdb_engine();
    acti_found found;

    if (engine == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "there is no memory for an engine");
    acta_status status = engine->ops->probe(engine, &config, &found, error);
    if (status == ACTA_OK) status = engine->ops->start(engine, ACTI_START_CREATE, error);
    if (status != ACTA_OK) {
        engine->ops->close(engine);
        return status;
    }
    *engine_out = engine;
    return ACTA_OK;
}

/* In a child: where the MANIFEST can't be written, RocksDB (7.8, with assertions) ends the process. */
static acta_status
rebuild_lists(void *user, acta_error *error)
{
    const char *path = user;
    rocksdb_options_t *options = rocksdb_options_create();
    char *said = NULL;

    rocksdb_options_set_info_log_level(options, 4);
    rocksdb_repair_db(options, path, &said);
    rocksdb_options_destroy(options);
    if (said == NULL) return ACTA_OK;
    acta_status status = acta_error_set(error, ACTA_CORRUPT, "RocksDB can't mend its files: %.300s", said);
    rocksdb_free(said);
    return status;
}

/* Its own log is in the way of the old one. */
static acta_status
remove_log(void *user, const char *path, const char *name, acta_error *error)
{
    char full[ACTI_PATH_MAX];
    acta_status status = acti_path_join(full, path, name, error);

    (void)user;
    if (status == ACTA_OK && acti_name_ends_with(name, ".log")) acti_file_remove(full);
    return status;
}

static acta_status
make_families(const char *path, const acta_environment *environment, acta_error *error)
{
    acta_engine *engine = NULL;
    acta_status status = open_salvaged(path, environment, &engine, error);

    if (status != ACTA_OK || engine == NULL) return status;
    engine->ops->close(engine);
    return acti_directory_each(path, remove_log, NULL, error);
}

/* -- rows: made from nothing else, so a lost file of theirs is to be told -- */

static acta_status
has_rows(acta_engine *engine, bool *has_out, acta_error *error)
{
    acti_range all = { .from = acta_bytes_from((const uint8_t *)"", 0) };
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    acta_status status = engine->ops->iterator_open(engine, ACTI_TABLES, &all, &iterator, error);

    if (status != ACTA_OK) return status;
    status = engine->ops->iterator_next(iterator, &key, &value, error);
    engine->ops->iterator_close(iterator);
    *has_out = status != ACTA_NOT_FOUND; /* what can't be read was there */
    return ACTA_OK;
}

/* RocksDB puts aside the files that it can't read, whatever they were of. */
static acta_status
find_sorted(void *user, const char *path, const char *name, acta_error *error)
{
    bool *found = user;

    (void)path;
    (void)error;
    *found = *found || acti_name_ends_with(name, ".sst");
    return ACTA_OK;
}

static acta_status
were_files_put_aside(const char *to, bool *aside_out, acta_error *error)
{
    char lost[ACTI_PATH_MAX];
    acta_status status = acti_path_join(lost, to, "lost", error);

    *aside_out = false;
    if (status != ACTA_OK || !acti_path_is_directory(lost)) return status;
    return acti_directory_each(lost, find_sorted, aside_out, error);
}

/* The old lists know which files there were, unless they are what is damaged. */
static acta_status
were_rows_lost(const char *from, acta_engine *engine, bool *lost_out, acta_error *error)
{
    acta_error ignored;
    bool has = false;

    if (acti_rocksdb_check_logs(from, &ignored) == ACTA_OK && acti_rocksdb_family_opens(from, ACTI_META)) {
        *lost_out = !acti_rocksdb_family_opens(from, ACTI_TABLES);
        return ACTA_OK;
    }
    acta_status status = has_rows(engine, &has, error);
    *lost_out = !has;
    return status;
}

acta_status
acti_rocksdb_salvage(const char *from, const char *to, const acta_environment *environment, acta_engine **engine_out,
    bool *rows_lost_out, acta_error *error)
{
    salvage s = { .to = to };
    acta_status status = acti_directory_make(to, error);

    if (status == ACTA_OK) status = acti_directory_each(from, bring_file, &s, error);
    if (status == ACTA_OK && !s.mark) status = make_mark(to, error);
    if (status == ACTA_OK && s.sorted_count == 0) status = make_families(to, environment, error);
    s.logs = true;
    if (status == ACTA_OK) status = acti_directory_each(from, bring_file, &s, error);
    if (status == ACTA_OK) status = acti_rocksdb_cut_logs(to, error);
    if (status == ACTA_OK && s.sorted_count > 0)
        status = acti_run_apart("mending the lists of files", rebuild_lists, (void *)(uintptr_t)to, error);
    if (status == ACTA_OK) status = open_salvaged(to, environment, engine_out, error);
    bool aside = false;
    if (status == ACTA_OK) status = were_files_put_aside(to, &aside, error);
    if (status == ACTA_OK) status = were_rows_lost(from, *engine_out, rows_lost_out, error);
    *rows_lost_out = *rows_lost_out || aside;
    return status;
}
