/*
 * The story of an instance: rows, in the batches of what they tell. Numbers in values are little-endian, behind a checksum; in
 * keys big-endian, so that they sort.
 *
 *     key     id | 0 | position (8)  generation (4)  step (4)      0: the event; k + 1: what was done about command k
 *     value   crc  format kind flags 0  at  index  count  type's size  why's size | commands | type | why
 *     command id (16)  name's size (4)  name
 */
#include "manager_story.h"

enum { FORMAT = 1, HEADER = 32, COMMAND_HEADER = ACTA_ID_SIZE + 4, KEY_TAIL = 17, FLAG_BEGINS = 1, FLAG_ENDS = 2 };

static void
put_number(uint8_t *bytes, uint64_t value, int size, bool is_big)
{
    for (int i = 0; i < size; i++)
        bytes[is_big ? size - 1 - i : i] = (uint8_t)(value >> (8 * i));
}

static uint64_t
get_number(const uint8_t *bytes, int size, bool is_big)
{
    uint64_t value = 0;

    for (int i = 0; i < size; i++)
        value |= (uint64_t)bytes[is_big ? size - 1 - i : i] << (8 * i);
    return value;
}

/* -- writing -- */

static acta_bytes
key_of(const acti_instance *i, uint64_t position, uint32_t generation, uint32_t step)
{
    uint8_t *key = acta_memory_alloc(i->scratch, i->id.size + KEY_TAIL);
    if (key == NULL) return acta_bytes_from(NULL, 0);

    memcpy(key, i->id.data, i->id.size);
    uint8_t *tail = key + i->id.size;
    tail[0] = 0;
    put_number(tail + 1, position, 8, true);
    put_number(tail + 9, generation, 4, true);
    put_number(tail + 13, step, 4, true);
    return acta_bytes_from(key, i->id.size + KEY_TAIL);
}

static acta_bytes
encode(const acti_instance *i, const acti_story_row *row, const acti_outbox *outbox)
{
    uint32_t count = outbox != NULL ? outbox->commands.count : 0;
    size_t why_size = row->why.size < ACTI_REASON_MAX ? row->why.size : ACTI_REASON_MAX;
    size_t size = HEADER + row->type.size + why_size;
    for (uint32_t k = 0; k < count; k++)
        size += COMMAND_HEADER + strlen(outbox->commands.sent[k].table->name);
    uint8_t *bytes = acta_memory_alloc(i->scratch, size);
    if (bytes == NULL) return acta_bytes_from(NULL, 0);
    uint8_t *at = bytes + HEADER;

    memset(bytes, 0, HEADER);
    bytes[4] = FORMAT;
    bytes[5] = (uint8_t)row->kind;
    bytes[6] = (uint8_t)((row->begins ? FLAG_BEGINS : 0) | (row->ends ? FLAG_ENDS : 0));
    put_number(bytes + 8, (uint64_t)acti_wall_us(i->app), 8, false);
    put_number(bytes + 16, row->index, 4, false);
    put_number(bytes + 20, count, 4, false);
    put_number(bytes + 24, row->type.size, 4, false);
    put_number(bytes + 28, why_size, 4, false);
    for (uint32_t k = 0; k < count; k++) {
        const char *name = outbox->commands.sent[k].table->name;
        acta_id id = acti_outbox_command_id(i, outbox, k);
        memcpy(at, id.bytes, ACTA_ID_SIZE);
        put_number(at + ACTA_ID_SIZE, strlen(name), 4, false);
        memcpy(at + COMMAND_HEADER, name, strlen(name));
        at += COMMAND_HEADER + strlen(name);
    }
    if (row->type.size > 0) memcpy(at, row->type.data, row->type.size);
    if (why_size > 0) memcpy(at + row->type.size, row->why.data, why_size);
    put_number(bytes, acta_crc32c(0, bytes + 4, size - 4), 4, false);
    return acta_bytes_from(bytes, size);
}

