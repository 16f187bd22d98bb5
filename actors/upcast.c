/*
 * Upcasting: an old version of an event, on its way to whoever reads it.
 *
 *     recorded (type, schema hash) --olds--> number --its upcaster--> new events, and old ones, which go on in their turn
 *
 * Nothing is written: the log stays as it is. A type's hash changes with each field that is added, its version only when
 * its author says so, and a record has the hash alone. So the log keeps for each hash the version (schemas.c), and what is
 * not the newest is put into a map at the start.
 */
#include "personal.h"
#include "counters.h"

enum { CHAIN_MAX = 64, EVENTS_MAX = 10000, EVENTS_FIRST = 4 };
enum { KEY_MAX = ACTA_TYPE_NAME_MAX + 8 };

/* A type of the log with a hash that isn't the newest. */
typedef struct old_type {
    acti_map_node node;
    uint32_t old; /* 0: the version is that of the schema, with fields less */
    char key[];
} old_type;

struct acta_upcast {
    const acta_app *app;
    const acta_recorded *recorded;
    acti_upcasted *upcasted;
    uint32_t capacity;
    uint32_t depth;
    acta_status status;
    acta_error error;
};

/* -- which version -- */

/* Type and hash, in `room` of KEY_MAX bytes; absent: the type is too long for a log. */
static acta_str
make_key(acta_str type, uint64_t hash, char *room)
{
    if (type.size > ACTA_TYPE_NAME_MAX) return acta_str_from(NULL, 0);
    memcpy(room, type.data, type.size);
    memcpy(room + type.size, &hash, sizeof hash);
    return acta_str_from(room, type.size + sizeof hash);
}

static uint32_t
version_of(const acta_table *table)
{
    return table->version != 0 ? table->version : 1;
}

bool
acti_old_find(const acta_app *app, acta_str type, uint32_t version, uint32_t *number_out)
{
    for (uint32_t i = 0; i < app->old_count; i++) {
        const acta_table *old = acti_old_at(app, i);
        if (version_of(old) != version || !acta_str_equal(type, acta_str_of(old->name))) continue;
        *number_out = i;
        return true;
    }
    return false;
}

static bool
has_old_versions(const acta_app *app, acta_str type)
{
    for (uint32_t i = 0; i < app->old_count; i++)
        if (acta_str_equal(type, acta_str_of(acti_old_at(app, i)->name))) return true;
    return false;
}

/* What to write, so that the version can be read. */
static acta_status
refuse(const acti_module *module, acta_str type, uint32_t version, const acta_table *now, acta_error *error)
{
    const char *schema = module->schema->name;
    char name[ACTA_TYPE_NAME_MAX], is_now[64];
    const char *dot = memrchr(type.data, '.', type.size);
    acta_str last = dot != NULL ? acta_str_from(dot + 1, (size_t)(type.data + type.size - dot - 1)) : type;

    snprintf(name, sizeof name, ACTA_FMT, ACTA_ARG(last));
    if (now != NULL && version_of(now) < version)
        return acta_error_set(error, ACTA_SCHEMA_MISMATCH,
            "the log has version %" PRIu32 " of '" ACTA_FMT "', this program's is version %" PRIu32
            ": go on with a newer program",
            version, ACTA_ARG(type), version_of(now));
    snprintf(is_now, sizeof is_now,
        now != NULL ? "is version %" PRIu32 " in this program" : "is gone from this program",
        now != NULL ? version_of(now) : 0);
    return acta_error_set(error, ACTA_SCHEMA_MISMATCH,
        "the log has version %" PRIu32 " of '" ACTA_FMT "', which %s: keep its table in %s.v%" PRIu32
        ".fbs, give that to actac by --old, and set .upcasters with .v%" PRIu32 ".%s",
        version, ACTA_ARG(type), is_now, schema, version, version, name);
}

