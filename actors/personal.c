/*
 * Personal fields: sealed before the store, opened behind it. The form is docs/personal-data.md's:
 *
 *     "acta1:" and then: nonce, ciphertext, tag; of a string as text (seal.h), so that it is a string still
 *     context: the table's name | 0 | the field's id (2 bytes, little-endian) | the subject
 *
 * The context ties what is sealed to its type, field and subject, and not to a position: the same bytes are good in an
 * event and wherever that event is copied to, and nowhere else.
 *
 * A value without "acta1:" was written before the field was personal, and is taken as it is.
 */
#include "personal.h"
#include "counters.h"

static const char sealed_begins[] = "acta1:";
enum { BEGIN_SIZE = sizeof sealed_begins - 1 };

/* -- what is tied to a value -- */

static acta_bytes
context_of(const acta_table *table, const acta_mark *mark, acta_str subject, acta_memory *memory)
{
    size_t name_size = strlen(table->name) + 1, size = name_size + 2 + subject.size;
    uint8_t *bytes = acta_memory_alloc(memory, size);
    if (bytes == NULL) return acta_bytes_from(NULL, 0);

    memcpy(bytes, table->name, name_size);
    bytes[name_size] = (uint8_t)mark->id;
    bytes[name_size + 1] = (uint8_t)(mark->id >> 8);
    memcpy(bytes + name_size + 2, subject.data, subject.size);
    return acta_bytes_from(bytes, size);
}

static acta_status
no_memory(const acta_table *table, acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the personal fields of a '%s'", table->name);
}

static acta_status
refuse(const acta_table *table, const acta_mark *mark, acta_status status, acta_error *error, const char *why)
{
    acta_error_set(error, status, "personal field %s of %s %s", mark->field, table->name, why);
    if (error != NULL) snprintf(error->where, sizeof error->where, "%s", mark->field);
    return status;
}

/* -- sealing -- */

static acta_status
seal_with(acta_app *app, const acta_key *key, const acta_table *table, const acta_mark *mark, acta_str subject,
    acta_bytes *value, acta_memory *memory, acta_error *error)
{
    size_t sealed_size = value->size + ACTA_SEAL_OVERHEAD;
    acta_bytes context = context_of(table, mark, subject, memory);
    uint8_t *sealed = acta_memory_alloc(memory, BEGIN_SIZE + sealed_size);
    if (context.data == NULL || sealed == NULL) return no_memory(table, error);

    memcpy(sealed, sealed_begins, BEGIN_SIZE);
    acta_seal(key, context, *value, &app->environment.random, sealed + BEGIN_SIZE);
    *value = acta_bytes_from(sealed, BEGIN_SIZE + sealed_size);
    if (mark->kind != ACTA_FIELD_STRING) return ACTA_OK;

    char *text = acta_memory_alloc(memory, BEGIN_SIZE + acta_text_size(sealed_size) + 1);
    if (text == NULL) return no_memory(table, error);
    memcpy(text, sealed_begins, BEGIN_SIZE);
    acta_text_of(acta_bytes_from(sealed + BEGIN_SIZE, sealed_size), text + BEGIN_SIZE);
    *value = acta_bytes_from(text, BEGIN_SIZE + acta_text_size(sealed_size));
    return ACTA_OK;
}

static acta_status
seal_field(void *user, const acta_table *table, const acta_mark *mark, acta_str subject, acta_bytes *value,
    acta_memory *memory, acta_error *error)
{
    acta_app *app = user;
    acta_key key;

    if (acta_is_forgotten_bytes(value->data, value->size)) return ACTA_OK;
    if (value->size > ACTA_BUFFER_SIZE_MAX / 2)
        return refuse(table, mark, ACTA_INVALID, error, "is larger than 32 MiB");
    if (mark->kind == ACTA_FIELD_STRING && !acta_str_is_utf8(acta_str_from(value->data, value->size)))
        return refuse(table, mark, ACTA_INVALID, error, "is not UTF-8 without NUL");
    if (subject.size == 0)
        return refuse(table, mark, ACTA_INVALID, error, "has no subject: the field that names it is absent or empty");
    if (app->keys.get_or_make == NULL)
        return refuse(table, mark, ACTA_INVALID, error,
            "can't be sealed: the application has no keys; set .keys, or the schema that has personal fields");

    acta_status status = app->keys.get_or_make(app->keys.user, subject, &key, error);
    if (status == ACTA_DELETED) { /* what is said of him from here on is forgotten at once */
        *value = acta_bytes_from(ACTA_FORGOTTEN_TEXT, sizeof ACTA_FORGOTTEN_TEXT - 1);
        return ACTA_OK;
    }
    if (status == ACTA_OK) status = seal_with(app, &key, table, mark, subject, value, memory, error);
    acta_key_wipe(&key);
    return status;
}

