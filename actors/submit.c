/*
 * Submitting: transactions whose completion somebody waits for, and small things that all parts need.
 *
 * In a manual application each completion is remembered until it is called: a store that is abandoned calls none, and what
 * they hold must still be given back.
 */
#include "internal.h"

struct acti_submit {
    acti_submit *prev, *next;
    acta_app *app;
    acta_commit_done done;
    void (*drop)(void *user);
    void *user;
};

static void
remember(acta_app *app, acti_submit *submit)
{
    submit->next = app->submits;
    submit->prev = NULL;
    if (submit->next != NULL) submit->next->prev = submit;
    app->submits = submit;
}

static void
forget(acti_submit *submit)
{
    if (submit->prev != NULL)
        submit->prev->next = submit->next;
    else
        submit->app->submits = submit->next;
    if (submit->next != NULL) submit->next->prev = submit->prev;
    acti_spare_free(submit->app, submit, sizeof *submit);
}

static void
remembered_is_done(void *user, const acta_commit_result *result)
{
    acti_submit submit = *(acti_submit *)user;

    forget(user);
    submit.done(submit.user, result);
}

acta_status
acti_submit_transaction(acta_app *app, acta_transaction *transaction, acta_commit_done done, void (*drop)(void *user),
    void *user, acta_error *error)
{
    /* Relaxed: only manual applications are abandoned, by their one thread. */
    if (atomic_load_explicit(&app->abandoned, memory_order_relaxed)) {
        acta_transaction_destroy(transaction);
        return acta_error_set(error, ACTA_STOPPED, "the application is gone");
    }
    if (!app->manual || done == NULL) return acta_store_submit(app->store, transaction, done, user, error);

    acti_submit *submit = acti_spare_alloc(app, sizeof *submit);
    if (submit == NULL) {
        acta_transaction_destroy(transaction);
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory to submit a transaction");
    }
    *submit = (acti_submit){ .app = app, .done = done, .drop = drop, .user = user };
    remember(app, submit);
    acta_status status = acta_store_submit(app->store, transaction, remembered_is_done, submit, error);
    if (status != ACTA_OK) forget(submit);
    return status;
}

void
acti_submits_drop(acta_app *app)
{
    while (app->submits != NULL) {
        acti_submit submit = *app->submits;
        forget(app->submits);
        submit.drop(submit.user);
    }
}

/* -- completions as messages -- */

typedef struct letter {
    acta_app *app;
    acta_pid to;
    acta_message *message; /* made before the submit: a completion is never lost for want of memory */
} letter;

static void
send_letter(void *user, const acta_commit_result *result)
{
    letter *l = user;
    acti_committed *committed = l->message->payload;

    committed->result = *result;
    acta_send(l->app->runtime, l->to, l->message);
    acti_spare_free(l->app, l, sizeof *l);
}

static void
drop_letter(void *user)
{
    letter *l = user;

    acta_message_destroy(l->message);
    acti_spare_free(l->app, l, sizeof *l);
}

acta_status
acti_submit_for(acta_app *app, acta_transaction *transaction, acta_pid pid, uint64_t number, acta_error *error)
{
    acta_message *message = acta_message_create(app->runtime, ACTI_TAG_COMMITTED, sizeof(acti_committed));
    letter *l = message != NULL && transaction != NULL ? acti_spare_alloc(app, sizeof *l) : NULL;

    if (l == NULL) {
        acta_message_destroy(message);
        acta_transaction_destroy(transaction);
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory to submit a transaction");
    }
    ((acti_committed *)message->payload)->number = number;
    *l = (letter){ .app = app, .to = pid, .message = message };
    acta_status status = acti_submit_transaction(app, transaction, send_letter, drop_letter, l, error);
    if (status != ACTA_OK) drop_letter(l);
    return status;
}

/* -- small things -- */

uint32_t
acti_left_ms(const acta_app *app, uint64_t deadline_ns)
{
    if (deadline_ns == UINT64_MAX) return ACTA_INFINITE;
    uint64_t now_ns = acti_now_ns(app);
    return deadline_ns <= now_ns ? 0 : (uint32_t)((deadline_ns - now_ns + 999999) / 1000000);
}