acta_status
acti_olds_add(
    acta_app *app, const acti_module *module, acta_str type, uint64_t hash, uint32_t version, acta_error *error)
{
    const acta_table *now = acta_schema_find(module->schema, type);
    char room[KEY_MAX];
    uint32_t number = 0;

    if (now != NULL && now->role != ACTA_TABLE_EVENT) now = NULL;
    bool is_now = now != NULL && version_of(now) == version;
    if (!is_now && !acti_old_find(app, type, version, &number)) return refuse(module, type, version, now, error);
    if (app->old_count == 0 || (is_now && now->schema_hash == hash)) return ACTA_OK;

    acta_str key = make_key(type, hash, room);
    if (app->olds_memory == NULL) {
        app->olds_memory = acta_memory_create(&app->environment.allocator);
        if (app->olds_memory != NULL) acti_map_init(&app->olds, &app->environment.allocator, app->hash_seed);
    }
    old_type *old = app->olds_memory != NULL ? acta_memory_alloc(app->olds_memory, sizeof *old + key.size) : NULL;
    if (old == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the log's types");
    old->old = is_now ? 0 : number + 1;
    memcpy(old->key, key.data, key.size);
    acti_map_add(&app->olds, &old->node, acta_str_from(old->key, key.size));
    return ACTA_OK;
}

void
acti_olds_destroy(acta_app *app)
{
    if (app->olds_memory == NULL) return;
    acti_map_deinit(&app->olds);
    acta_memory_destroy(app->olds_memory);
}

uint32_t
acti_old_of(const acta_app *app, const acta_recorded *recorded)
{
    char room[KEY_MAX];

    if (app->old_count == 0) return 0;
    if (app->olds_memory != NULL) {
        acta_str key = make_key(recorded->type, recorded->schema_hash, room);
        acti_map_node *node = key.data != NULL ? acti_map_find(&app->olds, key) : NULL;
        if (node != NULL) return ACTI_CONTAINER(node, old_type, node)->old;
    }
    const acta_table *now = acta_app_table(app, recorded->type);
    if (now != NULL && now->schema_hash == recorded->schema_hash) return 0;
    return has_old_versions(app, recorded->type) ? ACTI_OLD_UNKNOWN : 0;
}

/* -- upcasting -- */

static bool
make_room(acta_upcast *out)
{
    acti_upcasted *to = out->upcasted;
    if (to->count < out->capacity) return true;

    uint32_t capacity = out->capacity == 0 ? EVENTS_FIRST : out->capacity * 2;
    acti_upcast_event *grown = acta_memory_alloc(to->memory, capacity * sizeof *grown);
    if (grown == NULL) return false;
    if (to->count > 0) memcpy(grown, to->events, to->count * sizeof *grown);
    acta_memory_free(to->memory, to->events);
    to->events = grown;
    out->capacity = capacity;
    return true;
}

/* An upcaster's answer, which may be an error that nobody has put into words. */
static void
call(acta_upcast *out, uint32_t number, acta_bytes payload)
{
    const acti_module *module = acti_module_of_old(out->app, number);
    const acta_upcasters *upcasters = module->upcasters;
    const acta_table *old = acti_old_at(out->app, number);

    if (out->depth == CHAIN_MAX) {
        out->status = acta_error_set(&out->error, ACTA_INVALID,
            "the upcasters go on for more than %d steps, here of version %" PRIu32 " of '%s': they lead in a circle",
            CHAIN_MAX, version_of(old), old->name);
        return;
    }
    out->depth++;
    acta_status status = upcasters->code->upcast(upcasters, number - module->old_first, payload, out);
    out->depth--;
    if (status != ACTA_OK && out->status == ACTA_OK)
        out->status = acta_error_set(&out->error, status, "the upcaster of version %" PRIu32 " of '%s' returned %s",
            version_of(old), old->name, acta_status_name(status));
}

static bool
number_of(const acta_app *app, const acta_table *event, uint32_t *number_out)
{
    for (uint32_t i = 0; i < app->old_count; i++) {
        if (acti_old_at(app, i) != event) continue;
        *number_out = i;
        return true;
    }
    return false;
}

static bool
has_schema(const acta_app *app, const acta_schema *schema)
{
    for (uint32_t i = 0; i < app->module_count; i++)
        if (schema == app->modules[i].schema) return true;
    return false;
}

/* It must be one of any of the schemas, as they are now. */
static acta_status
check_event(const acta_app *app, const acta_table *event, acta_error *error)
{
    if (!has_schema(app, event->schema))
        return acta_error_set(error, ACTA_INVALID, "an upcaster added '%s', whose schema is none of application '%s'",
            event->name, app->name);
    if (event->role == ACTA_TABLE_EVENT) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID, "an upcaster added '%s', which is no event of schema %s", event->name,
        event->schema->name);
}

static void
add(acta_upcast *out, const acta_table *event, const void *value)
{
    acta_memory_sink sink = acta_memory_sink_of(out->upcasted->memory);
    uint32_t number = 0;
    bool is_old = number_of(out->app, event, &number);

    if (!is_old) out->status = check_event(out->app, event, &out->error);
    if (out->status != ACTA_OK) return;
    out->status = event->write(value, &sink.sink, &out->error);
    if (out->status != ACTA_OK) {
        acta_error_prefix(&out->error, out->status, "cannot upcast to '%s': ", event->name);
    } else if (is_old) {
        call(out, number, sink.bytes);
    } else if (out->upcasted->count == EVENTS_MAX) {
        out->status = acta_error_set(&out->error, ACTA_INVALID, "one old event becomes more than %d", EVENTS_MAX);
    } else if (!make_room(out)) {
        out->status = acta_error_set(&out->error, ACTA_NO_MEMORY, "no memory for an old event");
    } else {
        out->upcasted->events[out->upcasted->count++] = (acti_upcast_event){ .table = event, .payload = sink.bytes };
    }
}