/* -- opening -- */

static bool
is_sealed(acta_bytes value)
{
    return value.size >= BEGIN_SIZE && memcmp(value.data, sealed_begins, BEGIN_SIZE) == 0;
}

static acta_status
open_with(const acta_key *key, const acta_table *table, const acta_mark *mark, acta_str subject, acta_bytes *value,
    acta_memory *memory, acta_error *error)
{
    acta_bytes sealed = acta_bytes_from(value->data + BEGIN_SIZE, value->size - BEGIN_SIZE);
    acta_bytes context = context_of(table, mark, subject, memory);
    bool is_good = true;

    if (mark->kind == ACTA_FIELD_STRING) {
        uint8_t *bytes = acta_memory_alloc(memory, sealed.size);
        if (bytes == NULL) return no_memory(table, error);
        is_good = acta_text_parse(acta_str_from(sealed.data, sealed.size), bytes, &sealed.size);
        sealed.data = bytes;
    }
    is_good = is_good && sealed.size >= ACTA_SEAL_OVERHEAD;
    uint8_t *plain = acta_memory_alloc(memory, is_good ? sealed.size - ACTA_SEAL_OVERHEAD : 0);
    if (context.data == NULL || plain == NULL) return no_memory(table, error);
    if (!is_good || !acta_unseal(key, context, sealed, plain))
        return refuse(table, mark, ACTA_CORRUPT, error,
            "doesn't open with its subject's key: it was changed, or belongs elsewhere, or the key is another one");
    *value = acta_bytes_from(plain, sealed.size - ACTA_SEAL_OVERHEAD);
    return ACTA_OK;
}

static acta_status
open_field(void *user, const acta_table *table, const acta_mark *mark, acta_str subject, acta_bytes *value,
    acta_memory *memory, acta_error *error)
{
    const acta_app *app = user;
    acta_key key;

    if (!is_sealed(*value)) return ACTA_OK;
    if (app->keys.get == NULL)
        return refuse(table, mark, ACTA_CORRUPT, error, "is sealed, but the application has no keys; set .keys");

    acta_status status = app->keys.get(app->keys.user, subject, &key, error);
    if (status == ACTA_DELETED) {
        *value = acta_bytes_from(ACTA_FORGOTTEN_TEXT, sizeof ACTA_FORGOTTEN_TEXT - 1);
        return ACTA_OK;
    }
    if (status == ACTA_NOT_FOUND)
        return refuse(table, mark, ACTA_CORRUPT, error,
            "can't be opened: its subject's key is missing, and nobody has destroyed it; bring back the keys");
    if (status == ACTA_OK) status = open_with(&key, table, mark, subject, value, memory, error);
    acta_key_wipe(&key);
    return status;
}

/* -- tables -- */

acta_status
acti_personal_write(
    acta_app *app, const acta_table *table, const void *value, acta_memory *memory, acta_sink *sink, acta_error *error)
{
    return acta_marks_write(table, value, ACTA_MARK_PERSONAL, seal_field, app, memory, sink, error);
}

acta_status
acti_personal_seal(acta_app *app, const acta_table *table, acta_bytes buffer, acta_memory *memory,
    acta_bytes *buffer_out, acta_error *error)
{
    return acta_marks_rewrite(table, buffer, ACTA_MARK_PERSONAL, seal_field, app, memory, buffer_out, error);
}

acta_status
acti_personal_open(const acta_app *app, const acta_table *table, acta_bytes buffer, acta_memory *memory,
    acta_bytes *buffer_out, acta_error *error)
{
    acta_app *user = (acta_app *)(uintptr_t)app; /* only its keys are asked */
    return acta_marks_rewrite(table, buffer, ACTA_MARK_PERSONAL, open_field, user, memory, buffer_out, error);
}

static acta_status
omit_field(void *user, const acta_table *table, const acta_mark *mark, acta_str subject, acta_bytes *value,
    acta_memory *memory, acta_error *error)
{
    (void)user, (void)table, (void)mark, (void)subject, (void)memory, (void)error;
    *value = acta_bytes_from(NULL, 0);
    return ACTA_OK;
}