static acta_status
put(const acti_instance *i, acta_transaction *batch, acta_bytes key, const acti_story_row *row,
    const acti_outbox *outbox, acta_error *error)
{
    acta_bytes value = encode(i, row, outbox);
    if (key.data == NULL || value.data == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for an instance's story");

    acta_transaction_put(batch, i->tables.story.text, key, value);
    return ACTA_OK;
}

acta_status
acti_story_put_event(
    const acti_instance *i, acta_transaction *batch, const acti_outbox *outbox, acta_str type, acta_error *error)
{
    const acti_story_row row = {
        .kind = ACTA_STORY_HANDLED, .begins = !i->is_row_stored, .ends = i->is_ending, .type = type
    };

    if (!i->manager->keep_story) return ACTA_OK;
    return put(i, batch, key_of(i, outbox->position, 0, 0), &row, outbox, error);
}

acta_status
acti_story_put_commands(const acti_instance *i, acta_transaction *batch, acta_story_kind kind, uint32_t index,
    const char *why, acta_error *error)
{
    const acti_story_row row = {
        .kind = kind, .ends = kind == ACTA_STORY_ENDED, .index = index, .why = acta_str_of(why)
    };

    if (!i->manager->keep_story) return ACTA_OK;
    acta_bytes key = key_of(i, i->outbox.position, i->outbox.generation, index + 1);
    return put(i, batch, key, &row, kind == ACTA_STORY_REPLACED ? &i->next_outbox : NULL, error);
}

/* -- reading -- */

bool
acti_story_is_of(acta_bytes key, acta_str id)
{
    return key.size == id.size + KEY_TAIL && memcmp(key.data, id.data, id.size) == 0 && key.data[id.size] == 0;
}

acta_bytes
acti_story_prefix(acta_str id, acta_memory *memory)
{
    char *prefix = acta_memory_alloc(memory, id.size + 1);
    if (prefix == NULL) return acta_bytes_from(NULL, 0);

    if (id.size > 0) memcpy(prefix, id.data, id.size);
    prefix[id.size] = '\0';
    return acta_bytes_from(prefix, id.size + 1);
}

static bool
take(acta_bytes *left, uint64_t size, acta_str *part_out)
{
    if (size > left->size) return false;
    *part_out = acta_str_from(left->data, (size_t)size);
    *left = acta_bytes_from(left->data + size, left->size - (size_t)size);
    return true;
}

static bool
take_commands(acta_bytes *left, acti_story_row *row, acta_memory *memory, bool *has_memory)
{
    /* Each takes more bytes than it has in the row. */
    row->commands = row->count <= left->size / COMMAND_HEADER
                        ? acta_memory_alloc(memory, (row->count + (size_t)1) * sizeof *row->commands)
                        : NULL;
    if (row->commands == NULL) {
        *has_memory = row->count > left->size / COMMAND_HEADER;
        return false;
    }
    for (uint32_t k = 0; k < row->count; k++) {
        acta_story_command *command = &row->commands[k];
        acta_str head;
        *command = (acta_story_command){ .fate = ACTA_STORY_ACCEPTED };
        if (!take(left, COMMAND_HEADER, &head)) return false;
        memcpy(command->id.bytes, head.data, ACTA_ID_SIZE);
        if (!take(left, get_number((const uint8_t *)head.data + ACTA_ID_SIZE, 4, false), &command->type)) return false;
    }
    return true;
}

acta_status
acti_story_decode(acta_bytes key, acta_bytes value, acta_memory *memory, acti_story_row *row_out, acta_error *error)
{
    uint8_t *bytes = acta_memory_alloc(memory, value.size);
    bool has_memory = bytes != NULL;
    if (!has_memory) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a story");

    if (value.size > 0) memcpy(bytes, value.data, value.size);
    bool is_sound = value.size >= HEADER && bytes[4] == FORMAT &&
                    get_number(bytes, 4, false) == acta_crc32c(0, bytes + 4, value.size - 4);
    if (is_sound) {
        const uint8_t *tail = key.data + key.size - KEY_TAIL;
        acta_bytes left = acta_bytes_from(bytes + HEADER, value.size - HEADER);
        *row_out = (acti_story_row){ .kind = (acta_story_kind)bytes[5],
            .begins = (bytes[6] & FLAG_BEGINS) != 0,
            .ends = (bytes[6] & FLAG_ENDS) != 0,
            .position = get_number(tail + 1, 8, true),
            .generation = (uint32_t)get_number(tail + 9, 4, true),
            .at_us = (int64_t)get_number(bytes + 8, 8, false),
            .index = (uint32_t)get_number(bytes + 16, 4, false),
            .count = (uint32_t)get_number(bytes + 20, 4, false) };
        is_sound = take_commands(&left, row_out, memory, &has_memory) &&
                   take(&left, get_number(bytes + 24, 4, false), &row_out->type) &&
                   take(&left, get_number(bytes + 28, 4, false), &row_out->why) && left.size == 0;
    }
    if (is_sound) return ACTA_OK;
    if (!has_memory) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a story");
    return acta_error_set(error, ACTA_CORRUPT, "a row of a process manager's story is damaged");
}
