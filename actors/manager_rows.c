/*
 * Rows of process managers: instances, their outboxes, and where they were stopped. Numbers are little-endian, and a
 * checksum comes first.
 *
 *     instance   crc  format flags 0 0  last position  schema hash | [count 0 associations] state
 *     outbox     crc  format flags 0 0  next  count  generation  0  position  recorded at  correlation |
 *                [place in a trace] [size (8), instance] commands
 *     command    name's size (4)  payload's size (4)  0 (4) | name | payload
 */
#include "manager.h"

enum {
    FORMAT = 1,
    OUTBOX_FORMAT = 2,         /* in rows of format 1 ids of commands are a digest alone */
    OUTBOX_FORMAT_HOLDING = 3, /* the instance's row is in it, and counts */
    INSTANCE_HEADER = 24,
    ASSOCIATED_HEADER = 8,
    OUTBOX_HEADER = 56,
    HELD_HEADER = 8,
    COMMAND_HEADER = 12,
    FLAG_ENDING = 1,
    FLAG_ASSOCIATED = 2,
    FLAG_TRACED = 1 /* an outbox's */
};

#define CUT_GENERATION UINT32_C(0x80000000)

static void
put_le(uint8_t *bytes, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t
get_le(const uint8_t *bytes, int size)
{
    uint64_t value = 0;

    for (int i = 0; i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static void
seal(uint8_t *bytes, size_t size, uint8_t format)
{
    bytes[4] = format;
    put_le(bytes, acta_crc32c(0, bytes + 4, size - 4), 4);
}

static bool
is_sound(acta_bytes value, size_t header_size, uint8_t newest)
{
    return value.size >= header_size && value.data[4] >= FORMAT && value.data[4] <= newest &&
           get_le(value.data, 4) == acta_crc32c(0, value.data + 4, value.size - 4);
}

acti_manager_tables
acti_manager_tables_of(const acta_process_manager *manager)
{
    char named[ACTA_TABLE_NAME_MAX * 2];
    const char *name = manager->code->state->name;

    if (manager->name != NULL) { /* "bank.transfers.NAME": two of one kind are two */
        snprintf(named, sizeof named, "%s.%s", name, manager->name);
        name = named;
    }
    return (acti_manager_tables){ .state = acti_table_name_of("pm.", name, ""),
        .outbox = acti_table_name_of("pm.", name, ".outbox"),
        .ended = acti_table_name_of("pm.", name, ".ended"),
        .associated = acti_table_name_of("pm.", name, ".by"),
        .story = acti_table_name_of("pm.", name, ".story") };
}

/* -- instances -- */

/* Associations: their number, four bytes of nothing, and they; nothing when there are none. A state stays aligned. */
static size_t
associated_size(acta_bytes associations)
{
    return associations.size > 0 ? ASSOCIATED_HEADER + associations.size : 0;
}

acta_bytes
acti_instance_encode(const acti_instance_head *head, acta_bytes state, acta_memory *memory)
{
    size_t before = INSTANCE_HEADER + associated_size(head->associations), size = before + state.size;
    uint8_t *bytes = acta_memory_alloc(memory, size);
    if (bytes == NULL) return (acta_bytes){ NULL, 0 };

    bytes[5] = head->is_ending ? FLAG_ENDING : 0;
    put_le(bytes + 8, head->last_position, 8);
    put_le(bytes + 16, head->schema_hash, 8);
    if (head->associations.size > 0) {
        bytes[5] |= FLAG_ASSOCIATED;
        put_le(bytes + INSTANCE_HEADER, head->associations.size / ACTA_ID_SIZE, 8);
        memcpy(bytes + INSTANCE_HEADER + ASSOCIATED_HEADER, head->associations.data, head->associations.size);
    }
    memcpy(bytes + before, state.data, state.size);
    seal(bytes, size, FORMAT);
    return acta_bytes_from(bytes, size);
}

acta_status
acti_instance_decode(acta_bytes value, acti_instance_head *head_out, acta_bytes *state_out, acta_error *error)
{
    if (!is_sound(value, INSTANCE_HEADER, FORMAT)) return acta_error_set(error, ACTA_CORRUPT, "its row is damaged");
    acta_bytes left = acta_bytes_from(value.data + INSTANCE_HEADER, value.size - INSTANCE_HEADER);
    head_out->is_ending = (value.data[5] & FLAG_ENDING) != 0;
    head_out->last_position = get_le(value.data + 8, 8);
    head_out->schema_hash = get_le(value.data + 16, 8);
    head_out->associations = acta_bytes_from(NULL, 0);
    if ((value.data[5] & FLAG_ASSOCIATED) != 0) {
        uint64_t count = left.size >= ASSOCIATED_HEADER ? get_le(left.data, 8) : UINT64_MAX;
        if (count > (left.size - ASSOCIATED_HEADER) / ACTA_ID_SIZE || left.size < ASSOCIATED_HEADER)
            return acta_error_set(error, ACTA_CORRUPT, "its row is damaged");
        head_out->associations = acta_bytes_from(left.data + ASSOCIATED_HEADER, (size_t)count * ACTA_ID_SIZE);
        left.data += associated_size(head_out->associations);
        left.size -= associated_size(head_out->associations);
    }
    *state_out = left;
    return ACTA_OK;
}

bool
acti_instance_cut(uint8_t *row, size_t size, uint64_t cut)
{
    if (!is_sound(acta_bytes_from(row, size), INSTANCE_HEADER, FORMAT) || get_le(row + 8, 8) <= cut) return false;
    put_le(row + 8, cut, 8);
    seal(row, size, FORMAT);
    return true;
}

acta_bytes
acti_associated_key(acta_id association, acta_str id, uint8_t *room)
{
    memcpy(room, association.bytes, ACTA_ID_SIZE);
    memcpy(room + ACTA_ID_SIZE, id.data, id.size);
    return acta_bytes_from(room, ACTA_ID_SIZE + id.size);
}

/* -- outboxes -- */

static acta_bytes
behind(acta_bytes bytes, size_t size)
{
    return acta_bytes_from(bytes.data + size, bytes.size - size);
}

/* What an outbox's row is made of. */
typedef struct outbox_parts {
    acti_trace_place place;
    acta_bytes instance; /* data NULL: none */
    acta_bytes commands;
} outbox_parts;

static bool
split_outbox(acta_bytes value, outbox_parts *parts)
{
    *parts = (outbox_parts){ .instance = { .data = NULL } };
    if (!is_sound(value, OUTBOX_HEADER, OUTBOX_FORMAT_HOLDING)) return false;
    acta_bytes rest = behind(value, OUTBOX_HEADER);
    if ((value.data[5] & FLAG_TRACED) != 0) {
        size_t size = acti_trace_place_get(rest, &parts->place) ? acti_trace_place_size(&parts->place) : 0;
        if (size == 0) return false;
        rest = behind(rest, size);
    }
    if (value.data[4] == OUTBOX_FORMAT_HOLDING) {
        uint64_t size = rest.size >= HELD_HEADER ? get_le(rest.data, 8) : UINT64_MAX;
        if (rest.size < HELD_HEADER || size > rest.size - HELD_HEADER) return false;
        parts->instance = acta_bytes_from(rest.data + HELD_HEADER, (size_t)size);
        rest = behind(rest, HELD_HEADER + (size_t)size);
    }
    parts->commands = rest;
    return true;
}

/* Commands of an event of before keep apart from those that the next event at its position leads to. */
static void
make_apart(uint8_t *row)
{
    put_le(row + 16, get_le(row + 16, 4) | CUT_GENERATION, 4);
}

bool
acti_outbox_cut(uint8_t *row, size_t size, uint64_t cut)
{
    outbox_parts parts;

    if (!split_outbox(acta_bytes_from(row, size), &parts)) return false;
    bool is_behind = get_le(row + 24, 8) > cut;
    if (is_behind) make_apart(row);
    if (parts.instance.data != NULL)
        is_behind |= acti_instance_cut(row + (parts.instance.data - row), parts.instance.size, cut);
    if (is_behind) seal(row, size, row[4]);
    return is_behind;
}

/* The commands' buffers as they are stored. NULL: `error` says why. */
static acta_bytes *
seal_commands(acta_app *app, const acta_commands *commands, acta_memory *memory, size_t *size_out, acta_error *error)
{
    acta_bytes *sealed = acta_memory_alloc(memory, (commands->count + (size_t)1) * sizeof *sealed);
    if (sealed == NULL) {
        acta_error_set(error, ACTA_NO_MEMORY, "no memory for an outbox");
        return NULL;
    }
    for (uint32_t i = 0; i < commands->count; i++) {
        const acti_sent *sent = &commands->sent[i];
        if (acti_personal_seal(app, sent->table, sent->payload, memory, &sealed[i], error) != ACTA_OK) return NULL;
        *size_out += COMMAND_HEADER + strlen(sent->table->name) + sealed[i].size;
    }
    return sealed;
}

static uint8_t
format_of(const acti_outbox *outbox)
{
    if (outbox->has_digests) return FORMAT;
    return outbox->instance.data != NULL ? OUTBOX_FORMAT_HOLDING : OUTBOX_FORMAT;
}

acta_status
acti_outbox_encode(
    acta_app *app, const acti_outbox *outbox, acta_memory *memory, acta_bytes *row_out, acta_error *error)
{
    acta_error why;
    size_t place_size = acti_trace_place_size(&outbox->place);
    size_t held_size = outbox->instance.data != NULL ? HELD_HEADER + outbox->instance.size : 0;
    size_t size = OUTBOX_HEADER + place_size + held_size;
    const acta_bytes *sealed = seal_commands(app, &outbox->commands, memory, &size, &why);
    if (sealed == NULL) {
        if (error != NULL) *error = why;
        return why.status;
    }
    uint8_t *bytes = acta_memory_alloc(memory, size);
    if (bytes == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for an outbox");

    bytes[5] = place_size > 0 ? FLAG_TRACED : 0;
    put_le(bytes + 8, outbox->next, 4);
    put_le(bytes + 12, outbox->commands.count, 4);
    put_le(bytes + 16, outbox->generation, 4);
    put_le(bytes + 24, outbox->position, 8);
    put_le(bytes + 32, (uint64_t)outbox->recorded_at_us, 8);
    memcpy(bytes + 40, outbox->correlation_id.bytes, ACTA_ID_SIZE);
    uint8_t *at = bytes + OUTBOX_HEADER;
    if (place_size > 0) acti_trace_place_put(&outbox->place, at);
    at += place_size;
    if (held_size > 0) {
        put_le(at, outbox->instance.size, HELD_HEADER);
        memcpy(at + HELD_HEADER, outbox->instance.data, outbox->instance.size);
        at += held_size;
    }
    for (uint32_t i = 0; i < outbox->commands.count; i++) {
        const acti_sent *sent = &outbox->commands.sent[i];
        size_t name_size = strlen(sent->table->name);
        put_le(at, name_size, 4);
        put_le(at + 4, sealed[i].size, 4);
        put_le(at + 8, 0, 4);
        memcpy(at + COMMAND_HEADER, sent->table->name, name_size);
        memcpy(at + COMMAND_HEADER + name_size, sealed[i].data, sealed[i].size);
        at += COMMAND_HEADER + name_size + sealed[i].size;
    }
    seal(bytes, size, format_of(outbox));
    *row_out = acta_bytes_from(bytes, size);
    return ACTA_OK;
}

static acta_status
decode_command(const acta_app *app, acta_bytes *left, const acta_schema *schema, acta_memory *memory,
    acti_outbox *outbox, acta_error *error)
{
    if (left->size < COMMAND_HEADER) return acta_error_set(error, ACTA_CORRUPT, "its outbox is damaged");
    uint64_t name_size = get_le(left->data, 4), payload_size = get_le(left->data + 4, 4);
    if (name_size + payload_size > left->size - COMMAND_HEADER)
        return acta_error_set(error, ACTA_CORRUPT, "its outbox is damaged");

    acta_str name = acta_str_from(left->data + COMMAND_HEADER, name_size);
    acta_bytes payload = acta_bytes_from(left->data + COMMAND_HEADER + name_size, payload_size);
    const acta_table *table = acta_app_command(app, name);     /* of any schema; */
    if (table == NULL) table = acta_schema_find(schema, name); /* … which the application doesn't take any more */
    if (table == NULL)
        return acta_error_set(error, ACTA_SCHEMA_MISMATCH,
            "its outbox holds a '" ACTA_FMT "', which is no command of this schema", ACTA_ARG(name));
    acta_status status = table->verify(payload, error);
    if (status == ACTA_OK) status = acti_personal_open(app, table, payload, memory, &payload, error);
    if (status == ACTA_OK && !acti_sent_add(&outbox->commands, table, payload))
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for its outbox");
    if (status == ACTA_OK) /* an earlier life may have asked for it */
        outbox->commands.sent[outbox->commands.count - 1].outcome_stays = true;
    left->data += COMMAND_HEADER + name_size + payload_size;
    left->size -= COMMAND_HEADER + name_size + payload_size;
    return status;
}

acta_status
acti_outbox_decode(const acta_app *app, acta_bytes value, const acta_schema *schema, acta_memory *memory,
    acti_outbox *outbox, acta_error *error)
{
    outbox_parts parts;
    if (!split_outbox(value, &parts)) return acta_error_set(error, ACTA_CORRUPT, "its outbox is damaged");
    acta_bytes left = parts.commands;
    uint32_t count = (uint32_t)get_le(value.data + 12, 4);
    acta_status status = ACTA_OK;

    acti_sent_clear(&outbox->commands);
    outbox->next = (uint32_t)get_le(value.data + 8, 4);
    outbox->generation = (uint32_t)get_le(value.data + 16, 4);
    outbox->position = get_le(value.data + 24, 8);
    outbox->recorded_at_us = (int64_t)get_le(value.data + 32, 8);
    memcpy(outbox->correlation_id.bytes, value.data + 40, ACTA_ID_SIZE);
    outbox->place = parts.place;
    acti_trace_place_keep(&outbox->place, outbox->commands.memory);
    outbox->is_stored = true;
    outbox->has_digests = value.data[4] == FORMAT;
    outbox->instance = parts.instance;
    outbox->holds_instance = parts.instance.data != NULL;
    for (uint32_t i = 0; status == ACTA_OK && i < count; i++)
        status = decode_command(app, &left, schema, memory, outbox, error);
    return status;
}

acta_status
acti_outbox_recorded_at(acta_bytes value, int64_t *recorded_at_us_out, acta_error *error)
{
    if (!is_sound(value, OUTBOX_HEADER, OUTBOX_FORMAT_HOLDING))
        return acta_error_set(error, ACTA_CORRUPT, "an outbox is damaged");
    *recorded_at_us_out = (int64_t)get_le(value.data + 32, 8);
    return ACTA_OK;
}

acta_status
acti_outbox_peek_at(acta_bytes value, acti_outbox_peek *peek_out, acta_error *error)
{
    outbox_parts parts;
    if (!split_outbox(value, &parts)) return acta_error_set(error, ACTA_CORRUPT, "an outbox is damaged");
    acta_bytes left = parts.commands;
    *peek_out = (acti_outbox_peek){ .position = get_le(value.data + 24, 8),
        .through = (uint32_t)get_le(value.data + 8, 4),
        .count = (uint32_t)get_le(value.data + 12, 4) };

    for (uint32_t i = 0; i <= peek_out->through && i < peek_out->count; i++) {
        if (left.size < COMMAND_HEADER) return acta_error_set(error, ACTA_CORRUPT, "an outbox is damaged");
        uint64_t name_size = get_le(left.data, 4), size = COMMAND_HEADER + name_size + get_le(left.data + 4, 4);
        if (size > left.size) return acta_error_set(error, ACTA_CORRUPT, "an outbox is damaged");
        if (i == peek_out->through) peek_out->command = acta_str_from(left.data + COMMAND_HEADER, name_size);
        left.data += size;
        left.size -= size;
    }
    return ACTA_OK;
}

static acta_status
oldest_of(acta_app *app, const acta_process_manager *manager, int64_t *oldest_us, acta_error *error)
{
    acti_manager_tables tables = acti_manager_tables_of(manager);
    acta_row_cursor *cursor;
    acta_bytes key, value;
    int64_t recorded_at_us = 0;

    acta_status status = acta_row_cursor_open(app->store, tables.outbox.text, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    while (status == ACTA_OK) {
        status = acta_row_cursor_next(cursor, &key, &value, error);
        if (status == ACTA_OK) status = acti_outbox_recorded_at(value, &recorded_at_us, error);
        if (status == ACTA_OK && recorded_at_us < *oldest_us) *oldest_us = recorded_at_us;
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

int64_t
acti_oldest_outbox_us(acta_app *app, acta_error *error)
{
    int64_t oldest_us = INT64_MAX;

    for (uint32_t i = 0; i < app->reader_count; i++) {
        if (app->readers[i].kind != &acti_manager_kind) continue;
        /* What can't be read might be of any age. */
        if (oldest_of(app, app->readers[i].given.manager, &oldest_us, error) != ACTA_OK) return INT64_MIN;
    }
    return oldest_us;
}

/* -- where instances were stopped -- */

acta_bytes
acti_ended_key(acta_str id, uint64_t position, uint8_t *room)
{
    memcpy(room, id.data, id.size);
    room[id.size] = 0;
    for (size_t i = 0; i < 8; i++)
        room[id.size + 1 + i] = (uint8_t)(position >> (56 - 8 * i));
    return acta_bytes_from(room, id.size + 9);
}

bool
acti_ended_parse(acta_bytes key, acta_str *id_out, uint64_t *position_out)
{
    if (key.size < 10) return false;
    *id_out = acta_str_from(key.data, key.size - 9);
    *position_out = 0;
    for (size_t i = key.size - 8; i < key.size; i++)
        *position_out = *position_out << 8 | key.data[i];
    return true;
}

acta_status
acti_ended_behind(
    acta_app *app, const acti_manager_tables *tables, acta_str id, uint64_t position, bool *yes_out, acta_error *error)
{
    uint8_t room[ACTI_ENDED_KEY_MAX];
    acta_bytes key = acti_ended_key(id, position, room), value;
    acta_row_cursor *cursor;
    uint64_t at;
    acta_str whose;

    *yes_out = false;
    key.size -= 8; /* all positions of it */
    acta_status status = acta_row_cursor_open(app->store, tables->ended.text, key, &cursor, error);
    if (status != ACTA_OK) return status;
    while (!*yes_out && (status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK)
        *yes_out = acti_ended_parse(key, &whose, &at) && acta_str_equal(whose, id) && at >= position;
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}