acta_status
acti_personal_omit(
    const acta_table *table, acta_bytes buffer, acta_memory *memory, acta_bytes *buffer_out, acta_error *error)
{
    return acta_marks_rewrite(table, buffer, ACTA_MARK_PERSONAL, omit_field, NULL, memory, buffer_out, error);
}

acta_memory *
acti_personal_memory(acta_memory **memory, acta_memory *of_actor)
{
    acta_allocator allocator = acti_allocator_over(of_actor);

    if (*memory == NULL)
        *memory = of_actor != NULL ? acta_memory_create(&allocator) : NULL;
    else
        acta_memory_clear(*memory);
    return *memory;
}

/* -- the application's keys -- */

static bool
has_personal(const acta_schema *schema)
{
    for (uint32_t i = 0; i < schema->table_count; i++)
        if (acta_table_is_marked(schema->tables[i], ACTA_MARK_PERSONAL)) return true;
    return false;
}

static bool
needs_keys(const acta_app *app)
{
    for (uint32_t i = 0; i < app->module_count; i++)
        if (has_personal(app->modules[i].schema)) return true;
    for (uint32_t i = 0; i < app->aggregate_count; i++)
        if (has_personal(app->aggregates[i].code->state->schema)) return true;
    return false;
}

static acta_status
open_file(acta_app *app, const acta_app_config *config, acta_error *error)
{
    enum { PATH_MAX_OF_OURS = 4096 };
    const char *directory = config->data_path != NULL ? config->data_path : config->store.path;
    char path[PATH_MAX_OF_OURS];

    if (config->store.engine != NULL)
        return acta_error_set(error, ACTA_INVALID,
            "the schema has personal fields, and the store has no directory where their keys could lie; set .keys "
            "(for tests and simulation: acta_key_ring)");
    if (snprintf(path, sizeof path, "%s/%s", directory, ACTA_KEY_FILE) >= (int)sizeof path)
        return acta_error_set(error, ACTA_INVALID, "the path of the keys is too long (%zu bytes)", strlen(directory));
    const acta_key_file_config file = { .path = path, .read_only = app->only_reads, .environment = &app->environment };
    acta_status status = acta_key_file_open(&file, &app->key_file, error);
    if (status == ACTA_NOT_FOUND && app->only_reads) return ACTA_OK; /* nothing personal was written so far */
    if (status == ACTA_OK) app->keys = acta_key_file_service(app->key_file);
    return status;
}

acta_status
acti_personal_start(acta_app *app, const acta_app_config *config, acta_error *error)
{
    acta_status status = ACTA_OK;
    uint64_t count;

    if (config->keys != NULL)
        app->keys = *config->keys;
    else if (needs_keys(app))
        status = open_file(app, config, error);
    if (status != ACTA_OK || app->keys.get == NULL || app->only_reads) return status;

    acta_store_sync_keys(app->store, &app->keys);
    status = acta_store_forget_unfinished(app->store, &app->keys, &count, error);
    if (status == ACTA_OK && count > 0)
        acta_log_event(&app->environment, ACTA_LOG_WARNING, "personal.keys_destroyed",
            ACTA_LOG_FIELDS(acta_log_number("subjects", count)),
            "application '%s': the keys of %" PRIu64
            " subjects were still there, though the log says that they were forgotten; they are destroyed now",
            app->name, count);
    return status;
}

void
acti_personal_stop(acta_app *app)
{
    acta_key_file_close(app->key_file);
    app->key_file = NULL;
}

uint64_t
acti_forget_count(const acta_app *app)
{
    /* Acquire: whoever sees the count sees the key gone. */
    return atomic_load_explicit(&app->forget_count, memory_order_acquire);
}

acta_status
acta_app_forget(acta_app *app, acta_str subject, const acta_forget_options *options, acta_error *error)
{
    ACTI_IN_CALL(app);
    if (app->keys.get == NULL)
        return acta_error_set(error, ACTA_INVALID, "cannot forget '" ACTA_FMT "': application '%s' has no keys",
            ACTA_ARG(subject), app->name);
    acta_status status = acta_store_forget(app->store, &app->keys, subject, options, NULL, error);
    /* Also after an error: the key may be gone. */
    atomic_fetch_add_explicit(&app->forget_count, 1, memory_order_release);
    return status;
}
