/*
 * Mark: the slots' bytes.
 *
 *     0 "ACTAMARK" | 8 format, 1 | 16 turn | 24 position | 32 batch | 40 store id | 56 zero | 60 crc of 0 to 59
 */
#include "mark.h"

#include <assert.h>

#include "acta/crc.h"

#include "keys.h"

enum { MARK_FORMAT = 1, AT_FORMAT = 8, AT_TURN = 16, AT_POSITION = 24, AT_BATCH = 32, AT_STORE_ID = 40, AT_CRC = 60 };

static const char magic[8] = { 'A', 'C', 'T', 'A', 'M', 'A', 'R', 'K' };

static_assert(AT_CRC + 4 == ACTI_MARK_SIZE, "the sum ends the slot");

static bool
decode(const uint8_t *bytes, acti_mark *mark)
{
    if (memcmp(bytes, magic, sizeof magic) != 0 || acti_get_le64(bytes + AT_FORMAT) != MARK_FORMAT) return false;
    if (acti_get_le32(bytes + AT_CRC) != acta_crc32c(0, bytes, AT_CRC)) return false;
    mark->turn = acti_get_le64(bytes + AT_TURN);
    mark->position = acti_get_le64(bytes + AT_POSITION);
    mark->batch = acti_get_le64(bytes + AT_BATCH);
    memcpy(mark->store_id, bytes + AT_STORE_ID, ACTI_STORE_ID_SIZE);
    return true;
}

static bool
is_zero(const uint8_t *bytes)
{
    for (int i = 0; i < ACTI_MARK_SIZE; i++) {
        if (bytes[i] != 0) return false;
    }
    return true;
}

acta_status
acti_mark_read(acta_engine *engine, acti_mark *mark_out, bool *blank_out, acta_error *error)
{
    acti_mark newest = { 0 };
    bool blank = false;

    for (uint32_t slot = 0; slot < ACTI_MARK_SLOT_COUNT; slot++) {
        uint8_t bytes[ACTI_MARK_SIZE];
        acti_mark mark;
        acta_status status = engine->ops->mark_read(engine, slot, bytes, error);
        if (status != ACTA_OK) return status;
        if (decode(bytes, &mark) && mark.turn > newest.turn) newest = mark;
        if (slot == 2 % ACTI_MARK_SLOT_COUNT) blank = is_zero(bytes);
    }
    *mark_out = newest;
    *blank_out = newest.turn == 0 && blank;
    return ACTA_OK;
}

uint32_t
acti_mark_encode(const acti_mark *mark, uint8_t *bytes)
{
    memset(bytes, 0, ACTI_MARK_SIZE);
    memcpy(bytes, magic, sizeof magic);
    acti_put_le64(bytes + AT_FORMAT, MARK_FORMAT);
    acti_put_le64(bytes + AT_TURN, mark->turn);
    acti_put_le64(bytes + AT_POSITION, mark->position);
    acti_put_le64(bytes + AT_BATCH, mark->batch);
    memcpy(bytes + AT_STORE_ID, mark->store_id, ACTI_STORE_ID_SIZE);
    acti_put_le32(bytes + AT_CRC, acta_crc32c(0, bytes, AT_CRC));
    return (uint32_t)(mark->turn % ACTI_MARK_SLOT_COUNT);
}

acta_status
acti_mark_write(acta_engine *engine, const acti_mark *mark, acta_error *error)
{
    uint8_t bytes[ACTI_MARK_SIZE];
    uint32_t slot = acti_mark_encode(mark, bytes);

    return engine->ops->mark_write(engine, slot, bytes, error);
}