static void *
alloc_over(void *user, size_t size)
{
    return acta_memory_alloc(user, size);
}

static void
free_over(void *user, void *block, size_t size)
{
    (void)size;
    acta_memory_free(user, block);
}

acta_allocator
acti_allocator_over(acta_memory *memory)
{
    return (acta_allocator){ .alloc = alloc_over, .free = free_over, .user = memory };
}

static void
put_be64(uint8_t *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
}

acta_id
acti_new_id(acta_app *app)
{
    acta_id id = { 0 };

    put_be64(id.bytes, app->id_base);
    /* Relaxed: only that it is another number. */
    put_be64(id.bytes + 8, atomic_fetch_add_explicit(&app->id_count, 1, memory_order_relaxed) + 1);
    return id;
}

acta_id
acti_event_id(uint64_t position)
{
    acta_id id = { { 0 } };

    put_be64(id.bytes + 8, position);
    return id;
}

acta_id
acti_correlation_of(const acta_recorded *event)
{
    return acta_id_is_none(event->correlation_id) ? acti_event_id(event->position) : event->correlation_id;
}

uint32_t
acti_backoff_ms(const acta_app *app, uint32_t attempt)
{
    uint64_t delay_ms = ACTA_BACKOFF_MIN_DEFAULT;
    uint32_t draw;

    for (uint32_t i = 1; i < attempt && delay_ms < ACTA_BACKOFF_MAX_DEFAULT; i++)
        delay_ms *= 2;
    if (delay_ms > ACTA_BACKOFF_MAX_DEFAULT) delay_ms = ACTA_BACKOFF_MAX_DEFAULT;
    app->environment.random.fill(app->environment.random.user, &draw, sizeof draw);
    uint64_t span_ms = delay_ms * ACTA_BACKOFF_JITTER_DEFAULT / 100;
    return (uint32_t)(delay_ms - span_ms + draw % (2 * span_ms + 1));
}

acti_table_name
acti_table_name_of(const char *kind, const char *name, const char *suffix)
{
    acti_table_name table = { .text = "" };
    size_t kind_size = strlen(kind), suffix_size = strlen(suffix), size = strlen(name);
    size_t room = ACTA_TABLE_NAME_MAX - kind_size - suffix_size;
    bool cut = size > room;
    char *to = table.text;

    if (cut) size = room - 9; /* the checksum tells names apart that begin alike */
    memcpy(to, kind, kind_size);
    to += kind_size;
    for (size_t i = 0; i < size; i++) {
        char c = name[i];
        *to++ = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    if (cut) to += snprintf(to, 10, "-%08" PRIx32, acta_crc32c(0, name, strlen(name)));
    memcpy(to, suffix, suffix_size + 1);
    return table;
}

static void
forget_view(const acta_field *field, void *value)
{
    uint8_t *at = (uint8_t *)value + field->offset;

    switch ((acta_field_kind)field->kind) {
    case ACTA_FIELD_STRING:
        memset(at, 0, sizeof(acta_str));
        break;
    case ACTA_FIELD_TABLE:
        memset(at, 0, sizeof(acta_any_ref));
        break;
    case ACTA_FIELD_VECTOR:
    case ACTA_FIELD_STRING_VECTOR:
    case ACTA_FIELD_TABLE_VECTOR:
    case ACTA_FIELD_STRUCT_VECTOR:
        memset(at, 0, sizeof(acta_any_vector));
        break;
    case ACTA_FIELD_UNION:
        memset(at, 0, sizeof(acta_any_union));
        break;
    case ACTA_FIELD_UNION_VECTOR:
        memset(at, 0, sizeof(acta_any_union_vector));
        break;
    default:
        break;
    }
}

void
acti_value_forget_views(const acta_table *table, void *value)
{
    for (uint32_t i = 0; i < table->field_count; i++)
        forget_view(&table->fields[i], value);
}

void
acti_value_keep_only(const acta_table *table, void *value, const acta_field *only)
{
    for (uint32_t i = 0; i < table->field_count; i++) {
        const acta_field *field = &table->fields[i];
        if (field != only && (field->flags & ACTA_FIELD_REQUIRED) == 0) forget_view(field, value);
    }
}
