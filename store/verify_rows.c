/*
 * Verify: the rows. Those of the store's own tables are sound, and about nothing that the log doesn't have; all others are of a
 * table.
 */
#include <inttypes.h>
#include <string.h>

#include "log_reader.h"
#include "verify.h"

static bool
log_has(const acti_verifying *v, uint64_t position)
{
    acti_log_reader reader;
    acti_record_view view;
    acta_error ignored;

    if (position <= acti_store_head(v->store)) return true;
    bool has =
        acti_log_read(v->store->engine, position, &reader, &view, &ignored) == ACTA_OK; /* on its way to the head */
    acti_log_reader_close(&reader);
    return has;
}

static acta_status
check_outcome(acti_verifying *v, acta_bytes key, acta_bytes value, acta_error *error)
{
    uint64_t position;
    int64_t us;

    (void)error;
    v->report.outcomes++;
    if (key.size != sizeof ACTI_TABLE_OUTCOMES + ACTA_ID_SIZE || !acti_outcome_place(value, &position, &us))
        acti_verify_damaged(v, 0, "outcomes: row %" PRIu64 " is damaged", v->report.outcomes);
    else if (!log_has(v, position))
        acti_verify_damaged(v, 0,
            "outcomes: row %" PRIu64 " tells of position %" PRIu64 ", which the log does not have", v->report.outcomes,
            position);
    return ACTA_OK;
}

static acta_status
check_snapshot(acti_verifying *v, acta_bytes key, acta_bytes value, acta_error *error)
{
    size_t table = sizeof ACTI_TABLE_SNAPSHOTS;
    acta_str stream = acta_str_from((const char *)key.data + table, key.size - table);
    uint64_t id = 0, version = 0, at = acti_snapshot_version(stream, value);
    acta_error said;
    acta_status status = acti_stream_id(v->store, stream, &id, &said);

    v->report.snapshots++;
    if (at == 0) {
        acti_verify_damaged(v, 0, "snapshots: that of '" ACTA_FMT "' is damaged", ACTA_ARG(stream));
        return ACTA_OK;
    }
    if (status == ACTA_OK && id == 0) return ACTA_OK; /* just deleted */
    if (status == ACTA_OK) status = acti_stream_version(v->store, id, UINT64_MAX, &version, &said);
    if (status == ACTA_OK && at > version)
        acti_verify_damaged(v, 0, "snapshots: that of '" ACTA_FMT "' is at version %" PRIu64 ", its stream at %" PRIu64,
            ACTA_ARG(stream), at, version);
    return acti_verify_note(v, 0, status, &said, error);
}

static acta_status
check_checkpoint(acti_verifying *v, acta_bytes key, acta_bytes value, acta_error *error)
{
    size_t table = sizeof ACTI_TABLE_CHECKPOINTS;
    acta_str name = acta_str_from((const char *)key.data + table, key.size - table);
    uint64_t position;

    (void)error;
    v->report.checkpoints++;
    if (!acti_checkpoint_decode(value, &position))
        acti_verify_damaged(v, 0, "checkpoints: that of '" ACTA_FMT "' is damaged", ACTA_ARG(name));
    else if (!log_has(v, position))
        acti_verify_damaged(v, 0,
            "checkpoints: that of '" ACTA_FMT "' is at position %" PRIu64 ", which the log does not have",
            ACTA_ARG(name), position);
    return ACTA_OK;
}

static acta_status
check_tag(acti_verifying *v, acta_bytes key, acta_error *error)
{
    uint64_t position = acti_tag_position(key);

    (void)error;
    if (position == 0 || !log_has(v, position))
        acti_verify_damaged(v, 0, "tags: a row leads to position %" PRIu64 ", which the log does not have", position);
    return ACTA_OK;
}

static acta_status
check_schema(acti_verifying *v, acta_bytes key, acta_bytes value, acta_error *error)
{
    char text[ACTA_ERROR_TEXT_MAX];
    acta_error said;
    acta_status status = acti_schema_check_row(&v->schemas, key, value, text, &said);

    if (text[0] != '\0') acti_verify_damaged(v, 0, "%s", text);
    return acti_verify_note(v, 0, status, &said, error);
}

acta_status
acti_verify_row(acti_verifying *v, acta_bytes key, acta_bytes value, acta_error *error)
{
    const uint8_t *nul = memchr(key.data, '\0', key.size);

    v->report.rows++;
    if (nul == NULL || !acti_table_name_fits((const char *)key.data)) {
        acti_verify_damaged(v, 0, "tables: a row of no table (a key of %zu bytes)", key.size);
        return ACTA_OK;
    }
    if (acti_row_is_of(key, ACTI_TABLE_OUTCOMES)) return check_outcome(v, key, value, error);
    if (acti_row_is_of(key, ACTI_TABLE_SNAPSHOTS)) return check_snapshot(v, key, value, error);
    if (acti_row_is_of(key, ACTI_TABLE_CHECKPOINTS)) return check_checkpoint(v, key, value, error);
    if (acti_row_is_of(key, ACTI_TABLE_TAGS)) return check_tag(v, key, error);
    return check_schema(v, key, value, error);
}