acta_status
acta_upcast_add(acta_upcast *out, const acta_table *event, const void *value)
{
    if (out->status == ACTA_OK) add(out, event, value);
    return out->status;
}

const acta_recorded *
acta_upcast_recorded(const acta_upcast *out)
{
    return out->recorded;
}

static acta_status
run(acta_upcast *out, uint32_t number, acta_error *error)
{
    const acta_recorded *recorded = out->recorded;
    const acta_table *old = acti_old_at(out->app, number);

    acta_bytes payload = recorded->payload;
    acta_memory *memory = out->upcasted->memory;

    if (recorded->schema_hash != old->schema_hash) out->status = old->verify(payload, &out->error);
    if (out->status == ACTA_OK) out->status = acti_personal_open(out->app, old, payload, memory, &payload, &out->error);
    if (out->status == ACTA_OK) call(out, number, payload);
    if (out->status == ACTA_OK) return ACTA_OK;
    if (error != NULL) *error = out->error;
    return acta_error_prefix(error, out->status,
        "position %" PRIu64 ", version %" PRIu32 " of '%s': ", recorded->position, version_of(old), old->name);
}

acta_status
acti_upcast(const acta_app *app, const acta_allocator *allocator, const acta_recorded *recorded, uint32_t old,
    acti_upcasted *upcasted_out, acta_error *error)
{
    acta_upcast out = { .app = app, .recorded = recorded, .upcasted = upcasted_out };

    *upcasted_out = (acti_upcasted){ .memory = NULL };
    if (old == ACTI_OLD_UNKNOWN)
        return acta_error_set(error, ACTA_SCHEMA_MISMATCH,
            "position %" PRIu64 " is '" ACTA_FMT "' of a schema that the log has not kept (hash %016" PRIx64
            "): which version of it can't be told",
            recorded->position, ACTA_ARG(recorded->type), recorded->schema_hash);
    upcasted_out->memory = acta_memory_create(allocator);
    if (upcasted_out->memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for an old event");
    acta_status status = run(&out, old - 1, error);
    if (status != ACTA_OK) acti_upcasted_deinit(upcasted_out);
    return status;
}

void
acti_upcasted_deinit(acti_upcasted *upcasted)
{
    acta_memory_destroy(upcasted->memory);
    *upcasted = (acti_upcasted){ .memory = NULL };
}

acta_recorded
acti_upcast_recorded(const acta_recorded *old, const acti_upcast_event *event)
{
    acta_recorded recorded = *old;

    recorded.type = acta_str_of(event->table->name);
    recorded.schema_hash = event->table->schema_hash;
    recorded.payload = event->payload;
    return recorded;
}

/* With what is personal in it opened. */
static acta_status
see_opened(const acta_app *app, const acta_table *now, const acta_recorded *recorded, acta_event_see *see, void *user,
    acta_error *error)
{
    acta_memory *memory = acta_memory_create(&app->environment.allocator);
    acta_recorded opened = *recorded;
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to open an event");

    acta_status status = acti_personal_open(app, now, recorded->payload, memory, &opened.payload, error);
    if (status == ACTA_OK) status = see(user, now, &opened, error);
    acta_memory_destroy(memory);
    return status;
}

static acta_status
see_current(const acta_app *app, const acta_recorded *recorded, acta_event_see *see, void *user, acta_error *error)
{
    const acta_table *now = acta_app_table(app, recorded->type);

    if (now == NULL || now->role != ACTA_TABLE_EVENT)
        return acta_error_set(error, ACTA_SCHEMA_MISMATCH,
            "position %" PRIu64 " is '" ACTA_FMT "', which is no event of this schema", recorded->position,
            ACTA_ARG(recorded->type));
    acta_status status = now->verify(recorded->payload, error);
    if (status != ACTA_OK) return status;
    bool is_open = !acta_table_is_marked(now, ACTA_MARK_PERSONAL);
    return is_open ? see(user, now, recorded, error) : see_opened(app, now, recorded, see, user, error);
}

acta_status
acta_app_upcast(acta_app *app, const acta_recorded *recorded, acta_event_see *see, void *user, acta_error *error)
{
    ACTI_IN_CALL(app);
    uint32_t old = acti_old_of(app, recorded);
    acti_upcasted upcasted;
    if (old == 0) return see_current(app, recorded, see, user, error);

    acta_status status = acti_upcast(app, &app->environment.allocator, recorded, old, &upcasted, error);
    for (uint32_t i = 0; i < upcasted.count && status == ACTA_OK; i++) {
        const acta_recorded now = acti_upcast_recorded(recorded, &upcasted.events[i]);
        status = see(user, upcasted.events[i].table, &now, error);
    }
    acti_upcasted_deinit(&upcasted);
    return status;
}
